package recordings

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekimori/broker/testrun"
)

// costly are outputs that once cost a renderer far more than their length; each is repeated to fill a recording.
var costly = map[string]string{
	"insert":            "\x1b[4000@",
	"insert in a line":  "x\b\x1b[4000@",
	"delete":            strings.Repeat("x", 64) + "\r\x1b[1P\x1b[1P\x1b[1P",
	"jump":              "\x1b[4000Cx\n",
	"long arguments":    "\x1b[" + strings.Repeat("9", 500) + "C",
	"many arguments":    "\x1b[" + strings.Repeat("1;", 500) + "m",
	"erase":             "\x1b[1K",
	"tab":               "\t",
	"marks":             "e\u0301\r",
	"marks in a row":    "\u0301",
	"string":            "\x1b]0;" + strings.Repeat("x", 2000),
	"open strings":      "\x1bP",
	"half characters":   "\xe5\x8f",
	"wide":              "障\b\b",
	"half of Shift_JIS": "\x81",
	"repeat":            "x\x1b[4000b",
	"escape":            "\x1b",
	"line":              "\n",
}

// renderers are all consumers of a target's bytes.
var renderers = map[string]func([]byte){
	"text": func(p []byte) {
		t := newTerminal(UTF8)
		fill(t) // the longest line possible: it costs most to move
		for _, c := range p {
			if t.feed(c) {
				t.take(Stdout)
			}
		}
	},
	"text of Shift_JIS": func(p []byte) {
		t := newTerminal(CP932)
		fill(t)
		for chunk := range chunks(p, 100) {
			for _, c := range t.dec.utf8(chunk) {
				if t.feed(c) {
					t.take(Stdout)
				}
			}
		}
	},
	"screen": func(p []byte) {
		s := NewScreen(UTF8)
		for chunk := range chunks(p, 1) {
			s.Show(chunk)
		}
	},
	"player": func(p []byte) {
		v := NewPlayer(View{Encoding: UTF8, Width: 80, Height: 24})
		v.Take(Frame{Event: EventPTY, Data: []byte(`{"cols":80,"rows":24}`)})
		for chunk := range chunks(p, 20) {
			v.Take(Frame{Stream: Stdout, Data: chunk})
		}
		v.End(0)
	},
	"transcript": func(p []byte) {
		v := NewTranscript(View{Encoding: UTF8})
		for chunk := range chunks(p, 20) {
			v.Take(Frame{Stream: Stdout, Data: chunk})
			v.Take(Frame{Stream: Stdin, Input: true, Data: chunk})
		}
		v.End(0)
	},
	"screen of EUC-JP": func(p []byte) {
		s := NewScreen(EUCJP)
		for chunk := range chunks(p, 100) {
			s.Show(chunk)
		}
	},
}

func fill(t *terminal) {
	for range maxColumns - 8 {
		t.feed('x')
	}
	t.feed('\r')
}

func chunks(p []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(p) > 0 {
			if !yield(p[:min(n, len(p))]) {
				return
			}
			p = p[min(n, len(p)):]
		}
	}
}

// TestOneInsiderKeepsARendererBusy: a mebibyte of ESC[4000@ cost the text export 45 s. Each byte that a target writes must
// cost a bounded time, so that the total is linear in the bytes.
func TestOneInsiderKeepsARendererBusy(t *testing.T) {
	if RaceEnabled {
		t.Skip("timing under the race detector says nothing")
	}
	const most = 4 * time.Microsecond // per byte; the defect took 43 and grew with the line
	for how, render := range renderers {
		for name, piece := range costly {
			p, best := bytes.Repeat([]byte(piece), 256<<10/len(piece)+1), time.Hour
			for range 3 { // the fastest run counts, of the processor's time: other processes share the machine
				start := testrun.CPU()
				render(p)
				if best = min(best, testrun.CPU()-start); best < time.Duration(len(p))*most/4 {
					break
				}
			}
			if best > time.Duration(len(p))*most {
				t.Errorf("%s, %s: %d KiB took %v", how, name, len(p)>>10, best)
			}
		}
	}
}

// A renderer's memory is a line and the start of a character; it does not grow with the recording.
func TestRenderersKeepOneLine(t *testing.T) {
	for name, piece := range costly {
		term, s := newTerminal(CP932), NewScreen(EUCJP)
		for range 256 << 10 / len(piece) {
			for _, c := range term.dec.utf8([]byte(piece)) {
				if term.feed(c) {
					term.take(Stdout)
				}
			}
			s.Show([]byte(piece))
		}
		if len(term.marks) > 2*maxColumns || cap(term.cells) > 4*maxColumns || len(term.dec.held) > 4 || len(s.dec.held) > 4 || s.out.Cap() > 64<<10 {
			t.Errorf("%s: %d marks, %d cells, %d and %d bytes held, %d of output", name, len(term.marks), cap(term.cells), len(term.dec.held), len(s.dec.held), s.out.Cap())
		}
	}
}

// Requests of an engineer become events. Many unanswered or long ones must not make each further event dearer.
func TestEventsWithoutEndKeepAPlayerBusy(t *testing.T) {
	if RaceEnabled {
		t.Skip("timing under the race detector says nothing")
	}
	event := func(i int) []Frame {
		n := strconv.Itoa(i + 1)
		return []Frame{
			{Channel: 1, Event: EventFile, Data: []byte(`{"id":` + n + `,"op":"open","path":"/` + n + `"}`)},
			{Channel: uint32(i), Event: EventExec, Data: []byte(`{"command":"` + strings.Repeat("\\u009b", 100) + `"}`)},
			{Channel: SessionChannel, Event: EventNotice, Data: []byte(`{"kind":"warning","text":"` + strings.Repeat("障 ", 100) + `"}`)},
			{Channel: 1, Stream: Stdout, Data: []byte("\x1b[?1049h")}, // lines wait until the program leaves
		}
	}
	const events, most = 5_000, 200 * time.Microsecond // each; measured 47
	best := time.Hour
	for range 3 {
		start := testrun.CPU()
		p := NewPlayer(View{Width: 80, Height: 24})
		for i := range events {
			for _, f := range event(i) {
				p.Take(f)
			}
		}
		p.End(0)
		if best = min(best, testrun.CPU()-start); best < events*most/4 {
			break
		}
	}
	t.Logf("%v for each", best/events)
	if best > events*most {
		t.Errorf("%d events took %v", events, best)
	}
}

func BenchmarkRenderers(b *testing.B) {
	for how, render := range renderers {
		for _, name := range []string{"insert in a line", "delete", "jump", "marks"} {
			p := bytes.Repeat([]byte(costly[name]), 1<<20/len(costly[name]))
			b.Run(how+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for b.Loop() {
					render(p)
				}
			})
		}
	}
}
