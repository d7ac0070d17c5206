package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// leftBehindAt is when the broker of testdata/before-acts.tgz was stopped, and a little more.
var leftBehindAt = time.Date(2026, 11, 24, 10, 10, 0, 0, time.FixedZone("", 9*60*60))

// leftBehindStory: `left-behind` moves the story into the town as a broker of the version before broker/act left it, and starts today's
// broker on that data. The archive holds its directory (b) and the secrets of its people (people). No target listens.
func leftBehindStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "left-behind")
	s := storyOf(ts)
	archive, err := os.Open(filepath.Join("testdata", "before-acts.tgz"))
	ts.Check(err)
	defer archive.Close()
	packed, err := gzip.NewReader(archive)
	ts.Check(err)
	for files := tar.NewReader(packed); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		ts.Check(err)
		path := filepath.Join(s.short, filepath.FromSlash(h.Name))
		if h.FileInfo().IsDir() {
			ts.Check(os.MkdirAll(path, 0o700))
			continue
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, h.FileInfo().Mode().Perm())
		ts.Check(err)
		_, err = io.Copy(f, files)
		ts.Check(errors.Join(err, f.Close()))
	}
	ts.Check(copyPrivate(filepath.Join(s.short, "people"), s.dir))
	ts.Setenv("BROKER", filepath.Join(s.short, "b"))
	ts.Setenv("CONFIG", filepath.Join(s.short, "b", "sekimori.yaml"))
	s.forward(leftBehindAt.Sub(s.now()))
	s.serve(ts, ts.Getenv("CONFIG"))
}
