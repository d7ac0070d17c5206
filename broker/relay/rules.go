package relay

import (
	"context"
	"strings"

	"sekimori/policy"
	"sekimori/recordings"
)

// RuleHit is a command on which a live rule has an effect. It has been recorded, and nothing of it that could run it was sent.
type RuleHit struct {
	policy.LiveVerdict
	Exec bool   // the command of a channel; else a line of input
	Line string // as the screen shows it, or the exact command; empty: typed without an echo
	Held int    // counts the held commands of the session from 1; 0: it is not held
}

// ruled records a hit, asks what becomes of it, and tells the engineer.
func (c *channel) ruled(hit RuleHit) policy.LiveAnswer {
	if !c.r.ruleRate.within(c.r.cfg.Clock(), ruleBurst) {
		c.r.fail(&AbuseError{Side: clientSide, What: "too many commands under a live rule"})
		return policy.LiveNotKept
	}
	if hit.Effect == policy.LiveHold {
		hit.Held = int(c.r.helds.Add(1))
	}
	on := "line"
	if hit.Exec {
		on = "exec"
	}
	if !c.event(recordings.EventRule, recordings.Rule{
		On: on, Effect: string(hit.Effect), Rule: hit.Rule, Unjudged: hit.Unjudged, Held: hit.Held, Line: clipLine(hit.Line),
	}) {
		return policy.LiveNotKept
	}
	if hit.Held > 0 {
		c.told(policy.SayLive(hit.LiveVerdict, ""))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.r.work.Go(func() {
		defer cancel()
		select {
		case <-c.left:
		case <-c.r.valve.ended():
		case <-ctx.Done():
		}
	})
	answer := c.r.cfg.OnRule(ctx, hit)
	if hit.Held > 0 && !c.event(recordings.EventRuled, recordings.Ruled{Held: hit.Held, Answer: string(answer)}) {
		return policy.LiveNotKept
	}
	if answer != policy.LiveGone && !(hit.Exec && answer != policy.LiveAllowed) && hit.Effect != policy.LiveEnd {
		c.told(policy.SayLive(hit.LiveVerdict, answer))
	}
	return answer
}

// told shows a line to the engineer: on the terminal, else on standard error.
func (c *channel) told(t policy.Text) {
	text := c.r.inLanguage(t.JA, t.EN)
	if !c.event(recordings.EventNotice, recordings.Notice{Kind: "rule", Text: text}) {
		return
	}
	if t := c.shown.Load(); t != nil {
		t.post(text)
		return
	}
	_ = c.writeErrors([]byte(c.lines(text)))
}

// ruleBurst is how many commands a live rule may have an effect on in a burst. People do not type more; a script that does ends the session,
// so that its entries do not keep the store from the entries of others.
const ruleBurst = 300

// rulesOnCommand holds the command of a channel against the live rules: the one that the target would run. Nothing was sent yet.
func (c *channel) rulesOnCommand(m mainRequest, d policy.Decision) policy.Decision {
	if c.r.cfg.Rules == nil || m.Type != recordings.EventExec && d.Instead == "" {
		return d
	}
	command := m.command
	if d.Instead != "" {
		command = d.Instead
	}
	c.fed = policy.ReadsCommands(command)
	v := c.r.cfg.Rules.Judge(policy.LiveLine{Text: command})
	if v.Effect == "" {
		return d
	}
	answer := c.ruled(RuleHit{LiveVerdict: v, Exec: true, Line: command})
	if answer == policy.LiveAllowed {
		return d
	}
	if v.Effect == policy.LiveEnd {
		return policy.Decision{Reason: policy.EndedByRule, Args: map[string]string{"rule": v.Rule}}
	}
	said := v.Say()
	if answer != policy.LiveByRule {
		said = policy.Text{JA: said.JA + "。" + answer.Label().JA, EN: said.EN + ": " + answer.Label().EN}
	}
	rule := said.JA + " / " + said.EN
	if c.r.cfg.Lang == "ja" || c.r.cfg.Lang == "en" {
		rule = said.In(c.r.cfg.Lang)
	}
	return policy.Decision{Reason: policy.RefusedByRule, Args: map[string]string{"rule": rule}}
}

// clipLine shortens a line for an event.
func clipLine(s string) string {
	if len(s) > policy.LongestLive {
		s = s[:policy.LongestLive]
	}
	return strings.ToValidUTF8(s, "?")
}
