package recordings_test

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"sekimori/recordings"
)

// largeSession is the number of bytes of the large session: a little in a plain run, 1 GiB where nothing may be skipped, 10 GiB on
// request. A run of 10 GiB takes half an hour and, for bytes that do not compress, as much disk.
func largeSession() int64 {
	switch {
	case os.Getenv("SEKIMORI_TEN_GIB") != "":
		return 10 << 30
	case os.Getenv("SEKIMORI_REQUIRE_PEERS") != "" && !recordings.RaceEnabled:
		return 1 << 30
	}
	return 6 << 20
}

// metered counts bytes and notes how much memory is in use on the way.
type metered struct {
	n, next int64
	most    uint64
}

func (m *metered) Write(p []byte) (int, error) {
	if m.n += int64(len(p)); m.n >= m.next {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		m.most, m.next = max(m.most, now.HeapInuse+now.StackInuse), m.n+32<<20
	}
	return len(p), nil
}

// "10 GiB session … one recording, all of it", within 64 MiB of memory: it is recorded, played, exported in each format and verified,
// once with a terminal's text and once with bytes that do not compress.
func TestTenGiBSession(t *testing.T) {
	const bound = 64 << 20
	size := largeSession()
	text, noise := seq(1<<20), random(1<<20)
	for name, piece := range map[string][]byte{"text": text, "noise": noise} {
		t.Run(name, func(t *testing.T) {
			k, m := newKeys(t), &metered{}
			w, path := create(t, k.options())
			defer os.Remove(path)
			rnd := rand.New(rand.NewPCG(1, 2))
			for m.n < size {
				p := piece[:1+rnd.IntN(64<<10)]
				must(t, w.Data(0, recordings.Stdout, p))
				m.Write(p)
			}
			sent := m.n
			d, err := w.Close(theEnd)
			must(t, err)
			if d.OutputBytes != sent {
				t.Errorf("%d bytes were recorded of %d", d.OutputBytes, sent)
			}
			_, err = recordings.VerifyDigest(path, d)
			must(t, err)
			r := open(t, path, k.viewing)
			var played int64
			for {
				f, err := r.Next()
				if err == io.EOF {
					break
				}
				must(t, err)
				played += int64(len(f.Data))
				m.Write(nil)
			}
			if played != sent {
				t.Errorf("%d bytes were played of %d", played, sent)
			}
			for how, export := range map[string]func(context.Context, io.Writer, *recordings.Reader) error{
				"raw": func(ctx context.Context, out io.Writer, r *recordings.Reader) error {
					return recordings.Raw(ctx, out, r, 0, recordings.Stdout)
				},
				"text": func(ctx context.Context, out io.Writer, r *recordings.Reader) error {
					return recordings.Text(ctx, out, r, only(0))
				},
				"asciicast": func(ctx context.Context, out io.Writer, r *recordings.Reader) error {
					return recordings.Asciicast(ctx, out, r, only(0))
				},
			} {
				out := &metered{}
				must(t, export(t.Context(), out, open(t, path, k.viewing)))
				if out.n == 0 || how == "raw" && out.n != sent {
					t.Errorf("%s: %d bytes of %d", how, out.n, sent)
				}
				m.most = max(m.most, out.most)
			}
			info, err := os.Stat(path)
			must(t, err)
			t.Logf("%d MiB sent, %d MiB of file, at most %d MiB in use", sent>>20, info.Size()>>20, m.most>>20)
			if m.most > bound && !recordings.RaceEnabled {
				t.Errorf("%d MiB of memory were in use, want at most %d", m.most>>20, bound>>20)
			}
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 1 {
				t.Errorf("it is not one file: %v, %v", left, err)
			}
		})
	}
}
