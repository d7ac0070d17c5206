package gate

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/width"

	"sekimori/policy"
	"sekimori/policy/text"
)

// choose serves a login with the engineer's name alone: a numbered choice on a terminal, the
// list of windows without one, and the commands of self-service.
func (c *caller) choose(ctx context.Context, auth *authResult, in *authenticatedConn) {
	if in.first.ChannelType() != "session" {
		c.rejectAndLeave(in, featureASCII("forward"))
		return
	}
	d := c.startDrain(in, featureASCII("other"))
	halted := false
	defer func() {
		if !halted {
			c.halt(d)
		}
	}()
	f, err := c.openFront(in.first, maxInput)
	if err != nil || !f.awaitStart(startLimit) {
		return
	}
	lang := langOf(auth.person.Lang, f.locale())
	auth.lang = lang
	start, line := f.program()
	pty, _ := f.terminal()
	switch {
	case start == "exec":
		c.watchdog.Reset(lastWords)
		c.command(ctx, auth, f, d, lang, line)
		c.hangUpAfter(d)
		return
	case start == "subsystem" && line == "sftp" && c.s.o.Files != nil:
		c.outbox(ctx, auth, f, d, lang)
		c.hangUpAfter(d)
		return
	case start == "subsystem":
		c.watchdog.Reset(lastWords)
		f.finish(c.featureRefusal(policy.FeatureNotGranted.String(), lang)+
			text.Of(formsJA(auth.person.Login), formsEN(auth.person.Login)).Lines(lang)+"\n", policy.ExitNotPermitted)
		c.hangUpAfter(d)
		return
	case !pty:
		c.watchdog.Reset(lastWords)
		c.command(ctx, auth, f, d, lang, "windows")
		c.hangUpAfter(d)
		return
	}
	f.forget()
	goOn := c.pick(ctx, auth, f, d, lang)
	if !goOn {
		c.hangUpAfter(d)
		return
	}
	c.halt(d)
	halted = true
	if !auth.decision.Allow {
		c.wait(ctx, auth, in, f)
		return
	}
	done := make(chan struct{})
	defer close(done)
	c.admit(auth, in, c.handOver(f, done))
}

// pick lets the engineer choose a window on the terminal and takes the attempt as far as a
// decision that allows or may be waited for. False: it ended, and everything has been said.
func (c *caller) pick(ctx context.Context, auth *authResult, f *front, d *drain, lang string) bool {
	if err := c.lookUp(ctx, auth); err != nil {
		c.fault(f, err)
		return false
	}
	own, err := c.owned(ctx, auth.facts)
	if err != nil {
		c.fault(f, err)
		return false
	}
	if len(own) == 0 {
		if !c.mayWait(auth.decision) {
			c.deny(ctx, auth)
			c.sayRefusal(auth, f)
			return false
		}
		c.watchdog.Reset(lastWords)
		f.finish(c.listText(own, lang), policy.ExitNotPermitted)
		return false
	}
	t := &typing{c: c, f: f, d: d, limit: c.s.o.Limits.Prompt}
	n, typed, err := t.choice(ctx, c.listText(own, lang), len(own), lang)
	if err != nil {
		f.close(policy.ExitNotNow)
		return false
	}
	if n == 0 {
		c.watchdog.Reset(lastWords)
		f.finish(text.Of("その番号はありません: "+typed, "No such number: "+typed).Lines(lang)+"\n", policy.ExitNotPermitted)
		return false
	}
	g := own[n-1]
	auth.login.Choose = false
	auth.login.Target, auth.login.Account, auth.grant = g.Target, g.login, g.ID
	if card := c.attempt(ctx, auth); card != "" {
		yes, gone := false, t.say("\n"+card)
		if gone == nil {
			yes, gone = agreed(func(prompt string) (string, error) { return t.ask(ctx, prompt) }, card, lang)
		}
		err = c.answered(ctx, auth, yes, gone)
	}
	switch {
	case err != nil: // gone, and ledgered as that
		f.close(policy.ExitNotNow)
		return false
	case auth.denied:
		c.sayRefusal(auth, f)
		return false
	}
	return true
}

// choicesAgain is how often the gate asks again after a wrong number.
const choicesAgain = 3

// choice asks for a number of a list of n entries; an empty answer means the first. n is 0 when every answer was wrong; typed is the last.
func (t *typing) choice(ctx context.Context, list string, most int, lang string) (n int, typed string, err error) {
	prompt := list + text.Of("番号を選んでください [1]", "Choose [1]").Slashed(lang) + ": "
	for range 1 + choicesAgain {
		answer, err := t.ask(ctx, prompt)
		if err != nil {
			return 0, "", err
		}
		if answer = strings.TrimSpace(width.Fold.String(answer)); answer == "" {
			return 1, "", nil
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= most {
			return n, "", nil
		}
		typed = text.OneLine(answer, 20)
		prompt = text.Of(fmt.Sprintf("その番号はありません: %s。1 から %d の番号 [1]", typed, most),
			fmt.Sprintf("No such number: %s. Choose 1 to %d [1]", typed, most)).Slashed(lang) + ": "
	}
	return 0, typed, nil
}

// lookUp reads the facts for a login that names no target.
func (c *caller) lookUp(ctx context.Context, auth *authResult) error {
	auth.attempt = c.attemptOf(auth, policy.ConsentPending)
	return c.decide(ctx, auth)
}

// fault ends a channel over a fault of ours.
func (c *caller) fault(f *front, err error) {
	c.log.Error("login_failed", "error", err)
	c.watchdog.Reset(lastWords)
	f.finish("sekimori: error: internal fault; phone the section\n", exitSafeguard)
}

// typing reads lines from a terminal that the client has put into raw mode.
type typing struct {
	c     *caller
	f     *front
	d     *drain
	limit time.Duration
}

// maxLine is how much of an answer is kept.
const maxLine = 64

// ask prints prompt and reads one line, echoing it. Input from before the prompt does not
// count: no one can consent to a text that was not there yet. Errors: io.EOF when the
// engineer left or took too long.
func (t *typing) ask(ctx context.Context, prompt string) (string, error) {
	for drained := false; !drained; {
		select {
		case <-t.f.keys:
		default:
			drained = true
		}
	}
	if err := t.say(prompt); err != nil {
		return "", err
	}
	limit := time.NewTimer(t.limit)
	defer limit.Stop()
	var line, partial []byte
	for {
		select {
		case typed := <-t.f.keys:
			echo, done, err := edit(&line, &partial, typed)
			if err == nil && echo != "" {
				err = t.say(echo)
			}
			if done || err != nil {
				_ = t.say("\n")
				return string(line), err
			}
		case <-t.f.eof:
			return "", io.EOF
		case <-t.f.gone:
			return "", io.EOF
		case <-t.d.lost:
			return "", io.EOF
		case <-limit.C:
			return "", io.EOF
		case <-ctx.Done():
			return "", io.EOF
		}
	}
}

func (t *typing) say(text string) error {
	t.c.watchdog.Reset(writeLimit)
	defer t.c.watchdog.Stop()
	return t.f.print(t.f.screen(), text)
}

// edit applies typed input to the line: printable text, backspace, and the keys that end
// it. It returns the text for the terminal to show.
func edit(line, partial *[]byte, typed []byte) (echo string, done bool, err error) {
	var show strings.Builder
	typed = append(*partial, typed...)
	*partial = nil
	for len(typed) > 0 {
		if !utf8.FullRune(typed) { // the rest of a character comes with the next read
			*partial = append([]byte(nil), typed...)
			break
		}
		r, size := utf8.DecodeRune(typed)
		typed = typed[size:]
		switch {
		case r == '\r' || r == '\n':
			return show.String(), true, nil
		case r == 3 || r == 4:
			return show.String(), false, io.EOF
		case r == 8 || r == 127:
			if len(*line) > 0 {
				last, n := utf8.DecodeLastRune(*line)
				*line = (*line)[:len(*line)-n]
				show.WriteString(strings.Repeat("\b \b", text.Width(string(last))))
			}
		case r < ' ' || r == utf8.RuneError || len(*line)+size > maxLine:
		default:
			*line = append(*line, string(r)...)
			show.WriteRune(r)
		}
	}
	return show.String(), false, nil
}
