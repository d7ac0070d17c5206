package attendance_test

import (
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The attendant is locked during the work: no one is admitted any more, also under an earlier permission. An approver of the section
// hands the post to another; when that person takes it, the work goes on under the earlier permission.
func TestALockedAttendantsPostIsHandedOver(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	decided := func(what, want string) {
		t.Helper()
		err := o.DB.Read(t.Context(), func(s *store.Snap) error {
			f, err := s.Facts("sato")
			if err != nil {
				return err
			}
			f.Keys = []string{"SHA256:key"}
			f.Runtime = policy.Runtime{Clock: policy.ClockTrusted, Recorder: policy.RecorderReady}
			got := policy.Decide(f, policy.Attempt{Act: policy.ActConnect, Person: "E-0031", Key: true, Print: "SHA256:key", Factor: true, Consent: policy.ConsentGiven,
				Target: "map-web", Channel: policy.ChannelShell}, o.Now())
			if got.Allow != (want == "") || string(got.Reason) != want {
				t.Errorf("%s: allow=%v %q, want %q", what, got.Allow, got.Reason, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	decided("permitted", "")
	err := o.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.LockPerson("ito", "head", "なりすましの疑い"); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "person.locked", Actor: townhall.By("head"), Subjects: []string{"ito"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	decided("the attendant is locked", "attendant-absent")
	want(t, "the locked attendant hands it on", o.post.Handover(t.Context(), o.window, "abe", townhall.Caller("ito")), "engineer-locked")
	want(t, "the head assigns it", o.post.Handover(t.Context(), o.window, "abe", townhall.Caller("head")), "")
	decided("offered, and not yet taken", "attendant-absent")
	want(t, "taken", o.post.Take(t.Context(), o.window, townhall.Caller("abe")), "")
	decided("taken over", "")
	o.Pass(29 * time.Second)
	decided("while the new attendant is there", "")
}
