package session

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// subcontracted puts the world's vendor under an approved prime contractor, V-002.
func (w *world) subcontracted() {
	w.t.Helper()
	w.write("test.subcontracted", func(tx *store.Tx) error {
		v, err := tx.Vendor("V-001")
		if err != nil {
			return err
		}
		prime := v
		prime.ID, prime.Login = "V-002", "prime"
		v.Prime, v.PrimeApproved = "V-002", true
		if err := tx.PutVendor(prime); err != nil {
			return err
		}
		return tx.PutVendor(v)
	})
}

// TestWhatStopsThePrimeEndsItsSubcontractorsSession: at once, by the same notification as any committed act, and at the
// instant where it is time that stops it.
func TestWhatStopsThePrimeEndsItsSubcontractorsSession(t *testing.T) {
	t.Parallel()
	prime := func(tx *store.Tx, change func(v *store.Vendor)) error {
		v, err := tx.Vendor("V-002")
		if err != nil {
			return err
		}
		change(&v)
		return tx.PutVendor(v)
	}
	for name, c := range map[string]struct {
		act  func(tx *store.Tx) error
		want policy.Reason
		note string
		in   time.Duration // when, after the act
	}{
		"locked": {func(tx *store.Tx) error { return tx.LockVendor("V-002", "U-001", "漏えいの疑い") }, policy.Locked, "", 0},
		"frozen": {func(tx *store.Tx) error {
			return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeVendor, Subject: "V-002", By: "U-001", Since: tx.Now, Reason: "test"})
		}, policy.CutByFreeze, "", 0},
		"its contract ended": {func(tx *store.Tx) error {
			return prime(tx, func(v *store.Vendor) { v.ContractUntil = tx.Now })
		}, policy.Lapsed, "prime-contract", 0},
		"qualified no more": {func(tx *store.Tx) error {
			return prime(tx, func(v *store.Vendor) { v.Qualified = false })
		}, policy.Lapsed, "prime-certification", 0},
		"its contract runs out": {func(tx *store.Tx) error {
			return prime(tx, func(v *store.Vendor) { v.ContractUntil = tx.Now.Add(2 * time.Minute) })
		}, policy.Lapsed, "prime-contract", 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, time.Hour)
				p := w.engineer(0)
				w.subcontracted()
				v := w.admit(p)
				_, _, screen := v.shell()
				screen.await(t, "Started")
				var began time.Time
				w.write("test.prime", func(tx *store.Tx) error { began = tx.Now; return c.act(tx) })
				if err := <-v.over; err != nil {
					t.Fatal(err)
				}
				v.gone()
				if late := v.endedAt.Sub(began.Add(c.in)); late < 0 || late > cutWithin {
					t.Errorf("ended %s after the instant", late)
				}
				row, payload := v.stored("session.ended")
				if row.Reason != c.want || c.note != "" && payload["note"] != c.note {
					t.Errorf("ended as %s: %v", row.Reason, payload)
				}
				seen := screen.String()
				if c.want != policy.CutByFreeze && !strings.Contains(seen, "prime contractor") {
					t.Errorf("the engineer was not told that it is the prime contractor:\n%s", seen)
				}
				if strings.Contains(seen, "漏えい") {
					t.Errorf("a subcontractor's engineer is told why the prime contractor is locked:\n%s", seen)
				}
			})
		})
	}
}
