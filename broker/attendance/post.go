package attendance

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are what New needs. DB is required.
type Options struct {
	DB   *store.DB
	Ring *keys.Ring     // opens the numbers of identity checks; needed where there are any
	Zone *time.Location // of the institution, for texts. Nil: UTC
	Log  hclog.Logger   // nil: none
	// Application gathers what the check items look at, in the transaction of the act: the requests package's, which this
	// one may not import. Nil: no items are asked, for tests of the parts around.
	Application func(s *store.Snap, request string) (policy.Application, error)
	// End ends the live sessions of a window at once, in the name of who acted. Nil: they end at the supervisor's next look.
	End func(window string, reason policy.Reason, by ledger.Actor, note string)
	// Heard is called after the attendant of a window was heard of, so that what is paused goes on at once. Nil: it goes on
	// at the supervisor's next look.
	Heard func(window string)
}

// Post is where attendants act on windows. It is safe for concurrent use.
type Post struct{ o Options }

// New makes a post on an open store.
func New(o Options) *Post {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.End == nil {
		o.End = func(string, policy.Reason, ledger.Actor, string) {}
	}
	if o.Heard == nil {
		o.Heard = func(string) {}
	}
	return &Post{o: o}
}

// act runs one act of a named person in one transaction.
func (a *Post) act(ctx context.Context, by ledger.Actor, fn func(tx *store.Tx, p policy.Person) error) error {
	return a.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		return fn(tx, p)
	})
}

func forbidden(role policy.Role) error {
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": string(role)}}
}

// ofSection: staff of the section that owns the system.
func ofSection(p policy.Person, s store.System) bool {
	return p.Kind == policy.Staff && p.Section != "" && p.Section == s.Section
}

// mayStop: who may end somebody else's attendance: the section's approvers and the information-systems section.
func mayStop(p policy.Person, s store.System) bool {
	return p.Kind == policy.Staff && (ofSection(p, s) && p.Has(policy.Approver) || p.Has(policy.SecondApprover) || p.Has(policy.InformationSystems))
}

func usable(s policy.WindowState) bool {
	return s == policy.WindowScheduled || s == policy.WindowAttended || s == policy.WindowPermitted
}

// manned: somebody has the post.
func manned(w store.Window) bool {
	return w.Attendant != "" && (w.State == policy.WindowAttended || w.State == policy.WindowPermitted)
}

// load reads a request and its system.
func load(s *store.Snap, no string) (store.Request, store.System, error) {
	r, err := s.Request(no)
	if err != nil {
		return r, store.System{}, fmt.Errorf("request %q: %w", no, err)
	}
	sys, err := s.System(r.System)
	if err != nil {
		return r, sys, fmt.Errorf("system of request %s: %w", no, err)
	}
	return r, sys, nil
}

// onWindow runs one act on a window and stores it.
func (a *Post) onWindow(ctx context.Context, id string, by ledger.Actor,
	fn func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error,
) error {
	return a.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		w, err := tx.Window(id)
		if err != nil {
			return fmt.Errorf("window %q: %w", id, err)
		}
		r, sys, err := load(tx.Snap, w.Request)
		if err != nil {
			return err
		}
		if err := fn(tx, p, &w, r, sys); err != nil {
			return err
		}
		if manned(w) && w.Attendant == p.ID {
			w.Present = tx.Clock // any act of the attendant on the window shows that they are there
		}
		if err := tx.UpdateWindow(w); err != nil {
			return fmt.Errorf("store window: %w", err)
		}
		return nil
	})
}

func (a *Post) windowEntry(tx *store.Tx, kind string, by ledger.Actor, w store.Window, more map[string]any) error {
	payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "state": w.State, "start": w.Start, "end": w.End, "attendant": w.Attendant}
	for k, v := range more {
		payload[k] = v
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{w.ID, w.Request, w.System}, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// over refuses what can only be done before the window's end.
func (a *Post) over(w store.Window, now time.Time) error {
	if now.Before(w.End) {
		return nil
	}
	return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": w.Request, "time": w.End.In(a.o.Zone).Format("2006-01-02 15:04")}}
}

// wrongState says where a window stands when an act does not fit.
func (a *Post) wrongState(w store.Window) error {
	switch w.State {
	case policy.WindowClosed, policy.WindowCut, policy.WindowCancelled:
		return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": w.Request, "time": w.ClosedAt.In(a.o.Zone).Format("2006-01-02 15:04")}}
	}
	return &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": w.Request}}
}
