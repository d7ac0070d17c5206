package attendance

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are what New needs. DB is required.
type Options struct {
	DB   *store.DB
	Acts *act.Runner    // nil: one that knows no proof and counts no refusal
	Ring *keys.Ring     // opens the numbers of identity checks; needed where there are any
	Zone *time.Location // of the institution, for texts. Nil: UTC
	Log  hclog.Logger   // nil: none
	// Application gathers the facts of the check items in the transaction of the act. The requests package has it, which this
	// one may not import. Nil: no items are checked, for tests of the other parts.
	Application func(s *store.Snap, request string) (policy.Application, error)
	// End ends the live sessions of a window at once, in the name of the actor. Nil: they end at the supervisor's next look.
	End func(window string, reason policy.Reason, by ledger.Actor, note string)
	// Ending is called before an act that ends the sessions of a window is committed, in the name of the actor, and its result after End or
	// the act's failure. Nil: the supervisor may name the window's new state as the cause.
	Ending func(window string, reason policy.Reason, by ledger.Actor, note string) (done func())
	// Heard is called after a heartbeat of a window's attendant, so that paused sessions go on at once. Nil: they go on
	// at the supervisor's next look.
	Heard func(window string)
	// Sessions holds the live sessions. Nil: none is live.
	Sessions Sessions
}

// Service does the attendants' acts on windows. It is safe for concurrent use.
type Service struct{ o Options }

// New makes the service on an open store.
func New(o Options) *Service {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Acts == nil {
		o.Acts = act.New(act.Options{DB: o.DB})
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.End == nil {
		o.End = func(string, policy.Reason, ledger.Actor, string) {}
	}
	if o.Ending == nil {
		o.Ending = func(string, policy.Reason, ledger.Actor, string) func() { return func() {} }
	}
	if o.Heard == nil {
		o.Heard = func(string) {}
	}
	if o.Sessions == nil {
		o.Sessions = noSessions{}
	}
	return &Service{o: o}
}

// onWindow runs one act on a window and stores it.
func (a *Service) onWindow(ctx context.Context, what windowAct, id string, by act.Caller, do func(*store.Tx, act.Person, *store.OnWindow) error) error {
	return act.Do(ctx, a.o.Acts, OnWindow, what, id, by, func(tx *store.Tx, p act.Person, on store.OnWindow) error {
		if err := do(tx, p, &on); err != nil {
			return err
		}
		if on.Window.Attended() && on.Window.Attendant == p.ID {
			on.Window.Present = tx.Clock // every act of the attendant on the window counts as presence
		}
		if err := tx.UpdateWindow(on.Window); err != nil {
			return fmt.Errorf("store window: %w", err)
		}
		return nil
	})
}

func (a *Service) windowEntry(tx *store.Tx, kind string, by ledger.Actor, w store.Window, more map[string]any) error {
	payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "state": w.State, "start": w.Start, "end": w.End, "attendant": w.Attendant}
	for k, v := range more {
		payload[k] = v
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{w.ID, w.Request, w.System}, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}
