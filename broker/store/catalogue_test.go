package store

import (
	"context"
	"errors"
	"slices"
	"testing"

	"sekimori/broker/ledger"
)

// An entry outside the catalogue is reported after its commit and written all the same: the ledger must not lose an act over a missing description.
func TestWhatTheCatalogueLacksIsTold(t *testing.T) {
	var told []string
	o := open(t, func(o *Options) { o.Uncatalogued = func(what string) { told = append(told, what) } })
	by := ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}
	undone := errors.New("undone")
	write := func(result error, drafts ...ledger.Draft) {
		t.Helper()
		err := o.Write(context.Background(), func(tx *Tx) error {
			for _, d := range drafts {
				if _, err := tx.Append(d); err != nil {
					return err
				}
			}
			if len(told) > 0 {
				t.Error("it is told before the commit")
			}
			return result
		})
		if !errors.Is(err, result) {
			t.Fatal(err)
		}
	}
	unknown := ledger.Draft{Kind: "door.opened", Actor: by}
	member := ledger.Draft{Kind: "signout", Actor: by, Payload: map[string]any{"token": "00", "why": ""}}
	write(undone, unknown)
	write(nil, act("test.act"), ledger.Draft{Kind: "signout", Actor: by, Payload: map[string]any{"token": "00"}})
	write(nil, unknown, member)
	if want := []string{"door.opened", "signout: why"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	o.read(func(s *Snap) error {
		n, err := s.LedgerSize()
		if n != 4 {
			t.Errorf("%d entries, want 4", n)
		}
		return err
	})
}
