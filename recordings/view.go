package recordings

import (
	"bytes"
	"crypto/rand"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// View states how a session is shown to a person.
type View struct {
	Lang     string              // "ja" or "en", of the operations' lines
	Encoding Encoding            // of the target's output
	Channel  *uint32             // this channel and the whole session's events only; nil: all
	Started  time.Time           // start in the zone to display; zero: times since the start
	Width    int                 // columns of the viewer's terminal; operations' lines fold there; 0: no folding
	Height   int                 // rows of it; 0: not known
	CauseJA  func(string) string // the Japanese name of an end's cause; nil: its code is shown
	Idle     time.Duration       // longest gap of an asciicast; longer ones are shortened to it; 0: none is
	Mark     string              // begins the operations' lines on a terminal; empty: OperationMark. See NewMark
}

// NewMark returns a mark for View that no output can contain. A target can write anything anywhere in any colour, so only a
// value unknown to the target distinguishes the player's lines.
func NewMark() string { return OperationMark + strings.ToLower(rand.Text()[:6]) }

// marked is the operation's line as a terminal shows it.
func (v View) marked(o Operation) string {
	line := o.Line(v.Lang, v.Started)
	if v.Mark == "" {
		return line
	}
	return v.Mark + strings.TrimPrefix(line, OperationMark)
}

func (v View) shows(channel uint32) bool {
	return v.Channel == nil || channel == *v.Channel || channel == SessionChannel
}

// Player turns a session's frames into the output for a viewer's terminal: the picture of its terminals, through a Screen,
// and a line for each operation. It leaves out unreadable bytes, those of a file transfer that the broker lists. It is for
// one goroutine.
type Player struct {
	view    View
	ops     *Operations
	keys    keyboard
	screens map[uint32]*played
	used    uint64  // counts the frames for screens
	last    *played // the channel of the last output
	out     bytes.Buffer
	told    []Operation
	rows    int // of the shown terminal
}

// played is the state of one channel's output.
type played struct {
	used    uint64
	cols    int // of its terminal; 0: not known
	rows    int
	shown   [2]*Screen // of standard output and of standard error
	left    [2]stretches
	waiting []string // lines delayed by a full-screen program
}

// NewPlayer starts at the beginning of a session.
func NewPlayer(v View) *Player {
	return &Player{view: v, ops: operationsOf(v), keys: newKeyboard(), screens: map[uint32]*played{}}
}

// Take returns the output for one frame; valid until the next call.
func (p *Player) Take(f Frame) []byte {
	p.out.Reset()
	p.told = p.told[:0]
	if !p.view.shows(f.Channel) {
		return nil
	}
	switch {
	case f.Event == EventPTY || f.Event == EventWindowChange:
		p.resize(f)
	case f.Stream == Stdin:
		p.typed(p.keys.take(f, p.ops, p.view.Encoding))
	case f.Event == "":
		p.output(f)
	case f.Event == EventClose:
		p.typed(p.keys.close(f.Channel, p.view.Encoding))
	case f.Event == EventEnd:
		p.giveBack(f.Elapsed)
	}
	for _, o := range p.ops.Take(f) {
		p.tell(o)
	}
	if f.Event == EventClose {
		p.drop(f.Channel, f.Elapsed)
	}
	return p.out.Bytes()
}

func (p *Player) typed(list []Operation) {
	for _, o := range list {
		p.tell(o)
	}
}

// drop forgets a channel's screen and writes its delayed lines.
func (p *Player) drop(channel uint32, at time.Duration) {
	if s := p.screens[channel]; s != nil {
		delete(p.screens, channel)
		p.owed(s)
		s.ended(channel, at, p.tell)
	}
}

// Told returns the operations that the last call of Take or End wrote.
func (p *Player) Told() []Operation { return p.told }

// Lost returns the text for n missed bytes before a frame. It is empty for bytes that are not shown.
func (p *Player) Lost(f Frame, n int64) []byte {
	if !p.ops.Data(f.Channel) || !p.view.shows(f.Channel) {
		return nil
	}
	p.out.Reset()
	count := strconv.FormatInt(n, 10)
	p.tell(Operation{Elapsed: f.Elapsed, Channel: SessionChannel, JA: count + " バイトを見逃しました", EN: "missed " + count + " bytes"})
	return p.out.Bytes()
}

// Resize sets the new size of the viewer's terminal.
func (p *Player) Resize(width, height int) { p.view.Width, p.view.Height = width, height }

// Warn returns a line of the viewer's own program, such as one about the size of the terminal.
func (p *Player) Warn(at time.Duration, ja, en string) []byte {
	p.out.Reset()
	p.tell(Operation{Elapsed: at, Channel: SessionChannel, JA: ja, EN: en})
	return p.out.Bytes()
}

// End returns the output for the end of the recording: the outstanding lines, and the reset of the terminal.
func (p *Player) End(at time.Duration) []byte {
	p.out.Reset()
	p.told = p.told[:0]
	p.giveBack(at)
	for _, o := range p.ops.End(at) {
		p.tell(o)
	}
	if p.last != nil && !p.last.atLineStart() {
		p.out.WriteString("\r\n")
	}
	return p.out.Bytes()
}

// giveBack resets the viewer's terminal and writes the delayed lines.
func (p *Player) giveBack(at time.Duration) {
	for _, n := range slices.Sorted(maps.Keys(p.screens)) {
		s := p.screens[n]
		for _, shown := range s.shown {
			if shown != nil {
				p.out.WriteString(shown.Reset())
			}
		}
		p.owed(s)
	}
	for _, n := range slices.Sorted(maps.Keys(p.screens)) {
		p.screens[n].ended(n, at, p.tell)
	}
	clear(p.screens)
	p.typed(p.keys.end(p.view.Encoding))
}

func (p *Player) channel(n uint32, at time.Duration) *played {
	s := p.screens[n]
	if s == nil {
		if len(p.screens) >= mostChannels {
			oldest, least := n, ^uint64(0)
			for n, s := range p.screens {
				if s != p.last && s.used < least {
					oldest, least = n, s.used
				}
			}
			p.drop(oldest, at)
		}
		s = &played{}
		p.screens[n] = s
	}
	p.used++
	s.used = p.used
	return s
}

// resize notes the size of the recorded terminal.
func (p *Player) resize(f Frame) {
	s, size := p.channel(f.Channel, f.Elapsed), body[PTY](f)
	s.cols, s.rows = int(min(size.Cols, mostArgument)), int(min(size.Rows, mostArgument))
	p.rows = s.rows
	for _, shown := range s.shown {
		if shown != nil {
			shown.Size(s.cols, s.rows)
		}
	}
}

// output shows a target's output.
func (p *Player) output(f Frame) {
	if !p.ops.Data(f.Channel) && f.Stream == Stdout {
		return
	}
	s := p.channel(f.Channel, f.Elapsed)
	terminal := p.ops.Terminal(f.Channel)
	if len(f.Data) == 0 {
		return
	}
	if terminal {
		p.picture(f, s, f.Data)
		return
	}
	s.left[f.Stream-Stdout].take(f.Data, func(piece []byte) { p.picture(f, s, piece) },
		func(ja, en string) { p.tell(Operation{f.Elapsed, f.Channel, "", ja, en}) })
}

// picture shows a piece of output.
func (p *Player) picture(f Frame, s *played, piece []byte) {
	i := int(f.Stream - Stdout)
	if s.shown[i] == nil {
		s.shown[i] = NewScreen(p.view.Encoding)
		s.shown[i].bare = !p.ops.Terminal(f.Channel)
		s.shown[i].Size(s.cols, s.rows)
	}
	if p.last != nil && p.last != s && !p.last.full() { // two channels at once get separate lines
		if !p.last.atLineStart() {
			p.out.WriteString("\r\n")
		}
	}
	p.last = s
	p.out.Write(s.shown[i].Show(piece))
	if len(s.waiting) > 0 && !s.full() {
		p.owed(s)
	}
}

// tell writes the line of an operation. During a full-screen program the line stands at the bottom until the program
// overwrites it, and once more after the program has left.
func (p *Player) tell(o Operation) {
	p.told = append(p.told, o)
	line := p.view.marked(o)
	s := p.last
	if s == nil || !s.full() {
		if s != nil && !s.atLineStart() {
			p.out.WriteString("\r\n")
			s.startLine()
		}
		for _, part := range fold(line, p.view.Width) {
			p.out.WriteString("\x1b[1;36m" + part + "\x1b[m\r\n")
		}
		return
	}
	if len(s.waiting) < mostOpenFiles {
		s.waiting = append(s.waiting, line)
	}
	width := 80
	if p.view.Width > 0 {
		width = p.view.Width
	}
	row := max(p.rows, 1)
	if p.view.Height > 0 { // below the picture if there is room
		row = min(p.view.Height, row+1)
	}
	p.out.WriteString("\x1b7\x1b[" + strconv.Itoa(row) + ";1H\x1b[1;36m" + fold(line, width)[0] + "\x1b[m\x1b[K\x1b8")
}

// owed writes the lines that a full-screen program delayed.
func (p *Player) owed(s *played) {
	for _, line := range s.waiting {
		for _, part := range fold(line, p.view.Width) {
			p.out.WriteString("\r\n\x1b[1;36m" + part + "\x1b[m")
		}
	}
	if len(s.waiting) > 0 {
		p.out.WriteString("\r\n")
		s.startLine()
	}
	s.waiting = nil
}

// ended states the size of a gap at the end of the output.
func (s *played) ended(channel uint32, at time.Duration, tell func(Operation)) {
	for i := range s.left {
		s.left[i].end(func(ja, en string) { tell(Operation{at, channel, "", ja, en}) })
	}
}

func (s *played) full() bool {
	return s.shown[0] != nil && s.shown[0].full || s.shown[1] != nil && s.shown[1].full
}

// atLineStart looks at the last output only; both streams share one screen.
func (s *played) atLineStart() bool {
	return (s.shown[0] == nil || s.shown[0].line) && (s.shown[1] == nil || s.shown[1].line)
}

func (s *played) startLine() {
	for _, shown := range s.shown {
		if shown != nil {
			shown.line = true
		}
	}
}

// fold breaks a line at width-1 columns, each further part under the text. width 0: no folding.
func fold(line string, width int) []string {
	const indent = "     "
	if width < 20 {
		if width == 0 {
			return []string{line}
		}
		width = 20
	}
	var parts []string
	begin, space, col := 0, -1, 0 // of the current part: its start in the line, its last space, its columns
	head := ""
	for i, r := range line {
		w := columns(r)
		if col+w > width-1 {
			end, next := i, i
			if space > begin+(i-begin)/2 { // between words, unless that leaves half of the row empty
				end, next = space, space+1
			}
			parts = append(parts, head+line[begin:end])
			head, begin, space = indent, next, -1
			col = len(indent)
			for _, r := range line[next:i] {
				col += columns(r)
			}
		}
		if r == ' ' {
			space = i
		}
		col += w
	}
	return append(parts, head+line[begin:])
}
