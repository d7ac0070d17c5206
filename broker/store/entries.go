package store

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"sekimori/broker/ledger"
)

// EntryFilter narrows Entries. Zero fields do not narrow.
type EntryFilter struct {
	From    int64  // index
	To      int64  // index, exclusive; 0: to the end
	Kind    string // "session.opening"; a trailing '*' stands for any ending: "session.*"
	Subject string
	Newest  bool // newest first
	Limit   int  // 0: no limit
}

// entriesAtOnce is how many rows one query of Entries looks at. A caller may choose any filter, and it may match nothing in a ledger of
// years. Matches are found by an index, in queries of milliseconds each. A reader whose caller has left fails at the next query.
const entriesAtOnce = 500

// Entries iterates in order of the index, while the snapshot lasts. Breaking off is fine.
func (s *Snap) Entries(f EntryFilter) iter.Seq2[ledger.Entry, error] {
	if f.To <= 0 {
		f.To = math.MaxInt64
	}
	return func(yield func(ledger.Entry, error) bool) {
		if f.Subject == "" && strings.TrimSuffix(f.Kind, "*") == "" {
			s.everyEntry(f, yield)
			return
		}
		given := 0
		for idx, err := range s.places(f) {
			var e ledger.Entry
			if err == nil {
				e, err = s.Entry(idx)
			}
			if !yield(e, err) || err != nil {
				return
			}
			if given++; given == f.Limit {
				return
			}
		}
	}
}

// CountEntries counts the entries of a kind and a subject in the whole ledger.
func (s *Snap) CountEntries(f EntryFilter) (int, error) {
	if f.Kind == "" && f.Subject == "" {
		n, err := s.LedgerSize()
		return int(n), err
	}
	from := "ledger_entries e"
	var w where
	if f.Subject != "" {
		from = "ledger_subjects s"
		if f.Kind != "" {
			from += " JOIN ledger_entries e ON e.idx = s.idx"
		}
		w.and("s.subject = ?", f.Subject)
	}
	if prefix, any := strings.CutSuffix(f.Kind, "*"); any {
		w.and("e.kind >= ? AND e.kind < ?", prefix, prefix+"\U0010FFFF")
	} else {
		w.text("e.kind = ?", f.Kind)
	}
	n := 0
	if err := s.tx.QueryRow(`SELECT count(*) FROM `+from+w.String(), w.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count entries: %w", err)
	}
	return n, nil
}

// everyEntry walks along the ledger without an index.
func (s *Snap) everyEntry(f EntryFilter, yield func(ledger.Entry, error) bool) {
	limit := f.Limit
	if limit <= 0 {
		limit = -1
	}
	rows, err := s.tx.Query(entryColumns+` WHERE e.idx >= ? AND e.idx < ? ORDER BY e.idx`+direction(f)+` LIMIT ?`, f.From, f.To, limit)
	if err != nil {
		yield(ledger.Entry{}, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if !yield(e, err) || err != nil {
			return
		}
	}
	if err := rows.Err(); err != nil {
		yield(ledger.Entry{}, err)
	}
}

func direction(f EntryFilter) string {
	if f.Newest {
		return " DESC"
	}
	return ""
}

// place is where an entry stands in the ledger, and its kind where that was read.
type place struct {
	idx  int64
	kind string
}

func scanPlace(r scanner) (p place, err error) { return p, r.Scan(&p.idx, &p.kind) }

// places are the indexes of the matching entries, in order.
func (s *Snap) places(f EntryFilter) iter.Seq2[int64, error] {
	if f.Subject != "" {
		return s.placesOfSubject(f)
	}
	return s.placesOfKinds(f)
}

// placesOfSubject walks along the entries of the subject.
func (s *Snap) placesOfSubject(f EntryFilter) iter.Seq2[int64, error] {
	query := `SELECT idx, '' FROM ledger_subjects WHERE subject = ? AND idx >= ? AND idx < ? ORDER BY idx` + direction(f) + ` LIMIT ?`
	if f.Kind != "" {
		query = `SELECT s.idx, e.kind FROM (` + strings.Replace(query, "idx, ''", "idx", 1) + `) s CROSS JOIN ledger_entries e ON e.idx = s.idx ORDER BY s.idx` + direction(f)
	}
	prefix, any := strings.CutSuffix(f.Kind, "*")
	return func(yield func(int64, error) bool) {
		for {
			found, err := list(s, scanPlace, query, f.Subject, f.From, f.To, entriesAtOnce)
			if err != nil {
				yield(0, fmt.Errorf("entries of %q: %w", f.Subject, err))
				return
			}
			for _, p := range found {
				if f.Kind != "" && p.kind != f.Kind && !(any && strings.HasPrefix(p.kind, prefix)) {
					continue
				}
				if !yield(p.idx, nil) {
					return
				}
			}
			if len(found) < entriesAtOnce {
				return
			}
			f.after(found[len(found)-1].idx)
		}
	}
}

// after narrows the filter to entries after an index, in the filter's order.
func (f *EntryFilter) after(idx int64) {
	if f.Newest {
		f.To = idx
	} else {
		f.From = idx + 1
	}
}

// kindWalk is where the walk along the entries of one kind stands.
type kindWalk struct {
	kind string
	f    EntryFilter
	next []int64
	done bool
}

// more reads the next batch once the last one is used up.
func (k *kindWalk) more(s *Snap) (err error) {
	if len(k.next) > 0 || k.done {
		return nil
	}
	n := entriesAtOnce
	if k.f.Limit > 0 {
		n = min(n, k.f.Limit)
	}
	k.next, err = list(s, func(r scanner) (idx int64, err error) { return idx, r.Scan(&idx) },
		// Without the hint the planner would walk along the whole ledger, for its order.
		`SELECT idx FROM ledger_entries INDEXED BY ledger_entries_by_kind WHERE kind = ? AND idx >= ? AND idx < ? ORDER BY idx`+direction(k.f)+` LIMIT ?`,
		k.kind, k.f.From, k.f.To, n)
	if err != nil {
		return fmt.Errorf("entries of kind %s: %w", k.kind, err)
	}
	if k.done = len(k.next) < n; !k.done {
		k.f.after(k.next[len(k.next)-1])
	}
	return nil
}

// placesOfKinds walks along the entries of each matching kind, and merges them.
func (s *Snap) placesOfKinds(f EntryFilter) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		kinds, err := s.kindsLike(f.Kind)
		if err != nil {
			yield(0, err)
			return
		}
		walks := make([]*kindWalk, 0, len(kinds))
		for _, kind := range kinds {
			walks = append(walks, &kindWalk{kind: kind, f: f})
		}
		for {
			for _, k := range walks {
				if err := k.more(s); err != nil {
					yield(0, err)
					return
				}
			}
			walks = slices.DeleteFunc(walks, func(k *kindWalk) bool { return len(k.next) == 0 })
			if len(walks) == 0 {
				return
			}
			first := slices.MinFunc(walks, func(a, b *kindWalk) int {
				if f.Newest {
					a, b = b, a
				}
				return cmp.Compare(a.next[0], b.next[0])
			})
			idx := first.next[0]
			first.next = first.next[1:]
			if !yield(idx, nil) {
				return
			}
		}
	}
}

// kindsLike lists the kinds in the ledger that match the filter's kind. It steps from kind to kind: there are about a hundred.
func (s *Snap) kindsLike(kind string) ([]string, error) {
	prefix, any := strings.CutSuffix(kind, "*")
	if !any {
		return []string{kind}, nil
	}
	var kinds []string
	for from := prefix; ; {
		next, err := list(s, func(r scanner) (k string, err error) { return k, r.Scan(&k) },
			`SELECT kind FROM ledger_entries INDEXED BY ledger_entries_by_kind WHERE kind >= ? ORDER BY kind LIMIT 1`, from)
		if err != nil {
			return nil, fmt.Errorf("kinds of entries: %w", err)
		}
		if len(next) == 0 || !strings.HasPrefix(next[0], prefix) {
			return kinds, nil
		}
		kinds = append(kinds, next[0])
		from = next[0] + "\x00"
	}
}

// ScanKind gives, in order, the entries from one index up to another (exclusive) whose header has the kind. It reads only the headers:
// an index or a column beside them can be edited by hand. Error: *Damage where an entry is missing from the range.
func (s *Snap) ScanKind(from, to int64, kind string) ([]int64, error) {
	return s.scanHeaders(from, to, `"kind":"`+kind+`"`) // within a text of the header its quotation marks would be escaped
}

// ScanSubject is ScanKind for the entries whose header has the subject, or contains it in another string.
func (s *Snap) ScanSubject(from, to int64, subject string) ([]int64, error) {
	return s.scanHeaders(from, to, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(subject)+`"`)
}

func (s *Snap) scanHeaders(from, to int64, text string) ([]int64, error) {
	var n int64
	if err := s.tx.QueryRow(`SELECT count(*) FROM ledger_entries WHERE idx >= ? AND idx < ?`, from, to).Scan(&n); err != nil {
		return nil, fmt.Errorf("scan entries: %w", err)
	}
	if n != to-from {
		return nil, damaged(nil, "記載%d〜%dのうち%d件がありません", "of the entries %d to %d, %d are missing", from, to-1, to-from-n)
	}
	found, err := list(s, func(r scanner) (idx int64, err error) { return idx, r.Scan(&idx) },
		`SELECT idx FROM ledger_entries WHERE idx >= ? AND idx < ? AND instr(header, ?) > 0 ORDER BY idx`, from, to, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("scan entries: %w", err)
	}
	return found, nil
}
