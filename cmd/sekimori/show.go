package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/recordings"
)

// showing is how a recording or a live session is shown.
type showing struct {
	view  recordings.View
	speed float64       // 0: without waiting
	idle  time.Duration // longest wait between two frames; 0: as it was
	from  time.Duration // up to here without waiting

	warned recordings.PTY // size that the viewer was warned about last
}

func (p *program) channelFlag() cli.Flag {
	return &cli.IntFlag{Name: "channel", Value: -1, Usage: p.say("この通信路だけ", "only this channel")}
}

func (p *program) encodingFlag() cli.Flag {
	return &cli.StringFlag{Name: "encoding", Usage: p.say("接続先の文字コード utf-8|cp932|euc-jp(既定は接続先の登録)", "encoding of the output: utf-8|cp932|euc-jp (default: as registered for the target)")}
}

func (p *program) showFlags() []cli.Flag { return []cli.Flag{p.channelFlag(), p.encodingFlag()} }

// showing reads the options of a command that shows.
func (p *program) showing(c *cli.Context) (showing, error) {
	o := showing{speed: c.Float64("speed"), idle: c.Duration("idle"), from: c.Duration("from"), view: recordings.View{Lang: p.lang, CauseJA: func(code string) string { return policy.Reason(code).Label().JA }}}
	if o.speed < 0 || o.idle < 0 || o.from < 0 {
		return o, &usageError{ja: "--speed、--idle、--from は 0 以上です", en: "--speed, --idle and --from may not be negative"}
	}
	if n := c.Int("channel"); n >= 0 {
		channel := uint32(n)
		o.view.Channel = &channel
	}
	_, err := p.encoding(c.String("encoding"))
	return o, err
}

func (p *program) encoding(name string) (recordings.Encoding, error) {
	e, err := recordings.ParseEncoding(name)
	if err != nil {
		return e, &usageError{ja: fmt.Sprintf("知らない文字コード %q", name), en: fmt.Sprintf("unknown encoding %q", name), hintJA: "utf-8、cp932、euc-jp のどれかです", hintEN: "one of utf-8, cp932, euc-jp"}
	}
	return e, nil
}

// readAs takes from an answer how its frames are to be read, where no option says so.
func (p *program) readAs(c *cli.Context, v *recordings.View, resp *http.Response) (err error) {
	if at, err := time.Parse(time.RFC3339Nano, resp.Header.Get(api.HeaderStarted)); err == nil {
		v.Started = at
	}
	name := c.String("encoding")
	if name == "" {
		name = resp.Header.Get(api.HeaderEncoding)
	}
	v.Encoding, err = p.encoding(name)
	return err
}

func (p *program) play(c *cli.Context) error {
	o, err := p.showing(c)
	if err != nil {
		return err
	}
	if isRecordingFile(c.Args().First()) {
		if _, err := p.need(c, "identity"); err != nil {
			return err
		}
		return p.playFile(c, o)
	}
	if c.String("identity") != "" {
		return p.playInput(c, o)
	}
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	resp, err := k.Open(c.Context, api.Look(c.Args().First(), "play"), lookQuery(c))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	defer p.sayDamaged(resp)()
	if err := p.readAs(c, &o.view, resp); err != nil {
		return err
	}
	return p.show(c.Context, resp.Body, o)
}

// shower makes of frames what is written: a recordings.Player for a terminal, a recordings.Transcript for a file or a pipe.
type shower interface {
	Take(recordings.Frame) []byte
	Lost(f recordings.Frame, n int64) []byte
	Warn(at time.Duration, ja, en string) []byte
	Resize(width, height int)
	End(at time.Duration) []byte
}

// show puts the frames of a stream on the screen, in their own time where speed is not 0.
func (p *program) show(ctx context.Context, r io.Reader, o showing) (err error) {
	if p.json {
		if _, err := io.Copy(recordings.EscapeJSON(p.out), r); err != nil {
			return fmt.Errorf("the stream broke off: %w", err)
		}
		return nil
	}
	fd, terminal := p.terminal(p.out)
	size := func() (width, height int) {
		if !terminal {
			return 0, 0
		}
		width, height, _ = term.GetSize(fd) // 0 where it has none, which folds nothing
		return width, height
	}
	o.view.Width, o.view.Height = size()
	var s shower = recordings.NewTranscript(o.view)
	if terminal {
		o.view.Mark = recordings.NewMark()
		s = recordings.NewPlayer(o.view)
		if err := p.write(s.Warn(0, "この表示では、関守の行だけが "+o.view.Mark+" で始まります(記号は毎回変わります)",
			"only lines of Sekimori begin with "+o.view.Mark+" here (it changes each time)")); err != nil {
			return err
		}
	}
	var last time.Duration
	defer func() { // also after Ctrl-C: the terminal is given back
		if werr := p.write(s.End(last)); err == nil {
			err = werr
		}
	}()
	d := json.NewDecoder(r)
	for {
		var f api.PlayFrame
		if err := d.Decode(&f); errors.Is(err, io.EOF) || err != nil && ctx.Err() != nil {
			return nil // it is over, or the person stopped looking
		} else if err != nil {
			return fmt.Errorf("the stream broke off: %w", err)
		}
		if f.At() > o.from && o.wait(ctx, f.At()-max(last, o.from)) != nil {
			return nil
		}
		last = max(last, f.At())
		s.Resize(size())
		if f.Lost > 0 {
			if err := p.write(s.Lost(f.Frame(), f.Lost)); err != nil {
				return err
			}
		}
		if f.Event == api.DamagedEvent {
			if err := p.sayDamage(s, f); err != nil {
				return err
			}
			continue
		}
		if err := p.write(s.Take(f.Frame())); err != nil {
			return err
		}
		if err := p.sizeWarning(s, &o, f, size); err != nil {
			return err
		}
	}
}

func (p *program) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if _, err := p.out.Write(b); err != nil {
		return fmt.Errorf("write to the screen: %w", err)
	}
	return nil
}

// sizeWarning says that the viewer's terminal is smaller than the one that was recorded, when that one takes its size.
func (p *program) sizeWarning(s shower, o *showing, f api.PlayFrame, size func() (int, int)) error {
	if f.Event != recordings.EventPTY && f.Event != recordings.EventWindowChange {
		return nil
	}
	var pty recordings.PTY
	width, height := size()
	if json.Unmarshal(f.Body, &pty) != nil || width == 0 || int64(pty.Cols) <= int64(width) && int64(pty.Rows) <= int64(height) {
		return nil
	}
	if pty.Cols == o.warned.Cols && pty.Rows == o.warned.Rows {
		return nil
	}
	o.warned = pty
	return p.write(s.Warn(f.At(),
		fmt.Sprintf("記録した端末は %dx%d、この画面は %dx%d です。崩れて見えます。画面を広げてください。", pty.Cols, pty.Rows, width, height),
		fmt.Sprintf("recorded at %dx%d, this terminal is %dx%d: the picture will break; enlarge it.", pty.Cols, pty.Rows, width, height)))
}

// wait sleeps what passed between two frames, at the speed that is wanted and not longer than idle.
func (o showing) wait(ctx context.Context, passed time.Duration) error {
	if o.speed == 0 || passed <= 0 {
		return ctx.Err()
	}
	passed = time.Duration(float64(passed) / o.speed)
	if o.idle > 0 {
		passed = min(passed, o.idle)
	}
	t := time.NewTimer(passed)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
