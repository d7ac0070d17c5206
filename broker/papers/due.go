package papers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// thresholds are the days before an end at which a warning is due, the nearest first; 0 is the end itself.
func thresholds() []int { return []int{0, 7, 30, 60} }

// lookAgain bounds the rest between two looks of Due: contracts and pledges also come from the registry file.
const lookAgain = time.Hour

// Ends lists the papers that end within so many days, or already stop a person; the soonest first. vendor narrows, empty is all.
func (k *Keeper) Ends(ctx context.Context, vendor string, days int) ([]Renewal, error) {
	var out []Renewal
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		items, err := k.all(s)
		if err != nil {
			return err
		}
		for _, i := range items {
			if (vendor == "" || i.Vendor == vendor) && i.due(days) {
				r, err := wanted(s, i)
				if err != nil {
					return err
				}
				out = append(out, r)
			}
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b Renewal) int { return a.Until.Compare(b.Until) })
	return out, err
}

// all are the items of every vendor and its engineers.
func (k *Keeper) all(s *store.Snap) ([]Item, error) {
	vendors, err := k.everything(s)
	if err != nil {
		return nil, err
	}
	var out []Item
	for _, a := range vendors {
		out = append(out, k.ofVendor(a, s.Now)...)
		for _, e := range a.engineers {
			out = append(out, k.ofEngineer(a, e, s.Now)...)
		}
	}
	return out, nil
}

// warning is a due warning.
type warning struct {
	item      Item
	threshold int
	passed    []int // thresholds already passed: of missed ones, only the nearest gets a warning
}

// Due writes the due warnings: one entry for each end and threshold, also after the broker was off. It returns their number. The
// broker's timer calls it often; between two instants at which a warning can be due it does nothing.
func (k *Keeper) Due(ctx context.Context) (int, error) {
	var pending []warning
	var next, now time.Time
	err := k.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		now = s.Now
		if k.resting(now) {
			return nil
		}
		pending, next, err = k.pending(s)
		return err
	})
	if err != nil || next.IsZero() {
		return 0, err
	}
	if len(pending) == 0 {
		k.rest(next)
		return 0, nil
	}
	n := 0
	err = k.o.DB.Write(ctx, func(tx *store.Tx) error {
		pending, _, err := k.pending(tx.Snap)
		if err != nil {
			return err
		}
		n = len(pending)
		for _, w := range pending {
			if err := k.warn(tx, w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("warn of ends: %w", err)
	}
	k.rest(next)
	return n, nil
}

func (k *Keeper) resting(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return now.Before(k.next) && k.next.Sub(now) <= lookAgain // a clock that stepped back rests no longer than that
}

func (k *Keeper) rest(until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next = until
}

// pending finds the warnings not given yet, and when to look again.
func (k *Keeper) pending(s *store.Snap) ([]warning, time.Time, error) {
	items, err := k.all(s)
	if err != nil {
		return nil, time.Time{}, err
	}
	next := s.Now.Add(lookAgain)
	var out []warning
	for _, i := range items {
		if i.Until.IsZero() {
			continue
		}
		w := warning{item: i, threshold: -1}
		for _, days := range thresholds() {
			switch at := k.reached(i.Until, days); {
			case s.Now.Before(at):
				if at.Before(next) {
					next = at
				}
			case w.threshold < 0:
				w.threshold = days
				w.passed = append(w.passed, days)
			default:
				w.passed = append(w.passed, days)
			}
		}
		// An end long ago is known, or came before there were warnings.
		if w.threshold < 0 || s.Now.Sub(i.Until) > Soon*24*time.Hour {
			continue
		}
		given, err := s.PaperWarned(store.PaperWarning{Subject: i.key(), Until: i.Until, Threshold: w.threshold})
		if err != nil {
			return nil, next, fmt.Errorf("read warnings: %w", err)
		}
		if !given {
			out = append(out, w)
		}
	}
	return out, next, nil
}

// reached is the first instant at which so many days are left.
func (k *Keeper) reached(until time.Time, days int) time.Time {
	if days == 0 {
		return until
	}
	y, m, d := until.Add(-time.Nanosecond).In(k.o.Zone).Date()
	return time.Date(y, m, d-days, 0, 0, 0, 0, k.o.Zone)
}

// warn writes one entry. It names the addressees: the vendor's contacts, the sections for which the vendor works, and the
// information-systems section.
func (k *Keeper) warn(tx *store.Tx, w warning) error {
	i := w.item
	for _, days := range w.passed {
		if err := tx.AddPaperWarning(store.PaperWarning{Subject: i.key(), Until: i.Until, Threshold: days}); err != nil {
			return fmt.Errorf("note a warning: %w", err)
		}
	}
	contacts, err := tx.Persons(store.PersonFilter{Kind: policy.Contact, Vendor: i.Vendor})
	if err != nil {
		return fmt.Errorf("read contacts: %w", err)
	}
	sections, err := tx.SectionsOf(i.Vendor)
	if err != nil {
		return fmt.Errorf("read sections: %w", err)
	}
	people := []string{}
	for _, c := range contacts {
		people = append(people, c.ID)
	}
	payload := map[string]any{
		"item": i.Kind, "vendor": i.Vendor, "until": i.Until, "days": i.Days, "threshold": w.threshold, "stops": i.Asked,
		"told": map[string]any{"contacts": people, "sections": sections, "information_systems": true},
	}
	subjects := []string{i.Vendor}
	for name, v := range map[string]string{"paper": i.Paper, "person": i.Person, "name": i.Name} {
		if v != "" {
			payload[name] = v
		}
	}
	for _, id := range []string{i.Paper, i.Person} {
		if id != "" {
			subjects = append(subjects, id)
		}
	}
	kind := "paper.expiring"
	if w.threshold == 0 {
		kind = "paper.expired"
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: append(append(subjects, people...), sections...), Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}
