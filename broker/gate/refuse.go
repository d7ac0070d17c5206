package gate

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
)

// exitSafeguard ends a channel that something of ours failed.
const exitSafeguard = policy.ExitSafeguard

// startLimit is how long a client may take to name a program after opening a channel.
const startLimit = 10 * time.Second

// exitOf is the exit status of a refusal: never one that a script could take for success or
// for the target's.
func exitOf(r policy.Reason) int {
	if n := r.Exit(); n >= policy.ExitNotPermitted {
		return n
	}
	return policy.ExitNotPermitted
}

// refusalText is the block of five lines for this passage's decision.
func (c *caller) refusalText(ctx context.Context, pass *passage, lang string) string {
	system := pass.facts.Systems[pass.facts.Targets[c.targetOf(pass)].System]
	_, section, phone := c.s.namesFor(ctx, "", system)
	if phone == "" {
		phone = c.s.o.Notice.Contact
	}
	text := policy.Refusal(pass.decision.Reason, pass.decision.Args, lang, section, phone, pass.number)
	if pass.note != (policy.Text{}) {
		text += both(lang, pass.note.JA, pass.note.EN) + "\n"
	}
	return text
}

// targetOf is the target that the attempt was about: the grant's, else the one typed.
func (c *caller) targetOf(pass *passage) string {
	if pass.decision.Grant.Target != "" {
		return pass.decision.Grant.Target
	}
	return pass.login.Target
}

// refusalASCII is the same for an open failure, where older clients print octal.
func (c *caller) refusalASCII(pass *passage) string {
	text := "sekimori: " + policy.Message(pass.decision.Reason, pass.decision.Args, "en") +
		"; " + policy.NextStep(pass.decision.Reason, pass.decision.Args, "en")
	if pass.number != "" {
		text += "; record " + pass.number
	}
	return ascii(neutral(text, 400))
}

// refuse says the denial on every channel that the client opens, and hangs up.
func (c *caller) refuse(pass *passage, in *entrance) {
	message := c.refusalASCII(pass)
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
	c.leash.Reset(startLimit + lastWords)
	f.awaitStart(startLimit) // said anyway where nothing was started
	c.sayRefusal(pass, f)
	c.hangUpAfter(d)
}

// sayRefusal prints the block on the open channel and closes it with the reason's status.
func (c *caller) sayRefusal(pass *passage, f *front) {
	c.leash.Reset(lastWords)
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	f.finish(c.refusalText(ctx, pass, langOf(pass.person.Lang, f.locale())), exitOf(pass.decision.Reason))
}

// hangUpAfter gives the client a while to read the last words and to leave by itself; a drain
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
func (c *caller) rejectAndLeave(in *entrance, message string) {
	c.leash.Reset(lastWords)
	_ = in.first.Reject(ssh.Prohibited, message)
	d := c.startDrain(in, message)
	defer c.halt(d)
	c.hangUpAfter(d)
}

// turnAway refuses with a reason that is nobody's decision, such as the broker stopping.
func (c *caller) turnAway(pass *passage, in *entrance, r policy.Reason) {
	pass.denied, pass.decision = true, policy.Decision{Reason: r, Grant: pass.decision.Grant}
	if pass.number != "" {
		c.recordRefusal(context.Background(), pass, r, nil)
	}
	c.refuse(pass, in)
}

// abandon closes the account of an attempt whose client left before there was a session.
func (c *caller) abandon(pass *passage) { c.abandonFor(pass, policy.ClientLost) }

// abandonFor closes the account of an attempt that came to no session, with what ended it.
func (c *caller) abandonFor(pass *passage, why policy.Reason) {
	if pass.number != "" && !pass.denied {
		idle := policy.IdleLimit(pass.facts.Systems[pass.facts.Targets[c.targetOf(pass)].System])
		c.recordRefusal(context.Background(), pass, why, map[string]string{"minutes": strconv.Itoa(int(idle / time.Minute))})
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

// featureRefusal is 117 as text, for what the gate itself does not offer.
func (c *caller) featureRefusal(feature, lang string) string {
	return policy.Refusal(policy.FeatureNotGranted, map[string]string{"feature": feature}, lang, "", c.s.o.Notice.Contact, "")
}

func featureASCII(feature string) string {
	return ascii(fmt.Sprintf("sekimori: %s", policy.Message(policy.FeatureNotGranted,
		map[string]string{"feature": feature}, "en")))
}
