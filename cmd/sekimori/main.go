package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/prompt"
)

func main() { os.Exit(command(time.Now, broker.Options{})) }

// command carries out the process's command line by a clock and returns the exit status. o is what a broker is started with.
func command(now func() time.Time, o broker.Options) int {
	withoutCores()
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // by nohup
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		getenv: os.Getenv, now: now, broker: o, terminal: isTerminal,
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
	// broker is what a broker is started with beside log and clock: nothing, but in tests.
	broker   broker.Options
	terminal func(any) (fd int, ok bool)

	client    *api.Client       // of the broker, once a command that is signed in has connected
	names     map[string]string // of people by id, once one was asked for; see who
	questions *prompt.Terminal  // at standard input, once a command has asked: what was typed ahead belongs to the next question

	typed []string // the words of the command, as far as they are known, once run has looked
	lang  string   // "ja" or "en", once run has looked
	json  bool
	place place // of the broker, once a command has connected
}

// run carries out one command line and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	p.lang, p.json = p.preferences(args)
	app := p.app()
	resolved, words, err := resolve(app, args)
	p.typed = words
	if err == nil {
		p.helped(app, func(c *cli.Command) bool { return slices.ContainsFunc(resolved, c.HasName) })
		err = app.RunContext(ctx, append([]string{app.Name}, resolved...))
	}
	if err != nil {
		return p.fail(err)
	}
	return 0
}
