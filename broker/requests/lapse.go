package requests

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// the states of an undecided request
var undecidedStates = []policy.RequestState{policy.RequestProposed, policy.RequestDraft, policy.PendingFirst, policy.PendingSecond, policy.RequestReturned}

// LapseDue lapses every application that reached its start undecided: silence approves nothing. It names them, and tells when to look
// again; zero: when something changes. The broker's timer calls it.
func (d *Desk) LapseDue(ctx context.Context) (lapsed []string, next time.Time, err error) {
	due := func(s *store.Snap) (list []store.Request, err error) {
		open, err := s.Requests(store.RequestFilter{States: undecidedStates, Soonest: true, Limit: lapseLimit})
		if err != nil {
			return nil, fmt.Errorf("read undecided requests: %w", err)
		}
		next = time.Time{}
		for _, r := range open { // the earliest first, so that a crowd of others hides no due one
			if s.Now.Before(r.Start) {
				next = r.Start
				break
			}
			list = append(list, r)
		}
		return list, nil
	}
	var waiting []store.Request
	if err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		waiting, err = due(s)
		return err
	}); err != nil || len(waiting) == 0 {
		return nil, next, err
	}
	err = d.o.DB.Write(ctx, func(tx *store.Tx) error {
		list, err := due(tx.Snap)
		if err != nil {
			return err
		}
		lapsed = nil
		for _, r := range list {
			if r.State, err = ended(tx, r.No, policy.RequestLapsed); err != nil {
				return err
			}
			if err := tx.UpdateRequest(r); err != nil {
				return fmt.Errorf("lapse request %s: %w", r.No, err)
			}
			if err := d.entry(tx, "request.lapsed", ledger.Actor{Kind: "broker", Via: "timer"}, r, nil); err != nil {
				return err
			}
			lapsed = append(lapsed, r.No)
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return lapsed, next, nil
}

// lapseLimit is how many lapse at a time, so that the store's one writer is not blocked for long. The next look takes the rest.
const lapseLimit = 1000

// List, Show and the rest read for lists and pages. The door decides who may see the result.

// List gives requests, newest first.
func (d *Desk) List(ctx context.Context, f store.RequestFilter) ([]store.Request, error) {
	var list []store.Request
	err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		list, err = s.Requests(f)
		return err
	})
	return list, err
}

// Shown is a request with its decisions, windows and grants.
type Shown struct {
	Request   store.Request
	Decisions []store.Decision
	Windows   []store.Window
	Grants    []policy.Grant
}

// Show gives one request whole. Error: store.ErrNotFound.
func (d *Desk) Show(ctx context.Context, no string) (Shown, error) {
	var out Shown
	err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		out, err = showRequest(s, no)
		return err
	})
	return out, err
}

func showRequest(s *store.Snap, no string) (out Shown, err error) {
	if out.Request, err = s.Request(no); err != nil {
		return out, fmt.Errorf("request %q: %w", no, err)
	}
	if out.Decisions, err = s.Decisions(no); err != nil {
		return out, fmt.Errorf("decisions on %s: %w", no, err)
	}
	if out.Windows, err = s.Windows(store.WindowFilter{Request: no}); err != nil {
		return out, fmt.Errorf("windows of %s: %w", no, err)
	}
	out.Grants, err = s.GrantsWhere(store.GrantFilter{Request: no})
	return out, err
}

// Window gives one window. Error: store.ErrNotFound.
func (d *Desk) Window(ctx context.Context, id string) (store.Window, error) {
	var w store.Window
	err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		w, err = s.Window(id)
		return err
	})
	return w, err
}
