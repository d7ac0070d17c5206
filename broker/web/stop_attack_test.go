package web

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// stoppable are three windows of one request with all that other acts on them read: a decision, a deputy, an override, a handover, a freeze.
func (w *world) stoppable(tokens map[string]string) {
	w.neighbours(tokens)
	w.change(func(tx *store.Tx) error {
		var err error
		must := func(e error) {
			if err == nil {
				err = e
			}
		}
		v, e := tx.Window("R8-0001-1")
		must(e)
		v.Overrides = []string{"backup"}
		must(tx.UpdateWindow(v))
		for _, id := range []string{"R8-0001-2", "R8-0001-3"} {
			other := v
			other.ID = id
			must(tx.AddWindow(other))
			g := policy.Grant{ID: id + "-1", Person: "E-OWN", Vendor: "V-001", Target: "hr-db", Account: "hr-db/maint", Window: other.Window, Request: "R8-0001", Files: policy.FilesNone,
				State: policy.GrantActive, PersonLimit: 1}
			must(tx.AddGrant(g))
		}
		for _, r := range []string{"R8-0001", "R8-0002"} {
			must(tx.AddDecision(store.Decision{Request: r, Stage: 1, Version: 1, By: "S-ALL", OnBehalf: "U-001", Verdict: store.VerdictApprove, At: tx.Now}))
		}
		_, e = tx.AddDeputation(store.Deputation{Deputation: policy.Deputation{For: "U-001", Deputy: "S-ALL", From: tx.Now.Add(-time.Hour), Until: tx.Now.Add(time.Hour), Reason: "away", SetBy: "U-001"}, SetAt: tx.Now})
		must(e)
		for i := range 3 {
			id := fmt.Sprintf("R8-0001-%d", i+1)
			must(tx.OfferHandover(store.Handover{Window: id, From: "U-002", To: "S-ALL", By: "U-002"}))
			_, e := tx.Append(ledger.Draft{Kind: "window.overridden", Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}, Subjects: []string{id}, Payload: map[string]any{}})
			must(e)
		}
		return err
	})
}

// A stop reads only the window, the request and the system. Whatever else is damaged, the work is still stopped, and the page that offers the
// stop is still shown.
func TestAttackStopNeedsWhatItDoesNotUse(t *testing.T) {
	alsoForLooks := []string{"deputations lost", "freezes lost", "vendor"} // tell what the person sees, and the state that is shown
	for name, damage := range map[string]string{
		"nothing":               `SELECT 1`,
		"an override's payload": `UPDATE ledger_entries SET payload = x'7b7d' WHERE kind = 'window.overridden'`,
		"an override's header":  `UPDATE ledger_entries SET header = x'00' WHERE kind = 'window.overridden'`,
		"an override's salt":    `UPDATE ledger_entries SET salt = x'00' WHERE kind = 'window.overridden'`,
		"decider unknown":       `UPDATE decisions SET by = 'U-404', on_behalf = 'U-405'`,
		"decider's row":         `UPDATE persons SET body = '[1]' WHERE id = 'S-ALL'`,
		"account":               `UPDATE accounts SET body = '[1]'`,
		"target":                `UPDATE targets SET body = '[1]'`,
		"deputation":            `UPDATE deputations SET approver = 'U-404', deputy = 'U-405', set_by = 'U-406'`,
		"handover":              `UPDATE handovers SET from_id = 'U-404', to_id = '', offered_by = ''`,
		"handovers lost":        `ALTER TABLE handovers RENAME COLUMN offered_by TO lost`,
		"freezes lost":          `ALTER TABLE freezes RENAME COLUMN scope TO lost`,
		"deputations lost":      `ALTER TABLE deputations RENAME COLUMN set_by TO lost`,
		"extension":             `UPDATE extensions SET asked_by = 'U-404'`,
		"vendor":                `UPDATE vendors SET body = '[1]'`,
		"engineer":              `UPDATE persons SET body = '[1]' WHERE id = 'E-OWN'`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tokens := w.found()
			w.stoppable(tokens)
			raw, err := sql.Open("sqlite", "file:"+filepath.Join(w.data, "sekimori.db")+"?_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)")
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			if _, err := raw.Exec(damage); err != nil {
				t.Fatal(err)
			}
			for path, stops := range map[string][]string{string(api.Windows.Of("R8-0001-1")): {"unpermit", "close", "cut", "cancel"}, string(api.Requests.Of("R8-0001")): {"revoke"}} {
				if slices.Contains(alsoForLooks, name) {
					break
				}
				shown := ok[struct{ Offers []api.Offer }](w, "GET", path, tokens["kacho"], nil)
				open := map[string]bool{}
				for _, o := range shown.Offers {
					open[o.Act] = o.Open
				}
				for _, stop := range stops {
					if !open[stop] {
						t.Errorf("%s of %s is not offered: %+v", stop, path, shown.Offers)
					}
				}
			}
			for _, one := range []struct{ path, as string }{
				{"/v1/windows/R8-0001-1/unpermit", "tachiai"}, {"/v1/windows/R8-0001-1/close", "kacho"},
				{"/v1/windows/R8-0001-2/cut", "kacho"}, {"/v1/windows/R8-0001-3/cancel", "kacho"},
				{"/v1/requests/R8-0001/revoke", "kacho"}, {"/v1/requests/R8-0002/withdraw", "kacho"},
			} {
				if a := w.call("POST", one.path, tokens[one.as], map[string]any{"reason": "stop"}); a.fault != nil {
					t.Errorf("%s: %d %.300s", one.path, a.status, a.body)
				}
			}
		})
	}
}
