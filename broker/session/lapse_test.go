package session

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// TestPaperThatRunsOutEndsTheSessionAtTheInstant has a row for each paper that an institution may ask for: the session that was
// rightly admitted ends when the paper does, and the engineer is told what it was (R9).
func TestPaperThatRunsOutEndsTheSessionAtTheInstant(t *testing.T) {
	t.Parallel()
	const lasts = 2 * time.Minute
	for name, c := range map[string]struct {
		ask   policy.Institution
		paper store.Paper
		prime string
		what  string // as the engineer is told
		note  string // as the ledger has it
	}{
		"pledge with its copy": {ask: policy.Institution{PledgeCopy: true}, paper: store.Paper{Kind: store.PaperPledge, Person: "E-0001", File: "x"}, what: "pledge", note: "pledge"},
		"certification":        {ask: policy.Institution{Certifications: []string{"isms"}}, paper: store.Paper{Kind: store.PaperCertification, Name: "isms"}, what: "ISMS", note: "isms"},
		"subcontract":          {paper: store.Paper{Kind: store.PaperSubcontract}, prime: "V-002", what: "subcontract", note: "subcontract"},
		"special clauses":      {ask: policy.Institution{SpecialClauses: true}, paper: store.Paper{Kind: store.PaperSpecialClauses, File: "x"}, what: "contract", note: "contract"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, time.Hour, often)
				p := w.engineer(0)
				ends := w.clock.Now().Add(lasts).Truncate(time.Millisecond)
				w.write("test.paper", func(tx *store.Tx) error {
					c.ask.Declared = true
					paper := c.paper
					paper.ID, paper.Vendor, paper.State = "P-0001", "V-001", store.PaperAccepted
					paper.From, paper.Until = w.start.AddDate(0, -1, 0), ends
					paper.FiledBy, paper.AcceptedBy = "U-001", "U-001"
					v, err := tx.Vendor("V-001")
					if err != nil {
						return err
					}
					v.Prime = c.prime
					prime := v
					prime.ID, prime.Login, prime.Prime = "V-002", "prime", ""
					return errors.Join(tx.PutVendor(prime), tx.PutVendor(v), tx.PutInstitution(c.ask), tx.AddPaper(paper))
				})
				v := w.admit(p)
				_, in, screen := v.shell()
				screen.await(t, "Started")
				if _, err := in.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
				if err := <-v.over; err != nil {
					t.Fatal(err)
				}
				v.gone()
				if late := v.endedAt.Sub(ends); late < 0 || late > cutWithin {
					t.Errorf("ended %s after the paper", late)
				}
				row, payload := v.stored("session.ended")
				if row.Reason != policy.Lapsed || row.Detail != c.note || payload["number"] != float64(208) || payload["note"] != c.note {
					t.Errorf("stored as %s, %q: %v", row.Reason, row.Detail, payload)
				}
				if seen := screen.String(); !strings.Contains(seen, "[208]") || !strings.Contains(seen, c.what) {
					t.Errorf("the engineer was not told what ran out:\n%s", seen)
				}
			})
		})
	}
}

// TestWithdrawnPaperEndsTheSession: a withdrawn paper no longer counts, at once.
func TestWithdrawnPaperEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		p := w.engineer(0)
		w.write("test.paper", func(tx *store.Tx) error {
			return errors.Join(tx.PutInstitution(policy.Institution{Declared: true, Certifications: []string{"isms"}}), tx.AddPaper(store.Paper{
				ID: "P-0001", Kind: store.PaperCertification, Vendor: "V-001", Name: "isms", State: store.PaperAccepted, FiledBy: "U-001", AcceptedBy: "U-001",
				From: w.start.AddDate(0, -1, 0), Until: w.start.AddDate(1, 0, 0),
			}))
		})
		v := w.admit(p)
		_, _, screen := v.shell()
		screen.await(t, "Started")
		began := time.Now()
		w.write("test.withdrawn", func(tx *store.Tx) error { return tx.WithdrawPaper("P-0001", "U-001", "forged") })
		if err := <-v.over; err != nil {
			t.Fatal(err)
		}
		if took := v.endedAt.Sub(began); took > cutWithin {
			t.Errorf("it took %s", took)
		}
		if row, payload := v.stored("session.ended"); row.Reason != policy.Lapsed || payload["note"] != "isms" {
			t.Errorf("ended as %s: %v", row.Reason, payload)
		}
	})
}
