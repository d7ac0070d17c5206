package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() { os.Exit(command(time.Now)) }

// command carries out the process's command line by a clock and returns the exit status.
func command(now func() time.Time) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		getenv: os.Getenv, now: now, terminal: isTerminal,
	}
	defer stop()
	return p.run(ctx, os.Args[1:])
}

// program is what a command has of the world.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	// targetNow is what the targets' clocks show; nil: now.
	targetNow func() time.Time
	terminal  func(any) (fd int, ok bool)

	lang  string // "ja" or "en", once run has looked
	json  bool
	place place // of the broker, once a command has connected
}

// run carries out one command line and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	p.lang, p.json = p.preferences(args)
	app := p.app()
	resolved, err := resolve(app, args)
	if err == nil {
		err = app.RunContext(ctx, append([]string{app.Name}, resolved...))
	}
	if err != nil {
		return p.fail(err)
	}
	return 0
}
