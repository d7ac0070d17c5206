package freeze

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// askLife is how long somebody else may agree to a drill. What nobody agreed to is not approved by silence, and
// does not come alive next year.
const askLife = 24 * time.Hour

// AskDrill asks for a drill and gives its number. It stops nothing: AgreeDrill by another person begins it.
// scope and subject are as of On.
func (f *Freezer) AskDrill(ctx context.Context, scope policy.FreezeScope, subject, reason string, by ledger.Actor) (string, error) {
	id := ""
	err := f.act(ctx, by, anybody, func(tx *store.Tx, p policy.Person) (err error) {
		if reason, err = said(reason, true); err != nil {
			return err
		}
		if subject, err = covered(tx, scope, subject); err != nil {
			return err
		}
		if id, err = tx.NextIncidentNo(); err != nil {
			return fmt.Errorf("number the drill: %w", err)
		}
		if err := tx.AddDrillAsk(store.DrillAsk{ID: id, Scope: scope, Subject: subject, By: p.ID, Reason: reason}); err != nil {
			return fmt.Errorf("store drill: %w", err)
		}
		return entry(tx, "drill.asked", by, []string{id, subject}, map[string]any{"incident": id, "scope": scope, "subject": subject, "reason": reason, "drill": true})
	})
	return id, err
}

// AgreeDrill begins a drill that somebody else asked for. The door has authenticated the person afresh. Errors:
// *policy.Denied — self-approval for who asked, already-decided when it was agreed to or nobody
// agreed in time.
func (f *Freezer) AgreeDrill(ctx context.Context, id string, by ledger.Actor) (Status, error) {
	var out Status
	err := f.act(ctx, by, anybody, func(tx *store.Tx, p policy.Person) error {
		a, err := tx.DrillAsk(id)
		if err != nil {
			return fmt.Errorf("drill %q: %w", id, err)
		}
		args := map[string]string{"request": id}
		switch {
		case a.By == p.ID:
			return &policy.Denied{Reason: policy.SelfApproval, Args: args}
		case !tx.Now.Before(a.At.Add(askLife)):
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: args}
		}
		// As they stand now: a locked person's wish is nobody's.
		if _, err := tx.ActingPerson(ledger.Actor{Kind: "person", ID: a.By}); err != nil {
			return err
		}
		switch err := tx.AgreeDrill(id, p.ID); {
		case errors.Is(err, store.ErrNotFound):
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: args}
		case err != nil:
			return fmt.Errorf("agree to drill: %w", err)
		}
		payload := map[string]any{"incident": id, "asked_by": a.By, "drill": true}
		if err := entry(tx, "drill.agreed", by, []string{id, a.Subject}, payload); err != nil {
			return err
		}
		z := policy.Freeze{ID: id, Scope: a.Scope, Subject: a.Subject, By: a.By, Since: tx.Now, Reason: a.Reason, Drill: true}
		if err := begin(tx, z, by); err != nil {
			return err
		}
		out, err = status(tx.Snap, id)
		return err
	})
	return out, err
}
