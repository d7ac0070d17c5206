package freeze_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// worked puts a session into the store: under way, or ended this long ago.
func worked(t *testing.T, h *townhall.Hall, id, person, vendor, system, window string, ago time.Duration) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		s := store.Session{ID: id, State: store.SessionActive, Person: person, Vendor: vendor, Grant: "G", Window: window, System: system,
			Target: "hr-db", Account: "hr-db/hrmnt01", Created: tx.Now, Until: tx.Now.Add(time.Hour), Recording: id + ".skr"}
		if ago >= 0 {
			s.State, s.Ended, s.RecordingSum = store.SessionEnded, tx.Now.Add(-ago), "00"
		}
		if err := tx.AddSession(s); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{id}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// held are the sessions on hold.
func held(t *testing.T, h *townhall.Hall, ids ...string) (out []string) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		for _, id := range ids {
			is, err := s.Held(id)
			if err != nil {
				return err
			}
			if is {
				out = append(out, id)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const week = 7 * 24 * time.Hour

func TestAFreezeHoldsTheRecordingsItConcerns(t *testing.T) {
	h, f := open(t)
	worked(t, h, "live", "E-0031", "V-012", "hr", "w", -1)
	worked(t, h, "recent", "E-0031", "V-012", "hr", "w", time.Hour)
	worked(t, h, "edge", "E-0031", "V-012", "hr", "w", week)
	worked(t, h, "old", "E-0031", "V-012", "hr", "w", week+time.Millisecond)
	worked(t, h, "map", "E-0031", "V-012", "map", "w", time.Hour)
	worked(t, h, "other", "E-0040", "V-013", "hr", "w", time.Hour)
	all := []string{"live", "recent", "edge", "old", "map", "other"}
	for i, c := range []struct {
		scope   policy.FreezeScope
		subject string
		want    []string
	}{
		{policy.FreezeSystem, "hr", []string{"live", "recent", "edge", "other"}},
		{policy.FreezeVendor, "reiji", []string{"live", "recent", "edge", "map"}},
		{policy.FreezeAll, "", []string{"live", "recent", "edge", "map", "other"}},
	} {
		id, err := f.On(t.Context(), c.scope, c.subject, "", townhall.Caller("ito"))
		if err != nil {
			t.Fatal(err)
		}
		st, err := f.One(t.Context(), id)
		if err != nil || st.Held != len(c.want) || st.Cut != 1 {
			t.Errorf("%d: held %d, cut %d, %v", i, st.Held, st.Cut, err)
		}
		for _, s := range c.want {
			if kinds := h.Kinds(t, s); !slices.Contains(kinds, "recording.held") {
				t.Errorf("%d: the ledger tells %v of %s", i, kinds, s)
			}
		}
	}
	if got := held(t, h, all...); slices.Contains(got, "old") || len(got) != 5 {
		t.Errorf("on hold: %v", got)
	}
}

func TestALockHoldsThePersonsRecordings(t *testing.T) {
	h, f := open(t)
	worked(t, h, "sato", "E-0031", "V-012", "hr", "w", time.Hour)
	worked(t, h, "colleague", "E-0032", "V-012", "hr", "w", time.Hour)
	want(t, "lock", f.LockPerson(t.Context(), "sato", "", townhall.Caller("ito")), "")
	if got := held(t, h, "sato", "colleague"); !slices.Equal(got, []string{"sato"}) {
		t.Errorf("person: %v", got)
	}
	if _, err := f.Release(t.Context(), "sato", "調査済み", townhall.Caller("mori")); problem(err) != "hold-in-force" {
		t.Errorf("released under the lock: %v", err)
	}
	want(t, "lock the vendor", f.LockVendor(t.Context(), "reiji", "", townhall.Caller("ito")), "")
	if got := held(t, h, "sato", "colleague"); len(got) != 2 {
		t.Errorf("vendor: %v", got)
	}
}

func TestAHoldIsReleasedByTwoAndNotUnderTheFreeze(t *testing.T) {
	h, f := open(t)
	worked(t, h, "S-1", "E-0031", "V-012", "hr", "w", time.Hour)
	id, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	release := func(who, why string) string {
		_, err := f.Release(t.Context(), "S-1", why, townhall.Caller(who))
		return problem(err)
	}
	if got := release("mori", "調査済み"); got != "hold-in-force" {
		t.Errorf("under the freeze: %q", got)
	}
	for _, who := range []string{"head", "deputy"} {
		if _, err := f.Lift(t.Context(), id, "", townhall.Caller(who)); err != nil {
			t.Fatal(err)
		}
	}
	if got := held(t, h, "S-1"); len(got) != 1 {
		t.Error("the lift released the evidence")
	}
	for _, c := range []struct{ who, why, want string }{
		{"head", "x", "forbidden"}, {"ito", "x", "forbidden"}, {"mori", " ", "required"}, {"mori", "調査済み", ""}, {"mori", "もう一度", "lift-needs-second"},
	} {
		if got := release(c.who, c.why); got != c.want {
			t.Errorf("%s: %q, want %q", c.who, got, c.want)
		}
	}
	if got := held(t, h, "S-1"); len(got) != 1 {
		t.Error("one released it")
	}
	// A hold by hand that comes between the two agreements has only one.
	want(t, "by hand", f.Hold(t.Context(), "S-1", "開示請求", townhall.Caller("head")), "")
	want(t, "by hand again", f.Hold(t.Context(), "S-1", "開示請求", townhall.Caller("mori")), "already-decided")
	want(t, "by an attendant", f.Hold(t.Context(), "S-1", "x", townhall.Caller("ito")), "forbidden")
	if got := release("deputy", "調査済み"); got != "" {
		t.Error(got)
	}
	if got := held(t, h, "S-1"); len(got) != 1 {
		t.Error("the hold by hand went with one agreement")
	}
	if got := release("mori", "請求終了"); got != "" {
		t.Error(got)
	}
	if got := held(t, h, "S-1"); len(got) != 0 {
		t.Error("two did not release it")
	}
	if got := release("mori", "x"); got != `hold on "S-1": not found` {
		t.Errorf("nothing to release: %q", got)
	}
}

// A freeze of everything with a thousand recordings stays within an entry's bounds, and holds every one.
func TestAFreezeHoldsAThousandRecordings(t *testing.T) {
	h, f := open(t)
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 1001 {
			err := tx.AddSession(store.Session{ID: fmt.Sprintf("S-20261124-%04d", i), State: store.SessionEnded, Person: "E-0031", Vendor: "V-012",
				System: "hr", Recording: "x", Created: tx.Now, Ended: tx.Now})
			if err != nil {
				return err
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := f.On(t.Context(), policy.FreezeAll, "", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	if st, err := f.One(t.Context(), id); err != nil || st.Held != 1001 || st.State() != freeze.Frozen {
		t.Errorf("held %d, %v", st.Held, err)
	}
}

// A finding that is not closed keeps the recordings of its work.
func TestAttackARecordingIsReleasedUnderAnOpenFinding(t *testing.T) {
	h, f := open(t)
	worked(t, h, "S-1", "E-0031", "V-012", "hr", "w", time.Hour)
	change := func(fn func(*store.Tx) error) {
		t.Helper()
		err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "test.finding", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return errors.Join(err, fn(tx))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(func(tx *store.Tx) error {
		return errors.Join(tx.AddReview(store.Review{ID: "S-1", Session: "S-1", System: "hr", Vendor: "V-012", Due: tx.Now}),
			tx.AddFinding(store.ReviewFinding{No: "F-001", Review: "S-1", System: "hr", Vendor: "V-012", Finding: "x", Addressee: "V-012", To: policy.Addressee{Vendor: "V-012"}, Due: tx.Now, OpenedBy: "mori"}),
			tx.AddHold(store.Hold{Session: "S-1", Cause: "F-001", By: "mori"}))
	})
	release := func(who string) string {
		_, err := f.Release(t.Context(), "S-1", "調査済み", townhall.Caller(who))
		return problem(err)
	}
	if got := release("mori"); got != "hold-in-force" {
		t.Errorf("released under the finding: %q", got)
	}
	change(func(tx *store.Tx) error {
		return errors.Join(tx.AnswerFinding("F-001", "E-0031", "直した"), tx.CloseFinding("F-001", "mori", "見た"))
	})
	if got := release("mori"); got != "" {
		t.Errorf("after the finding was closed: %q", got)
	}
}

// A recording that is disposed of cannot be held by hand. A freeze keeps what is left of its session, and counts it as no recording on hold.
func TestAttackAHoldOfARecordingThatIsDisposedOf(t *testing.T) {
	h, f := open(t)
	for _, id := range []string{"S-1", "S-2"} {
		worked(t, h, id, "E-0031", "V-012", "hr", "w", time.Hour)
	}
	dispose(t, h, "S-1")
	err := f.Hold(t.Context(), "S-1", "inquiry", townhall.Caller("mori"))
	want(t, "by hand", err, "recording-disposed")
	var denied *policy.Denied
	if !errors.As(err, &denied) || denied.Args["date"] != h.Now().In(townhall.Zone).Format(time.DateOnly) {
		t.Errorf("the day of the disposal: %+v", denied)
	}
	want(t, "by a person who may not", f.Hold(t.Context(), "S-1", "inquiry", townhall.Caller("ito")), "forbidden")
	if got := held(t, h, "S-1"); len(got) != 0 || !slices.Contains(h.Kinds(t, "S-1"), "access.refused") {
		t.Errorf("on hold: %v; the ledger has %v", got, h.Kinds(t, "S-1"))
	}
	id, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	if st, err := f.One(t.Context(), id); err != nil || st.Held != 1 {
		t.Errorf("%d recordings on hold, %v", st.Held, err)
	}
	said := heldEntry(t, h, id)
	if !slices.Equal(said.Sessions, []string{"S-2"}) || !slices.Equal(said.Disposed, []string{"S-1"}) {
		t.Errorf("the ledger says %+v", said)
	}
	if got := held(t, h, "S-1", "S-2"); len(got) != 2 {
		t.Errorf("the files of a session without recording are not kept: %v", got)
	}
}

// dispose has the recording of a session disposed of.
func dispose(t *testing.T, h *townhall.Hall, session string) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.OrderDisposal(store.Disposal{Session: session}), tx.EndDisposal(session))
	})
	if err != nil {
		t.Fatal(err)
	}
}

type heldSaid struct{ Sessions, Disposed []string }

// heldEntry is the entry about the sessions that a cause holds.
func heldEntry(t *testing.T, h *townhall.Hall, cause string) (said heldSaid) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "recording.held", Subject: cause}) {
			if err != nil {
				return err
			}
			return json.Unmarshal(e.Payload, &said)
		}
		return store.ErrNotFound
	})
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// TestAttackOnePersonReleasesInTwoBrowsers: two agreements of one person at the same moment are one, and end no hold.
func TestAttackOnePersonReleasesInTwoBrowsers(t *testing.T) {
	h, f := open(t)
	worked(t, h, "S-1", "E-0031", "V-012", "hr", "w", time.Hour)
	want(t, "by hand", f.Hold(t.Context(), "S-1", "開示請求", townhall.Caller("head")), "")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if released, _ := f.Release(t.Context(), "S-1", "請求終了", townhall.Caller("mori")); released {
				t.Error("one person released it")
			}
		})
	}
	all.Wait()
	if got := held(t, h, "S-1"); len(got) != 1 {
		t.Errorf("held by %v", got)
	}
}
