package web

import (
	"errors"
	"slices"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A person who had the post before a handover may still stop the work, but cannot lift a pause of the present attendant.
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
		{"tachiai", "resume", act.Said{}, false}, {"tachiai", "pause", act.Said{}, true}, {"tachiai", "end", act.Said{}, true},
		{"tenken", "resume", act.Said{}, true}, {"kacho", "resume", act.Said{}, true}, {"kanri", "resume", act.Said{}, false},
	} {
		a := w.call("POST", "/v1/sessions/"+id+"/"+c.what, tokens[c.who], c.body)
		// The supervisor does not know the session: an allowed act gets as far as that.
		if want := map[bool]string{true: "not-live", false: string(policy.Forbidden)}[c.may]; a.fault == nil || a.fault.Code != want {
			t.Errorf("%s by %s: %d %s, want %s", c.what, c.who, a.status, a.body, want)
		}
	}
	var refused []string // the entry tells whether the person could have ended the session
	err = w.db.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "access.refused", Subject: id}) {
			if err != nil {
				return err
			}
			refused = append(refused, e.Actor.ID+" "+string(e.Payload))
		}
		return nil
	})
	if want := []string{`U-002 {"act":"end","reason":"forbidden","what":"resume"}`, `U-004 {"act":"end","reason":"forbidden","what":"session"}`}; err != nil || !slices.Equal(refused, want) {
		t.Errorf("entries of what was refused: %v %q, want %q", err, refused, want)
	}
	for who, open := range map[string][]string{"tachiai": {"end", "pause"}, "tenken": {"end", "pause", "resume"}} {
		for _, o := range ok[api.Session](w, "GET", "/v1/sessions/"+id, tokens[who], nil).Offers {
			if !slices.Contains([]string{"end", "pause", "resume"}, o.Act) {
				continue
			}
			if want := slices.Contains(open, o.Act); o.Open != want || !want && o.Number != policy.Forbidden.Number() {
				t.Errorf("what is offered to %s: %+v", who, o)
			}
		}
		if len(ok[api.Attendance](w, "GET", "/v1/windows/"+win.ID+"/attendance", tokens[who], nil).Offers) == 0 {
			t.Errorf("nothing is offered to %s on the window", who)
		}
	}
}
