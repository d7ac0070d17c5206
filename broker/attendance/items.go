package attendance

import (
	"errors"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Stopped is the check item that stops a start. It is a *policy.Denied too, by its reason.
type Stopped struct{ Item policy.CheckItem }

// Error names the item.
func (s *Stopped) Error() string {
	return fmt.Sprintf("check item %s is unmet: %s", s.Item.Code, s.Item.Cause.EN)
}

// Unwrap gives the refusal.
func (s *Stopped) Unwrap() error {
	return &policy.Denied{Reason: s.Item.Reason, Args: s.Item.Args}
}

// or gives the stop where there is one and the transaction committed.
func (s *Stopped) or(err error) error {
	if err == nil && s != nil {
		return s
	}
	return err
}

// ready compares the start with the check items, as they are in this transaction. It ledgers and returns an item that turned unmet;
// the act may then write nothing else.
func (a *Service) ready(tx *store.Tx, p act.Person, w store.Window, at string) (*Stopped, error) {
	items, err := a.itemsAt(tx.Snap, &p.Person, w, at == "permit")
	if err != nil {
		return nil, err
	}
	for _, item := range policy.Stops(items, w.Overrides) {
		stopped := &Stopped{Item: item}
		return stopped, a.windowEntry(tx, "window.start-stopped", p.By, w, map[string]any{
			"at": at, "item": item.Code, "cause": item.Cause.JA, "reason": item.Reason, "number": item.Reason.Number(),
		})
	}
	return nil, nil
}

// items computes the check items of a window as it is now. attendant is the person who takes or has the post; nil: none yet.
func (a *Service) items(s *store.Snap, attendant *policy.Person, w store.Window) ([]policy.CheckItem, error) {
	return a.itemsAt(s, attendant, w, false)
}

// itemsAt is items; due asks for a separated line also before the window's start.
func (a *Service) itemsAt(s *store.Snap, attendant *policy.Person, w store.Window, due bool) ([]policy.CheckItem, error) {
	if a.o.Application == nil {
		return nil, nil
	}
	v, err := a.o.Application(s, w.Request)
	if err != nil {
		return nil, fmt.Errorf("gather the application: %w", err)
	}
	v.Request.Start, v.Request.End, v.Occurrences = w.Start, w.End, nil
	if attendant != nil {
		v.Attendant = attendant
		r, err := s.OnRequest(w.Request)
		if err != nil {
			return nil, err
		}
		v.AttendantIsApprover = r.Facts.ApprovedBy(attendant.ID)
	}
	v.LineDue = due
	v.Backup = nil
	b, err := s.WindowBackup(w.ID)
	switch {
	case err == nil:
		v.Backup = &b.Backup
	case !errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("read the backup's statement: %w", err)
	}
	return policy.Check(v, s.Now), nil
}
