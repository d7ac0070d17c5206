package recordings_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"filippo.io/age"

	"sekimori/recordings"
	"sekimori/recordings/internal/faultfs"
)

// newcomer is an auditor whose key was not known when the recording was made.
func newcomer(t testing.TB) pair { return hybrid(t) }

func text(p pair) string { return fmt.Sprint(p.to) }

func TestAFurtherAuditorOpensAnOldRecording(t *testing.T) {
	k := newKeys(t)
	path, d, whole := finished(t, k)
	later := []pair{newcomer(t), classic(t)}
	for _, p := range later {
		if _, err := recordings.Open(path, p.Identity); !errors.Is(err, recordings.ErrNoKey) {
			t.Fatalf("before: %v", err)
		}
		for i, want := range []bool{true, false} { // the second time changes nothing
			if added, err := recordings.Share(path, nil, header().Session, text(p), k.viewing); err != nil || added != want {
				t.Fatalf("share %d: %v %v", i, added, err)
			}
		}
	}
	for _, p := range later {
		r := open(t, path, p.Identity)
		if out, in := r.Readable(); !out || in {
			t.Errorf("readable %v %v: a further auditor sees the output only", out, in)
		}
		if lines, err := readAll(r); err != io.EOF || len(lines) != 10 {
			t.Errorf("%d frames, %v", len(lines), err)
		}
	}
	// The recording itself did not change, and neither did its digest.
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, whole) {
		t.Fatal("the recording changed")
	}
	if _, err := recordings.VerifyDigest(path, d); err != nil {
		t.Fatal(err)
	}
	// An auditor who is removed keeps nothing but copies.
	old, err := os.ReadFile(path + recordings.KeysSuffix)
	must(t, err)
	if removed, err := recordings.Unshare(path, nil, header().Session, text(later[0]), k.viewing); err != nil || !removed {
		t.Fatal(removed, err)
	}
	if _, err := recordings.Open(path, later[0].Identity); !errors.Is(err, recordings.ErrNoKey) {
		t.Errorf("after the removal: %v", err)
	}
	if _, err := recordings.NewReaderWithKeys(bytes.NewReader(whole), bytes.NewReader(old), later[0].Identity); err != nil {
		t.Errorf("a copy of the keys file stays readable, and the documents say so: %v", err)
	}
	if removed, err := recordings.Unshare(path, nil, header().Session, text(later[1]), k.viewing); err != nil || !removed {
		t.Fatal(removed, err)
	}
	if _, err := os.Stat(path + recordings.KeysSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the keys file without entries: %v", err)
	}
}

func TestOnlyAHolderOfTheKeyShares(t *testing.T) {
	k := newKeys(t)
	path, _, _ := finished(t, k)
	first, second := newcomer(t), newcomer(t)
	for name, id := range map[string]age.Identity{"a stranger": first.Identity, "the input's key": k.offline} {
		if _, err := recordings.Share(path, nil, header().Session, text(first), id); !errors.Is(err, recordings.ErrNoKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := recordings.Share(path, nil, header().Session, text(first), k.viewing)
	must(t, err)
	// An auditor of the keys file cannot pass the recording on: the header must open.
	if _, err := recordings.Share(path, nil, header().Session, text(second), first.Identity); !errors.Is(err, recordings.ErrNoKey) {
		t.Errorf("by the keys file: %v", err)
	}
	if _, err := recordings.Share(path, nil, "S-20261124-04", text(second), k.viewing); !errors.Is(err, recordings.ErrOtherSession) {
		t.Errorf("another session's recording under this name: %v", err)
	}
	if _, err := recordings.Share(path, nil, header().Session, "age1nonsense", k.viewing); err == nil {
		t.Error("shared with a key that is none")
	}
}

// A person who can write files beside a recording makes a keys file say nothing false: a reader blames the keys file, not the
// recording, and the broker changes no file that does not hold.
func TestAttackGraftedKeys(t *testing.T) {
	k := newKeys(t)
	path, _, whole := finished(t, k)
	theirs, _, other := finished(t, newKeysFrom(t, k))
	auditor, stranger := newcomer(t), newcomer(t)
	for _, p := range []string{path, theirs} {
		_, err := recordings.Share(p, nil, header().Session, text(auditor), k.viewing)
		must(t, err)
	}
	mine, err := os.ReadFile(path + recordings.KeysSuffix)
	must(t, err)
	others, err := os.ReadFile(theirs + recordings.KeysSuffix)
	must(t, err)
	forged := recordings.ForgeKeys(t, whole, text(auditor)) // wraps a key of the attacker's own
	half := slices.Concat(mine, forged[42:])
	for name, b := range map[string][]byte{
		"another recording's": others, "its head before another's entries": slices.Concat(mine[:42], others[42:]), "a key of the attacker's own": forged,
		"cut": mine[:len(mine)-1], "a byte after": append(bytes.Clone(mine), 0), "empty": nil, "a later version": slices.Concat(mine[:9], []byte{2}, mine[10:]),
		"a length without end": slices.Concat(mine[:74], []byte{0xff, 0xff, 0xff, 0xff}, mine[78:]),
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(path+recordings.KeysSuffix, b, 0o600))
			r, err := recordings.Open(path, auditor.Identity)
			if err == nil {
				_, err = readAll(r)
				r.Close()
			}
			var bad *recordings.KeysError
			if !errors.As(err, &bad) || isCorrupt(err) {
				t.Errorf("read: %v", err)
			}
			if _, err := recordings.Share(path, nil, header().Session, text(stranger), k.viewing); !errors.As(err, &bad) {
				t.Errorf("shared on: %v", err)
			}
			if now, err := os.ReadFile(path + recordings.KeysSuffix); err != nil || !bytes.Equal(now, b) {
				t.Error("the file was changed")
			}
			// Keys that open the recording by its header do not depend on the file.
			if lines, err := readAll(open(t, path, k.viewing)); err != io.EOF || len(lines) != 10 {
				t.Errorf("%d frames, %v", len(lines), err)
			}
		})
	}
	must(t, os.WriteFile(path+recordings.KeysSuffix, half, 0o600))
	var bad *recordings.KeysError
	if _, err := recordings.Share(path, nil, header().Session, text(stranger), k.viewing); !errors.As(err, &bad) || bad.Offset != int64(len(mine)) {
		t.Errorf("a second entry that is grafted: %v", err)
	}
	if len(other) == 0 {
		t.Fatal("no second recording")
	}
	for i := range mine { // one byte flipped anywhere
		b := bytes.Clone(mine)
		b[i] ^= 0x40
		if _, err := recordings.NewReaderWithKeys(bytes.NewReader(whole), bytes.NewReader(b), auditor.Identity); err == nil {
			t.Fatalf("byte %d flipped: it opens", i)
		}
	}
}

// newKeysFrom gives keys of a second recording with the same viewing key.
func newKeysFrom(t *testing.T, k keys) keys {
	n := newKeys(t)
	n.viewing = k.viewing
	return n
}

// At each operation a fault, or a power cut after it, leaves the old keys file or the new one, and a later try ends as if
// nothing had been.
func TestKeysFileSurvivesEveryFault(t *testing.T) {
	k := newKeys(t)
	path, _, _ := finished(t, k)
	first, second := newcomer(t), newcomer(t)
	_, err := recordings.Share(path, nil, header().Session, text(first), k.viewing)
	must(t, err)
	before, err := os.ReadFile(path + recordings.KeysSuffix)
	must(t, err)
	for _, op := range []faultfs.Op{faultfs.Open, faultfs.Write, faultfs.Sync, faultfs.Close, faultfs.Rename, faultfs.SyncDir, faultfs.Remove} {
		for after := range int64(3) {
			must(t, os.WriteFile(path+recordings.KeysSuffix, before, 0o600))
			f := faultfs.New(faultfs.Fault{Op: op, After: after, Err: syscall.EIO, Once: true})
			_, err := recordings.Share(path, f, header().Session, text(second), k.viewing)
			if op == faultfs.Write && after == 0 && err == nil {
				t.Fatal("the fault was not met")
			}
			r := open(t, path, first.Identity) // never lost
			if _, err := readAll(r); err != io.EOF {
				t.Fatalf("%s %d: %v", op, after, err)
			}
			if _, err := recordings.Share(path, nil, header().Session, text(second), k.viewing); err != nil {
				t.Fatalf("%s %d: again: %v", op, after, err)
			}
			if _, err := readAll(open(t, path, second.Identity)); err != io.EOF {
				t.Fatalf("%s %d: %v", op, after, err)
			}
			if _, err := os.Stat(path + recordings.KeysSuffix + ".new"); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s %d: remains: %v", op, after, err)
			}
		}
	}
}

func TestAKeysFileHasRoomForSoMany(t *testing.T) {
	k := newKeys(t)
	path, _, _ := finished(t, k)
	for i := range 65 {
		_, err := recordings.Share(path, nil, header().Session, text(classic(t)), k.viewing)
		if full := errors.Is(err, recordings.ErrManyKeys); full != (i == 64) || err != nil && !full {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// goneOnRename is a file system on which the recording is removed just before a keys file comes to its place.
type goneOnRename struct {
	recordings.FS
	before func()
}

func (g goneOnRename) Rename(old, new string) error {
	g.before()
	return g.FS.Rename(old, new)
}

// TestAttackKeysPutBackAfterADisposal disposes of a recording while it is opened to a further recipient. No keys file is left.
func TestAttackKeysPutBackAfterADisposal(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	path, _, _ := finished(t, k)
	_, err := recordings.Share(path, goneOnRename{recordings.OS(), func() { must(t, os.Remove(path)) }}, header().Session, text(newcomer(t)), k.viewing)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("shared: %v", err)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
