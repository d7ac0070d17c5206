package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// column is one column of a list, or one line of a page.
type column[T any] struct {
	ja, en string
	value  func(T) string
}

// writeJSON prints a value as scripts read it.
func (p *program) writeJSON(v any) error {
	e := json.NewEncoder(p.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// list prints rows as an aligned table, or as JSON.
func list[T any](p *program, rows []T, emptyJA, emptyEN string, cols []column[T]) error {
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
	cells := make([][]string, 0, len(rows)+1)
	head := make([]string, len(cols))
	for i, c := range cols {
		head[i] = p.say(c.ja, c.en)
	}
	cells = append(cells, head)
	for _, r := range rows {
		line := make([]string, len(cols))
		for i, c := range cols {
			line[i] = plain(c.value(r))
		}
		cells = append(cells, line)
	}
	return p.align(cells)
}

func (p *program) align(cells [][]string) error {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, c := range line {
			widths[i] = max(widths[i], columns(c))
		}
	}
	var b strings.Builder
	for _, line := range cells {
		gap := 0 // room left after the cell before; none at the end of a line
		for i, c := range line {
			if c != "" {
				b.WriteString(strings.Repeat(" ", gap) + c)
				gap = 0
			}
			gap += widths[i] - columns(c) + 2
		}
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(p.out, b.String())
	return err
}

// page prints one thing, a line per field that has a value, or as JSON.
func page[T any](p *program, v T, fields []column[T]) error {
	if p.json {
		return p.writeJSON(v)
	}
	var cells [][]string
	for _, f := range fields {
		value := f.value(v)
		if value == "" {
			continue
		}
		for i, l := range strings.Split(strings.TrimRight(value, "\n"), "\n") {
			name := ""
			if i == 0 {
				name = p.say(f.ja, f.en)
			}
			cells = append(cells, []string{name, plain(l)})
		}
	}
	if len(cells) == 0 {
		return nil
	}
	return p.align(cells)
}

// done says that an act is done: a sentence for people, the result for scripts.
func (p *program) done(result any, ja, en string) error {
	if p.json {
		return p.writeJSON(result)
	}
	_, err := fmt.Fprintln(p.out, plain(p.say(ja, en)))
	return err
}
