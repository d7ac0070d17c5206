package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

var made = time.Date(2026, 11, 24, 3, 4, 5, 6e6, time.UTC)

// content writes a fixed text.
func content(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// whole is a small bundle with two recordings, of which one is missing.
func whole(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, made)
	name, _ := RecordingName("S-20261124-01")
	for _, name := range append([]string{name}, required...) {
		if _, _, err := w.Add(name, content("contents of "+name+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	err := w.Close(Manifest{Incident: "I-004", MadeAt: made, By: "U-007", Purpose: "incident", Entry: 41, Recordings: []Recording{
		{Session: "S-20261124-01", State: Whole, File: name}, {Session: "S-20261124-02", State: Missing, Finding: "missing"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// open opens and checks a bundle.
func open(b []byte) (*Bundle, error) {
	in, err := Open(bytes.NewReader(b), int64(len(b)))
	if err == nil {
		err = in.Check(context.Background(), nil)
	}
	return in, err
}

func TestWrittenIsRead(t *testing.T) {
	in, err := open(whole(t))
	if err != nil {
		t.Fatal(err)
	}
	m := in.Manifest
	if m.Incident != "I-004" || m.Entry != 41 || !m.MadeAt.Equal(made) || len(m.Recordings) != 2 || len(m.Files) != len(required)+1 || m.HeldFiles == nil {
		t.Errorf("%+v", m)
	}
	b, err := io.ReadAll(in.File("recordings/S-20261124-01.skr"))
	if err != nil || string(b) != "contents of recordings/S-20261124-01.skr\n" {
		t.Errorf("%q, %v", b, err)
	}
	if in.File("recordings/S-20261124-02.skr") != nil {
		t.Error("a missing recording is there")
	}
}

// The second recording in the middle of which the disk fails stays as far as it came, and the bundle goes on.
func TestAFileThatBreaksOffDoesNotStopTheBundle(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, made)
	name, _ := RecordingName("S-20261124-01")
	disk := errors.New("input/output error")
	f, broken, err := w.Add(name, func(w io.Writer) error { return errors.Join(content("half")(w), disk) })
	if broken || !errors.Is(err, disk) || f.Size != 4 {
		t.Fatalf("%+v %v %v", f, broken, err)
	}
	for _, name := range required {
		if _, _, err := w.Add(name, content("")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(Manifest{Incident: "I-004", Recordings: []Recording{{Session: "S-20261124-01", State: Damaged, File: name, Finding: "unreadable"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := open(out.Bytes()); err != nil {
		t.Error(err)
	}
}

// full takes so many bytes and then fails, as a connection that is cut.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("cut")
	}
	return len(b), nil
}

func TestAnArchiveThatBreaksOffSaysSo(t *testing.T) {
	w := NewWriter(&full{left: 1000}, made)
	_, broken, err := w.Add(Ledger, content(strings.Repeat("x", 1<<16)))
	if !broken || err == nil {
		t.Errorf("%v %v", broken, err)
	}
	if _, broken, _ := w.Add(Readme, content("")); !broken {
		t.Error("it went on")
	}
}

func TestNamesAWriterRefuses(t *testing.T) {
	w := NewWriter(io.Discard, made)
	if _, _, err := w.Add(Ledger, content("")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{Ledger, ManifestName, "", "../ledger.jsonl", "recordings/../x.skr", "recordings/.skr", "recordings/a/b.skr", "recordings/S 1.skr", "other.txt"} {
		if _, _, err := w.Add(name, content("")); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

// Each flipped byte of a bundle is found.
func TestAttackEveryByteOfABundleFlipped(t *testing.T) {
	good := whole(t)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x20
		if b, err := open(bad); err == nil && !sameFiles(t, good, b) {
			t.Errorf("byte %d of %d", i, len(good))
		}
	}
}

// sameFiles tells whether the bundle still gives the same names and contents: a flipped bit in the time of a file changes neither.
func sameFiles(t *testing.T, good []byte, b *Bundle) bool {
	t.Helper()
	was, err := open(good)
	if err != nil || len(was.in) != len(b.in) {
		return false
	}
	for name := range was.in {
		x, _ := io.ReadAll(was.File(name))
		y, _ := io.ReadAll(b.File(name))
		if !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// rezip writes the bundle anew with each file as change leaves it; an empty name drops the file.
func rezip(t *testing.T, good []byte, change func(h *zip.FileHeader, b []byte) (string, []byte), more ...func(*zip.Writer)) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(h *zip.FileHeader, b []byte) {
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, f := range r.File {
		if i == len(r.File)-1 {
			for _, one := range more {
				one(w)
			}
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		h := &zip.FileHeader{Name: f.Name, Method: zip.Store, Modified: made}
		if h.Name, b = change(h, b); h.Name != "" {
			add(h, b)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAttackHostileBundles(t *testing.T) {
	good := whole(t)
	same := func(h *zip.FileHeader, b []byte) (string, []byte) { return h.Name, b }
	at := func(name string, change func(h *zip.FileHeader, b []byte) (string, []byte)) func(*zip.FileHeader, []byte) (string, []byte) {
		return func(h *zip.FileHeader, b []byte) (string, []byte) {
			if h.Name == name {
				return change(h, b)
			}
			return h.Name, b
		}
	}
	replace := func(old, with string) func(h *zip.FileHeader, b []byte) (string, []byte) {
		return func(h *zip.FileHeader, b []byte) (string, []byte) {
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%s has no %q", h.Name, old)
			}
			return h.Name, bytes.Replace(b, []byte(old), []byte(with), 1)
		}
	}
	extra := func(name string) func(*zip.Writer) {
		return func(w *zip.Writer) {
			if f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: made}); err == nil {
				fmt.Fprint(f, "added")
			}
		}
	}
	if _, err := open(rezip(t, good, same)); err != nil {
		t.Fatalf("an archive written anew with nothing changed: %v", err)
	}
	for name, c := range map[string]struct {
		bundle []byte
		code   Code
		file   string
	}{
		"no archive":              {[]byte("no archive"), NotABundle, ""},
		"empty":                   {nil, NotABundle, ""},
		"cut short":               {good[:len(good)-30], NotABundle, ""},
		"bytes before it":         {append([]byte("MZ"), good...), Layout, "recordings/S-20261124-01.skr"},
		"bytes behind it":         {append(bytes.Clone(good), 0), Layout, ""},
		"a changed file":          {rezip(t, good, at(Ledger, replace("contents", "Contents"))), FileDiffers, Ledger},
		"a longer file":           {rezip(t, good, at(Ledger, replace("contents", "contents!"))), FileDiffers, Ledger},
		"a changed recording":     {rezip(t, good, at("recordings/S-20261124-01.skr", replace("contents", "Contents"))), FileDiffers, "recordings/S-20261124-01.skr"},
		"a file taken out":        {rezip(t, good, at(LedgerKey, func(*zip.FileHeader, []byte) (string, []byte) { return "", nil })), FileMissing, LedgerKey},
		"an added recording":      {rezip(t, good, same, extra("recordings/S-20261124-03.skr")), FileAdded, "recordings/S-20261124-03.skr"},
		"a path outside":          {rezip(t, good, same, extra("../../etc/cron.d/x")), Layout, "../../etc/cron.d/x"},
		"an absolute path":        {rezip(t, good, same, extra("/etc/x")), Layout, "/etc/x"},
		"a backslash":             {rezip(t, good, same, extra(`recordings\x.skr`)), Layout, `recordings\x.skr`},
		"a directory":             {rezip(t, good, same, func(w *zip.Writer) { _, _ = w.Create("recordings/") }), Layout, "recordings/"},
		"a name twice":            {rezip(t, good, same, extra(Ledger)), Layout, Ledger},
		"compressed":              {rezip(t, good, at(Ledger, func(h *zip.FileHeader, b []byte) (string, []byte) { h.Method = zip.Deflate; return h.Name, b })), Layout, Ledger},
		"a comment":               {rezip(t, good, at(Ledger, func(h *zip.FileHeader, b []byte) (string, []byte) { h.Comment = "x"; return h.Name, b })), Layout, Ledger},
		"a large extra field":     {rezip(t, good, at(Ledger, func(h *zip.FileHeader, b []byte) (string, []byte) { h.Extra = make([]byte, 400); return h.Name, b })), Layout, Ledger},
		"no manifest":             {rezip(t, good, at(ManifestName, func(*zip.FileHeader, []byte) (string, []byte) { return "", nil })), BadManifest, ManifestName},
		"another version":         {rezip(t, good, at(ManifestName, replace(`"version": 1`, `"version": 3`))), BadManifest, ManifestName},
		"a member twice":          {rezip(t, good, at(ManifestName, replace(`"version": 1`, `"version": 1, "version": 1`))), BadManifest, ManifestName},
		"an unknown member":       {rezip(t, good, at(ManifestName, replace(`"version": 1`, `"version": 1, "more": 1`))), BadManifest, ManifestName},
		"an unlisted state":       {rezip(t, good, at(ManifestName, replace(`"missing"`, `"gone"`))), BadManifest, ManifestName},
		"a file listed as needed": {rezip(t, good, at(ManifestName, replace(`"name": "README.txt"`, `"name": "readme.txt"`))), BadManifest, ManifestName},
	} {
		_, err := open(c.bundle)
		var p *Problem
		if !errors.As(err, &p) || p.Code != c.code || p.File != c.file || p.JA == "" {
			t.Errorf("%s: %v (%+v)", name, err, p)
		}
	}
}

// An archive that declares a million files does not fill the memory of the program that looks at it.
func TestAttackDirectoryWithoutEnd(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := range 100_000 {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("recordings/S-%060d.skr", i), Method: zip.Store}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var p *Problem
	if _, err := open(out.Bytes()); !errors.As(err, &p) || p.Code != Layout || !strings.Contains(p.EN, "larger than") {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := open(b)
		var p *Problem
		if err != nil && !errors.As(err, &p) {
			t.Fatalf("%T %v", err, err)
		}
		if err == nil && in.Manifest.Format != Format {
			t.Fatal("opened without a manifest")
		}
	})
}
