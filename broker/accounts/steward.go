package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Options are the parts of a Steward. Every field is required unless it says otherwise.
type Options struct {
	DB     *store.DB
	Dialer *dial.Dialer
	Signer func() (ssh.Signer, error) // the key of the administrative connections
	Ring   *keys.Ring                 // makes certificates for checks; seals and opens stored secrets
	// Sources are further addresses of the broker, as targets see it (session.Options.Sources).
	Sources []netip.Prefix
	// Freeze stops a vendor on a system after an end that could not be proved, where the system's rule says so.
	Freeze func(tx *store.Tx, vendor, system, why string) error
	// Ahead is how far the targets' clocks are ahead of the broker's; nil: they show the same. Tests on a chosen date set it.
	Ahead func() time.Duration
	Log   hclog.Logger
}

// Steward looks after the accounts of all targets.
type Steward struct {
	o Options

	mu    sync.Mutex               // guards turns
	turns map[string]chan struct{} // of each target, with room for one: orders to a target go one after the other
}

// New makes a steward. It keeps nothing open.
func New(o Options) *Steward { return &Steward{o: o, turns: map[string]chan struct{}{}} }

var broker = ledger.Actor{Kind: "broker", ID: "broker"}

// Use is one session's use of an account.
type Use struct {
	Session, Window, Request, Person, Vendor string
	Account                                  string // id
	Until                                    time.Time
	// Special: individual numbers may be visible in this work, for a stated reason that two approvers accepted.
	Special bool
}

// ahead is what is added to the broker's time for an order.
func (s *Steward) ahead() time.Duration {
	if s.o.Ahead == nil {
		return 0
	}
	return s.o.Ahead()
}

// turn waits until orders to a target may be sent.
func (s *Steward) turn(ctx context.Context, target string) (done func(), err error) {
	s.mu.Lock()
	c := s.turns[target]
	if c == nil {
		c = make(chan struct{}, 1)
		s.turns[target] = c
	}
	s.mu.Unlock()
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("orders to %s wait for one another: %w", target, context.Cause(ctx))
	}
}

// subject is an account with all that its care depends on.
type subject struct {
	account store.Account
	target  store.Target
	system  store.System
}

func (s *Steward) subject(ctx context.Context, account string) (v subject, err error) {
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		if v.account, err = snap.Account(account); err != nil {
			return err
		}
		if v.target, err = snap.Target(v.account.Target); err != nil {
			return err
		}
		v.system, err = snap.System(v.target.System)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("account %s: %w", account, err)
	}
	return v, nil
}

// Cares tells whether the broker looks after the accounts of a target.
func (s *Steward) Cares(ctx context.Context, account string) (bool, error) {
	v, err := s.subject(ctx, account)
	return v.target.Steward != "", err
}

// Refused says why no session may use an account now.
type Refused struct {
	Account string
	What    string // account-not-prepared, account-not-probed or account-readable: words of the reason 129
	Err     error  // for the ledger and staff; the engineer is not told what can be read
}

// Error returns the cause.
func (r *Refused) Error() string {
	return fmt.Sprintf("account %s: %s: %v", r.Account, r.What, r.Err)
}

// Unwrap returns the cause.
func (r *Refused) Unwrap() error { return r.Err }

// Prepare makes an account usable for a session and has it probed. It does nothing for a target without a steward. Errors: *Refused;
// the caller then calls Release all the same.
func (s *Steward) Prepare(ctx context.Context, u Use) error {
	v, err := s.subject(ctx, u.Account)
	if err != nil || v.target.Steward == "" {
		return err
	}
	done, err := s.turn(ctx, v.target.ID)
	if err != nil {
		return &Refused{u.Account, "account-not-prepared", err}
	}
	defer done()
	if err := s.before(ctx, v, u); err != nil {
		return err
	}
	var others []store.AccountUse
	use := store.AccountUse{Session: u.Session, Account: u.Account, Target: v.target.ID, Window: u.Window, State: store.UsePreparing, Until: u.Until}
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		if others, err = tx.OpenUses(u.Account); err != nil {
			return err
		}
		use.Since = tx.Now
		if err := tx.PutUse(use); err != nil {
			return err
		}
		return s.entry(tx, "account.preparing", v, u, map[string]any{"until": instant(u.Until), "groups": v.account.Groups})
	})
	if err != nil {
		return fmt.Errorf("prepare %s: %w", u.Account, err)
	}
	until := u.Until
	for _, o := range others {
		if o.Until.After(until) {
			until = o.Until
		}
	}
	shared := ready(others, until)
	if !shared {
		if _, err := s.ask(ctx, v.target, Order{Verb: VerbPrepare, Account: v.account.Login, Until: until.Add(s.ahead()), Groups: v.account.Groups}); err != nil {
			return s.refuse(ctx, "account.prepare-failed", v, u, "account-not-prepared", err)
		}
	}
	if err := s.prepared(ctx, v, u, use, shared); err != nil {
		return err
	}
	// Also for a shared account: the other session may have been refused for what the probe read, or may see what this one may not.
	return s.probe(ctx, v, u)
}

// ready tells that another session has the account prepared for long enough already.
func ready(others []store.AccountUse, until time.Time) bool {
	for _, o := range others {
		if o.State == store.UsePrepared && !o.Until.Before(until) {
			return true
		}
	}
	return false
}

func (s *Steward) prepared(ctx context.Context, v subject, u Use, use store.AccountUse, shared bool) error {
	err := s.o.DB.Write(ctx, func(tx *store.Tx) error {
		use.State = store.UsePrepared
		if err := tx.PutUse(use); err != nil {
			return err
		}
		return s.entry(tx, "account.prepared", v, u, map[string]any{"until": instant(u.Until), "groups": v.account.Groups, "shared": shared})
	})
	if err != nil {
		return fmt.Errorf("prepare %s: %w", u.Account, err)
	}
	return nil
}

// refuse writes why an account is not used, and makes the session's refusal of it.
func (s *Steward) refuse(ctx context.Context, kind string, v subject, u Use, what string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.o.DB.Write(ctx, func(tx *store.Tx) error {
		return s.entry(tx, kind, v, u, map[string]any{"error": noteOf(cause)})
	})
	return &Refused{u.Account, what, errors.Join(cause, err)}
}

// probe tries what the account must not be able to read. An account that can read it, or whose probe cannot be made, opens no session.
func (s *Steward) probe(ctx context.Context, v subject, u Use) error {
	if len(v.account.Probe) == 0 {
		return nil
	}
	results, err := s.tryReading(ctx, v, u.Session)
	if err != nil {
		return s.refuse(ctx, "account.probe-failed", v, u, "account-not-probed", err)
	}
	if err := s.o.DB.Write(ctx, func(tx *store.Tx) error { return s.keepProbe(tx, v, u, results) }); err != nil {
		return fmt.Errorf("probe %s: %w", u.Account, err)
	}
	for _, r := range results {
		if r.Result == store.CanRead && !u.Special {
			return &Refused{u.Account, "account-readable", fmt.Errorf("%w: %s", errReadable, r.What)}
		}
	}
	return nil
}

var errReadable = errors.New("the probe read what the account must not be able to read")

// tryReading asks for the probe of every thing, each answered once.
func (s *Steward) tryReading(ctx context.Context, v subject, session string) ([]store.Probe, error) {
	lines, err := s.ask(ctx, v.target, Order{Verb: VerbProbe, Account: v.account.Login, What: v.account.Probe})
	if err != nil {
		return nil, err
	}
	found := map[string]store.Probe{}
	for _, l := range lines {
		p := store.Probe{Account: v.account.ID, What: l.Fields[0], Result: store.CannotRead, Detail: l.Fields[1], Session: session}
		if l.Word == "can-read" {
			p.Result = store.CanRead
		}
		if was, twice := found[p.What]; twice && was.Result != p.Result {
			return nil, fmt.Errorf("%w: it answers %s twice", ErrUnclear, p.What)
		}
		found[p.What] = p
	}
	var all []store.Probe
	for _, what := range v.account.Probe {
		p, answered := found[what]
		if !answered {
			return nil, fmt.Errorf("%w: nothing about %s", ErrUnclear, what)
		}
		all = append(all, p)
	}
	return all, nil
}

func (s *Steward) keepProbe(tx *store.Tx, v subject, u Use, results []store.Probe) error {
	var said []map[string]string
	for _, r := range results {
		if err := tx.PutProbe(r); err != nil {
			return err
		}
		said = append(said, map[string]string{"what": r.What, "result": string(r.Result), "detail": r.Detail})
	}
	return s.entry(tx, "account.probed", v, u, map[string]any{"results": said})
}

// entry appends an entry about an account's care.
func (s *Steward) entry(tx *store.Tx, kind string, v subject, u Use, further map[string]any) error {
	pay := map[string]any{"account": v.account.ID, "target": v.target.ID}
	subjects := []string{}
	add := func(name, value string) {
		if value != "" {
			pay[name] = value
			subjects = append(subjects, value)
		}
	}
	add("session_id", u.Session)
	add("window", u.Window)
	for name, value := range further {
		if groups, ok := value.([]string); ok && len(groups) == 0 {
			continue
		}
		pay[name] = value
	}
	_, err := tx.Append(ledger.Draft{Kind: kind, Actor: broker, Subjects: append(subjects, v.account.ID, v.target.ID, v.system.ID), Payload: pay})
	return err
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// noteOf is an error for the ledger: bounded and safe to show, since a target may have written part of it.
func noteOf(err error) string { return text.OneLine(err.Error(), 400) }

// endsLeftovers tells whether what outlives a session is ended.
func endsLeftovers(s store.System) bool { return s.Leftovers != rules.LeftoversName }

// AlarmReason is the number under which people report an account that is not proved gone.
const AlarmReason = policy.AccountNotProvedGone
