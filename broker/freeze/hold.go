package freeze

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// hold keeps the recordings of a scope and ledgers which they are.
func hold(tx *store.Tx, scope store.HoldScope, cause, reason string, by ledger.Actor) error {
	held, gone, err := tx.HoldRecordings(scope, cause, by.ID, reason)
	if err != nil {
		return fmt.Errorf("hold recordings: %w", err)
	}
	return tx.LedgerHeld(cause, held, gone, by)
}

// Hold keeps one recording from disposal, by hand. Auditors, approvers and the information-systems section may. A second hold by hand
// is *policy.Denied already-decided, and one on a recording that is disposed of is recording-disposed.
func (f *Freezer) Hold(ctx context.Context, session, reason string, by act.Caller) error {
	return do(ctx, f, OnRecording, holdOne, session, by, func(tx *store.Tx, p act.Person) error {
		reason, err := reasonText(reason, true)
		if err != nil {
			return err
		}
		row, err := tx.Session(session)
		if err != nil {
			return fmt.Errorf("session %q: %w", session, err)
		}
		if row.Recording == "" && !row.State.Live() {
			return fmt.Errorf("recording of %q: %w", session, store.ErrNotFound)
		}
		err = tx.AddHold(store.Hold{Session: row.ID, By: p.ID, Reason: reason, Live: row.State.Live()})
		if errors.Is(err, store.ErrExists) {
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": row.ID}}
		}
		if err != nil {
			return fmt.Errorf("hold %s: %w", row.ID, err)
		}
		return entry(tx, "recording.held", p.By, []string{row.ID}, map[string]any{"sessions": []string{row.ID}, "reason": reason})
	})
}

// Release agrees to end all holds on a recording, so that it may be disposed of in time. The second agreement by another person ends
// them; both are auditors or of the information-systems section; the act asks each for the proof. released tells whether no
// hold is left in force. Errors: *forms.Invalid hold-in-force while the freeze or lock that put a hold is in force; *policy.Denied
// lift-needs-second for a person who agreed before.
func (f *Freezer) Release(ctx context.Context, session, reason string, by act.Caller) (released bool, err error) {
	err = do(ctx, f, OnRecording, release, session, by, func(tx *store.Tx, p act.Person) error {
		reason, err := reasonText(reason, true)
		if err != nil {
			return err
		}
		held, err := tx.Holds(session)
		if err != nil {
			return fmt.Errorf("holds of %q: %w", session, err)
		}
		if len(held) == 0 {
			return fmt.Errorf("hold on %q: %w", session, store.ErrNotFound)
		}
		agreedNow := false
		released = true
		for _, h := range held {
			if err := causeOver(tx.Snap, h); err != nil {
				return err
			}
			switch err := tx.AddRelease(h.Number, p.ID, reason); {
			case errors.Is(err, store.ErrExists):
				released = false
				continue
			case err != nil:
				return fmt.Errorf("store agreement: %w", err)
			}
			agreedNow = true
			before, err := agreedBefore(tx, h.Releases)
			if err != nil {
				return err
			}
			if !policy.StillAgrees(before) {
				released = false
			} else if err := tx.EndHold(h.Number); err != nil {
				return fmt.Errorf("end hold: %w", err)
			}
		}
		if !agreedNow {
			return &policy.Denied{Reason: policy.LiftNeedsSecond, Args: map[string]string{"incident": session}}
		}
		kind := "recording.release-agreed"
		if released {
			kind = "recording.released"
		}
		return entry(tx, kind, p.By, []string{session}, map[string]any{"reason": reason})
	})
	return released && err == nil, err
}

// causeOver refuses while the cause of the hold is in force.
func causeOver(s *store.Snap, h store.Hold) error {
	z, err := s.Freeze(h.Cause)
	inForce := err == nil && z.Lifted.IsZero()
	if errors.Is(err, store.ErrNotFound) {
		inForce, err = s.LockOfCause(h.Cause)
	}
	if err == nil && !inForce {
		open, failed := s.FindingHolds(h.Cause)
		if err = failed; open {
			return forms.Wrong("session", "hold-in-force", "指摘事項("+h.Cause+")が完了するまで、保全を解けません。", "the recording stays on hold until finding "+h.Cause+" is closed")
		}
	}
	if err != nil {
		return fmt.Errorf("cause of hold: %w", err)
	}
	if inForce {
		return forms.Wrong("session", "hold-in-force", "凍結または利用停止("+h.Cause+")が続いている間は、保全を解けません。",
			"the recording stays on hold while "+h.Cause+" is in force")
	}
	return nil
}
