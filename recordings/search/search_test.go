package search

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sekimori/recordings"
)

func yes() (bool, error) { return true, nil }

// openAt opens an index whose keys are sealed under a fixed key.
func openAt(t testing.TB, dir string) *Index {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, 12)
	x, err := Open(Options{Dir: dir, MostText: 64 << 20,
		Seal:   func(purpose string, b []byte) ([]byte, error) { return aead.Seal(nil, nonce, b, []byte(purpose)), nil },
		Unseal: func(purpose string, b []byte) ([]byte, error) { return aead.Open(nil, nonce, b, []byte(purpose)) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func sequence(all []recordings.TextLine) iter.Seq2[recordings.TextLine, error] {
	return func(yield func(recordings.TextLine, error) bool) {
		for _, l := range all {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// with puts lines behind others.
func with(lines iter.Seq2[recordings.TextLine, error], more ...string) iter.Seq2[recordings.TextLine, error] {
	return func(yield func(recordings.TextLine, error) bool) {
		last := time.Duration(0)
		for l, err := range lines {
			if last = l.Elapsed; !yield(l, err) {
				return
			}
		}
		for _, s := range more {
			last += time.Second
			if !yield(recordings.TextLine{Elapsed: last, JA: s, EN: s}, nil) {
				return
			}
		}
	}
}

func output(lines ...string) iter.Seq2[recordings.TextLine, error] {
	return with(sequence(nil), lines...)
}

func build(t testing.TB, x *Index, id string, lines iter.Seq2[recordings.TextLine, error]) Built {
	t.Helper()
	b, err := x.Build(t.Context(), id, lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func find(t testing.TB, x *Index, id, words string) Found {
	t.Helper()
	q, err := NewQuery(words)
	if err != nil {
		t.Fatal(err)
	}
	f, err := x.Find(t.Context(), id, q, 10, yes)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const session = "S-20261124-01"

func TestFindsWordsOfAnyLengthWidthAndCase(t *testing.T) {
	t.Parallel()
	x := openAt(t, filepath.Join(t.TempDir(), "search"))
	build(t, x, session, with(work(3, 1), "hr-db01 の障害を復旧しました", "ABCデータ ﾊﾞｯｸｱｯﾌﾟ 完了", "rm -rf /var/tmp/x", "鍵"))
	for words, line := range map[string]string{
		"障害": "hr-db01 の障害を復旧しました", "復": "hr-db01 の障害を復旧しました", "害を復": "hr-db01 の障害を復旧しました", " HR-DB01 の障 ": "hr-db01 の障害を復旧しました",
		"abcデータ": "ABCデータ ﾊﾞｯｸｱｯﾌﾟ 完了", "バックアップ": "ABCデータ ﾊﾞｯｸｱｯﾌﾟ 完了", "abc": "ABCデータ ﾊﾞｯｸｱｯﾌﾟ 完了",
		"rm -rf": "rm -rf /var/tmp/x", "RF /V": "rm -rf /var/tmp/x", "鍵": "鍵",
	} {
		if f := find(t, x, session, words); f.Hits != 1 || f.Lines[0].JA != line || f.Lines[0].Elapsed < 50*time.Minute {
			t.Errorf("%q: %d hits, %+v", words, f.Hits, f.Lines)
		}
	}
	for _, words := range []string{"漏洩", "障 害", "rm  -rf", "復旧しましたabc"} { // the last crosses a line
		if f := find(t, x, session, words); f.Hits != 0 {
			t.Errorf("%q: %+v", words, f)
		}
	}
	for words, want := range map[string]error{"": ErrNoWords, " \u3000": ErrNoWords, strings.Repeat("あ", MostWords+1): ErrLongWords} {
		if _, err := NewQuery(words); !errors.Is(err, want) {
			t.Errorf("%d characters: %v", len(words), err)
		}
	}
}

// The index finds the same lines as a comparison of all of them, for any lines.
func TestFindsWhatReadingAllFinds(t *testing.T) {
	t.Parallel()
	x := openAt(t, filepath.Join(t.TempDir(), "search"))
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune("abAB障害復旧がガカ゛ﾊﾞ \u0301\x00é①㍿"))
		text := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(letters, 0, 12).Draw(t, "line")) })
		lines := rapid.SliceOfN(text, 0, 30).Draw(t, "lines")
		words := string(rapid.SliceOfN(letters, 1, 4).Draw(t, "words"))
		q, err := NewQuery(words)
		if err != nil {
			t.Skip()
		}
		if _, err := x.Build(t.Context(), session, output(lines...)); err != nil {
			t.Fatal(err)
		}
		var want []int
		for i, l := range lines {
			if strings.Contains(Fold(l), Fold(strings.TrimSpace(words))) {
				want = append(want, i)
			}
		}
		f, err := x.Find(t.Context(), session, q, 100, yes)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, l := range f.Lines {
			got = append(got, l.No)
		}
		if !slices.Equal(got, want) || f.Hits != len(want) {
			t.Fatalf("%q in %q: lines %v, want %v", words, lines, got, want)
		}
	})
}

// TestAttackReadTheIndexOnTheDisk looks for readable text in the files of the index: there is none, and two sessions with the same text
// have nothing in common.
func TestAttackReadTheIndexOnTheDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "search")
	x := openAt(t, dir)
	var seen [2][]byte
	for i := range seen {
		id := fmt.Sprintf("S-20261124-%02d", i)
		build(t, x, id, output(slices.Repeat([]string{"個人番号の障害 secret-word"}, 500)...))
		data, err := os.ReadFile(filepath.Join(dir, id+suffix))
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range []string{"障害", "secret", "個人"} {
			if bytes.Contains(data, []byte(words)) {
				t.Errorf("%s holds %q", id, words)
			}
		}
		info, err := os.Stat(filepath.Join(dir, id+suffix))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		seen[i] = data[len(magic)+2:]
	}
	const run = 8
	pieces := map[string]bool{}
	for at := 0; at+run <= len(seen[0]); at++ {
		pieces[string(seen[0][at:at+run])] = true
	}
	for at := 0; at+run <= len(seen[1]); at++ {
		if piece := string(seen[1][at : at+run]); pieces[piece] && !bytes.Contains([]byte(piece), []byte{0, 0}) { // lengths are the same
			t.Fatalf("both files have the bytes % x", piece)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil {
		t.Error("a directory that others may read was accepted")
	}
}

// TestAttackChangedIndex changes, cuts and exchanges files of the index: a search fails, and shows nothing of another session.
func TestAttackChangedIndex(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "search")
	x := openAt(t, dir)
	const other = "S-20261124-02"
	build(t, x, session, with(work(1, 1), "障害の行"))
	build(t, x, other, output("別の障害"))
	path := filepath.Join(dir, session+suffix)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(filepath.Join(dir, other+suffix))
	if err != nil {
		t.Fatal(err)
	}
	q, err := NewQuery("障害")
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{"empty": {}, "another session's": foreign}
	for at := 0; at < len(sound); at += 1 + len(sound)/97 {
		flipped := bytes.Clone(sound)
		flipped[at] ^= 0x40
		bad[fmt.Sprintf("byte %d flipped", at)], bad[fmt.Sprintf("cut at %d", at)] = flipped, sound[:at]
	}
	for what, data := range bad {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := x.Find(t.Context(), session, q, 10, yes)
		flippedUnread := err == nil && f.Hits == 1 && strings.Contains(what, "flipped") // in lines that no filter points to
		if !errors.Is(err, ErrDamaged) && !flippedUnread {
			t.Errorf("%s: %+v, %v", what, f, err)
		}
	}
}

func TestForgetLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "search")
	x := openAt(t, dir)
	build(t, x, session, output("障害"))
	build(t, x, "S-20261124-02", output("障害"))
	if err := os.WriteFile(filepath.Join(dir, session+partial), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time is no error
		if err := x.Forget(session); err != nil {
			t.Fatal(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, session+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	q, _ := NewQuery("障害")
	if _, err := x.Find(t.Context(), session, q, 1, yes); !errors.Is(err, ErrNotIndexed) {
		t.Errorf("after Forget: %v", err)
	}
	if got := x.Sessions(); !slices.Equal(got, []string{"S-20261124-02"}) {
		t.Errorf("sessions %v", got)
	}
	if err := errors.Join(x.Clear(), x.Forget("S-9")); err != nil || len(x.Sessions()) != 0 {
		t.Errorf("after Clear: %v, %v", x.Sessions(), err)
	}
	for _, id := range []string{"", "../x", "a/b", ".x", "S 1", strings.Repeat("S", 65)} {
		if err := x.Forget(id); err == nil {
			t.Errorf("Forget took %q", id)
		}
		if _, err := x.Build(t.Context(), id, output("x")); err == nil {
			t.Errorf("Build took %q", id)
		}
	}
}

// A stop in the middle of building leaves the old index, or none; the next start removes what it left.
func TestUnfinishedIndexIsNone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "search")
	x := openAt(t, dir)
	broken := errors.New("torn")
	torn := func(yield func(recordings.TextLine, error) bool) {
		_ = yield(recordings.TextLine{JA: "障害", EN: "障害"}, nil) && yield(recordings.TextLine{}, broken)
	}
	if _, err := x.Build(t.Context(), session, torn); !errors.Is(err, broken) || x.Holds(session) {
		t.Errorf("torn: %v, has %v", err, x.Holds(session))
	}
	build(t, x, session, output("復旧"))
	if _, err := x.Build(t.Context(), session, torn); !errors.Is(err, broken) || find(t, x, session, "復旧").Hits != 1 {
		t.Errorf("the sound index is gone: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "S-20261124-03"+partial), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, dir)
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+partial)); len(left) != 0 || !slices.Equal(again.Sessions(), []string{session}) {
		t.Errorf("after a start: %v, %v", left, again.Sessions())
	}
}

// TestAttackHostileText builds from lines that are as bad as a target can make them. Memory is bounded, and words in them are found.
func TestAttackHostileText(t *testing.T) {
	t.Parallel()
	x := openAt(t, filepath.Join(t.TempDir(), "search"))
	marks := strings.Repeat("e"+strings.Repeat("\u0301", 20), 4096) // 160 KiB in one line
	wide := strings.Repeat("\ufdfa", 4096)                          // each becomes 18 characters
	random := func(yield func(recordings.TextLine, error) bool) {
		n := rune(0x4e00)
		for range 400 {
			var b strings.Builder
			for range 4096 {
				if n++; n > 0x9fa0 {
					n = 0x4e00
				}
				b.WriteRune(n*7%0x5000 + 0x4e00)
			}
			if !yield(recordings.TextLine{JA: b.String(), EN: b.String()}, nil) {
				return
			}
		}
		for _, s := range []string{marks, wide, `\x00\x1b`, "障害"} {
			if !yield(recordings.TextLine{JA: s, EN: s}, nil) {
				return
			}
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	build(t, x, session, random)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d MiB are held after building", grown>>20)
	}
	for _, words := range []string{"障害", `\x00`, "\ufdfa", "e\u0301\u0301\u0301"} {
		f := find(t, x, session, words)
		if f.Hits == 0 || len(f.Lines[0].JA) > 4*(mostShown+2) {
			t.Errorf("%q: %d hits, shown with %d bytes", words, f.Hits, len(f.Lines[0].JA))
		}
	}
}

// A session with more text than the index takes says so, up to its last indexed line; hits beyond a bound are counted as that many or more.
func TestBoundsAreSaid(t *testing.T) {
	t.Parallel()
	x := openAt(t, filepath.Join(t.TempDir(), "search"))
	x.o.MostText = 100_000
	long := func(yield func(recordings.TextLine, error) bool) {
		for i := 0; yield(recordings.TextLine{Elapsed: time.Duration(i) * time.Second, JA: "障害の行 " + strings.Repeat("x", 900), EN: "障害の行 " + strings.Repeat("x", 900)}, nil); i++ {
		}
	}
	if b := build(t, x, session, long); !b.Cut || b.Bytes > 101_000 {
		t.Fatalf("%+v", b)
	}
	if f := find(t, x, session, "障害"); !f.Cut || f.Until < time.Minute || f.Hits != 110 && f.Hits != 109 {
		t.Errorf("%+v", f)
	}
	x.o.MostText = 64 << 20
	build(t, x, session, output(slices.Repeat([]string{"障害"}, MostCounted+5)...))
	if f := find(t, x, session, "障害"); f.Hits != MostCounted || len(f.Lines) != 10 {
		t.Errorf("%d hits, %d lines", f.Hits, len(f.Lines))
	}
}

// Nothing is opened for a person who may not see the session.
func TestNoTextIsOpenedWithoutAsking(t *testing.T) {
	t.Parallel()
	x := openAt(t, filepath.Join(t.TempDir(), "search"))
	build(t, x, session, output("障害"))
	q, _ := NewQuery("障害")
	f, err := x.Find(t.Context(), session, q, 1, func() (bool, error) { return false, nil })
	if err != nil || f.Hits != 0 || f.Read != 0 || f.Lines != nil {
		t.Errorf("%+v, %v", f, err)
	}
	failed := errors.New("no facts")
	if _, err := x.Find(t.Context(), session, q, 1, func() (bool, error) { return false, failed }); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
}

func FuzzTakeLine(f *testing.F) {
	f.Add(appendLine(nil, Line{}, Line{No: 3, Elapsed: time.Second, Kind: "exec", JA: "コマンド", EN: "command"}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		before := Line{}
		for len(b) > 0 {
			l, rest, err := takeLine(b, before)
			if err != nil {
				return
			}
			again, left, err := takeLine(appendLine(nil, before, l), before)
			if err != nil || len(left) != 0 || again != l {
				t.Fatalf("%+v became %+v, %v", l, again, err)
			}
			b, before = rest, l
		}
	})
}
