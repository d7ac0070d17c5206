package bundle

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"
)

// Writer writes a bundle as a stream: it keeps only the names and digests of the files in memory. It is not safe for concurrent use.
type Writer struct {
	out    *broken
	zip    *zip.Writer
	at     time.Time
	files  []File // written so far
	names  map[string]bool
	closed bool
}

// NewWriter begins a bundle. at is the time that the archive gives all of its files.
func NewWriter(w io.Writer, at time.Time) *Writer {
	out := &broken{w: w}
	return &Writer{out: out, zip: zip.NewWriter(out), at: at.UTC(), names: map[string]bool{}}
}

// broken remembers that the archive could not be written, so that this differs from a file that could not be read.
type broken struct {
	w   io.Writer
	err error
}

func (b *broken) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	if err != nil {
		b.err = errors.Join(b.err, err)
	}
	return n, err
}

// file is one file on its way into the archive.
type file struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (f *file) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	f.sum.Write(p[:n]) // a hash never fails
	f.n += int64(n)
	return n, err
}

// Add writes one file, not compressed. A file that write breaks off stays in the archive, as far as it came, with its digest; err is then
// the error of write. broken says that the archive itself cannot be written any more.
func (b *Writer) Add(name string, write func(io.Writer) error) (f File, broken bool, err error) {
	switch {
	case b.closed || b.out.err != nil:
		return f, true, fmt.Errorf("bundle: add %s: the archive is closed or broken", name)
	case name == ManifestName || !known(name):
		return f, false, fmt.Errorf("bundle: no file of a bundle has the name %q", name)
	case len(b.files) >= mostFiles:
		return f, false, fmt.Errorf("bundle: more than %d files", mostFiles)
	case b.names[name]:
		return f, false, fmt.Errorf("bundle: %s is in it already", name)
	}
	b.names[name] = true
	f, err = b.add(name, write)
	if b.out.err != nil {
		return f, true, fmt.Errorf("bundle: write %s: %w", name, b.out.err)
	}
	b.files = append(b.files, f)
	return f, false, err
}

func (b *Writer) add(name string, write func(io.Writer) error) (File, error) {
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: b.at})
	if err != nil {
		return File{}, err
	}
	one := &file{w: w, sum: sha256.New()}
	err = write(one)
	return File{Name: name, Size: one.n, SHA256: hex.EncodeToString(one.sum.Sum(nil))}, err
}

// Close writes the manifest, with the format, its version and the files filled in, and ends the archive.
func (b *Writer) Close(m Manifest) error {
	m.Format, m.Version, m.Files = Format, versionNoKeys, b.files
	if slices.ContainsFunc(m.Recordings, func(r Recording) bool { return r.Keys != "" }) {
		m.Version = Version
	}
	if m.Recordings == nil {
		m.Recordings = []Recording{}
	}
	if m.HeldFiles == nil {
		m.HeldFiles = []HeldFile{}
	}
	text, err := m.encode()
	if err != nil {
		return err
	}
	if _, err := parse(text); err != nil || len(text) > mostManifest {
		return fmt.Errorf("bundle: the manifest of %d bytes is none: %w", len(text), err)
	}
	b.closed = true
	if _, err := b.add(ManifestName, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return fmt.Errorf("bundle: write the manifest: %w", err)
	}
	if err := b.zip.Close(); err != nil {
		return fmt.Errorf("bundle: end the archive: %w", err)
	}
	return nil
}
