package attendance

import (
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Stopped says which check item stops a start. It is a *policy.Denied too, by its reason.
type Stopped struct{ Item policy.CheckItem }

// Error names the item.
func (s *Stopped) Error() string {
	return fmt.Sprintf("check item %s is unmet: %s", s.Item.Code, s.Item.Cause.EN)
}

// Unwrap gives the refusal.
func (s *Stopped) Unwrap() error {
	return &policy.Denied{Reason: s.Item.Reason, Args: s.Item.Args}
}

// or is the stop where there is one and the act was otherwise written.
func (s *Stopped) or(err error) error {
	if err == nil && s != nil {
		return s
	}
	return err
}

// ready holds the start against the checklist and the check items, as they stand in this transaction. A check item that
// turned unmet is ledgered and given back; nothing else of the act may be written then.
func (a *Post) ready(tx *store.Tx, p policy.Person, w store.Window, sys store.System, by ledger.Actor, at string) (*Stopped, error) {
	if err := ticked(tx.Snap, w, sys); err != nil {
		return nil, err
	}
	items, err := a.items(tx.Snap, &p, w)
	if err != nil {
		return nil, err
	}
	for _, item := range policy.Stops(items, w.Overrides) {
		stopped := &Stopped{Item: item}
		return stopped, a.windowEntry(tx, "window.start-stopped", by, w, map[string]any{
			"at": at, "item": item.Code, "cause": item.Cause.JA, "reason": item.Reason, "number": item.Reason.Number(),
		})
	}
	return nil, nil
}

// items computes the check items of a window as it stands now. attendant is who takes or has the post; nil: nobody yet.
func (a *Post) items(s *store.Snap, attendant *policy.Person, w store.Window) ([]policy.CheckItem, error) {
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
		r, err := s.Request(w.Request)
		if err != nil {
			return nil, fmt.Errorf("request %s: %w", w.Request, err)
		}
		if v.AttendantIsApprover, err = decidedOn(s, *attendant, r); err != nil {
			return nil, err
		}
	}
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
