package recordings

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// TypedLine is a line that was typed, as the terminal showed it: the text between a prompt and the end of its line. It is read from the output
// alone, because only the offline key opens the input. A target chooses its prompts and its echo, so the list is an aid and no proof: what has
// no echo, such as a password, is missing, and output that looks like a prompt and an answer is taken for one.
type TypedLine struct {
	Elapsed time.Duration // when the line ended
	Channel uint32
	Text    string // no control characters; at most mostTypedLine bytes
}

// Bounds of typed lines.
const (
	mostTyped     = 2000
	mostTypedLine = 1000 // bytes
	mostPrompts   = 8    // remembered of a channel
	mostPrompt    = 200  // bytes
	mostTypists   = 64   // channels with a terminal that are followed; a grid is large
)

// typists follow the terminals of a session.
type typists struct {
	encoding Encoding
	all      map[uint32]*typist
}

// typist follows one terminal.
type typist struct {
	dec     *decoder
	grid    *Grid
	mark    GridMark // behind the prompt in the cursor's line; the zero value: none is there
	prompts []string // those seen, the newest last
}

// take gives the lines that a frame completes.
func (t *typists) take(f Frame) (lines []TypedLine) {
	p, ok := SizeOf(f)
	if !ok && f.Event == EventPTY { // a client that does not know its size; programs then take the usual one
		p.Cols, p.Rows, ok = 80, 24, true
	}
	if ok {
		t.resize(f, p)
		return nil
	}
	one := t.all[f.Channel]
	switch {
	case one == nil:
	case f.Event == EventClose:
		delete(t.all, f.Channel)
	case f.Stream == Stdout:
		one.shown(f.Data, func(line string) { lines = append(lines, TypedLine{f.Elapsed, f.Channel, line}) })
	}
	return lines
}

func (t *typists) resize(f Frame, p PTY) {
	if one := t.all[f.Channel]; one != nil {
		one.grid.Resize(int(p.Cols), int(p.Rows))
		one.mark = GridMark{}
		return
	}
	if f.Event != EventPTY || len(t.all) >= mostTypists {
		return
	}
	if t.all == nil {
		t.all = map[uint32]*typist{}
	}
	t.all[f.Channel] = &typist{dec: newDecoder(t.encoding), grid: NewGrid(int(p.Cols), int(p.Rows))}
}

// shown takes output. A line is read before the line feed that ends it.
func (t *typist) shown(p []byte, give func(line string)) {
	for _, part := range bytes.SplitAfter(t.dec.utf8(p), []byte{'\n'}) {
		body, ends := bytes.CutSuffix(part, []byte{'\n'})
		t.grid.Feed(body)
		if ends {
			if line := t.line(); line != "" {
				give(line)
			}
			t.mark = GridMark{}
			t.grid.Feed([]byte{'\n'})
		}
	}
	if !t.mark.set {
		t.prompt()
	}
}

// line is what was typed in the cursor's line; empty: nothing.
func (t *typist) line() string {
	if t.grid.alternate() { // a program that fills the screen has no lines
		return ""
	}
	l := t.grid.Line(t.mark)
	after := l.After
	if !l.Marked { // prompt and echo came at once
		for _, p := range slices.Backward(t.prompts) {
			if rest, ok := strings.CutPrefix(l.Text, p); ok {
				after = rest
				break
			}
		}
	}
	after = strings.TrimSpace(after)
	if len(after) > mostTypedLine {
		after = strings.ToValidUTF8(after[:mostTypedLine], "") + "…"
	}
	return Visible(after)
}

// prompt marks the cursor's place where output rests behind a prompt.
func (t *typist) prompt() {
	if t.grid.alternate() {
		return
	}
	m := t.grid.Mark()
	if !m.set || len(m.before) > mostPrompt || !isPrompt(m.before) {
		return
	}
	t.mark = m
	t.prompts = append(slices.DeleteFunc(t.prompts, func(p string) bool { return p == m.before }), m.before)
	if len(t.prompts) > mostPrompts {
		t.prompts = slices.Delete(t.prompts, 0, 1)
	}
}

// isPrompt reports that a program seems to ask for a line: the text ends with a sign that prompts end with, and a blank.
func isPrompt(before string) bool {
	body, blank := strings.CutSuffix(before, " ")
	return blank && body != "" && strings.ContainsRune("$#>%:?]", rune(body[len(body)-1])) || strings.HasSuffix(before, "?") || strings.HasSuffix(before, ":")
}
