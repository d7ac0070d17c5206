package store

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Page asks for a part of a list.
type Page struct {
	Next  string // Paged.Next of the part before; empty: from the beginning
	Limit int    // rows, at most MostPaged; 0: 200
}

// MostPaged is the most rows of one page.
const MostPaged = 1000

// Paged is a part of a list.
type Paged[T any] struct {
	Rows  []T
	Total int    // rows of the whole list
	Next  string // where the next page begins; empty: this one is the last
}

// ErrBadPage says that no list gave out this Page.Next.
var ErrBadPage = errors.New("no such page")

// listing is a list that is read page by page. Its first part are the rows that still need work (live, open, owed); its second part is
// the rest. A row belongs to the part in which it was when the first page was read: a row settled between two pages is neither left
// out nor shown twice. Each page continues behind a key, so that it costs the same wherever it lies.
type listing[T any] struct {
	table  string // with its alias
	query  string // SELECT … FROM table
	scan   func(scanner) (T, error)
	where  where
	rows   where  // where as it is asked when rows are read; empty: the same
	part   where  // rows for the first part; empty: the same as rows
	first  string // the condition of the first part; each ? is the moment of the first page
	orders [2]order
	column string // names a row
	name   func(T) string
}

// order is the sort order of a part. Its last key is unique.
type order struct {
	keys []string
	desc bool
}

func (o order) String() string {
	if o.desc {
		return strings.Join(o.keys, " DESC, ") + " DESC"
	}
	return strings.Join(o.keys, ", ")
}

// behind is the condition of rows that follow a key.
func (o order) behind() string {
	than := ">"
	if o.desc {
		than = "<"
	}
	return "(" + strings.Join(o.keys, ", ") + ") " + than + " (?" + strings.Repeat(", ?", len(o.keys)-1) + ")"
}

// pageStart is the place at which a page begins.
type pageStart struct {
	Moment int64 `json:"m"` // of the first page, in milliseconds
	Part   int   `json:"p"`
	Key    []any `json:"k,omitempty"` // of the last row before it; empty: the beginning of the part
}

func (p pageStart) String() (string, error) {
	text, err := json.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(text), err
}

func readPlace(next string) (pageStart, error) {
	var p pageStart
	text, err := base64.RawURLEncoding.DecodeString(next)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	for _, k := range p.Key {
		switch k.(type) {
		case string, float64:
		default:
			err = ErrBadPage
		}
	}
	if err != nil || p.Part != 0 && p.Part != 1 {
		return p, ErrBadPage
	}
	return p, nil
}

// page reads one page.
func (l listing[T]) page(s *Snap, p Page) (Paged[T], error) {
	var out Paged[T]
	at := pageStart{Moment: ms(s.Now)}
	if p.Next != "" {
		var err error
		if at, err = readPlace(p.Next); err != nil || len(at.Key) != 0 && len(at.Key) != len(l.orders[at.Part].keys) {
			return out, ErrBadPage
		}
	}
	var err error
	if out.Total, err = get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM `+l.table+l.where.String(), l.where.args...); err != nil {
		return out, fmt.Errorf("count %s: %w", l.table, err)
	}
	size := min(limit(p.Limit), MostPaged)
	for {
		rows, err := l.read(s, at, size+1-len(out.Rows))
		if err != nil {
			return out, fmt.Errorf("list %s: %w", l.table, err)
		}
		before := len(out.Rows)
		out.Rows = append(out.Rows, rows...)
		switch {
		case len(out.Rows) > size:
			out.Rows = out.Rows[:size]
			if before < size {
				out.Next, err = l.after(s, at, out.Rows[size-1])
			} else { // this part ended with the last page
				out.Next, err = at.String()
			}
			return out, err
		case at.Part == 1:
			return out, nil
		}
		at.Part, at.Key = 1, nil
	}
}

// read gives the rows of one part from a given place.
func (l listing[T]) read(s *Snap, at pageStart, most int) ([]T, error) {
	w, o := l.where.clone(), l.orders[at.Part]
	if len(l.rows.conds) > 0 {
		w = l.rows.clone()
	}
	if at.Part == 0 && len(l.part.conds) > 0 {
		w = l.part.clone()
	}
	var moments []any
	for range strings.Count(l.first, "?") {
		moments = append(moments, at.Moment)
	}
	w.and([]string{"(", "NOT ("}[at.Part]+l.first+")", moments...)
	if len(at.Key) > 0 {
		w.and(o.behind(), at.Key...)
	}
	return list(s, l.scan, l.query+w.String()+` ORDER BY `+o.String()+` LIMIT ?`, append(w.args, most)...)
}

// after is the place behind a row.
func (l listing[T]) after(s *Snap, at pageStart, row T) (string, error) {
	at.Key = make([]any, len(l.orders[at.Part].keys))
	into := make([]any, len(at.Key))
	for i := range at.Key {
		into[i] = &at.Key[i]
	}
	err := s.tx.QueryRow(`SELECT `+strings.Join(l.orders[at.Part].keys, ", ")+` FROM `+l.table+` WHERE `+l.column+` = ?`, l.name(row)).Scan(into...)
	if err != nil {
		return "", fmt.Errorf("place behind %s: %w", l.name(row), err)
	}
	return at.String()
}
