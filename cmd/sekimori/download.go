package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

// beingWritten begins the name of a file that is not whole yet.
const beingWritten = ".sekimori-export"

// outputFlag and forceFlag are what a command that writes a file has; outputFile reads them.
func (p *program) outputFlag() cli.Flag {
	return &cli.StringFlag{Name: "o", Aliases: []string{"out", "output"}, Usage: p.say("書き出すファイル(既定は標準出力)", "file to write (default standard output)")}
}

func (p *program) forceFlag() cli.Flag {
	return &cli.BoolFlag{Name: "force", Usage: p.say("-o のファイルがあれば上書きする", "overwrite the file of -o where there is one")}
}

// outputFile is the name of -o; empty: standard output. A file that is there is not overwritten unless --force says so.
func outputFile(c *cli.Context) (string, error) {
	name := c.String("o")
	if name == "" || c.Bool("force") {
		return name, nil
	}
	switch _, err := os.Lstat(name); {
	case err == nil:
		return "", isThere(name)
	case !errors.Is(err, fs.ErrNotExist):
		return "", &failure{ja: "書き出せません", en: "cannot write the file", cause: err}
	}
	return name, nil
}

func isThere(name string) error {
	return &failure{ja: fmt.Sprintf("%s はすでにあります。何も書いていません", name), en: fmt.Sprintf("%s is there already; nothing was written", name),
		hintJA: "別の名前にするか、上書きするなら --force を付けます", hintEN: "name another file, or add --force to overwrite it"}
}

// rename gives a file its name, which it takes first where nothing may be overwritten: Rename alone would replace what came up meanwhile.
func rename(from, to string, force bool) error {
	if !force {
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		switch {
		case errors.Is(err, fs.ErrExist):
			return isThere(to)
		case err != nil:
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return os.Rename(from, to)
}

// download writes a stream to standard output or to the file of -o. A file that is not whole is not left behind under its name, and one
// that came up meanwhile is not overwritten.
func (p *program) download(c *cli.Context, path api.Path[api.Stream], q url.Values) (err error) {
	name, err := outputFile(c)
	if err != nil {
		return err
	}
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	resp, err := k.Open(c.Context, path, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	defer p.sayDamaged(resp)()
	out := p.out
	var f *os.File
	if name != "" {
		if f, err = os.CreateTemp(filepath.Dir(name), beingWritten); err != nil {
			return &failure{ja: "書き出せません", en: "cannot write the file", cause: err}
		}
		defer func() {
			err = errors.Join(err, f.Close())
			if err == nil {
				err = rename(f.Name(), name, c.Bool("force"))
			}
			if err != nil {
				err = errors.Join(err, os.Remove(f.Name()))
			}
		}()
		out = f
	}
	m := p.meter(p.say("書き出し中", "exporting"))
	_, err = io.Copy(out, io.TeeReader(resp.Body, m))
	m.done()
	if err != nil {
		return &failure{ja: "途中で切れました", en: "the stream broke off", hintJA: "もう一度やり直してください", hintEN: "try again", cause: err}
	}
	return nil
}

// meter shows on a terminal how far long work has come, after the first second.
type meter struct {
	p       *program
	what    string
	active  bool
	began   time.Time
	said    time.Time
	n       int64
	visible bool
}

func (p *program) meter(what string) *meter {
	_, active := p.terminal(p.err)
	return &meter{p: p, what: what, active: active && !p.json, began: p.now()}
}

func (m *meter) Write(b []byte) (int, error) {
	m.n += int64(len(b))
	now := m.p.now()
	if m.active && now.Sub(m.began) > time.Second && now.Sub(m.said) > 200*time.Millisecond {
		m.said, m.visible = now, true
		fmt.Fprintf(m.p.err, "\r%s %.1f MiB ", m.what, float64(m.n)/(1<<20))
	}
	return len(b), nil
}

func (m *meter) done() {
	if m.visible {
		fmt.Fprint(m.p.err, "\r\x1b[K")
	}
}
