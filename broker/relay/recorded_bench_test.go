package relay_test

import (
	"io"
	"io/fs"
	"testing"
	"time"

	"sekimori/recordings"
)

// discarding is a file system that keeps nothing of what is written after a recording has begun.
type discarding struct{ recordings.FS }

func (d discarding) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	return discardingFile{f}, err
}

type discardingFile struct{ recordings.File }

func (discardingFile) Write(p []byte) (int, error) { return len(p), nil }
func (discardingFile) Sync() error                 { return nil }

// BenchmarkBulkAgainstDiscarding relays the same bytes with a recording on the disk and with one that is thrown away, a piece of each in
// turn, so that both meet the same load of the machine. kept is the share of the discarding relay's speed that is kept.
func BenchmarkBulkAgainstDiscarding(b *testing.B) {
	const piece = 8 << 20
	var from [2]io.Reader
	for i, fsys := range []recordings.FS{recordings.OS(), discarding{recordings.OS()}} {
		s := session(b, newRig(b, rigOptions{fs: fsys}).client())
		out, err := s.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Start("flood 1000000000000"); err != nil {
			b.Fatal(err)
		}
		from[i] = out
	}
	buf := make([]byte, piece)
	var took [2]time.Duration
	b.SetBytes(2 * piece)
	for n := 0; b.Loop(); n++ {
		for k := range from {
			i := (k + n) % len(from) // each goes first in turn
			start := time.Now()
			if _, err := io.ReadFull(from[i], buf); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "kept")
}
