package archive_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
	"sekimori/recordings/archive"
)

const name = "2026/11/S-20261124-03.skr"

// put makes a recording with two derived files, and a neighbour whose number begins alike. It returns the bytes of the recording.
func put(t *testing.T, dir string) (whole []byte, id *age.X25519Identity) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	w, err := recordings.Create(path, recordings.Header{Session: "S-20261124-03", Started: at}, recordings.Options{
		OutputTo: []age.Recipient{id.Recipient()}, InputTo: []age.Recipient{id.Recipient()}, Elapsed: func() time.Duration { return time.Second }})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Data(1, recordings.Stdout, []byte("住民票")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(recordings.End{Cause: "window-ended", At: at}); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{path + ".idx", path + ".keys", filepath.Join(filepath.Dir(path), "S-20261124-030.skr")} {
		if err := os.WriteFile(other, []byte("sealed"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if whole, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return whole, id
}

// onlyNeighbour fails unless the neighbour alone is left.
func onlyNeighbour(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(dir, "2026/11"))
	if err != nil || len(left) != 1 || left[0].Name() != "S-20261124-030.skr" {
		t.Fatalf("left: %v, %v", left, err)
	}
}

func TestRemoveTakesAllThatWasDerived(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir)
	removed, err := archive.Remove(archive.OS(), dir, name)
	if err != nil || strings.Join(removed, " ") != name+".idx "+name+".keys "+name {
		t.Fatalf("removed %v, %v", removed, err)
	}
	onlyNeighbour(t, dir)
	if removed, err = archive.Remove(archive.OS(), dir, name); err != nil || len(removed) != 0 {
		t.Errorf("once more: %v, %v", removed, err)
	}
	if removed, err = archive.Remove(archive.OS(), dir, "2025/01/S-20250101-01.skr"); err != nil || len(removed) != 0 {
		t.Errorf("a month that never was: %v, %v", removed, err)
	}
}

// A second name of the file, such as a hard link of a backup, keeps the bytes; none of them opens any more.
func TestAttackSecondNameKeepsNoKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole, id := put(t, dir)
	path, second := filepath.Join(dir, filepath.FromSlash(name)), filepath.Join(dir, "second")
	if err := os.Link(path, second); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path+".keys", second+".keys"); err != nil {
		t.Fatal(err)
	}
	if _, err := recordings.NewReader(bytes.NewReader(whole), id); err != nil {
		t.Fatalf("the recording does not open before: %v", err)
	}
	if _, err := archive.Remove(archive.OS(), dir, name); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadFile(second)
	if err != nil || len(left) != len(whole) {
		t.Fatalf("%d bytes of %d, %v", len(left), len(whole), err)
	}
	if _, err := recordings.NewReader(bytes.NewReader(left), id); err == nil {
		t.Error("the second name still opens")
	}
	if bytes.Contains(left, []byte("age-encryption.org")) {
		t.Error("a wrapped key is left")
	}
	if left, err := os.ReadFile(second + ".keys"); err != nil || !bytes.Equal(left, make([]byte, len("sealed"))) {
		t.Errorf("the keys for a further auditor: %q, %v", left, err)
	}
}

// A recording whose beginning is damaged has no readable lengths: all bytes that can hold keys go.
func TestRemoveOfADamagedRecording(t *testing.T) {
	t.Parallel()
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { b[0] ^= 1; return b },
		func(b []byte) []byte { b[10] = 0xff; return b },
		func(b []byte) []byte { return b[:10] },
		func([]byte) []byte { return nil },
	} {
		dir := t.TempDir()
		whole, _ := put(t, dir)
		path, second := filepath.Join(dir, filepath.FromSlash(name)), filepath.Join(dir, "second")
		if err := errors.Join(os.WriteFile(path, damage(whole), 0o600), os.Link(path, second)); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Remove(archive.OS(), dir, name); err != nil {
			t.Fatal(err)
		}
		onlyNeighbour(t, dir)
		if left, _ := os.ReadFile(second); bytes.Contains(left, []byte("age-encryption.org")) {
			t.Error("a wrapped key is left")
		}
	}
}

func TestAttackNamesThatLeadOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, bad := range []string{"", "..", "../x.skr", "/etc/x.skr", "2026/../../x.skr", "2026/11/x", "2026/11/x.skr.idx"} {
		if _, err := archive.Remove(archive.OS(), dir, bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	outside := filepath.Join(t.TempDir(), "outside")
	path := filepath.Join(dir, "a.skr")
	if err := errors.Join(os.WriteFile(outside, []byte("mine"), 0o600), os.Symlink(outside, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Remove(archive.OS(), dir, "a.skr"); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(outside); err != nil || string(b) != "mine" {
		t.Errorf("the file behind the link: %q, %v", b, err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Remove(archive.OS(), dir, "a.skr"); err == nil {
		t.Error("a directory was taken for a recording")
	}
}

// steps is a file system that calls at before each operation which changes something.
type steps struct {
	archive.FS
	at func()
}

type stepFile struct {
	recordings.File
	at func()
}

func (s steps) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	f, err := s.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return stepFile{f, s.at}, nil
}
func (s steps) Remove(name string) error             { s.at(); return s.FS.Remove(name) }
func (s steps) SyncDir(dir string) error             { s.at(); return s.FS.SyncDir(dir) }
func (f stepFile) Write(b []byte) (n int, err error) { f.at(); return f.File.Write(b) }
func (f stepFile) Sync() error                       { f.at(); return f.File.Sync() }

// TestRemovalKilledAtEachStep kills a process that removes a recording before each of its steps. A further removal ends it, and before the
// first name is gone no key is left.
func TestRemovalKilledAtEachStep(t *testing.T) {
	if dir := os.Getenv("SEKIMORI_REMOVE_IN"); dir != "" {
		n, _ := strconv.Atoi(os.Getenv("SEKIMORI_REMOVE_STEPS"))
		_, err := archive.Remove(steps{archive.OS(), func() {
			if n--; n < 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}}, dir, name)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Parallel()
	for n := 0; ; n++ {
		dir := t.TempDir()
		put(t, dir)
		child := exec.Command(os.Args[0], "-test.run=^TestRemovalKilledAtEachStep$")
		child.Env = append(os.Environ(), "SEKIMORI_REMOVE_IN="+dir, "SEKIMORI_REMOVE_STEPS="+strconv.Itoa(n))
		err := child.Run()
		var died *exec.ExitError
		if err != nil && (!errors.As(err, &died) || died.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
			t.Fatalf("step %d: %v", n, err)
		}
		names, nerr := archive.Names(archive.OS(), dir, name)
		if nerr != nil {
			t.Fatal(nerr)
		}
		if b, rerr := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); len(names) < 3 && rerr == nil && bytes.Contains(b, []byte("age-encryption.org")) {
			t.Errorf("step %d: a name is gone, and a key is left", n)
		}
		if _, err := archive.Remove(archive.OS(), dir, name); err != nil {
			t.Fatalf("step %d, at the next start: %v", n, err)
		}
		onlyNeighbour(t, dir)
		if err == nil {
			if n != 10 {
				t.Errorf("%d steps; a write and a sync for each of three files, three removals and a sync make 10", n)
			}
			return
		}
	}
}

// A name that comes back is an error: no receipt says that it is gone.
func TestRemoveDoesNotClaimWhatItDidNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir)
	left := filepath.Join(dir, filepath.FromSlash(name)) + ".idx"
	back := steps{archive.OS(), func() {}}
	n := 0
	back.at = func() {
		if n++; n == 10 { // before the directory is synced
			if err := os.WriteFile(left, nil, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := archive.Remove(back, dir, name); !errors.Is(err, archive.ErrLeft) {
		t.Errorf("a name that came back: %v", err)
	}
}
