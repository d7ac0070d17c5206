package gate

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/policy/text"
)

// exitSafeguard is the exit status of a channel that ends over a fault of ours.
const exitSafeguard = policy.ExitSafeguard

// startLimit is how long a client may take to name a program after opening a channel.
const startLimit = 10 * time.Second

// exitOf is the exit status of a refusal: a script can take it neither for success nor
// for the target's.
func exitOf(r policy.Reason) int {
	if n := r.Exit(); n >= policy.ExitNotPermitted {
		return n
	}
	return policy.ExitNotPermitted
}

// refusalText is the block of five lines for this decision.
func (c *caller) refusalText(ctx context.Context, auth *authResult, lang string) string {
	system := auth.facts.Systems[auth.facts.Targets[c.targetOf(auth)].System]
	_, section, phone := c.s.namesFor(ctx, "", system)
	if phone == "" {
		phone = c.s.o.Notice.Contact
	}
	text := policy.Words(auth.decision.Reason, auth.decision.Args).Block(lang, section, phone, auth.number)
	if auth.note != (policy.Text{}) {
		text += auth.note.Lines(lang) + "\n"
	}
	return text
}

// targetOf is the target that the attempt was about: the grant's, else the one typed.
func (c *caller) targetOf(auth *authResult) string {
	if auth.decision.Grant.Target != "" {
		return auth.decision.Grant.Target
	}
	return auth.login.Target
}

// refusalASCII is the block for an open failure, where older clients print other characters in octal.
func (c *caller) refusalASCII(auth *authResult) string {
	line := "sekimori: " + policy.Message(auth.decision.Reason, auth.decision.Args, "en") +
		"; " + policy.NextStep(auth.decision.Reason, auth.decision.Args, "en")
	if auth.number != "" {
		line += "; record " + auth.number
	}
	return text.ASCII(text.OneLine(line, 400))
}

// refuse shows the denial on every channel that the client opens, and hangs up.
func (c *caller) refuse(auth *authResult, in *authenticatedConn) {
	message := c.refusalASCII(auth)
	if in.first.ChannelType() != "session" {
		c.rejectAndLeave(in, message)
		return
	}
	d := c.startDrain(in, message)
	defer c.halt(d)
	f, err := c.openFront(in.first, 0)
	if err != nil {
		return
	}
	c.watchdog.Reset(startLimit + lastWords)
	f.awaitStart(startLimit) // the denial follows also where nothing was started
	c.sayRefusal(auth, f)
	c.hangUpAfter(d)
}

// sayRefusal prints the block on the open channel and closes it with the reason's status.
func (c *caller) sayRefusal(auth *authResult, f *front) {
	c.watchdog.Reset(lastWords)
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	f.finish(c.refusalText(ctx, auth, langOf(auth.person.Lang, f.locale())), exitOf(auth.decision.Reason))
}

// hangUpAfter gives the client a while to read the last text and to leave by itself; a drain
// answers it meanwhile.
func (c *caller) hangUpAfter(d *drain) {
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-d.lost:
	case <-t.C:
	case <-c.s.stopping:
	}
	c.hangUp()
}

// rejectAndLeave answers a client that wants no session channel (-N, -W, -J): the reason goes
// into the open failure.
func (c *caller) rejectAndLeave(in *authenticatedConn, message string) {
	c.watchdog.Reset(lastWords)
	_ = in.first.Reject(ssh.Prohibited, message)
	d := c.startDrain(in, message)
	defer c.halt(d)
	c.hangUpAfter(d)
}

// turnAway refuses with a reason that no decision gave, such as the broker stopping.
func (c *caller) turnAway(auth *authResult, in *authenticatedConn, r policy.Reason) {
	auth.denied, auth.decision = true, policy.Decision{Reason: r, Grant: auth.decision.Grant}
	if auth.number != "" {
		c.recordRefusal(context.Background(), auth, r, nil)
	}
	c.refuse(auth, in)
}

// abandon writes the end of an attempt whose client left before there was a session.
func (c *caller) abandon(auth *authResult) { c.abandonFor(auth, policy.ClientLost) }

// abandonFor writes the end of an attempt without a session, with the reason.
func (c *caller) abandonFor(auth *authResult, why policy.Reason) {
	if auth.number != "" && !auth.denied {
		idle := policy.IdleLimit(auth.facts.Systems[auth.facts.Targets[c.targetOf(auth)].System])
		c.recordRefusal(context.Background(), auth, why, map[string]string{"minutes": strconv.Itoa(int(idle / time.Minute))})
	}
	c.log.Info("ended_without_a_channel", "reason", why)
}

// terminalText gives text the line ends that the client's side of a terminal needs.
func terminalText(text string, pty bool) string {
	if !pty {
		return text
	}
	return strings.ReplaceAll(text, "\n", "\r\n")
}

// featureRefusal is reason 117 as text, for features that the gate itself does not offer.
func (c *caller) featureRefusal(feature, lang string) string {
	return policy.Words(policy.FeatureNotGranted, map[string]string{"feature": feature}).Block(lang, "", c.s.o.Notice.Contact, "")
}

func featureASCII(feature string) string {
	return text.ASCII(fmt.Sprintf("sekimori: %s", policy.Message(policy.FeatureNotGranted,
		map[string]string{"feature": feature}, "en")))
}
