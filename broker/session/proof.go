package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/store"
	"sekimori/broker/wire"
	"sekimori/policy"
)

// Bounds of an account's care around a session. The target has 30 s for each order.
const (
	releaseWithin  = 4 * time.Minute
	releaseAtAStop = 8 * time.Second // Close waits ten; the next start takes away what is left
)

// use is this session's use of its account.
func (l *session) use() accounts.Use {
	return accounts.Use{Session: l.a.ID, Window: l.grant.Window.ID, Request: l.grant.Request, Person: l.a.Person.ID, Vendor: l.grant.Vendor,
		Account: l.grant.Account, Until: l.deadline(), Special: l.special}
}

// prepare makes the account usable where the target has a steward. From then on close has it taken away, whatever happened.
func (l *session) prepare() error {
	s := l.sup.o.Accounts
	if s == nil {
		return nil
	}
	defer l.holdAhead()()
	cares, err := s.Cares(l.ctx, l.grant.Account)
	if err != nil || !cares {
		return err
	}
	l.cared = true
	err = l.sup.o.DB.Read(l.ctx, func(snap *store.Snap) error {
		r, err := snap.Request(l.grant.Request)
		l.special = err == nil && r.Body.IndividualNumber && strings.TrimSpace(r.Body.IndividualReason) != ""
		return err
	})
	if err != nil {
		return fmt.Errorf("request %s: %w", l.grant.Request, err)
	}
	return s.Prepare(l.ctx, l.use())
}

// causeOfAccount gives the reason why the account could not be used. A target that cannot be reached, or shows another key, says so as
// it does to the session itself.
func causeOfAccount(t policy.Target, err error) Cause {
	var d *dial.Error
	if errors.As(err, &d) {
		return causeOfDial(t, err)
	}
	c := Cause{Reason: policy.AccountProbeFailed, Args: map[string]string{"what": "account-not-prepared"}, Actor: broker, Note: noteOf(err)}
	var refused *accounts.Refused
	if errors.As(err, &refused) {
		c.Args["what"] = refused.What
		c.Alarm = map[string]any{"reason": string(c.Reason), "number": c.Reason.Number(), "account": refused.Account, "error": c.Note}
	}
	return c
}

// connections is whether both TCP connections are gone, as the kernel says. It comes after both were aborted.
func (l *session) connections() store.Finding {
	f := store.Finding{What: "connections", State: store.ProofVerified}
	legs := []leg{{"the engineer's", l.a.Wire}}
	if l.conn != nil {
		legs = append(legs, leg{"the target's", l.conn.Wire})
	}
	for _, g := range legs {
		switch open, err := g.open(); {
		case open:
			f.State = store.ProofFailed
			f.Names = append(f.Names, g.name+" connection is still open")
		case err != nil && f.State == store.ProofVerified:
			f.State, f.Detail = store.ProofPartly, noteOf(err)
		}
	}
	return f
}

// leg is one of a session's two connections.
type leg struct {
	name string
	wire *wire.Conn
}

// open asks the kernel. The kernel closes an aborted connection within the call that aborts it; another process that holds the socket
// would keep it open.
func (g leg) open() (bool, error) {
	local, remote, ok := g.wire.Kernel()
	if !ok {
		return false, fmt.Errorf("%s connection is no TCP connection of this machine", g.name)
	}
	return connectionOpen(local, remote)
}

// found is how the end is verified so far: what only the target can show follows, or cannot be verified.
func (l *session) found() []store.Finding {
	all := []store.Finding{l.verified}
	rest := "the target has no administrative connection"
	if l.cared {
		rest = "being asked of the target"
	}
	for _, what := range []string{"account", "leftovers", "target"} {
		all = append(all, store.Finding{What: what, State: store.ProofPartly, Detail: rest})
	}
	return all
}

// release has the account taken away beside the session's end, which does not wait for the target. Close of the supervisor does.
func (l *session) release(c Cause) {
	if !l.cared {
		return
	}
	within := releaseWithin
	if c.Reason == policy.BrokerStopped {
		within = releaseAtAStop
	}
	w := l.sup.waits.begin("account of session " + l.a.ID)
	w.at("take the account away")
	l.sup.running.Add(1) // this session is counted still, so Close is waiting for it
	go func() {
		defer l.sup.running.Done()
		defer w.over()
		ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(l.ctx), within, errors.New("the target did not answer in time"))
		defer cancel()
		if err := l.sup.o.Accounts.Release(ctx, l.use(), l.verified); err != nil {
			l.log.Error("account_not_released", "error", err)
		}
	}()
}
