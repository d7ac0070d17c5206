package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// MostCounted bounds the hits of one session that are counted. A word that a program prints again and again must not hold up a search.
const MostCounted = 1000

// mostShown bounds a hit's text, in characters; a part around the words is shown of a longer line.
const mostShown = 300

// Found is what a session has of a query.
type Found struct {
	Hits  int    // MostCounted: that many, or more
	Lines []Line // the first of them, in order; long lines as a part around the words
	Cut   bool   // not all of the session's text is indexed, and the indexed part was searched to its end
	Until time.Duration
	Read  int64 // bytes of text that were opened and compared
}

// ErrNotIndexed says that a session has no index.
var ErrNotIndexed = errors.New("the session is not indexed")

// Find searches a session's index. At most lines hits are returned with their text. may is asked once, before the first text is opened;
// where it says no, nothing is found. Errors: ErrNotIndexed, ErrDamaged.
func (x *Index) Find(ctx context.Context, session string, q Query, lines int, may func() (bool, error)) (Found, error) {
	if !validSession(session) || !x.Holds(session) {
		return Found{}, ErrNotIndexed
	}
	o, err := x.openFile(session)
	if errors.Is(err, fs.ErrNotExist) {
		return Found{}, ErrNotIndexed
	}
	if err != nil {
		return Found{}, fmt.Errorf("search %s: %w", session, err)
	}
	defer o.close()
	f := finding{o: o, q: q, most: lines, may: may}
	defer f.end()
	if err := f.run(ctx); err != nil {
		return Found{}, fmt.Errorf("search %s: %w", session, err)
	}
	return f.out, nil
}

// finding is one search of one file.
type finding struct {
	o    *opened
	q    Query
	most int
	may  func() (bool, error)

	asked bool
	dec   *zstd.Decoder
	text  []byte
	out   Found
}

func (f *finding) end() {
	if f.dec != nil {
		f.dec.Close()
	}
}

func (f *finding) run(ctx context.Context) error {
	for ctx.Err() == nil {
		c, err := f.o.next()
		if err != nil {
			return err
		}
		if c.filter == 0 {
			return f.summary(c)
		}
		filter, err := f.o.filterOf(c)
		if err != nil {
			return err
		}
		if !mayContain(filter, f.q.grams) {
			continue
		}
		if !f.asked {
			f.asked = true
			if ok, err := f.may(); err != nil || !ok {
				return err
			}
		}
		if err := f.chunk(c); err != nil || f.out.Hits >= MostCounted {
			return err
		}
	}
	return context.Cause(ctx)
}

func (f *finding) summary(c chunk) error {
	text, err := f.o.linesOf(c)
	if err != nil {
		return err
	}
	var s summary
	if err := json.Unmarshal(text, &s); err != nil {
		return errDamaged
	}
	f.out.Cut, f.out.Until = s.Cut, time.Duration(s.UntilM)*time.Millisecond
	return nil
}

// chunk compares the lines of a chunk.
func (f *finding) chunk(c chunk) error {
	packed, err := f.o.linesOf(c)
	if err != nil {
		return err
	}
	if f.dec == nil {
		if f.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostChunk), zstd.WithDecoderMaxWindow(mostChunk)); err != nil {
			return err
		}
	}
	if f.text, err = f.dec.DecodeAll(packed, f.text[:0]); err != nil {
		return errDamaged
	}
	f.out.Read += int64(len(f.text))
	l := Line{}
	for rest := f.text; len(rest) > 0; {
		if l, rest, err = takeLine(rest, l); err != nil {
			return err
		}
		if !f.q.matches(l.JA) && (l.EN == l.JA || !f.q.matches(l.EN)) {
			continue
		}
		if f.out.Hits++; len(f.out.Lines) < f.most {
			shown := l
			shown.JA, shown.EN = f.q.part(l.JA), f.q.part(l.EN)
			f.out.Lines = append(f.out.Lines, shown)
		}
		if f.out.Hits == MostCounted {
			return nil
		}
	}
	return nil
}

// part gives a line, or of a long one the part in which the words stand.
func (q Query) part(s string) string {
	if utf8.RuneCountInString(s) <= mostShown {
		return s
	}
	all := []rune(s)
	for from := 0; from < len(all); from += mostShown / 3 {
		to := min(from+mostShown, len(all))
		if part := string(all[from:to]); q.matches(part) {
			if from > 0 {
				part = "…" + part
			}
			if to < len(all) {
				part += "…"
			}
			return part
		}
	}
	return string(all[:mostShown]) + "…" // the words are longer than the part, or folding joined characters across its edge
}
