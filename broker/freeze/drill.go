package freeze

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// askLife is how long another person may agree to a drill. After that it can no longer begin: silence is no approval.
const askLife = 24 * time.Hour

// AskDrill asks for a drill and gives its number. It stops nothing; AgreeDrill by another person begins the drill. scope and subject
// are as of On.
func (f *Freezer) AskDrill(ctx context.Context, scope policy.FreezeScope, subject, reason string, by act.Caller) (string, error) {
	return f.askDrill(ctx, policy.Freeze{Scope: scope, Subject: subject, Reason: reason}, by)
}

func (f *Freezer) askDrill(ctx context.Context, z policy.Freeze, by act.Caller) (string, error) {
	id := ""
	err := do(ctx, f, Anew, freezeOn, "", by, func(tx *store.Tx, p act.Person) (err error) {
		if z.Reason, err = reasonText(z.Reason, true); err != nil {
			return err
		}
		if err = covered(tx, &z); err != nil {
			return err
		}
		if id, err = tx.NextIncidentNo(); err != nil {
			return fmt.Errorf("number the drill: %w", err)
		}
		if err := tx.AddDrillAsk(store.DrillAsk{ID: id, Scope: z.Scope, Subject: z.Subject, System: z.System, By: p.ID, Reason: z.Reason}); err != nil {
			return fmt.Errorf("store drill: %w", err)
		}
		z.ID, z.Drill = id, true
		return entry(tx, "drill.asked", p.By, subjects(z), payload(z))
	})
	return id, err
}

// AgreeDrill begins a drill that another person asked for. The act asks the person for the proof. Errors: *policy.Denied:
// self-approval for the person who asked; already-decided if it was agreed to, or no one agreed in time.
func (f *Freezer) AgreeDrill(ctx context.Context, id string, by act.Caller) (Status, error) {
	var out Status
	err := do(ctx, f, OnFreeze, agreeDrill, id, by, func(tx *store.Tx, p act.Person) error {
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
		// The asker must still be allowed to act: the wish of a locked person does not count.
		if _, err := tx.ActingPerson(ledger.Actor{Kind: "person", ID: a.By}); err != nil {
			return err
		}
		switch err := tx.AgreeDrill(id, p.ID); {
		case errors.Is(err, store.ErrNotFound):
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: args}
		case err != nil:
			return fmt.Errorf("agree to drill: %w", err)
		}
		agreed := map[string]any{"incident": id, "asked_by": a.By, "drill": true}
		if err := entry(tx, "drill.agreed", p.By, []string{id, a.Subject}, agreed); err != nil {
			return err
		}
		z := policy.Freeze{ID: id, Scope: a.Scope, Subject: a.Subject, System: a.System, By: a.By, Since: tx.Now, Reason: a.Reason, Drill: true}
		if err := begin(tx, z, p.By); err != nil {
			return err
		}
		out, err = status(tx.Snap, id)
		return err
	})
	return out, err
}
