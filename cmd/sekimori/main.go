package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		getenv: os.Getenv, now: time.Now, terminal: isTerminal,
	}
	status := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// program is what a command has of the world.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	terminal func(any) (fd int, ok bool)

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
