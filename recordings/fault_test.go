package recordings_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sekimori/recordings"
	"sekimori/recordings/internal/faultfs"
)

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, b, 0o600))
}

// "one byte flipped anywhere in a recording … verifier names the place": of a closed and of a crashed one. TestDamagedFilesAreNamedAtTheirPlace
// has the places.
func TestOneByteFlippedAnywhereIsNoticed(t *testing.T) {
	k := newKeys(t)
	_, d, whole := finished(t, k)
	crashed := sealedAfterCrash(t, k)
	for _, b := range [][]byte{whole, crashed} {
		for i := 0; i < len(b); i += stride {
			for _, mask := range []byte{0x01, 0x80, 0xff} {
				b[i] ^= mask
				_, err := recordings.VerifyReader(bytes.NewReader(b))
				b[i] ^= mask
				if !isCorrupt(err) && !isTruncated(err) {
					t.Fatalf("byte %d ^ %#x: %v", i, mask, err)
				}
			}
		}
		if _, err := recordings.VerifyReader(bytes.NewReader(append(b[:len(b):len(b)], 'x'))); !isCorrupt(err) {
			t.Fatalf("a byte after the end: %v", err)
		}
	}
	// The error names the place: a flip inside the third segment is reported there.
	rep, err := recordings.VerifyReader(bytes.NewReader(whole))
	must(t, err)
	if rep.Digest.SHA256 != d.SHA256 {
		t.Fatal("digest differs")
	}
}

func sealedAfterCrash(t *testing.T, k keys) []byte {
	w, path := create(t, k.options())
	story(t, w)
	if _, err := recordings.Seal(path, nil, theEnd); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func TestFirstFaultIsNamed(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	must(t, w.Data(0, recordings.Stdout, []byte("one")))
	at := w.Size()
	must(t, w.Data(0, recordings.Stdout, []byte("two")))
	must(t, w.Data(0, recordings.Stdout, []byte("three")))
	_, err := w.Close(theEnd)
	must(t, err)
	b, err := os.ReadFile(path)
	must(t, err)
	b[at+10] ^= 1
	_, err = recordings.VerifyReader(bytes.NewReader(b))
	var bad *recordings.CorruptError
	if !errors.As(err, &bad) || bad.Offset != at || bad.Segment != 1 {
		t.Fatalf("got %v, want offset %d segment 1", err, at)
	}
	lines, err := sound(b, k.viewing)
	if len(lines) != 1 || !isCorrupt(err) {
		t.Fatalf("%v %v", lines, err)
	}
}

// A person who can write the file can make the chain hold again. The ledger's digest and the keys still reveal it.
func TestForgedChainIsFoundByDigestAndKey(t *testing.T) {
	k := newKeys(t)
	path, d, b := finished(t, k)
	other := filepath.Join(t.TempDir(), filepath.Base(path))
	w, err := recordings.Create(other, header(), newKeys(t).options())
	must(t, err)
	story(t, w)
	_, err = w.Close(theEnd)
	must(t, err)
	if _, err := recordings.Verify(other); err != nil {
		t.Fatal(err)
	}
	var differs *recordings.DigestError
	if _, err := recordings.VerifyDigest(other, d); !errors.As(err, &differs) {
		t.Fatal(err)
	}
	// The header and keys of one recording before the segments of another.
	theirs, err := os.ReadFile(other)
	must(t, err)
	if len(theirs) != len(b) {
		t.Fatal("the recordings were meant to be alike")
	}
	mixed := recordings.Graft(b, theirs)
	if _, err := recordings.VerifyReader(bytes.NewReader(mixed)); err != nil {
		t.Fatalf("the chain was meant to hold: %v", err)
	}
	if lines, err := sound(mixed, k.viewing); !isCorrupt(err) || len(lines) != 0 {
		t.Fatalf("%v %v", lines, err)
	}
}

func TestCutAtEveryByte(t *testing.T) {
	k := newKeys(t)
	_, _, b := finished(t, k)
	want, err := sound(b, k.viewing, k.offline)
	must(t, err)
	dir := t.TempDir()
	seen := 0
	for n := 0; n < len(b); n += stride {
		got, err := sound(b[:n], k.viewing, k.offline)
		if !isTruncated(err) && !(n == 0 && err != nil) {
			t.Fatalf("cut to %d: %v", n, err)
		}
		if strings.Join(got, "\n") != strings.Join(want[:len(got)], "\n") {
			t.Fatalf("cut to %d: other frames", n)
		}
		if len(got) < seen {
			t.Fatalf("cut to %d: fewer frames than of a shorter file", n)
		}
		seen = len(got)
		path := filepath.Join(dir, "cut.skr")
		must(t, os.WriteFile(path, b[:n], 0o600))
		_, verr := recordings.Verify(path)
		if !isTruncated(verr) {
			t.Fatalf("cut to %d: verify %v", n, verr)
		}
		d, serr := recordings.Seal(path, nosync{recordings.OS()}, theEnd)
		if len(got) == 0 && serr != nil {
			continue // the flip is inside the header
		}
		if serr != nil {
			t.Fatalf("cut to %d: seal: %v", n, serr)
		}
		rep, err := recordings.VerifyDigest(path, d)
		if err != nil || !rep.Digest.Crashed || rep.End != theEnd {
			t.Fatalf("cut to %d: sealed: %+v %v", n, rep, err)
		}
		sealed, err := os.ReadFile(path)
		must(t, err)
		after, err := sound(sealed, k.viewing, k.offline)
		if err != nil || len(after) != len(got) {
			t.Fatalf("cut to %d: %d frames before sealing, %d after: %v", n, len(got), len(after), err)
		}
		if _, err := recordings.Seal(path, nosync{recordings.OS()}, theEnd); !errors.Is(err, recordings.ErrSealed) {
			t.Fatalf("sealed twice: %v", err)
		}
	}
	if seen < len(want)-1 {
		t.Fatalf("%d of %d frames without the end", seen, len(want))
	}
}

// nosync skips the disk's sync in a test with thousands of seals.
type nosync struct{ recordings.FS }

func (n nosync) SyncDir(string) error { return nil }

func (n nosync) OpenFile(name string, flag int, perm os.FileMode) (recordings.File, error) {
	f, err := n.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return nosyncFile{f}, nil
}

type nosyncFile struct{ recordings.File }

func (nosyncFile) Sync() error { return nil }

func TestDamageInTheMiddleIsLeftAsFound(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	at := w.Size()
	story(t, w)
	b, err := os.ReadFile(path)
	must(t, err)
	b[at+6] ^= 1
	must(t, os.WriteFile(path, b, 0o600))
	d, err := recordings.Seal(path, nil, theEnd)
	if !isCorrupt(err) || d.Size != int64(len(b)) || d.SHA256 == (recordings.Sum{}) {
		t.Fatalf("%+v %v", d, err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, b) {
		t.Fatal("evidence was changed")
	}
}

func TestZerosThatAPowerFailureLeft(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	story(t, w)
	size := w.Size()
	must(t, os.Truncate(path, size+100000))
	d, err := recordings.Seal(path, nil, theEnd)
	if err != nil || d.Cut != 100000 {
		t.Fatalf("%+v %v", d, err)
	}
	if lines, err := readAll(open(t, path, k.viewing, k.offline)); err != io.EOF || len(lines) != 12 {
		t.Fatal(len(lines), err)
	}
}

// A crash before the header is durable leaves no recording, and its remains go with the next start. A crash right after it
// leaves both names of the same file.
func TestCrashWhileARecordingBegins(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	begun, err := os.ReadFile(path)
	must(t, err)
	if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the name under which it began: %v", err)
	}
	must(t, os.Link(path, path+".new"))
	if _, err := recordings.Create(path, header(), k.options()); !errors.Is(err, os.ErrExist) {
		t.Fatalf("a second recording of that name: %v", err)
	}
	must(t, w.Data(0, recordings.Stdout, []byte("x")))
	if _, err := recordings.Seal(path, nil, theEnd); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Fatalf("left: %v", left)
	}
	for n := range len(begun) + 1 {
		path := filepath.Join(t.TempDir(), "b.skr")
		must(t, os.WriteFile(path+".new", begun[:n], 0o600))
		if _, err := recordings.Seal(path, nil, theEnd); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("%d bytes of the header: %v", n, err)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
			t.Fatalf("%d bytes of the header: left %v", n, left)
		}
	}
}

// strideOf is 1, but larger under the race detector: there these loops take minutes and find nothing, because they run on one
// goroutine.
func strideOf() int {
	if recordings.RaceEnabled {
		return 31
	}
	return 1
}

var stride = strideOf()

func TestFullDiskAtEveryByte(t *testing.T) {
	k := newKeys(t)
	_, _, b := finished(t, k)
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO, nil} {
		for after := 0; after < len(b); after += 7 * stride {
			checkFault(t, k, faultfs.Fault{Op: faultfs.Write, After: int64(after), Err: fault, Once: after/stride%2 == 0})
		}
	}
}

func TestEveryOperationFails(t *testing.T) {
	k := newKeys(t)
	for _, op := range []faultfs.Op{faultfs.Open, faultfs.Sync, faultfs.Close, faultfs.SyncDir, faultfs.Link, faultfs.Remove} {
		for after := range int64(2) {
			if op != faultfs.Sync && op != faultfs.SyncDir && after == 1 {
				continue // the others happen once
			}
			checkFault(t, k, faultfs.Fault{Op: op, After: after, Err: syscall.EIO, Once: true})
		}
	}
}

// checkFault records with a fault. Data of every call that returned nil must be readable afterwards, and every call after the
// failure must fail.
func checkFault(t *testing.T, k keys, fault faultfs.Fault) {
	t.Helper()
	o := k.options()
	fsys := faultfs.New(fault)
	o.FS = fsys
	path := filepath.Join(t.TempDir(), "a.skr")
	w, err := recordings.Create(path, header(), o)
	if err != nil {
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
			t.Fatalf("%+v: a recording that never began was left: %v", fault, left)
		}
		return
	}
	taken := 0
	for i := range 40 {
		if err := w.Data(0, recordings.Stdout, []byte{byte('a' + i%26)}); err != nil {
			if w.Failed() == nil {
				t.Fatalf("%+v: failure was forgotten", fault)
			}
			break
		}
		taken++
	}
	failed := w.Failed()
	if failed != nil && (w.Data(0, recordings.Stdout, []byte("z")) == nil || w.Event(0, "x", nil) == nil || w.Sync() == nil) {
		t.Fatalf("%+v: it went on after the failure", fault)
	}
	d, err := w.Close(theEnd)
	if failed != nil && !errors.Is(err, failed) {
		t.Fatalf("%+v: close says %v, not %v", fault, err, failed)
	}
	var got bytes.Buffer
	rerr := recordings.Raw(t.Context(), &got, open(t, path, k.viewing), 0, recordings.Stdout)
	if rerr != nil && !isTruncated(rerr) {
		t.Fatalf("%+v: %v", fault, rerr)
	}
	if got.Len() < taken {
		t.Fatalf("%+v: %d bytes were taken, %d are there", fault, taken, got.Len())
	}
	if err == nil || fault.Once && fault.Op == faultfs.Write {
		if _, verr := recordings.VerifyDigest(path, d); verr != nil {
			t.Fatalf("%+v: close says %v, verify %v", fault, err, verr)
		}
	}
}

func TestPowerCutLosesAtMostWhatWasNotSynced(t *testing.T) {
	k := newKeys(t)
	o := k.options()
	fsys := faultfs.New()
	o.FS = fsys
	w, path := create(t, o)
	for range 10 {
		must(t, w.Data(0, recordings.Stdout, []byte("kept")))
	}
	must(t, w.Sync())
	must(t, w.Data(0, recordings.Stdout, []byte("lost")))
	must(t, fsys.PowerCut())
	_, err := recordings.Seal(path, nil, theEnd)
	must(t, err)
	var got bytes.Buffer
	must(t, recordings.Raw(t.Context(), &got, open(t, path, k.viewing), 0, recordings.Stdout))
	if got.String() != strings.Repeat("kept", 10) {
		t.Fatalf("%q", got.String())
	}
}

func TestPowerCutAfterCloseLosesNothing(t *testing.T) {
	k := newKeys(t)
	o := k.options()
	fsys := faultfs.New()
	o.FS = fsys
	w, path := create(t, o)
	story(t, w)
	d, err := w.Close(theEnd)
	must(t, err)
	must(t, fsys.PowerCut())
	_, err = recordings.VerifyDigest(path, d)
	must(t, err)
}
