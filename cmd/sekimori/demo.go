package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/demo"
)

func (p *program) demoCommand() *cli.Command {
	return p.leaf("demo", "", "一回の保守作業を、この機械の中だけで最初から最後まで見せる", "show one maintenance from beginning to end, on this machine only", p.demo,
		&cli.StringFlag{Name: "dir", Usage: p.say("データを残す空の場所(既定は一時的な場所)", "empty directory to keep the data in (default: a temporary one)")},
		&cli.BoolFlag{Name: "once", Usage: p.say("終わったら止まる", "stop after the walk")},
	)
}

func (p *program) demo(c *cli.Context) (err error) {
	dir := c.String("dir")
	kept := dir != ""
	if !kept {
		if dir, err = os.MkdirTemp("", "sekimori-demo-"); err != nil {
			return &failure{ja: "場所を作れません", en: "cannot make a directory", cause: err}
		}
		defer os.RemoveAll(dir)
	} else if _, err := vacant(dir); err != nil {
		return err
	} else if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	// Without a reader (demo | head, or the reader stopped by the same Ctrl-C) the demonstration ends as by Ctrl-C, and so
	// removes its directory.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	err = demo.Run(ctx, demo.World{In: p.in, Out: &readBy{p.out, stop}, JSON: p.json, Lang: p.lang, Now: p.now, Broker: p.broker, Sekimori: p.inProcess}, dir, c.Bool("once"))
	var wrong *demo.StepError
	if ctx.Err() != nil && errors.As(err, &wrong) {
		left := [2]string{dir + " は消しました", dir + " is removed"}
		if kept {
			left = [2]string{"データは " + dir + " にあります", "the data is in " + dir}
		}
		return &api.Fault{Code: "interrupted", Exit: exitInterrupted, JA: "実演を途中で終わりました", EN: "the demonstration was stopped", HintJA: left[0], HintEN: left[1]}
	}
	if errors.As(err, &wrong) {
		return &failure{
			ja: "「" + wrong.Step + "」の段が成り立ちませんでした", en: "step " + wrong.Step + " did not hold", cause: wrong.Cause,
			hintJA: "動作の記録: --dir で場所を残すと broker.log にあります", hintEN: "the broker's log is broker.log in the directory given with --dir",
		}
	}
	return err
}

// readBy is the output of the demonstration. It stops the demonstration when the output has no reader.
type readBy struct {
	io.Writer
	stop func()
}

// Write writes, and stops the demonstration where that fails.
func (r *readBy) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	if err != nil {
		r.stop()
	}
	return n, err
}

// inProcess carries out a command line of the demonstration in this process, away from the terminal and its environment.
func (p *program) inProcess(ctx context.Context, c demo.Call) int {
	one := &program{
		in: c.In, out: c.Out, err: c.Err, now: c.Now,
		getenv:   func(name string) string { return c.Env[name] },
		terminal: func(any) (int, bool) { return 0, false },
	}
	return one.run(ctx, c.Args)
}
