package main

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

func main() {
	p := program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		getenv: os.Getenv, now: time.Now, zone: time.Local,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	os.Exit(p.run(os.Args[1:]))
}

// Exit statuses.
const (
	exitHolds      = 0
	exitError      = 1 // something is invalid, could not be read, or the signer is not verified
	exitUsage      = 2
	exitIncomplete = 3 // everything shown is valid, but not everything was shown
)

// program is the command's environment.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	zone     *time.Location // zone of displayed times
	terminal bool           // err is a terminal: progress may be drawn there
	lang     string         // "ja" or "en", set by run
}

// run executes one command line and returns the exit status.
func (p *program) run(args []string) int {
	a, failed := p.arguments(args)
	if failed != nil {
		p.sayFailure(*failed, a.json)
		return exitUsage
	}
	if a.help {
		p.usage()
		return exitHolds
	}
	in, failed := p.load(a)
	if failed != nil {
		p.sayFailure(*failed, a.json)
		return exitError
	}
	r := p.verify(a, in)
	if a.json {
		return p.sayJSON(r)
	}
	return p.say(r)
}
