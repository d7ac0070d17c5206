package web

import (
	"errors"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Who had the post before a handover may still stop the work, but does not lift the pause of whoever has the post now.
func TestAttackResumeAfterTheHandover(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	const id = "S-20261124-01"
	now := w.clock()
	win := policy.Window{ID: "R8-0001-1", Request: "R8-0001", System: "hr", Start: now, End: now.Add(time.Hour), State: policy.WindowPermitted}
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err,
			tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: "V-012", Login: "reiji", Name: "例示"}}),
			tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji", Line: policy.LineNone}}),
			tx.AddRequest(store.Request{No: win.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012",
				Requester: "U-002", Start: win.Start, End: win.End}),
			// tachiai permitted the start, and handed the post over to tenken.
			tx.AddWindow(store.Window{Window: win, OpenedAt: now, PermittedAt: now, PermittedBy: "U-002"}),
			tx.AddSession(store.Session{ID: id, State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Grant: "R8-0001-1-1", Window: win.ID, Request: win.Request,
				System: "hr", Target: "hr-db", Account: "hr-db/maint", Created: now}))
	})
	if err == nil {
		err = w.db.Write(t.Context(), func(tx *store.Tx) error {
			row, err := tx.Window(win.ID)
			row.Attendant, row.Present = "U-005", tx.Clock
			_, noted := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return errors.Join(err, noted, tx.UpdateWindow(row))
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who, what string
		body      any
		may       bool
	}{
		{"tachiai", "resume", PauseBody{}, false}, {"tachiai", "pause", PauseBody{}, true}, {"tachiai", "end", EndBody{}, true},
		{"tenken", "resume", PauseBody{}, true}, {"kacho", "resume", PauseBody{}, true}, {"kanri", "resume", PauseBody{}, false},
	} {
		a := w.call("POST", "/v1/sessions/"+id+"/"+c.what, tokens[c.who], c.body)
		// The session is none of the supervisor's: what is allowed goes as far as that.
		if want := map[bool]string{true: "not-live", false: string(policy.Forbidden)}[c.may]; a.fault == nil || a.fault.Code != want {
			t.Errorf("%s by %s: %d %s, want %s", c.what, c.who, a.status, a.body, want)
		}
	}
	kinds, _ := w.kinds(0)
	if kinds[len(kinds)-1] != "access.refused" {
		t.Errorf("what was refused is not in the ledger: %v", kinds)
	}
}
