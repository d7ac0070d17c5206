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
)

// choose serves a login with the engineer's name alone: a numbered choice on a terminal, the
// list of windows without one, and the commands of self-service.
func (c *caller) choose(ctx context.Context, pass *passage, in *entrance) {
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
	lang := langOf(pass.person.Lang, f.locale())
	pass.lang = lang
	start, line := f.program()
	pty, _ := f.terminal()
	switch {
	case start == "exec":
		c.leash.Reset(lastWords)
		c.command(ctx, pass, f, d, lang, line)
		c.hangUpAfter(d)
		return
	case start == "subsystem":
		c.leash.Reset(lastWords)
		f.finish(c.featureRefusal(policy.FeatureNotGranted.String(), lang)+
			both(lang, formsJA(pass.person.Login), formsEN(pass.person.Login))+"\n", policy.ExitNotPermitted)
		c.hangUpAfter(d)
		return
	case !pty:
		c.leash.Reset(lastWords)
		c.command(ctx, pass, f, d, lang, "windows")
		c.hangUpAfter(d)
		return
	}
	f.forget()
	goOn := c.pick(ctx, pass, f, d, lang)
	if !goOn {
		c.hangUpAfter(d)
		return
	}
	c.halt(d)
	halted = true
	if !pass.decision.Allow {
		c.wait(ctx, pass, in, f)
		return
	}
	done := make(chan struct{})
	defer close(done)
	c.admit(pass, in, c.handOver(f, done))
}

// pick lets the engineer choose a window on the terminal and takes the attempt as far as a
// decision that allows or may be waited for. False: it ended, and everything has been said.
func (c *caller) pick(ctx context.Context, pass *passage, f *front, d *drain, lang string) bool {
	if err := c.lookUp(ctx, pass); err != nil {
		c.fault(f, err)
		return false
	}
	own, err := c.owned(ctx, pass.facts)
	if err != nil {
		c.fault(f, err)
		return false
	}
	if len(own) == 0 {
		if !c.mayWait(pass.decision) {
			c.deny(ctx, pass)
			c.sayRefusal(pass, f)
			return false
		}
		c.leash.Reset(lastWords)
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
		c.leash.Reset(lastWords)
		f.finish(both(lang, "その番号はありません: "+typed, "No such number: "+typed)+"\n", policy.ExitNotPermitted)
		return false
	}
	g := own[n-1]
	pass.login.Choose = false
	pass.login.Target, pass.login.Account, pass.grant = g.Target, g.login, g.ID
	if card := c.attempt(ctx, pass); card != "" {
		yes, gone := false, t.say("\n"+card)
		if gone == nil {
			yes, gone = agreed(func(prompt string) (string, error) { return t.ask(ctx, prompt) }, card, lang)
		}
		err = c.answered(ctx, pass, yes, gone)
	}
	switch {
	case err != nil: // gone, and ledgered as that
		f.close(policy.ExitNotNow)
		return false
	case pass.denied:
		c.sayRefusal(pass, f)
		return false
	}
	return true
}

// choicesAgain is how often a wrong number is asked for again.
const choicesAgain = 3

// choice asks for a number of a list of so many; nothing typed is the first. n is 0 when every answer was wrong: typed is the last.
func (t *typing) choice(ctx context.Context, list string, most int, lang string) (n int, typed string, err error) {
	prompt := list + slashed(lang, "番号を選んでください [1]", "Choose [1]") + ": "
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
		typed = neutral(answer, 20)
		prompt = slashed(lang, fmt.Sprintf("その番号はありません: %s。1 から %d の番号 [1]", typed, most),
			fmt.Sprintf("No such number: %s. Choose 1 to %d [1]", typed, most)) + ": "
	}
	return 0, typed, nil
}

// lookUp reads the facts for a login that names no target.
func (c *caller) lookUp(ctx context.Context, pass *passage) error {
	pass.attempt = c.attemptOf(pass, policy.ConsentPending)
	return c.decide(ctx, pass)
}

// fault ends a channel over something that is not the engineer's doing.
func (c *caller) fault(f *front, err error) {
	c.log.Error("login_failed", "error", err)
	c.leash.Reset(lastWords)
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

// ask prints prompt and reads one line, echoing it. What was typed before the prompt does not
// count: consent cannot be given to a text that was not there yet. Errors: io.EOF when the
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
	t.c.leash.Reset(writeLimit)
	defer t.c.leash.Stop()
	return t.f.print(t.f.screen(), text)
}

// edit applies what was typed to the line: printable text, backspace, and the keys that end
// it. It returns what the terminal is to show.
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
				show.WriteString(strings.Repeat("\b \b", runeCells(last)))
			}
		case r < ' ' || r == utf8.RuneError || len(*line)+size > maxLine:
		default:
			*line = append(*line, string(r)...)
			show.WriteRune(r)
		}
	}
	return show.String(), false, nil
}
