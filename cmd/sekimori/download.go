package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"
)

// download writes a stream to standard output or to the file of -o. A file that is not whole
// is not left behind under its name.
func (p *program) download(c *cli.Context, path string, q url.Values) (err error) {
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	resp, err := k.do(c.Context, "GET", path, q, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	defer p.sayDamaged(resp)()
	out := p.out
	var f *os.File
	if name := c.String("o"); name != "" {
		if f, err = os.CreateTemp(filepath.Dir(name), ".sekimori-export"); err != nil {
			return &failure{ja: "書き出せません", en: "cannot write the file", cause: err}
		}
		defer func() {
			err = errors.Join(err, f.Close())
			if err == nil {
				err = os.Rename(f.Name(), name)
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
