package recordings_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"

	"sekimori/recordings"
)

// seq returns the output of seq(1) on a terminal.
func seq(n int) []byte {
	var b bytes.Buffer
	for i := 1; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d\r\n", i)
	}
	return b.Bytes()[:n]
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func BenchmarkData(b *testing.B) {
	for _, c := range []struct {
		name string
		p    []byte
	}{
		{"frame", []byte("a")}, {"zeros", make([]byte, 32<<10)}, {"random", random(32 << 10)},
		{"text", seq(32 << 10)}, {"text4k", seq(4 << 10)}, {"text2k", seq(2 << 10)},
	} {
		b.Run(c.name, func(b *testing.B) {
			w, _ := create(b, newKeys(b).options())
			b.SetBytes(int64(len(c.p)))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Data(0, recordings.Stdout, c.p); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(w.Size())/float64(b.N*len(c.p)), "file/sent")
		})
	}
}

func BenchmarkContended(b *testing.B) {
	w, _ := create(b, newKeys(b).options())
	p := random(8 << 10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := w.Data(0, recordings.Stdout, p); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// unfinished makes a recording of n bytes without an end.
func unfinished(b *testing.B, n int) string {
	w, path := create(b, newKeys(b).options())
	p := random(32 << 10)
	for range n / len(p) {
		must(b, w.Data(0, recordings.Stdout, p))
	}
	return path
}

func BenchmarkSeal(b *testing.B) {
	const n = 16 << 20
	path := unfinished(b, n)
	b.SetBytes(n)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		to := filepath.Join(filepath.Dir(path), fmt.Sprint(i))
		copyFile(b, path, to)
		b.StartTimer()
		if _, err := recordings.Seal(to, nil, theEnd); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	const n = 16 << 20
	path := unfinished(b, n)
	d, err := recordings.Seal(path, nil, theEnd)
	must(b, err)
	b.SetBytes(n)
	for b.Loop() {
		if _, err := recordings.VerifyDigest(path, d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenAndClose(b *testing.B) {
	k := newKeys(b)
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		w, err := recordings.Create(filepath.Join(dir, fmt.Sprint(i)), header(), k.options())
		must(b, err)
		_, err = w.Close(theEnd)
		must(b, err)
	}
}
