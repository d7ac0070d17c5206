package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"sekimori/recordings"
)

// column is one column of a list, or one line of a page.
type column[T any] struct {
	ja, en string
	value  func(T) string
}

// jsonTo encodes for scripts and for people alike: nothing in it moves a terminal.
func jsonTo(w io.Writer) *json.Encoder {
	e := json.NewEncoder(recordings.EscapeJSON(w))
	e.SetEscapeHTML(false)
	return e
}

// writeJSON prints a value as scripts read it.
func (p *program) writeJSON(v any) error {
	e := jsonTo(p.out)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// list prints rows as an aligned table that fits the screen, or as JSON.
func list[T any](p *program, rows []T, emptyJA, emptyEN string, cols []column[T]) error {
	return table(p, rows, emptyJA, emptyEN, cols, narrow)
}

// listWhy is list where the last column says a state and its cause. That stays whole, whatever was written; the others give way to it, down to half
// of the screen.
func listWhy[T any](p *program, rows []T, emptyJA, emptyEN string, cols []column[T]) error {
	return table(p, rows, emptyJA, emptyEN, cols, func(cells [][]string, widths []int) {
		last := len(widths) - 1
		others := make([][]string, len(cells))
		for i, line := range cells {
			others[i] = line[:last]
		}
		narrowTo(max(screenWidth-gap-widths[last], screenWidth/2), others, widths[:last])
	})
}

// listWhole is list for what no other page tells, such as a fingerprint that people are to compare: nothing is shortened.
func listWhole[T any](p *program, rows []T, emptyJA, emptyEN string, cols []column[T]) error {
	return table(p, rows, emptyJA, emptyEN, cols, func([][]string, []int) {})
}

func table[T any](p *program, rows []T, emptyJA, emptyEN string, cols []column[T], shorten func(cells [][]string, widths []int)) error {
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
	shorten(cells, widthsOf(cells))
	return p.align(cells)
}

// screenWidth is what a list fits into: the narrowest terminal that people work on, less two. What a cell loses there, show tells
// whole; --json is never shortened.
const screenWidth = 78

// gap is between two columns.
const gap = 2

func narrow(cells [][]string, widths []int) { narrowTo(screenWidth, cells, widths) }

// narrowTo shortens the widest cells until a list fits into so many columns of the screen: sentences and names first, then codes; times never, nor the number that
// the next command needs, which stands first.
// Columns narrower than least stay as they are: numbers and short states must not be cut.
func narrowTo(room int, cells [][]string, widths []int) {
	const least, fewest = 12, 8
	total := -gap
	dated, coded := make([]bool, len(widths)), make([]bool, len(widths))
	for i, w := range widths {
		total += w + gap
		dated[i], coded[i] = len(cells) > 1, len(cells) > 1
		for _, line := range cells[1:] {
			dated[i] = dated[i] && (line[i] == "" || isDated(line[i]))
			coded[i] = coded[i] && (line[i] == "" || isCode(line[i]))
		}
	}
	for _, sparing := range []bool{true, false} {
		floor := least
		if sparing {
			floor = fewest // a few characters of a sentence more, or a state: the state
		}
		for total > room {
			widest := -1
			for i, w := range widths {
				if !dated[i] && !(coded[i] && (sparing || i == 0)) && (widest < 0 || w >= widths[widest]) { // of equals the last: what stands first matters most
					widest = i
				}
			}
			if widest < 0 || widths[widest] <= floor {
				break
			}
			widths[widest]--
			total--
		}
	}
	for _, line := range cells {
		for i, c := range line {
			line[i] = cut(c, widths[i])
		}
	}
}

// isDated tells a cell that begins with a day.
func isDated(cell string) bool {
	_, err := time.Parse(time.DateOnly, cell[:min(len(cell), len(time.DateOnly))])
	return err == nil
}

// isCode tells a cell that is one number or state, marked as a drill's or not.
func isCode(cell string) bool {
	const longest = 20 // of a state: ready-wait-attendant
	code := strings.TrimPrefix(cell, "DRILL ")
	return len(code) <= longest && strings.Trim(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// cut shortens a text to so many columns, with a mark where something is missing.
func cut(text string, width int) string {
	if columns(text) <= width {
		return text
	}
	var b strings.Builder
	room := width - 1 // for the mark
	for _, r := range text {
		if room -= columns(string(r)); room < 0 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

func widthsOf(cells [][]string) []int {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, c := range line {
			widths[i] = max(widths[i], columns(c))
		}
	}
	return widths
}

func (p *program) align(cells [][]string) error {
	widths := widthsOf(cells)
	var b strings.Builder
	for _, line := range cells {
		blank := 0 // room left after the cell before; none at the end of a line
		for i, c := range line {
			if c != "" {
				b.WriteString(strings.Repeat(" ", blank) + c)
				blank = 0
			}
			blank += widths[i] - columns(c) + gap
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
