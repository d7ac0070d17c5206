package search

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"sekimori/recordings"
)

// BenchmarkSearch searches 100 recorded hours in sessions of one hour; SEKIMORI_SEARCH_HOURS=1000 is the promised size. A search
// goes through the sessions until its first hit. The words: in the oldest session alone, in none, in many.
func BenchmarkSearch(b *testing.B) {
	hours := 100
	if s := os.Getenv("SEKIMORI_SEARCH_HOURS"); s != "" {
		hours, _ = strconv.Atoi(s)
	}
	x := openAt(b, filepath.Join(b.TempDir(), "search"))
	began, text := time.Now(), int64(0)
	var sessions []string
	for i := range hours {
		id := fmt.Sprintf("S-20261124-%04d", i)
		lines := work(uint64(i), 1)
		if i == 0 {
			lines = with(lines, "hr-db01 の障害を復旧しました", "panic: shikyu.Rounder")
		}
		built, err := x.Build(b.Context(), id, lines)
		if err != nil {
			b.Fatal(err)
		}
		text += built.Bytes
		sessions = append(sessions, id)
	}
	slices.Reverse(sessions)
	size := int64(0)
	files, err := filepath.Glob(filepath.Join(x.o.Dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	b.Logf("%d hours: %d MiB of text, index of %d MiB, built in %s", hours, text>>20, size>>20, time.Since(began).Round(time.Millisecond))
	for _, one := range []struct {
		name, words string
		hit         bool
	}{{"oldest-障害", "障害", true}, {"oldest-command", "panic: shikyu", true}, {"none-ja", "漏洩", false}, {"none-en", "mimikatz", false}, {"many", "kyuyo", true}} {
		b.Run(one.name, func(b *testing.B) {
			q, err := NewQuery(one.words)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				hit, read := false, int64(0)
				for _, s := range sessions {
					f, err := x.Find(b.Context(), s, q, 3, yes)
					if err != nil {
						b.Fatal(err)
					}
					read += f.Read
					if hit = f.Hits > 0; hit {
						break
					}
				}
				if hit != one.hit {
					b.Fatalf("%s: hit %v", one.words, hit)
				}
				b.ReportMetric(float64(read)/1024, "KiB-compared")
			}
		})
	}
}

// BenchmarkBuild indexes an hour of work.
func BenchmarkBuild(b *testing.B) {
	var all []recordings.TextLine
	n := int64(0)
	for l := range work(1, 1) {
		all, n = append(all, l), n+int64(len(l.JA))
	}
	x := openAt(b, filepath.Join(b.TempDir(), "search"))
	b.SetBytes(n)
	for b.Loop() {
		if _, err := x.Build(b.Context(), "S-20261124-01", sequence(all)); err != nil {
			b.Fatal(err)
		}
	}
}
