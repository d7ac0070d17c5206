package main

import (
	"fmt"

	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/prompt"
	"sekimori/cmd/sekimori/internal/screen"
)

// column is one column of a list, or one line of a page.
type column[T any] struct {
	ja, en string
	value  func(T) string
}

// writeJSON prints a value as scripts read it.
func (p *program) writeJSON(v any) error {
	e := screen.JSON(p.out)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// list prints a page of a list as an aligned table that fits the screen, or as JSON.
func list[T any](p *program, l api.List[T], emptyJA, emptyEN string, cols []column[T]) error {
	return pageOfList(p, l, emptyJA, emptyEN, cols, screen.Widest)
}

// listWhy is list where the last column says a state and its cause, which stays whole.
func listWhy[T any](p *program, l api.List[T], emptyJA, emptyEN string, cols []column[T]) error {
	return pageOfList(p, l, emptyJA, emptyEN, cols, screen.NeverLast)
}

// pageOfList prints rows and, where there are more than these, how many and how to go on.
func pageOfList[T any](p *program, l api.List[T], emptyJA, emptyEN string, cols []column[T], give screen.Shorten) error {
	if p.json {
		return p.writeJSON(l)
	}
	if err := table(p, l.Items, emptyJA, emptyEN, cols, give); err != nil {
		return err
	}
	var foot string
	switch {
	case l.Next != "":
		foot = fmt.Sprintf(p.say("全%d件のうち%d件。続き: --next %s", "%[2]d of %[1]d; go on: --next %[3]s"), l.Total, len(l.Items), plain(l.Next))
	case l.Total > len(l.Items):
		foot = fmt.Sprintf(p.say("全%d件のうち%d件。ここまで", "%[2]d of %[1]d; these were the last"), l.Total, len(l.Items))
	default:
		return nil
	}
	_, err := fmt.Fprintln(p.out, foot)
	return err
}

// listWhole is list where nothing is shortened.
func listWhole[T any](p *program, rows []T, emptyJA, emptyEN string, cols []column[T]) error {
	return table(p, rows, emptyJA, emptyEN, cols, screen.Nothing)
}

func table[T any](p *program, rows []T, emptyJA, emptyEN string, cols []column[T], give screen.Shorten) error {
	if p.json {
		if rows == nil {
			rows = []T{}
		}
		return p.writeJSON(rows)
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(p.out, p.say(emptyJA, emptyEN))
		return err
	}
	cells := make([][]string, len(rows)+1)
	for _, c := range cols {
		cells[0] = append(cells[0], p.say(c.ja, c.en))
		for i, r := range rows {
			cells[i+1] = append(cells[i+1], c.value(r))
		}
	}
	return screen.Table(p.out, p.width(), cells, give, states(cols))
}

// states are the columns of states and kinds, which are never cut: by their English headings.
func states[T any](cols []column[T]) []bool {
	is := make([]bool, len(cols))
	for i, c := range cols {
		is[i] = c.en == "STATE" || c.en == "KIND" || c.en == "WHAT"
	}
	return is
}

// width is what a table fits into: the terminal's columns but two, and where there is no terminal the narrowest that people work on.
func (p *program) width() int {
	if f, ok := p.terminalFile(p.out); ok {
		if columns, _ := prompt.New(f, f).Size(); columns-2 > screen.Width {
			return columns - 2
		}
	}
	return screen.Width
}

// page prints one thing, a line per field that has a value, or as JSON.
func page[T any](p *program, v T, fields []column[T]) error {
	if p.json {
		return p.writeJSON(v)
	}
	pairs := make([][2]string, len(fields))
	for i, f := range fields {
		pairs[i] = [2]string{p.say(f.ja, f.en), f.value(v)}
	}
	width := 0 // scripts read a field as one line
	if _, ok := p.terminalFile(p.out); ok {
		width = p.width()
	}
	return screen.Page(p.out, width, pairs)
}

// done says that an act is done: a sentence for people, the result for scripts.
func (p *program) done(result any, ja, en string) error {
	if p.json {
		return p.writeJSON(result)
	}
	_, err := fmt.Fprintln(p.out, plain(p.say(ja, en)))
	return err
}
