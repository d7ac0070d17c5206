package requests

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Note keeps what an approver typed on the page of a decision, to decide later. It decides nothing, and only the approver sees it.
// Errors: *policy.Denied, stale-page where the request was edited meanwhile; *forms.Invalid.
func (d *Desk) Note(ctx context.Context, no string, in DraftBody, by act.Caller) error {
	if err := fits(in.Values); err != nil {
		return err
	}
	return d.onRequest(ctx, note, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) error {
		if in.Version != 0 && in.Version != on.Request.Version {
			return &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": no}}
		}
		out, there, err := NoteOf(tx.Snap, p.ID, no)
		if err != nil {
			return err
		}
		out.Values, out.Base = in.Values, on.Request.Version
		if out.Version++; there {
			err = tx.UpdateDraft(out)
		} else {
			out.ID, out.Owner, out.Kind, out.State, out.Request = draftID(), p.ID, store.DraftDecision, store.DraftOpen, no
			err = tx.AddDraft(out)
		}
		if err != nil {
			return fmt.Errorf("store draft: %w", err)
		}
		return draftEntry(tx, "draft.saved", p.By, out)
	})
}

// NoteOf reads the decision on a request that a person keeps for later.
func NoteOf(s *store.Snap, person, no string) (d store.Draft, there bool, err error) {
	open, err := s.Drafts(store.DraftFilter{Owner: person, Kind: store.DraftDecision, State: store.DraftOpen, Request: no})
	if err != nil {
		return d, false, fmt.Errorf("read the kept decision on %s: %w", no, err)
	}
	if len(open) == 0 {
		return d, false, nil
	}
	return open[0], true, nil
}

// noteDone empties the kept decision once the person has decided. The decision's own entry covers it.
func noteDone(tx *store.Tx, person, no string) error {
	d, there, err := NoteOf(tx.Snap, person, no)
	if err != nil || !there {
		return err
	}
	_, err = settled(tx, d, store.DraftSubmitted, no)
	return err
}
