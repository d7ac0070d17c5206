package gate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
)

// errRefused is all that a visitor without proof is told, whatever the cause.
var errRefused = errors.New("refused")

// errLocked ends an authentication after too many wrong codes.
var errLocked = errors.New("too many wrong codes")

// errNoCode ends an authentication in which no code was typed. It is no guess, and counts as none.
var errNoCode = errors.New("no code was typed")

// untouched is what the library's error says of a security key's signature without user presence (PROTOCOL.u2f);
// it exports no sentinel, and TestAttackSecurityKeyNobodyTouched holds the words.
const untouched = "missing required user presence"

// serviceAgain is what the library says of a client that asks for the service (SSH_MSG_SERVICE_REQUEST) anew before its second method,
// as paramiko does. OpenSSH takes it; the library does not, and offers nothing to change it (TestParamikoLogin).
const serviceAgain = "unexpected message type 5 (expected one of [50])"

// maxCodes is how many wrong codes one connection may give; the registry's own limits per
// person and address reach over connections.
const maxCodes = 5

// maxBlank is how often one connection may answer with nothing.
const maxBlank = 2

// proof is what one proven key stands for. It is made from the key that signed, after it
// signed, and from nothing else.
type proof struct {
	login       login
	person      policy.Person
	fingerprint string
}

// config is the server configuration of this connection; its callbacks close over it.
func (c *caller) config(hello *helloConn) *ssh.ServerConfig {
	cfg := *c.s.base
	cfg.PreAuthConnCallback = func(pre ssh.ServerPreAuthConn) {
		c.spoke, c.banner = true, pre.SendAuthBanner
		hello.proven.Store(true)
	}
	// An offered key proves nothing. Whether it could be anybody's is all that is looked at,
	// and nothing is kept from it but whose it was, for the alarm should its signature be one that nobody was present for.
	cfg.PublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		p, err := c.identify(meta, key)
		if err != nil {
			return nil, err
		}
		c.offered = p.person.ID + " " + p.fingerprint
		// Empty, and above all without no-touch-required: the library then refuses a security key's signature that does
		// not say that somebody touched it.
		return &ssh.Permissions{}, nil
	}
	cfg.VerifiedPublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey, _ *ssh.Permissions, _ string) (*ssh.Permissions, error) {
		p, err := c.identify(meta, key)
		if err != nil {
			return nil, err
		}
		return c.keyProven(p)
	}
	return &cfg
}

// identify finds whose active key this is and holds it against the name that was typed.
func (c *caller) identify(meta ssh.ConnMetadata, key ssh.PublicKey) (proof, error) {
	l := parseLogin(meta.User())
	if _, isCert := key.(*ssh.Certificate); isCert || l.Engineer == "" {
		return proof{}, errRefused
	}
	fingerprint := ssh.FingerprintSHA256(key)
	person, err := c.s.personOfKey(context.Background(), fingerprint)
	switch {
	case err != nil:
		c.log.Error("key_not_looked_up", "error", err)
		return proof{}, errRefused
	case person.ID == "" || l.Engineer != person.ID && l.Engineer != person.Login:
		return proof{}, errRefused
	}
	return proof{login: l, person: person, fingerprint: fingerprint}, nil
}

// keyProven goes on after the signature was verified. Where the second factor is remembered
// and everything allows, the key is enough, so that automation works without a terminal.
// Otherwise the code is asked for; the proof goes along in the closure.
func (c *caller) keyProven(p proof) (*ssh.Permissions, error) {
	c.proven = true
	c.s.limit.Proved(c.place, p.person.ID)
	c.leash.Reset(c.s.o.Limits.Handshake)
	ctx := context.Background()
	if pass, err := c.recall(ctx, p, true); err != nil {
		return nil, err
	} else if pass != nil {
		return permissions(pass), nil
	}
	c.say(bannerText(c.s.o.BannerURL) + helpLine(p.login, c.s.o.FactorMemory, c.s.o.GateName, p.person.Lang))
	return nil, interactive(func(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		c.shows = placeOfCard(string(meta.ClientVersion()))
		pass, card, err := c.interact(ctx, p, c.timed(ask))
		switch {
		case err != nil:
			return nil, err
		case card == "":
			return permissions(pass), nil
		case c.shows == inBanner, c.shows == inQuestion:
			return c.agree(ctx, pass, card, c.timed(ask))
		}
		return nil, interactive(func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			return c.agree(ctx, pass, card, c.timed(ask))
		})
	})
}

// interactive goes on with keyboard-interactive, and nothing else.
func interactive(next func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error)) error {
	return &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{KeyboardInteractiveCallback: next}}
}

// cardPlace is where a client shows the card before the consent.
type cardPlace int

const (
	// beforeMethod: in a banner, and the question is a method of its own. What is made of PuTTY keeps a banner back until the method
	// under way is over.
	beforeMethod cardPlace = iota
	// inBanner: OpenSSH shows it at once. It must not be asked in two methods: with NumberOfPasswordPrompts=1 it gives one only.
	inBanner
	// inQuestion: PuTTY and plink show a question whole, however long, and no banner at all where a command is run.
	inQuestion
)

func placeOfCard(version string) cardPlace {
	switch {
	case strings.HasPrefix(version, "SSH-2.0-OpenSSH"):
		return inBanner
	case strings.HasPrefix(version, "SSH-2.0-PuTTY_"):
		return inQuestion
	}
	return beforeMethod
}

// agree puts the question for the card that was sent before.
func (c *caller) agree(ctx context.Context, pass *passage, card string, ask asker) (*ssh.Permissions, error) {
	yes, err := agreed(func(prompt string) (string, error) {
		if c.shows == inQuestion {
			prompt, c.shows = "\n"+card+prompt, inBanner
		}
		return ask(prompt, true)
	}, card, pass.person.Lang)
	c.unanswered = nil
	if err = c.answered(ctx, pass, yes, err); err != nil {
		return nil, err
	}
	return permissions(pass), nil
}

func permissions(p *passage) *ssh.Permissions {
	return &ssh.Permissions{ExtraData: map[any]any{passageKey{}: p}}
}

// asker puts one question and returns the answer.
type asker func(prompt string, echo bool) (string, error)

// timed gives each prompt its limited life: an answer that comes later finds nobody.
func (c *caller) timed(ask ssh.KeyboardInteractiveChallenge) asker {
	return func(prompt string, echo bool) (string, error) {
		c.leash.Reset(c.s.o.Limits.Prompt)
		answers, err := ask("", "", []string{prompt}, []bool{echo})
		c.leash.Reset(c.s.o.Limits.Handshake)
		if err != nil {
			return "", fmt.Errorf("prompt: %w", err)
		}
		if len(answers) != 1 {
			return "", errRefused
		}
		return answers[0], nil
	}
}

// interact is keyboard-interactive up to the consent: code, decision, card. The card has been sent; empty: there is nothing to
// agree to. The error refuses authentication; a denial by policy is no error, because it can be told only on a
// channel.
func (c *caller) interact(ctx context.Context, p proof, ask asker) (pass *passage, card string, err error) {
	// Remembered, but the decision was no plain yes: told without another code.
	if pass, err := c.recall(ctx, p, false); pass != nil || err != nil {
		return pass, "", err
	}
	if err := c.askCode(ctx, p.person, ask); err != nil {
		return nil, "", err
	}
	// What the key stood for may have changed while the prompt was open.
	person, err := c.s.personOfKey(ctx, p.fingerprint)
	if err != nil || person.ID != p.person.ID {
		return nil, "", errRefused
	}
	p.person = person
	pass = &passage{login: p.login, person: p.person, fingerprint: p.fingerprint, factor: factorCode, mark: c.mark}
	if err := c.arrive(ctx, pass); err != nil {
		return nil, "", err
	}
	if p.login.Choose {
		return pass, "", nil
	}
	if card = c.attempt(ctx, pass); card != "" {
		c.unanswered = pass
		if c.shows != inQuestion {
			c.say("\n" + card)
		}
	}
	return pass, card, nil
}

// say sends text as an authentication banner (RFC 4252 section 5.4). A connection that is gone is noticed at the next read.
func (c *caller) say(text string) { _ = c.banner(text) }

// askCode asks for the one-time code until it is right or too many were wrong.
func (c *caller) askCode(ctx context.Context, person policy.Person, ask asker) error {
	prompt := codePrompt(person.Lang)
	for wrong, blank := 0, 0; ; {
		code, err := ask(prompt, false)
		if err != nil {
			return err
		}
		if strings.TrimSpace(code) == "" { // a client without a terminal answers every question with nothing
			if blank++; blank < maxBlank {
				prompt = asciiFirst(person.Lang, "No code was typed. Scripts: log in once by hand first.",
					"コードが入力されていません。スクリプトは先に一度、手で入ってください。") + codePrompt(person.Lang)
				continue
			}
			c.hangUp()
			return errNoCode
		}
		c.mark = c.s.o.DB.FactorMark()
		verdict, err := c.checkCode(ctx, person.ID, strings.TrimSpace(code))
		if err != nil {
			return fmt.Errorf("check code: %w", err)
		}
		if verdict.right {
			return nil
		}
		if wrong++; !verdict.locked && wrong < maxCodes {
			hint := codeHint(c.mayHint(verdict), person.Lang)
			if hint == "" {
				hint = asciiFirst(person.Lang, "Code not accepted.", "コードが違います。")
			}
			prompt = hint + codePrompt(person.Lang)
			continue
		}
		if !verdict.locked { // the last one locked: until when, no code at all tells
			if verdict, err = c.checkCode(ctx, person.ID, ""); err != nil {
				return fmt.Errorf("check code: %w", err)
			}
		}
		text := policy.Refusal(policy.TooManyFailures, verdict.args, person.Lang, "", c.s.o.Notice.Contact, "")
		_, _ = ask("\n"+text+slashed(person.Lang, "Press Enter to close / Enter で終わります", "Press Enter to close")+": ", true)
		// The client would only ask again for what cannot be right now.
		c.hangUp()
		return errLocked
	}
}

// mayHint takes from a verdict what must not be said yet: a code of a clock that is ahead will be right later, so that a lucky guess
// would be worth keeping. It is said once two in a row were ahead alike, which no guess is.
func (c *caller) mayHint(v codeVerdict) codeVerdict {
	before := c.ahead
	c.ahead = max(v.off, 0)
	if v.off > 0 && (before == 0 || (v.off-before).Abs() > time.Minute) {
		v.off = 0
	}
	return v
}

// hangUp closes the connection once what was said has gone out.
func (c *caller) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.conn.CloseAfterFlush(ctx)
}

// failed counts a connection that ended before authentication was complete.
func (c *caller) failed(now time.Time, err error, hello *clientHello) {
	if why := negotiationError(err); why != nil && hello != nil {
		c.unnegotiated(hello, why, now)
		return
	}
	_ = c.conn.Close() // what the library said last still goes out
	if c.unanswered != nil {
		c.recordRefusal(context.Background(), c.unanswered, policy.ClientLost, nil)
	}
	var network net.Error
	timeout := errors.As(err, &network) && network.Timeout()
	c.log.Debug("not_authenticated", "spoke", c.spoke, "proven", c.proven, "timeout", timeout, "error", neutral(err.Error(), 300))
	if c.proven && hello != nil && strings.Contains(err.Error(), serviceAgain) {
		// The person reads "authentication failed"; the log is where somebody finds out.
		c.log.Warn("service_requested_again", "client", name(hello.version, 80))
	}
	if err != nil && strings.Contains(err.Error(), untouched) {
		person, fingerprint, _ := strings.Cut(c.offered, " ")
		source := ""
		if c.source.IsValid() {
			source = c.source.Addr().String()
		}
		if err := c.s.o.Registry.NobodyPresent(context.Background(), person, fingerprint, source); err != nil {
			c.log.Error("alarm_not_raised", "error", err)
		}
		c.s.tally.add(c.source.Addr(), failUntouched, now)
		return
	}
	switch {
	case c.crowdedOut: // counted already, under the person
	case c.proven: // wrong codes are also counted by the registry, under the person
		c.s.tally.add(c.source.Addr(), failNoCode, now)
	case c.spoke:
		c.s.tally.add(c.source.Addr(), failUnproven, now)
	default:
		c.s.tally.add(c.source.Addr(), failHandshake, now)
	}
}
