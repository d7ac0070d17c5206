package relay

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"sync"

	"sekimori/policy"
	"sekimori/recordings"
)

// Limits of the protocol of scp.
const (
	maxSCPLine       = 8 << 10
	maxSCPDepth      = 128 // directories in directories
	maxSCPName       = 16 << 10
	maxSCPOwed       = 8    // a source waits for each answer
	maxSCPComplaints = 1000 // about no file
)

// scpCommand is the scp invocation in a command line at the target.
type scpCommand struct {
	send bool   // to the target (-t); otherwise from it (-f)
	path string // the last argument
}

// parseSCP finds the scp in a command that classify calls a copy; ok is false if another program copies.
func parseSCP(command string) (s scpCommand, ok bool) {
	_, words := transferProgram(command)
	if len(words) < 2 || path.Base(words[0]) != "scp" {
		return s, false
	}
	return scpCommand{send: lastShortFlag(words, "t") > 0, path: words[len(words)-1]}, true
}

// scpSession inspects scp's own protocol: lines "C0644 12 name", contents, and an answer of one byte to each. It records each
// file with its name and size, as far as it understands: the command may be more than an scp. Data that it does not
// understand passes, and an event says that the rest is not listed.
type scpSession struct {
	c       *channel
	command scpCommand

	mu         sync.Mutex    // guards what follows
	lost       bool          // the protocol is no longer inspected
	line       []byte        // of the source, incomplete
	left       uint64        // bytes of contents still to come
	state      byte          // of the source
	answer     []byte        // of the sink, if it is an incomplete line
	awaited    []scpExpected // answers that the sink owes, oldest first
	file       *scpFile      // its contents come now or next
	dirs       []*scpFile    // entered directories, outermost first
	dir        string        // path of the innermost
	told       bool          // the command's path has been recorded
	last       uint64
	current    []byte     // the line being parsed
	complaints int        // number of complaints about no file
	events     []scpEvent // to be recorded after mu is released
	stopped    string     // the file that is refused
	why        policy.FileRefusal
}

// The source's next data.
const (
	scpLine     = iota
	scpWaits    // depends on the answer to a C line
	scpContents // contents
	scpVerdict  // one byte after the contents, or an error's line
)

// scpFile is a file or directory that is copied.
type scpFile struct {
	id     uint64
	size   uint64
	moved  uint64
	failed string // the source's complaint
	above  int    // of a directory: the length of scpSession.dir before it
}

// scpExpected is an outstanding answer of the sink. A source may continue without waiting for it, so each answer has its own
// file.
type scpExpected struct {
	what byte     // the line's letter, 'F' after contents, '0' at the beginning
	file *scpFile // of C and F
}

type scpEvent struct {
	kind string
	body any
}

func newSCP(c *channel, command scpCommand) *scpSession {
	return &scpSession{c: c, command: command, awaited: []scpExpected{{what: '0'}}}
}

func (s *scpSession) input(b []byte, hand func([]byte) bool) bool {
	return s.read(b, s.command.send) && hand(b)
}

func (s *scpSession) output(b []byte, hand func([]byte) bool) bool {
	return s.read(b, !s.command.send) && hand(b)
}

// read inspects b from the source or the sink, and records the resulting events.
func (s *scpSession) read(b []byte, source bool) bool {
	for _, e := range s.follow(b, source) {
		if !s.c.recordBefore(e.kind, e.body) {
			return false
		}
	}
	s.mu.Lock()
	stopped, why, lost := s.stopped, s.why, s.lost
	s.mu.Unlock()
	switch {
	case why != "":
		s.c.endRefused(stopped, stopped, why)
		return false
	case lost && !s.c.r.terms().Free(): // what is not understood does not pass where the terms bound the copy
		side := targetSide
		if source == s.command.send {
			side = clientSide
		}
		s.c.endMalformed(side, "scp", errUnread)
		return false
	}
	return true
}

// follow inspects b and returns the resulting events.
func (s *scpSession) follow(b []byte, source bool) []scpEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lost:
	case source:
		s.source(b)
	default:
		s.sink(b)
	}
	return s.takeEvents()
}

func (s *scpSession) takeEvents() []scpEvent {
	events := s.events
	s.events = nil
	return events
}

// source inspects data of the side that has the files.
func (s *scpSession) source(b []byte) {
	for len(b) > 0 && !s.lost {
		if s.state == scpWaits {
			s.state = scpContents // without waiting for the answer
		}
		if s.state != scpLine && s.file == nil {
			s.lose()
			return
		}
		if s.state == scpContents && s.left > 0 {
			n := min(s.left, uint64(len(b)))
			s.left -= n
			s.file.moved += n
			b = b[n:]
			continue
		}
		if s.state == scpContents {
			s.state = scpVerdict
		}
		if s.state == scpVerdict && len(s.line) == 0 && b[0] == 0 {
			b = b[1:]
			s.contentsDone()
			continue
		}
		end := bytes.IndexByte(b, '\n')
		whole := end >= 0
		if !whole {
			end = len(b)
		}
		if len(s.line)+end > maxSCPLine {
			s.lose()
			return
		}
		line := append(s.line, b[:end]...)
		if !whole {
			s.line = line
			return
		}
		b = b[end+1:]
		if len(s.line) > 0 {
			s.current = line // a part of it has passed without being shown
		}
		s.line = s.line[:0]
		if s.state == scpVerdict {
			if len(line) == 0 || line[0] != 1 && line[0] != 2 {
				s.lose()
				return
			}
			failed, _ := recordings.Legible(line[1:])
			s.file.failed = clip(failed)
			s.contentsDone()
			continue
		}
		s.order(line)
		s.current = nil
	}
}

// contentsDone expects the sink's answer on a file whose contents have passed.
func (s *scpSession) contentsDone() {
	s.state = scpLine
	if s.expectAnswer('F', s.file) {
		s.file = nil
	}
}

// order handles a line of the source.
func (s *scpSession) order(line []byte) {
	if len(line) == 0 {
		s.lose()
		return
	}
	switch line[0] {
	case 1, 2: // a complaint, which has no answer
		text, _ := recordings.Legible(line[1:])
		s.complained(text)
	case 'T':
		s.expectAnswer('T', nil)
	case 'E':
		if len(s.dirs) == 0 || len(line) != 1 {
			s.lose()
			return
		}
		s.expectAnswer('E', nil)
	case 'C', 'D':
		mode, size, name, ok := scpNames(line[1:])
		if !ok || len(s.dir)+1+len(name) > maxSCPName || line[0] == 'D' && len(s.dirs) == maxSCPDepth {
			s.lose()
			return
		}
		if line[0] == 'C' {
			act := policy.FileReadPiece
			if s.command.send {
				act = policy.FileWritePiece
			}
			if s.why = s.c.r.terms().Judge(policy.FileOperation{Act: act, End: size}); s.why != "" {
				s.stopped = name
				s.lose()
				return
			}
		}
		s.last++
		f := &scpFile{id: s.last, size: size}
		s.record(f, name, mode, line[0] == 'D')
		if line[0] == 'C' {
			s.file, s.state, s.left = f, scpWaits, size
		} else {
			f.above = len(s.dir)
			if f.above > 0 {
				s.dir += "/"
			}
			s.dir += name
			s.dirs = append(s.dirs, f)
		}
		s.expectAnswer(line[0], f)
	default:
		s.lose()
	}
}

// scpNames parses "0644 12 name".
func scpNames(line []byte) (mode uint32, size uint64, name string, ok bool) {
	m, rest, ok := strings.Cut(string(line), " ")
	if !ok {
		return
	}
	n, name, ok := strings.Cut(rest, " ")
	bits, err := strconv.ParseUint(m, 8, 16)
	size, err2 := strconv.ParseUint(n, 10, 63)
	return uint32(bits), size, name, ok && err == nil && err2 == nil && name != ""
}

func (s *scpSession) record(f *scpFile, name string, mode uint32, dir bool) {
	op := recordings.FileOp{ID: f.id, Op: recordings.FileSCPReceive, Mode: &mode}
	if s.command.send {
		op.Op = recordings.FileSCPSend
	}
	path, to := []byte(name), []byte(s.command.path)
	if s.dir != "" {
		path = append(append(repeated([]byte(s.dir)), '/'), name...)
	}
	if s.told {
		to = repeated(to)
	}
	s.told = true
	op.Path, op.PathRaw = recordings.Legible(path)
	op.To, op.ToRaw = recordings.Legible(to)
	if dir {
		op.Flags = []string{"directory"}
	} else {
		size := f.size
		op.Size = &size
	}
	s.events = append(s.events, scpEvent{recordings.EventFile, op})
}

// expectAnswer notes an outstanding answer of the sink. It returns false if there is no room.
func (s *scpSession) expectAnswer(what byte, f *scpFile) bool {
	if len(s.awaited) == maxSCPOwed {
		s.lose()
		return false
	}
	s.awaited = append(s.awaited, scpExpected{what, f})
	return true
}

// sink inspects the answers of the side that receives the files.
func (s *scpSession) sink(b []byte) {
	for len(b) > 0 && !s.lost {
		if len(s.answer) == 0 && b[0] == 0 {
			b = b[1:]
			s.answered("")
			continue
		}
		if len(s.answer) == 0 && b[0] != 1 && b[0] != 2 {
			s.lose()
			return
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			if s.answer = append(s.answer, b...); len(s.answer) > maxSCPLine {
				s.lose()
			}
			return
		}
		text, _ := recordings.Legible(append(s.answer, b[:end]...)[1:])
		s.answer = s.answer[:0]
		b = b[end+1:]
		if text == "" {
			text = "failed"
		}
		s.answered(text)
	}
}

// answered handles one answer; complaint is empty for a success.
func (s *scpSession) answered(complaint string) {
	if len(s.awaited) == 0 {
		s.lose()
		return
	}
	owed := s.awaited[0]
	s.awaited = s.awaited[:copy(s.awaited, s.awaited[1:])]
	switch owed.what {
	case 'C':
		waits := s.state == scpWaits && s.file == owed.file
		switch {
		case complaint == "" && waits:
			s.state = scpContents
		case complaint != "" && waits:
			s.state, s.left, s.file = scpLine, 0, nil
			s.finish(owed.file, complaint)
		case complaint != "": // the source continued without waiting: it may send contents or lines
			s.lose()
		}
	case 'F':
		if complaint == "" {
			complaint = owed.file.failed
		}
		s.finish(owed.file, complaint)
	case 'D':
		switch last := len(s.dirs) - 1; {
		case complaint == "":
		case last < 0 || s.dirs[last] != owed.file: // the source continued without waiting
			s.lose()
		default:
			s.leave(complaint)
		}
	case 'E':
		s.leave(complaint)
	default:
		if complaint != "" {
			s.complained(complaint)
		}
	}
}

// complained records scp words that belong to no announced file. Players do not show this channel's bytes, so unrecorded
// words would stay unseen. There are few, unless a shell hides behind them.
func (s *scpSession) complained(text string) {
	s.said(text)
	if s.complaints++; s.complaints > maxSCPComplaints {
		s.current = nil
		s.lose()
	}
}

// said records words that belong to no file.
func (s *scpSession) said(text string) {
	s.last++
	op := recordings.FileOp{ID: s.last, Op: recordings.FileSCPReceive, Flags: []string{"message"}}
	if s.command.send {
		op.Op = recordings.FileSCPSend
	}
	s.events = append(s.events, scpEvent{recordings.EventFile, op},
		scpEvent{recordings.EventFileEnd, recordings.FileEnd{ID: op.ID, Status: text}})
}

// unread records held-back bytes of an incomplete or invalid line.
func (s *scpSession) unread() {
	for _, b := range [][]byte{s.current, s.line, s.answer} {
		if len(b) > 0 {
			text, _ := recordings.Legible(b)
			s.said(text)
		}
	}
	s.current, s.line, s.answer = nil, nil, nil
}

// leave ends the innermost directory.
func (s *scpSession) leave(complaint string) {
	last := len(s.dirs) - 1
	if last < 0 {
		s.lose()
		return
	}
	s.finish(s.dirs[last], complaint)
	s.dir, s.dirs = s.dir[:s.dirs[last].above], s.dirs[:last]
}

func (s *scpSession) finish(f *scpFile, complaint string) {
	end := recordings.FileEnd{ID: f.id, OK: complaint == "", Status: "ok", Size: f.moved}
	if complaint != "" {
		end.Status = clip(complaint)
	}
	if s.command.send {
		end.Written = f.moved
	} else {
		end.Read = f.moved
	}
	s.events = append(s.events, scpEvent{recordings.EventFileEnd, end})
}

// notFollowed is the end status of a file under way when the protocol was lost.
const notFollowed = "not followed to its end"

// lose stops the inspection: later data is not listed, and an event says so.
func (s *scpSession) lose() {
	s.open(notFollowed)
	s.lost = true
	s.unread()
	s.events = append(s.events, scpEvent{recordings.EventFileEnd,
		recordings.FileEnd{Status: "the rest is not understood, and not listed"}})
}

// open ends everything that is under way.
func (s *scpSession) open(complaint string) {
	for _, owed := range s.awaited {
		if owed.what == 'F' {
			s.finish(owed.file, complaint)
		}
	}
	if s.file != nil {
		s.finish(s.file, complaint)
	}
	for i := len(s.dirs) - 1; i >= 0; i-- {
		s.finish(s.dirs[i], complaint)
	}
	s.file, s.dirs, s.dir, s.awaited = nil, nil, "", nil
}

func (s *scpSession) end() {
	for _, e := range s.endings() {
		if !s.c.recordBefore(e.kind, e.body) {
			return
		}
	}
}

// endings ends everything that is under way, and returns the events.
func (s *scpSession) endings() []scpEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lost {
		s.open("the channel ended")
		s.unread()
		s.lost = true
	}
	return s.takeEvents()
}
