package recordings

import (
	"context"
	"fmt"
	"sort"
	"time"
)

// Mark is a moment on a session's timeline: an operation, or a stretch without output and events.
type Mark struct {
	Elapsed time.Duration // since the start
	Played  time.Duration // place in the asciicast made with the same View
	Length  time.Duration // of a quiet stretch, which ends at Elapsed; else 0
	Kind    string        // kind of the operation's event; MarkQuiet
	Channel uint32
	JA, EN  string // without time
}

// MarkQuiet is the kind of a stretch of at least quietAfter without output and events.
const MarkQuiet = "quiet"

const (
	quietAfter = time.Minute
	mostMarks  = 2000 // a transfer of many files, or a flood of refusals, must not fill a page
)

// Timeline holds the marks of a session, and maps times of the session to places in its asciicast.
type Timeline struct {
	Marks   []Mark // in order; at most mostMarks
	Left    int    // marks beyond those
	Elapsed time.Duration
	Played  time.Duration
	Bytes   int64 // of the asciicast
	Cuts    []Cut // in order

	Typed     []TypedLine // in order; at most mostTyped
	TypedLeft int         // lines beyond those
}

// Cut is a gap of the session that is shorter in the asciicast.
type Cut struct{ From, To, Played time.Duration } // Played is the place of To

// Marks reads a recording to its end and gives the timeline of the asciicast that Asciicast writes with the same View. The timeline of the
// sound part comes with an error.
func Marks(ctx context.Context, r *Reader, v View) (*Timeline, error) {
	t := new(Timeline)
	err := writeCast(ctx, (*castSize)(&t.Bytes), r, v, t)
	return t, err
}

// castSize counts what is written.
type castSize int64

func (n *castSize) Write(b []byte) (int, error) {
	*n += castSize(len(b))
	return len(b), nil
}

// PlayedAt gives the place in the asciicast of a time of the session.
func (t *Timeline) PlayedAt(elapsed time.Duration) time.Duration {
	elapsed = min(max(elapsed, 0), t.Elapsed)
	i := sort.Search(len(t.Cuts), func(i int) bool { return t.Cuts[i].To > elapsed })
	before := Cut{}
	if i > 0 {
		before = t.Cuts[i-1]
	}
	at := before.Played + elapsed - before.To
	if i < len(t.Cuts) {
		at = min(at, t.Cuts[i].Played) // within a shortened gap
	}
	return at
}

// passed takes an event of the asciicast: its time, its place, the gap before it, and how much of the gap was left out.
func (t *Timeline) passed(at, played, gap, left time.Duration) {
	if gap >= quietAfter {
		n := gap.Truncate(time.Second)
		t.add(Mark{Elapsed: at, Played: played, Length: gap, Kind: MarkQuiet, Channel: SessionChannel,
			JA: fmt.Sprintf("無操作 %d分%d秒", n/time.Minute, n%time.Minute/time.Second), EN: fmt.Sprintf("nothing for %d min %d s", n/time.Minute, n%time.Minute/time.Second)})
	}
	if left > 0 {
		t.Cuts = append(t.Cuts, Cut{at - gap, at, played})
	}
	t.Elapsed, t.Played = at, played
}

// typed adds a line that was typed.
func (t *Timeline) typed(lines []TypedLine) {
	room := min(mostTyped-len(t.Typed), len(lines))
	t.Typed = append(t.Typed, lines[:room]...)
	t.TypedLeft += len(lines) - room
}

func (t *Timeline) add(m Mark) {
	if len(t.Marks) == mostMarks {
		t.Left++
		return
	}
	t.Marks = append(t.Marks, m)
}
