package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// before takes the inventory of a window's target before its first session. One that cannot be taken opens no door: the entry says that
// there is none, and the comparison after the window says so too.
func (s *Steward) before(ctx context.Context, v subject, u Use) error {
	var known bool
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		_, err := snap.Inventory(v.target.ID, u.Window, store.InventoryBefore)
		known = err == nil
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil || known {
		return err
	}
	_, _, err = s.take(ctx, v, u.Window, store.InventoryBefore)
	return err
}

// after takes the inventory behind a window's last session and compares it with the one before.
func (s *Steward) after(ctx context.Context, v subject, u Use) store.Finding {
	f := store.Finding{What: "target", State: store.ProofVerified}
	i, compared, err := s.take(ctx, v, u.Window, store.InventoryAfter)
	switch {
	case err != nil:
		f.State, f.Detail = store.ProofFailed, noteOf(err)
	case i.Note != "":
		f.State, f.Detail = store.ProofPartly, i.Note
	case !compared:
		f.State, f.Detail = store.ProofPartly, "there is no list of before the window"
	default:
		f.Names = Named(i.Differences)
		if len(f.Names) > 0 {
			f.State = store.ProofFailed
		} else if slices.ContainsFunc(i.Items, func(x store.Item) bool { return x.Kind == "unknown" }) {
			f.State, f.Detail = store.ProofPartly, "some of it could not be told"
		}
	}
	return f
}

// Named are differences in words, bounded.
func Named(all []store.Difference) []string {
	var n names
	for _, d := range all {
		sign := "+"
		if d.Gone {
			sign = "-"
		}
		n.add("%s %s %s: %s", sign, d.Kind, d.Owner, d.What)
	}
	return n.list()
}

// take takes an inventory, compares it with the right earlier one, and writes both with an entry. An inventory that cannot be taken is
// written as such.
func (s *Steward) take(ctx context.Context, v subject, window, phase string) (_ store.Inventory, compared bool, _ error) {
	i := store.Inventory{Target: v.target.ID, Window: window, Phase: phase}
	lines, err := s.ask(ctx, v.target, Order{Verb: VerbInventory})
	if err != nil {
		i.Note = noteOf(err)
	}
	for _, l := range lines {
		i.Items = append(i.Items, store.Item{Kind: l.Word, Owner: l.Fields[0], What: l.Fields[1]})
	}
	slices.SortFunc(i.Items, compareItems)
	i.Items = slices.Compact(i.Items)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		i.Differences, compared = nil, false
		was, found, err := earlier(tx.Snap, i)
		if err != nil {
			return err
		}
		if found && i.Note == "" {
			i.Differences, compared = compare(was.Items, i.Items), true
		}
		if err := tx.PutInventory(i); err != nil {
			return err
		}
		pay := map[string]any{"target": i.Target, "phase": phase, "items": len(i.Items), "differences": len(i.Differences)}
		if window != "" {
			pay["window"] = window
		}
		if found {
			pay["compared_with"] = instant(was.At)
		}
		if i.Note != "" {
			pay["error"] = i.Note
		}
		if n := Named(i.Differences); len(n) > 0 {
			pay["names"] = n
		}
		subjects := []string{i.Target, v.system.ID}
		if window != "" {
			subjects = append(subjects, window)
		}
		if _, err := tx.Append(ledger.Draft{Kind: "target.inventoried", Actor: broker, Subjects: subjects, Payload: pay}); err != nil {
			return err
		}
		if len(i.Differences) == 0 {
			return nil
		}
		_, err = tx.RaiseAlarm(store.Alarm{What: store.AlarmChanged, About: i.Target, Detail: map[string]any{
			"window": window, "phase": phase, "differences": len(i.Differences), "names": strings.Join(firstOf(Named(i.Differences), 5), "; "),
		}}, []string{v.system.Section}, broker)
		return err
	})
	if err != nil {
		return i, false, fmt.Errorf("inventory of %s: %w", i.Target, err)
	}
	return i, compared, nil
}

func firstOf(all []string, n int) []string { return all[:min(n, len(all))] }

// earlier is the inventory with which one is compared: after a window, the one before it; else the target's newest.
func earlier(snap *store.Snap, i store.Inventory) (was store.Inventory, found bool, err error) {
	if i.Phase == store.InventoryAfter {
		was, err = snap.Inventory(i.Target, i.Window, store.InventoryBefore)
		if err == nil && was.Note != "" {
			return was, false, nil
		}
	} else {
		was, err = snap.LastInventory(i.Target)
	}
	if errors.Is(err, store.ErrNotFound) {
		return was, false, nil
	}
	return was, err == nil, err
}

func compareItems(a, b store.Item) int {
	return strings.Compare(a.Kind+"\x00"+a.Owner+"\x00"+a.What, b.Kind+"\x00"+b.Owner+"\x00"+b.What)
}

// compare lists what came and what went, in the order of the items. Both lists are sorted.
func compare(was, is []store.Item) []store.Difference {
	var all []store.Difference
	i, j := 0, 0
	for i < len(was) || j < len(is) {
		switch {
		case j == len(is) || i < len(was) && compareItems(was[i], is[j]) < 0:
			if was[i].Kind != "unknown" {
				all = append(all, store.Difference{Item: was[i], Gone: true})
			}
			i++
		case i == len(was) || compareItems(was[i], is[j]) > 0:
			if is[j].Kind != "unknown" {
				all = append(all, store.Difference{Item: is[j]})
			}
			j++
		default:
			i, j = i+1, j+1
		}
	}
	return all
}

// Inventory takes the monthly inventory of a target. Errors: ErrNone.
func (s *Steward) Inventory(ctx context.Context, target string) (store.Inventory, error) {
	v, err := s.subjectOf(ctx, target)
	if err != nil {
		return store.Inventory{}, err
	}
	if v.target.Steward == "" {
		return store.Inventory{}, fmt.Errorf("%s: %w", target, ErrNone)
	}
	done, err := s.turn(ctx, target)
	if err != nil {
		return store.Inventory{}, err
	}
	defer done()
	i, _, err := s.take(ctx, v, "", store.InventoryMonthly)
	return i, err
}

// month is how long after its newest inventory a target is due for the next by rule.
const month = 30 * 24 * time.Hour

// Monthly takes the inventories that are due by the systems' rules. It is a chore. A target that does not answer is due again at the next
// look.
func (s *Steward) Monthly(ctx context.Context) error {
	var due []string
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		systems, err := snap.Systems()
		if err != nil {
			return err
		}
		for _, y := range systems {
			if !y.InventoryMonthly {
				continue
			}
			targets, err := snap.Targets(y.ID)
			if err != nil {
				return err
			}
			for _, t := range targets {
				last, err := snap.LastInventory(t.ID)
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
				if t.Steward != "" && (err != nil || snap.Now.Sub(last.At) >= month) {
					due = append(due, t.ID)
				}
			}
		}
		return nil
	})
	for _, t := range due {
		if ctx.Err() != nil {
			break
		}
		_, e := s.Inventory(ctx, t)
		err = errors.Join(err, e)
	}
	return err
}

// subjectOf is a target without an account.
func (s *Steward) subjectOf(ctx context.Context, target string) (v subject, err error) {
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		if v.target, err = snap.Target(target); err != nil {
			return err
		}
		v.system, err = snap.System(v.target.System)
		return err
	})
	return v, err
}
