package session

import (
	"context"
	"sort"
	"sync"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/relay"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Held is a command that waits for the attendant.
type Held struct {
	Number int
	policy.LiveVerdict
	Exec  bool
	Line  string // as the screen shows it; empty: typed without an echo
	Until time.Time
}

// heldCommands are the commands of a session that wait.
type heldCommands struct {
	mu  sync.Mutex // guards all
	all map[int]*heldCommand
}

type heldCommand struct {
	Held
	taken  bool                   // an answer is being written
	answer chan policy.LiveAnswer // capacity 1
}

// claimGrace is how much longer than its wait a command waits for an answer that is being written.
const claimGrace = 10 * time.Second

// heldTick is how often the wall clock is asked whether a wait is over, as the attendant's page shows it.
const heldTick = 250 * time.Millisecond

// onRule is what the relay calls for a command on which a live rule has an effect. The entry comes first: what cannot be written does not
// go on.
func (l *session) onRule(ctx context.Context, hit relay.RuleHit) policy.LiveAnswer {
	kept := l.ruleLedgered(hit) == nil
	switch {
	case hit.Effect == policy.LiveEnd:
		l.end(Cause{Reason: policy.EndedByRule, Args: map[string]string{"rule": hit.Rule}, Actor: broker, Note: hit.Rule})
		return policy.LiveByRule
	case !kept:
		return policy.LiveNotKept
	case hit.Effect == policy.LiveWarn:
		return policy.LiveAllowed
	case hit.Effect != policy.LiveHold:
		return policy.LiveByRule
	}
	answer, written := policy.LiveUnattended, false
	if l.hasAttendant() {
		answer, written = l.awaitAnswer(ctx, hit)
	}
	if !written && l.answerLedgered(hit.Held, answer) != nil && answer == policy.LiveAllowed {
		return policy.LiveNotKept
	}
	return answer
}

// hasAttendant reports whether a person has the post of the window, by the facts known last.
func (l *session) hasAttendant() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.facts == nil {
		return l.grant.Window.Attendant != ""
	}
	for i := range l.facts.Grants {
		if l.facts.Grants[i].ID == l.grant.ID {
			return l.facts.Grants[i].Window.Attendant != ""
		}
	}
	return false
}

// awaitAnswer waits for the attendant. written: the entry of the answer stands already.
func (l *session) awaitAnswer(ctx context.Context, hit relay.RuleHit) (answer policy.LiveAnswer, written bool) {
	h := &heldCommand{answer: make(chan policy.LiveAnswer, 1), Held: Held{
		Number: hit.Held, LiveVerdict: hit.LiveVerdict, Exec: hit.Exec, Line: hit.Line, Until: l.sup.o.Clock().Add(policy.LiveWait),
	}}
	l.held.mu.Lock()
	if l.held.all == nil {
		l.held.all = map[int]*heldCommand{}
	}
	l.held.all[hit.Held] = h
	l.held.mu.Unlock()
	wait := time.NewTimer(policy.LiveWait) // whatever becomes of the wall clock
	defer wait.Stop()
	tick := time.NewTicker(heldTick)
	defer tick.Stop()
	answer = policy.LiveGone
waiting:
	for {
		select {
		case answer = <-h.answer:
			return answer, true
		case <-wait.C:
			answer = policy.LiveTimedOut
			break waiting
		case <-tick.C:
			if !l.sup.o.Clock().Before(h.Until) {
				answer = policy.LiveTimedOut
				break waiting
			}
		case <-ctx.Done():
			break waiting
		case <-l.ctx.Done():
			break waiting
		}
	}
	l.held.mu.Lock()
	delete(l.held.all, hit.Held)
	taken := h.taken
	l.held.mu.Unlock()
	if !taken {
		return answer, false
	}
	wait.Reset(claimGrace)
	select {
	case answer = <-h.answer:
		return answer, true
	case <-wait.C:
		return policy.LiveNotKept, false
	}
}

// Held are the commands of a session that wait for the attendant, the oldest first.
func (s *Supervisor) Held(id string) (list []Held) {
	l := s.find(id)
	if l == nil {
		return nil
	}
	l.held.mu.Lock()
	defer l.held.mu.Unlock()
	for _, h := range l.held.all {
		if !h.taken {
			list = append(list, h.Held)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Number < list[j].Number })
	return list
}

// ClaimHeld takes a waiting command, so that it gets one answer. The caller has decided that the person may give one; it writes the entry and then
// calls give, also where the writing failed. give is nil where no such command waits. Errors: store.ErrNotLive.
func (s *Supervisor) ClaimHeld(id string, number int) (give func(policy.LiveAnswer), err error) {
	l := s.find(id)
	if l == nil {
		return nil, store.ErrNotLive
	}
	l.held.mu.Lock()
	defer l.held.mu.Unlock()
	h := l.held.all[number]
	if h == nil || h.taken {
		return nil, nil
	}
	h.taken = true
	return func(a policy.LiveAnswer) {
		l.held.mu.Lock()
		defer l.held.mu.Unlock()
		delete(l.held.all, number)
		h.answer <- a
	}, nil
}

// ruleLedgered writes the entry of a hit, and flags the session for its review.
func (l *session) ruleLedgered(hit relay.RuleHit) error {
	on := "line"
	if hit.Exec {
		on = "exec"
	}
	return l.writeBeside("rule", func(tx *store.Tx) error {
		row, err := tx.Session(l.a.ID)
		if err != nil {
			return err
		}
		if !row.Ruled {
			row.Ruled = true
			if err := tx.UpdateSession(row); err != nil {
				return err
			}
		}
		_, err = tx.Append(ledger.Draft{Kind: "session.rule-applied", Actor: l.engineer(), Subjects: l.subjects(), Payload: rulePayload{
			Session: l.a.ID, Rule: hit.Rule, Effect: string(hit.Effect), On: on, Held: hit.Held,
		}})
		return err
	})
}

func (l *session) answerLedgered(number int, answer policy.LiveAnswer) error {
	return l.writeBeside("answer", func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "session.rule-answered", Actor: broker, Subjects: append(l.subjects(), l.grant.Window.ID), Payload: answerPayload{
			Session: l.a.ID, Window: l.grant.Window.ID, Held: number, Answer: string(answer),
		}})
		return err
	})
}

// writeBeside writes with a bound on its time, also where the session ends meanwhile.
func (l *session) writeBeside(what string, do func(tx *store.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), 5*time.Second)
	defer cancel()
	err := l.sup.o.DB.Write(ctx, do)
	if err != nil {
		l.log.Error("live_rule_not_ledgered", "what", what, "error", err)
	}
	return err
}

type answerPayload struct {
	Session string `json:"session_id"`
	Window  string `json:"window"`
	Held    int    `json:"held"`
	Answer  string `json:"answer"`
}

type rulePayload struct {
	Session string `json:"session_id"`
	Rule    string `json:"rule,omitempty"`
	Effect  string `json:"effect"`
	On      string `json:"on"`
	Held    int    `json:"held,omitempty"`
}
