package recordings_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"sekimori/recordings"
)

func TestWhatWasRecordedIsRead(t *testing.T) {
	k := newKeys(t)
	path, d, b := finished(t, k)
	if d.SHA256 != recordings.Sum(sha256.Sum256(b)) || d.Size != int64(len(b)) || d.File != filepath.Base(path) {
		t.Fatalf("digest %+v is not of the file's %d bytes", d, len(b))
	}
	both, err := readAll(open(t, path, k.viewing, k.offline))
	if err != io.EOF {
		t.Fatal(err)
	}
	if len(both) != 12 || uint64(len(both)) != d.Frames {
		t.Fatalf("%d frames read, digest says %d", len(both), d.Frames)
	}
	output, _ := readAll(open(t, path, k.viewing))
	input, _ := readAll(open(t, path, k.offline))
	if len(output) != 10 || len(input) != 2 {
		t.Fatalf("output %d, input %d frames", len(output), len(input))
	}
	for _, l := range output {
		if strings.Contains(l, "stdin") || strings.Contains(l, "LANG") {
			t.Errorf("the viewing key shows input: %s", l)
		}
	}
	if want := `0 stdin true 7500  "ls\r"`; input[0] != want {
		t.Errorf("got %s, want %s", input[0], want)
	}
	r := open(t, path, k.viewing)
	if out, in := r.Readable(); !out || in {
		t.Errorf("readable %v %v", out, in)
	}
	readAll(r)
	if end, ok := r.End(); !ok || end != theEnd {
		t.Errorf("end %+v %v", end, ok)
	}
	h := r.Header()
	if want := header(); h.Session != want.Session || h.Version != recordings.Version || !h.Started.Equal(started) {
		t.Errorf("header %+v", h)
	}
	rep, err := recordings.VerifyDigest(path, d)
	if err != nil || !reflect.DeepEqual(rep.Digest, d) || rep.End != theEnd {
		t.Errorf("verify: %+v %v, want %+v", rep, err, d)
	}
}

func TestRecordingThatNobodyCouldOpenIsRefused(t *testing.T) {
	k := newKeys(t)
	for _, change := range []func(*recordings.Options){
		func(o *recordings.Options) { o.OutputTo = nil },
		func(o *recordings.Options) { o.InputTo = nil },
	} {
		o := k.options()
		change(&o)
		path := filepath.Join(t.TempDir(), "a.skr")
		if _, err := recordings.Create(path, header(), o); !errors.Is(err, recordings.ErrNoRecipients) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("something was left: %v", err)
		}
	}
}

func TestStrangersKeyOpensNothing(t *testing.T) {
	path, _, _ := finished(t, newKeys(t))
	stranger, err := age.GenerateX25519Identity()
	must(t, err)
	if _, err := recordings.Open(path, stranger); !errors.Is(err, recordings.ErrNoKey) {
		t.Fatal(err)
	}
	if _, err := recordings.Open(path); !errors.Is(err, recordings.ErrNoKey) {
		t.Fatal(err)
	}
}

func TestExistingFileIsNotTouched(t *testing.T) {
	k := newKeys(t)
	path, _, b := finished(t, k)
	if _, err := recordings.Create(path, header(), k.options()); !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, b) {
		t.Fatal("the recording changed")
	}
}

func TestPlainTextIsNotOnDisk(t *testing.T) {
	_, _, b := finished(t, newKeys(t))
	for _, s := range []string{"meisai", "ls\r", "LANG", "障害復旧", "xterm"} {
		if bytes.Contains(b, []byte(s)) {
			t.Errorf("%q stands in the file", s)
		}
	}
}

// Each stream keeps its order, every call's bytes stay together, and data of a returned call is in the file.
func TestManyGoroutinesAtOnce(t *testing.T) {
	k := newKeys(t)
	o := k.options()
	var tapped int64
	o.Tap = func(f recordings.Frame) { tapped += int64(len(f.Data)) }
	w, path := create(t, o)
	const channels, each = 4, 120
	want := make([][3]bytes.Buffer, channels)
	var wg sync.WaitGroup
	var total int64
	for c := range channels {
		for s := recordings.Stdout; s <= recordings.Stdin; s++ {
			buf := &want[c][s-1]
			rnd := rand.New(rand.NewPCG(uint64(c), uint64(s)))
			wg.Go(func() {
				for range each {
					p := make([]byte, 1+rnd.IntN(3000))
					if rnd.IntN(20) == 0 {
						p = make([]byte, 200<<10)
					}
					for i := range p {
						p[i] = byte(rnd.IntN(7))
					}
					buf.Write(p)
					if err := w.Data(uint32(c), s, p); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Go(func() {
		for range 50 {
			if err := w.Sync(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	_, err := w.Close(theEnd)
	must(t, err)
	for c := range channels {
		for s := recordings.Stdout; s <= recordings.Stdin; s++ {
			var got bytes.Buffer
			must(t, recordings.Raw(t.Context(), &got, open(t, path, k.viewing, k.offline), uint32(c), s))
			total += int64(got.Len())
			if !bytes.Equal(got.Bytes(), want[c][s-1].Bytes()) {
				t.Errorf("channel %d %v differs", c, s)
			}
		}
	}
	if tapped != total {
		t.Errorf("tap saw %d bytes of %d", tapped, total)
	}
}

func TestClosedRecordingTakesNothing(t *testing.T) {
	w, _ := create(t, newKeys(t).options())
	d, err := w.Close(theEnd)
	must(t, err)
	if err := w.Data(0, recordings.Stdout, []byte("x")); !errors.Is(err, recordings.ErrClosed) {
		t.Error(err)
	}
	if err := w.Event(0, "x", nil); !errors.Is(err, recordings.ErrClosed) {
		t.Error(err)
	}
	if again, err := w.Close(theEnd); !errors.Is(err, recordings.ErrClosed) || again != d {
		t.Error(again, err)
	}
}

func TestTerminalTextIsSmall(t *testing.T) {
	text := seq(1 << 20)
	// Lines of four digits have few matches for the fastest level. They are its worst case among texts: literals only.
	short := seq(32 << 10)
	w, _ := create(t, newKeys(t).options())
	must(t, w.Data(0, recordings.Stdout, short))
	if w.Size() > int64(len(short))/2 {
		t.Errorf("short lines: %d of %d bytes", w.Size(), len(short))
	}
	for _, chunk := range []int{1 << 10, 4 << 10, 32 << 10} {
		w, _ := create(t, newKeys(t).options())
		for i := 0; i+chunk <= len(text); i += chunk {
			must(t, w.Data(0, recordings.Stdout, text[i:i+chunk]))
		}
		if ratio := float64(w.Size()) / float64(len(text)); ratio > .30 {
			t.Errorf("chunks of %d: %.2f of the bytes sent", chunk, ratio)
		}
	}
	w, _ = create(t, newKeys(t).options())
	before := w.Size()
	for range 1000 {
		must(t, w.Data(0, recordings.Stdout, []byte("a")))
	}
	if each := float64(w.Size()-before)/1000 - 1; each > 40 {
		t.Errorf("a keystroke's echo costs %.1f bytes beside itself", each)
	}
}

func TestDataAllocatesNothing(t *testing.T) {
	if recordings.RaceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	w, _ := create(t, newKeys(t).options())
	p := seq(4 << 10)
	if n := testing.AllocsPerRun(2000, func() { must(t, w.Data(0, recordings.Stdout, p)) }); n > 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// A tap that panics makes the recording fail like a disk fault. The recording is sealed, and no call waits for ever.
func TestPanicOfTheTapFailsTheRecording(t *testing.T) {
	k := newKeys(t)
	o := k.options()
	o.Tap = func(f recordings.Frame) {
		if f.Event == "exec" {
			panic("fault injected")
		}
	}
	w, _ := create(t, o)
	must(t, w.Data(0, recordings.Stdout, []byte("before")))
	if err := w.Event(0, "exec", nil); err == nil {
		t.Error("the event counts as recorded")
	}
	if err := w.Data(0, recordings.Stdout, []byte("after")); err == nil {
		t.Error("the recording goes on")
	}
	d, err := w.Close(theEnd)
	if err == nil || d.Size == 0 {
		t.Errorf("closed with %v, %d bytes", err, d.Size)
	}
}
