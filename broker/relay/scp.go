package relay

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"sync"

	"sekimori/recordings"
)

// Limits of the protocol of scp.
const (
	maxSCPLine  = 8 << 10
	maxSCPDepth = 128 // directories in directories
	maxSCPName  = 16 << 10
	maxSCPOwed  = 8 // a source waits for each answer
)

// scpCommand is what a command line asks of scp at the target.
type scpCommand struct {
	send bool   // to the target (-t); otherwise from it (-f)
	path string // the last argument
}

// parseSCP finds the scp in a command that classify takes for a copy; ok is false where the copy is
// another program's.
func parseSCP(command string) (s scpCommand, ok bool) {
	_, words := mover(command)
	if len(words) < 2 || path.Base(words[0]) != "scp" {
		return s, false
	}
	return scpCommand{send: lastShortFlag(words, "t") > 0, path: words[len(words)-1]}, true
}

// scpSession reads along where scp speaks its own protocol: lines "C0644 12 name", contents, and
// an answer of one byte to each. It records each file with its name and size. It does so as far as
// it understands: the command may be more than an scp. What it does not understand passes, and an
// event says that the rest is not listed.
type scpSession struct {
	c       *channel
	command scpCommand

	mu      sync.Mutex // guards what follows
	lost    bool       // the protocol is not followed any more
	line    []byte     // of the source, not complete yet
	left    uint64     // bytes of contents that are still to come
	state   byte       // of the source
	answer  []byte     // of the sink, where it is a line and not complete yet
	awaited []byte     // answers that the sink owes, oldest first
	file    *scpFile   // under way
	dirs    []*scpFile // entered, outermost first
	last    uint64
	events  []scpEvent // to be recorded once mu is free
}

// What the source sends next.
const (
	scpLine     = iota
	scpWaits    // whatever the answer to a C line makes of it
	scpContents // contents
	scpVerdict  // one byte after the contents, or an error's line
)

// scpFile is a file or directory that is copied.
type scpFile struct {
	id     uint64
	name   string
	size   uint64
	moved  uint64
	failed string // the source's complaint
}

type scpEvent struct {
	kind string
	body any
}

func newSCP(c *channel, command scpCommand) *scpSession {
	return &scpSession{c: c, command: command, awaited: []byte{'0'}}
}

func (s *scpSession) input(b []byte, hand func([]byte) bool) bool {
	return s.read(b, s.command.send) && hand(b)
}

func (s *scpSession) output(b []byte, hand func([]byte) bool) bool {
	return s.read(b, !s.command.send) && hand(b)
}

// read follows b, which the source or the sink sends, and records what came to light.
func (s *scpSession) read(b []byte, source bool) bool {
	s.mu.Lock()
	if !s.lost {
		if source {
			s.source(b)
		} else {
			s.sink(b)
		}
	}
	events := s.events
	s.events = nil
	s.mu.Unlock()
	for _, e := range events {
		if !s.c.precede(e.kind, e.body) {
			return false
		}
	}
	return true
}

// source follows what the side that has the files sends.
func (s *scpSession) source(b []byte) {
	for len(b) > 0 && !s.lost {
		if s.state == scpWaits {
			s.state = scpContents // without waiting for the answer
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
		s.line = s.line[:0]
		if s.state == scpVerdict {
			if len(line) == 0 || line[0] != 1 && line[0] != 2 {
				s.lose()
				return
			}
			s.file.failed, _ = recordings.Legible(line[1:])
			s.contentsDone()
			continue
		}
		s.order(line)
	}
}

// contentsDone waits for the sink's word on a file whose contents have passed.
func (s *scpSession) contentsDone() {
	s.state = scpLine
	s.owe('F')
}

// order takes a line of the source.
func (s *scpSession) order(line []byte) {
	if len(line) == 0 {
		s.lose()
		return
	}
	switch line[0] {
	case 1, 2: // a complaint, which nothing answers
	case 'T':
		s.owe('T')
	case 'E':
		if len(s.dirs) == 0 || len(line) != 1 {
			s.lose()
			return
		}
		s.owe('E')
	case 'C', 'D':
		mode, size, name, ok := scpNames(line[1:])
		if len(s.dirs) > 0 {
			name = s.dirs[len(s.dirs)-1].name + "/" + name
		}
		if !ok || len(name) > maxSCPName || line[0] == 'D' && len(s.dirs) == maxSCPDepth {
			s.lose()
			return
		}
		s.last++
		f := &scpFile{id: s.last, name: name, size: size}
		s.record(f, mode, line[0] == 'D')
		s.owe(line[0])
		if line[0] == 'C' {
			s.file, s.state, s.left = f, scpWaits, size
		} else {
			s.dirs = append(s.dirs, f)
		}
	default:
		s.lose()
	}
}

// scpNames reads "0644 12 name".
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

func (s *scpSession) record(f *scpFile, mode uint32, dir bool) {
	op := recordings.FileOp{ID: f.id, Op: recordings.FileSCPReceive, Mode: &mode}
	if s.command.send {
		op.Op = recordings.FileSCPSend
	}
	op.Path, op.PathRaw = recordings.Legible([]byte(f.name))
	op.To, op.ToRaw = recordings.Legible([]byte(s.command.path))
	if dir {
		op.Flags = []string{"directory"}
	} else {
		size := f.size
		op.Size = &size
	}
	s.events = append(s.events, scpEvent{recordings.EventFile, op})
}

// owe notes that the sink has to answer.
func (s *scpSession) owe(what byte) {
	if len(s.awaited) == maxSCPOwed {
		s.lose()
		return
	}
	s.awaited = append(s.awaited, what)
}

// sink follows the answers of the side that takes the files.
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

// answered takes one answer; complaint is empty where it was yes.
func (s *scpSession) answered(complaint string) {
	if len(s.awaited) == 0 {
		s.lose()
		return
	}
	what := s.awaited[0]
	s.awaited = s.awaited[:copy(s.awaited, s.awaited[1:])]
	switch what {
	case 'C':
		switch {
		case complaint == "" && s.state == scpWaits:
			s.state = scpContents
		case complaint != "" && s.state == scpWaits:
			s.state, s.left = scpLine, 0
			s.fileDone(complaint)
		case complaint != "":
			s.lose()
		}
	case 'F':
		if complaint == "" && s.file != nil {
			complaint = s.file.failed
		}
		s.fileDone(complaint)
	case 'D':
		if complaint != "" {
			s.leave(complaint)
		}
	case 'E':
		s.leave(complaint)
	}
}

// leave ends the innermost directory.
func (s *scpSession) leave(complaint string) {
	last := len(s.dirs) - 1
	if last < 0 {
		s.lose()
		return
	}
	s.finish(s.dirs[last], complaint)
	s.dirs = s.dirs[:last]
}

// fileDone ends the file that is under way.
func (s *scpSession) fileDone(complaint string) {
	if s.file == nil {
		s.lose()
		return
	}
	s.finish(s.file, complaint)
	s.file = nil
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

// lose gives up: what follows is not listed, and an event says so.
func (s *scpSession) lose() {
	s.open("not followed to its end")
	s.lost = true
	s.line, s.answer = nil, nil
	s.events = append(s.events, scpEvent{recordings.EventFileEnd,
		recordings.FileEnd{Status: "the rest is not understood, and not listed"}})
}

// open ends whatever is under way.
func (s *scpSession) open(complaint string) {
	if s.file != nil {
		s.finish(s.file, complaint)
	}
	for i := len(s.dirs) - 1; i >= 0; i-- {
		s.finish(s.dirs[i], complaint)
	}
	s.file, s.dirs = nil, nil
}

func (s *scpSession) end() {
	s.mu.Lock()
	if !s.lost {
		s.open("the channel ended")
		s.lost = true
	}
	s.mu.Unlock()
	s.read(nil, true)
}
