package store

import (
	"testing"
	"time"

	"sekimori/policy"
)

// The state of a window: sessions, more time, and a freeze that covers it by system, vendor, prime contractor or everything.
func TestHowWindowsStand(t *testing.T) {
	o := open(t)
	o.declare()
	const id = "R8-0001-1"
	want := func(what string, want WindowNow) {
		t.Helper()
		o.read(func(s *Snap) error {
			got, err := s.WindowsNow(id, "R8-0999-1")
			if len(got) != 1 || got[id] != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
			return err
		})
	}
	o.write(func(tx *Tx) error { _, err := tx.grant(noon, "E-0031"); return err })
	want("granted", WindowNow{})
	s := live("S-20261124-01", "E-0031", SessionOpening)
	o.write(func(tx *Tx) error {
		return all(tx.AddSession(s), tx.AddSession(Session{ID: "S-20261124-02", State: SessionRefused, Person: "E-0031", System: "hr", Window: id, Reason: policy.AttendantAbsent, Created: noon}))
	})
	want("opening", WindowNow{Live: true, Used: true})
	x := Extension{ID: "X-0001", Window: id, Request: "R8-0001", System: "hr", AskedBy: "E-0031", By: time.Minute, Reason: "x", Ends: noon.Add(time.Hour)}
	o.write(func(tx *Tx) error { return tx.AddExtension(x) })
	want("asked for more", WindowNow{Live: true, Used: true})
	o.write(func(tx *Tx) error {
		x.State, x.Decider, x.NewEnd = ExtensionGranted, "U-001", x.Ends.Add(x.By)
		return tx.SettleExtension(x)
	})
	want("granted more", WindowNow{Live: true, Used: true, Extended: true})
	s.State, s.Reason, s.Ended = SessionEnded, policy.WindowEnded, noon.Add(time.Hour).UTC()
	o.write(func(tx *Tx) error {
		return all(tx.UpdateSession(s), tx.AddReview(Review{ID: s.ID, Session: s.ID, Due: noon.AddDate(0, 0, 7)}))
	})
	over := WindowNow{Used: true, Extended: true}
	want("ended", over)
	frozen := over
	frozen.Frozen = true
	for freeze, want1 := range map[policy.Freeze]WindowNow{
		{ID: "I-001", Scope: policy.FreezeSystem, Subject: "hr"}:      frozen,
		{ID: "I-002", Scope: policy.FreezeSystem, Subject: "tax"}:     over,
		{ID: "I-003", Scope: policy.FreezeVendor, Subject: "V-012"}:   frozen,
		{ID: "I-004", Scope: policy.FreezeVendor, Subject: "V-999"}:   over,
		{ID: "I-005", Scope: policy.FreezeAll}:                        frozen,
		{ID: "I-006", Scope: policy.FreezeAll, Drill: true}:           over,
		{ID: "I-007", Scope: policy.FreezeVendor, Subject: "V-prime"}: frozen,

		{ID: "I-008", Scope: policy.FreezeVendor, Subject: "V-012", System: "hr"}:    frozen,
		{ID: "I-009", Scope: policy.FreezeVendor, Subject: "V-012", System: "tax"}:   over,
		{ID: "I-010", Scope: policy.FreezeVendor, Subject: "V-prime", System: "tax"}: over,
	} {
		o.write(func(tx *Tx) error {
			v, err := tx.Vendor("V-012")
			v.Prime = "V-prime"
			prime := v
			prime.ID, prime.Login, prime.Prime = "V-prime", "prime", ""
			freeze.By, freeze.Since, freeze.Reason = "U-001", tx.Now, "x"
			return all(err, tx.PutVendor(prime), tx.PutVendor(v), tx.AddFreeze(freeze))
		})
		want(freeze.ID, want1)
		o.write(func(tx *Tx) error { return tx.EndFreeze(freeze.ID) })
		want(freeze.ID+" lifted", over)
	}
}
