package freeze

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// An incident has a list of those who must be told, with due times. It is a copy of the institution's list, made when the incident begins: a
// later change of that list neither removes a row from an incident under way nor moves its time.

// toldTable is the table of the act.
var toldTable = field.Table[api.ToldBody]{
	field.Text("key", "知らせた先(一覧の key)", "who was told (key of the list)", func(b *api.ToldBody) *string { return &b.Key }),
	field.Text("text", "だれに、どう知らせたか", "whom, how and in which words", func(b *api.ToldBody) *string { return &b.Text }),
}

// list gives an incident its list, and what freeze.on says of it. A list that cannot be read holds no freeze up: its incident has none.
func list(tx *store.Tx, z policy.Freeze) (due []map[string]any, err error) {
	i, err := tx.Institution()
	if err != nil {
		return nil, nil //nolint:nilerr // a freeze is a stop
	}
	for _, t := range i.Tell {
		row := store.IncidentTell{Incident: z.ID, Key: t.Key, Who: t.Who, Note: t.Note, Due: z.Since.Add(t.Within)}
		if err := tx.AddIncidentTell(row); err != nil {
			return nil, fmt.Errorf("list who must be told: %w", err)
		}
		due = append(due, map[string]any{"key": t.Key, "due": row.Due.UTC().Format(time.RFC3339)})
	}
	return due, nil
}

// Told notes that one on an incident's list was told. Errors: *forms.Invalid for an unknown row or without words; *policy.Denied already-decided
// for a row that was noted before.
func (f *Freezer) Told(ctx context.Context, id string, in api.ToldBody, by act.Caller) (Status, error) {
	var out Status
	err := do(ctx, f, OnFreeze, told, id, by, func(tx *store.Tx, p act.Person) error {
		words := forms.Printable(strings.TrimSpace(in.Text))
		if policy.Blank(words) {
			return forms.Wrong("text", "required", "だれに、どう知らせたかを書いてください。", "say whom you told, and how")
		}
		if _, err := reasonText(words, true); err != nil {
			return forms.Wrong("text", "too-long", fmt.Sprintf("%d字までです。", longest), fmt.Sprintf("at most %d characters", longest))
		}
		z, err := tx.Freeze(id)
		if err != nil {
			return fmt.Errorf("incident %q: %w", id, err)
		}
		row, err := onList(tx, id, in.Key)
		if err != nil {
			return err
		}
		switch err := tx.SayTold(id, row.Key, p.ID, words); {
		case errors.Is(err, store.ErrNotFound):
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id + " " + row.Key}}
		case err != nil:
			return fmt.Errorf("note on %s: %w", id, err)
		}
		said := map[string]any{"incident": id, "key": row.Key, "who": row.Who.JA, "due": row.Due.UTC().Format(time.RFC3339), "seconds": tx.Now.Sub(z.Since).Seconds(), "text": words}
		if z.Drill {
			said["drill"] = true
		}
		if err := entry(tx, "incident.told", p.By, subjects(z.Freeze), said); err != nil {
			return err
		}
		out, err = status(tx.Snap, id)
		return err
	})
	return out, err
}

// onList finds a row of an incident's list.
func onList(tx *store.Tx, id, key string) (store.IncidentTell, error) {
	all, err := tx.IncidentTells(id)
	if err != nil {
		return store.IncidentTell{}, fmt.Errorf("list of %s: %w", id, err)
	}
	var keys []string
	for _, t := range all {
		if t.Key == key {
			return t, nil
		}
		keys = append(keys, t.Key)
	}
	if len(keys) == 0 {
		return store.IncidentTell{}, forms.Wrong("key", "unknown-word", "この事案に、知らせる先の一覧はありません(登録簿の institution の tell)。", "this incident has no list of whom to tell (in the registry: institution, tell)")
	}
	words := strings.Join(keys, ", ")
	return store.IncidentTell{}, forms.Wrong("key", "unknown-word", "この事案の一覧にありません(一覧: "+words+")。", "it is not on this incident's list ("+words+")")
}

// Due raises an alarm, once, for each who should have been told of a real incident by now. The broker's timer calls it.
func (f *Freezer) Due(ctx context.Context) error {
	late := false
	err := f.o.DB.Read(ctx, func(s *store.Snap) error {
		list, err := s.UntoldTells()
		late = len(list) > 0
		return err
	})
	if err != nil || !late {
		return err
	}
	return f.o.DB.Write(ctx, func(tx *store.Tx) error {
		list, err := tx.UntoldTells()
		if err != nil {
			return err
		}
		for _, t := range list {
			z, err := tx.Freeze(t.Incident)
			if err != nil {
				return fmt.Errorf("incident %s: %w", t.Incident, err)
			}
			if err := tx.RaiseUntold(t.Incident, t.Key); err != nil {
				return fmt.Errorf("note that %s of %s is late: %w", t.Key, t.Incident, err)
			}
			sections, err := concerned(tx, z.Freeze)
			if err != nil {
				return err
			}
			detail := map[string]any{"incident": t.Incident, "key": t.Key, "who": t.Who.JA, "who_en": t.Who.EN, "due": t.Due.UTC().Format(time.RFC3339)}
			if err := alarm(tx, store.AlarmUntold, t.Incident, sections, detail, ledger.Actor{Kind: "broker", Via: "timer"}); err != nil {
				return err
			}
		}
		return nil
	})
}
