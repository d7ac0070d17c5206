package traits

import (
	"context"
	"slices"
	"strings"
	"time"

	"sekimori/recordings"
)

// Bounds. What comes beyond them is not told apart.
const (
	mostNames = 2000 // of commands, and of tables, of one session
	mostLine  = 8192 // bytes of one line that are looked at
)

// Limits of a silence with a burst behind it.
const (
	SilentFor   = 15 * time.Minute // without output: a silence
	BurstWithin = 2 * time.Minute  // after it: the burst
)

// Traits are what a session's recording shows about it.
type Traits struct {
	Output   int64         // bytes that the target sent
	Files    int           // files that the client opened, read or wrote by SFTP or SCP
	Copied   int           // commands that copy files or tables elsewhere
	Silence  time.Duration // before the largest burst; 0: none lasted SilentFor
	Burst    int64         // bytes of output within BurstWithin after that silence
	Commands []string      // names of commands, each once, in order; those of a database client are written "sql select"
	Tables   []string      // names of tables in its statements, in small letters, each once, in order
}

// Read derives the traits from a recording, which it reads to its end. v gives the way to read its text.
func Read(ctx context.Context, r *recordings.Reader, v recordings.View) (Traits, error) {
	s := &state{screens: map[uint32]bool{}}
	for line, err := range recordings.WatchLines(ctx, r, v, s.frame) {
		if err != nil {
			return Traits{}, err
		}
		if line.Output() && s.screens[line.Channel] {
			s.line(line.EN)
		}
	}
	return s.t, nil
}

// state is what is known of a session so far.
type state struct {
	t       Traits
	screens map[uint32]bool // channels with a terminal
	last    time.Duration   // of the last output
	burst   struct {
		from, silence time.Duration
		bytes         int64
	}
	names, tables seen
}

// seen are names that were met.
type seen map[string]bool

// add reports whether a name is new and there is room for it.
func (s *seen) add(name string) bool {
	if *s == nil {
		*s = seen{}
	}
	if (*s)[name] || len(*s) == mostNames {
		return false
	}
	(*s)[name] = true
	return true
}

// frame takes what needs no text.
func (s *state) frame(f recordings.Frame) {
	switch f.Event {
	case "":
		if !f.Input {
			s.output(f.Elapsed, int64(len(f.Data)))
		}
	case recordings.EventPTY:
		s.screens[f.Channel] = len(s.screens) < mostNames
	case recordings.EventClose:
		delete(s.screens, f.Channel)
	case recordings.EventExec:
		s.shell(command(f.Data))
	case recordings.EventFile:
		switch op := fileOp(f.Data); op {
		case recordings.FileCopy:
			s.t.Copied++
		case recordings.FileOpen, recordings.FileSCPSend, recordings.FileSCPReceive:
			s.t.Files++
		}
	}
}

// output takes bytes of output at a time of the session.
func (s *state) output(at time.Duration, n int64) {
	if n == 0 {
		return
	}
	s.t.Output += n
	b := &s.burst
	if silence := at - s.last; silence >= SilentFor {
		b.from, b.silence, b.bytes = at, silence, 0
	}
	s.last = at
	if b.silence > 0 && at < b.from+BurstWithin {
		if b.bytes += n; b.bytes > s.t.Burst {
			s.t.Burst, s.t.Silence = b.bytes, b.silence
		}
	}
}

// line takes a line of a terminal.
func (s *state) line(text string) {
	if len(text) > mostLine {
		text = text[:mostLine]
	}
	switch said, kind := typed(text); kind {
	case inShell:
		s.shell(said)
	case inDatabase:
		s.statement(said)
	}
}

// shell takes a command line.
func (s *state) shell(line string) {
	if len(line) > mostLine {
		line = line[:mostLine]
	}
	for _, words := range parts(line) {
		name, args := named(words)
		if name == "" {
			continue
		}
		s.name(name)
		if copies(name, args) {
			s.t.Copied++
		}
		if databaseClients[name] { // without the shell's quotes
			s.tablesOf(strings.Join(args, " "))
		}
	}
}

// statement takes a line at the prompt of a database client.
func (s *state) statement(line string) {
	word, copied := verb(line)
	if word == "" {
		return
	}
	if statements[word] || word[0] == '\\' {
		s.name("sql " + word)
	}
	if copied {
		s.t.Copied++
	}
	s.tablesOf(line)
}

func (s *state) name(name string) {
	if s.names.add(name) {
		s.t.Commands = append(s.t.Commands, name)
	}
}

func (s *state) tablesOf(text string) {
	for _, t := range tables(text) {
		if s.tables.add(t) {
			s.t.Tables = append(s.t.Tables, t)
		}
	}
}

// Outside are the tables of which none of the given words speak. words are in small letters.
func (t Traits) Outside(words string) (out []string) {
	for _, name := range t.Tables {
		if !mentions(words, name) {
			out = append(out, name)
		}
	}
	return slices.Clip(out)
}
