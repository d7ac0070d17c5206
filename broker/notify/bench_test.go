package notify_test

import (
	"fmt"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/notify"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
)

// BenchmarkAddress finds the addressees of the begin and end of eight sessions, as after a few seconds of logins. The CPU time is that of one login.
func BenchmarkAddress(b *testing.B) {
	h := townhall.Found(b)
	s := notify.New(notify.Options{DB: h.DB, Zone: townhall.Zone})
	const logins = 8
	n, spent := 0, time.Duration(0)
	for b.Loop() {
		err := h.DB.Write(b.Context(), func(tx *store.Tx) error {
			for range logins {
				n++
				id := fmt.Sprintf("S-20261124-%02d", n)
				if err := tx.AddSession(store.Session{ID: id, State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", System: "hr", Created: tx.Now, Ended: tx.Now}); err != nil {
					return err
				}
				for kind, payload := range map[string]any{"session.started": map[string]string{"session_id": id}, "session.ended": map[string]string{"session_id": id, "end_cause": "ended-by-engineer"}} {
					if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: townhall.By("ito"), Subjects: []string{id}, Payload: payload}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		before := testrun.CPU()
		if err := s.Address(b.Context()); err != nil {
			b.Fatal(err)
		}
		spent += testrun.CPU() - before
	}
	b.ReportMetric(float64(spent.Microseconds())/float64(n), "CPU-µs/login")
	b.ReportMetric(0, "ns/op")
}
