package roster

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

const kindOverdue = "roster.overdue"

// late is a statement that is overdue and not in the ledger yet.
type late struct {
	vendor string
	term   policy.RosterTerm
}

// Due writes each overdue statement into the ledger, once for each date on which one was due, and gives their number. The broker's timer
// calls it.
func (b *Book) Due(ctx context.Context) (int, error) {
	var found []late
	if err := b.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		found, err = b.late(s)
		return err
	}); err != nil || len(found) == 0 {
		return 0, err
	}
	err := b.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if found, err = b.late(tx.Snap); err != nil {
			return err
		}
		for _, l := range found {
			contacts, err := tx.Persons(store.PersonFilter{Kind: policy.Contact, Vendor: l.vendor})
			if err != nil {
				return fmt.Errorf("read contacts: %w", err)
			}
			sections, err := tx.SectionsAboutVendor(l.vendor)
			if err != nil {
				return fmt.Errorf("read sections: %w", err)
			}
			payload := map[string]any{"vendor": l.vendor, "due": l.term.Due, "stops": l.term.Stops, "told": map[string]any{"contacts": ids(contacts), "sections": append([]string{}, sections...)}}
			subjects := append(append([]string{l.vendor}, ids(contacts)...), sections...)
			if _, err := tx.Append(ledger.Draft{Kind: kindOverdue, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: subjects, Payload: payload}); err != nil {
				return fmt.Errorf("ledger %s: %w", kindOverdue, err)
			}
		}
		return nil
	})
	return len(found), err
}

// late lists the overdue statements without an entry since they were due.
func (b *Book) late(s *store.Snap) (out []late, err error) {
	institution, err := s.Institution()
	if err != nil || institution.RosterFrom == "" {
		return nil, err
	}
	vendors, err := s.Vendors()
	if err != nil {
		return nil, fmt.Errorf("read vendors: %w", err)
	}
	for i := range vendors {
		v := &vendors[i]
		term, asked := policy.RosterTermOf(&v.Vendor, &institution, b.o.Zone)
		over := !v.ContractUntil.IsZero() && !s.Now.Before(v.ContractUntil)
		if !asked || over || term.At(s.Now) == policy.RosterInTime {
			continue
		}
		told, err := toldSince(s, v.ID, term.Due)
		if err != nil {
			return nil, err
		}
		if !told {
			out = append(out, late{v.ID, term})
		}
	}
	return out, nil
}

func toldSince(s *store.Snap, vendor string, due time.Time) (bool, error) {
	for e, err := range s.Entries(store.EntryFilter{Kind: kindOverdue, Subject: vendor, Newest: true, Limit: 1}) {
		return err == nil && !e.Time.Before(due), err
	}
	return false, nil
}
