package attendance_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/attendance"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// holding is a session with one command that waits, which can be taken once.
type holding struct {
	attendance.Sessions
	taken bool
	given []policy.LiveAnswer
}

func (h *holding) ClaimHeld(string, int) (func(policy.LiveAnswer), error) {
	if h.taken {
		return nil, nil
	}
	h.taken = true
	return func(a policy.LiveAnswer) { h.given = append(h.given, a) }, nil
}

// body calls an act with a body that only its package can name.
func body[B any](ctx context.Context, do func(context.Context, string, B, act.Caller) error, id, text string, by act.Caller) error {
	var b B
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return err
	}
	return do(ctx, id, b, by)
}

// The answer to a held command reaches it, also where the disk was full and the act's transaction ran twice.
func TestAnAnswerOnAFullDiskReachesItsCommand(t *testing.T) {
	t.Parallel()
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	err := o.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.AddSession(store.Session{ID: "S-1", State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Window: o.window, Request: o.no, System: "map", Grant: o.window + "-1", Target: "map-web", Account: "map-web/web", Recording: "s.skr", Created: tx.Now}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "session.opening", Actor: ledger.Actor{Kind: "broker", Via: "ssh"}, Subjects: []string{"S-1"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	live, full := &holding{}, 0
	post := attendance.New(attendance.Options{DB: o.DB, Acts: o.Runner(), Zone: townhall.Zone, Sessions: live})
	o.FillDisk(t, func() { full++ })
	want(t, "allowed", body(t.Context(), post.AllowHeld, "S-1", `{"held": "1"}`, townhall.Caller("ito")), "")
	if len(live.given) != 1 || live.given[0] != policy.LiveAllowed || full != 1 {
		t.Errorf("given: %v; the disk was full %d times", live.given, full)
	}
}
