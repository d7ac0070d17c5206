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
	"sekimori/policy/text"
)

// errRefused is the only text that a visitor without proof gets, for every cause.
var errRefused = errors.New("refused")

// errLocked ends an authentication after too many wrong codes.
var errLocked = errors.New("too many wrong codes")

// errNoCode ends an authentication in which no code was typed. It does not count as a guess.
var errNoCode = errors.New("no code was typed")

// untouched is the library's error text for a security key's signature without user presence (PROTOCOL.u2f).
// The library exports no sentinel; TestAttackSecurityKeyNobodyTouched checks the text.
const untouched = "missing required user presence"

// serviceAgain is the library's error text for a client that asks for the service (SSH_MSG_SERVICE_REQUEST) again before its second
// method, as paramiko does. OpenSSH takes it; the library does not, and has no option for it (TestParamikoLogin).
const serviceAgain = "unexpected message type 5 (expected one of [50])"

// maxCodes is how many wrong codes one connection may give; the registry's own limits per
// person and address reach over connections.
const maxCodes = 5

// maxBlank is how often one connection may answer with nothing.
const maxBlank = 2

// proof is the person and rights of one proven key. It is made only from the key that signed, after it
// signed.
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
	// An offered key proves nothing. The callback only looks whether it is an active key of some person. It keeps
	// only that person, for the alarm in case the signature was made without a touch.
	cfg.PublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		p, err := c.identify(meta, key)
		if err != nil {
			return nil, err
		}
		c.offered = p.person.ID + " " + p.fingerprint
		// The permissions stay empty, above all without no-touch-required: the library then refuses a security key's signature that
		// does not state a touch.
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

// identify finds the person whose active key this is and compares them with the typed name.
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
// Otherwise the gate asks for the code; the closure carries the proof.
func (c *caller) keyProven(p proof) (*ssh.Permissions, error) {
	c.proven = true
	c.s.limit.Proved(c.place, p.person.ID)
	c.watchdog.Reset(c.s.o.Limits.Handshake)
	ctx := context.Background()
	if auth, err := c.recall(ctx, p, true); err != nil {
		return nil, err
	} else if auth != nil {
		return permissions(auth), nil
	}
	help := ""
	if !c.remembered { // otherwise neither code nor consent is asked for
		help = helpLine(p.login, c.s.o.FactorMemory, c.s.o.GateName, p.person.Lang)
	}
	c.say(bannerText(c.s.o.BannerURL) + help)
	return nil, interactive(func(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		c.shows = placeOfCard(string(meta.ClientVersion()))
		auth, card, err := c.interact(ctx, p, c.timed(ask))
		switch {
		case err != nil:
			return nil, err
		case card == "":
			return permissions(auth), nil
		case c.shows == inBanner, c.shows == inQuestion:
			return c.agree(ctx, auth, card, c.timed(ask))
		}
		return nil, interactive(func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			return c.agree(ctx, auth, card, c.timed(ask))
		})
	})
}

// interactive goes on with keyboard-interactive, and nothing else.
func interactive(next func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error)) error {
	return &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{KeyboardInteractiveCallback: next}}
}

// cardPlace is the place where a client shows the card before the consent.
type cardPlace int

const (
	// beforeMethod: in a banner, and the question is a method of its own. PuTTY and its relatives keep a banner back until the
	// current method is over.
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
func (c *caller) agree(ctx context.Context, auth *authResult, card string, ask prompter) (*ssh.Permissions, error) {
	yes, err := agreed(func(prompt string) (string, error) {
		if c.shows == inQuestion {
			prompt, c.shows = "\n"+card+prompt, inBanner
		}
		return ask(prompt, true)
	}, card, auth.person.Lang)
	c.unanswered = nil
	if err = c.answered(ctx, auth, yes, err); err != nil {
		return nil, err
	}
	return permissions(auth), nil
}

func permissions(p *authResult) *ssh.Permissions {
	return &ssh.Permissions{ExtraData: map[any]any{authResultKey{}: p}}
}

// prompter puts one question and returns the answer.
type prompter func(prompt string, echo bool) (string, error)

// timed limits the life of each prompt: no one reads an answer that comes later.
func (c *caller) timed(ask ssh.KeyboardInteractiveChallenge) prompter {
	return func(prompt string, echo bool) (string, error) {
		c.watchdog.Reset(c.s.o.Limits.Prompt)
		answers, err := ask("", "", []string{prompt}, []bool{echo})
		c.watchdog.Reset(c.s.o.Limits.Handshake)
		if err != nil {
			return "", fmt.Errorf("prompt: %w", err)
		}
		if len(answers) != 1 {
			return "", errRefused
		}
		return answers[0], nil
	}
}

// interact is keyboard-interactive up to the consent: code, decision, card. It has sent the card; an empty one means that there is
// nothing to agree to. The error refuses authentication. A denial by policy is no error, because only a
// channel can show it.
func (c *caller) interact(ctx context.Context, p proof, ask prompter) (auth *authResult, card string, err error) {
	// The factor is remembered, but the decision was no plain yes: the channel shows it without another code.
	if auth, err := c.recall(ctx, p, false); auth != nil || err != nil {
		return auth, "", err
	}
	if err := c.askCode(ctx, p.person, ask); err != nil {
		return nil, "", err
	}
	// The key may have been revoked or changed while the prompt was open.
	person, err := c.s.personOfKey(ctx, p.fingerprint)
	if err != nil || person.ID != p.person.ID {
		return nil, "", errRefused
	}
	p.person = person
	auth = &authResult{login: p.login, person: p.person, fingerprint: p.fingerprint, factor: factorCode, mark: c.mark}
	if err := c.arrive(ctx, auth); err != nil {
		return nil, "", err
	}
	if p.login.Choose {
		return auth, "", nil
	}
	if card = c.attempt(ctx, auth); card != "" {
		c.unanswered = auth
		if c.shows != inQuestion {
			c.say("\n" + card)
		}
	}
	return auth, card, nil
}

// say sends text as an authentication banner (RFC 4252 section 5.4). A connection that is gone is noticed at the next read.
func (c *caller) say(text string) { _ = c.banner(text) }

// askCode asks for the one-time code until it is right or too many were wrong.
func (c *caller) askCode(ctx context.Context, person policy.Person, ask prompter) error {
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
				hint = asciiFirst(person.Lang, "Code not accepted: "+policy.WrongCode.EN+".", policy.WrongCode.JA)
			}
			prompt = hint + codePrompt(person.Lang)
			continue
		}
		if !verdict.locked { // the last try caused the lock: a try without a code tells its end
			if verdict, err = c.checkCode(ctx, person.ID, ""); err != nil {
				return fmt.Errorf("check code: %w", err)
			}
		}
		block := policy.Words(policy.TooManyFailures, verdict.args).Block(person.Lang, "", c.s.o.Notice.Contact, "")
		_, _ = ask("\n"+block+text.Of("Press Enter to close / Enter で終わります", "Press Enter to close").In(person.Lang)+": ", true)
		// The client would only ask again for an answer that cannot be right now.
		c.hangUp()
		return errLocked
	}
}

// mayHint removes from a verdict the hint that a code is of a clock ahead: that code will be right later, and a lucky guess
// would be worth keeping. The hint stays once two codes in a row were ahead by the same time, which no guess is.
func (c *caller) mayHint(v codeVerdict) codeVerdict {
	before := c.ahead
	c.ahead = max(v.off, 0)
	if v.off > 0 && (before == 0 || (v.off-before).Abs() > time.Minute) {
		v.off = 0
	}
	return v
}

// hangUp closes the connection once the last text has gone out.
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
	_ = c.conn.Close() // the library's last text still goes out
	if c.unanswered != nil {
		c.recordRefusal(context.Background(), c.unanswered, policy.ClientLost, nil)
	}
	var network net.Error
	timeout := errors.As(err, &network) && network.Timeout()
	c.log.Debug("not_authenticated", "spoke", c.spoke, "proven", c.proven, "timeout", timeout, "error", text.OneLine(err.Error(), 300))
	if c.proven && hello != nil && strings.Contains(err.Error(), serviceAgain) {
		// The person reads "authentication failed"; the log holds the cause.
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
	case c.tooManyConnections: // counted already, under the person
	case c.proven: // wrong codes are also counted by the registry, under the person
		c.s.tally.add(c.source.Addr(), failNoCode, now)
	case c.spoke:
		c.s.tally.add(c.source.Addr(), failUnproven, now)
	default:
		c.s.tally.add(c.source.Addr(), failHandshake, now)
	}
}
