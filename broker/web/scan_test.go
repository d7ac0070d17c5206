package web

import (
	"sync"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// TestAttackLedgerQueriesBesideAFreeze: sixteen concurrent queries without matches used to delay a freeze by seconds.
func TestAttackLedgerQueriesBesideAFreeze(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	if err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		for range 120_000 {
			if _, err := tx.Append(ledger.Draft{Kind: "test.happened", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{"hr"}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for i := range 16 {
		path := []string{"/v1/ledger?kind=zz", "/v1/ledger?kind=zz*", "/v1/ledger?kind=zz&subject=hr", "/v1/ledger?subject=zz"}[i%4]
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if a := w.call("GET", path, tokens["tenken"], nil); a.status != 200 {
						t.Errorf("%s: %d %s", path, a.status, a.body)
						return
					}
				}
			}
		})
	}
	least := time.Hour
	for range 3 {
		began := time.Now()
		ok[api.Freeze](w, "POST", "/v1/freezes", tokens["kacho"], api.FreezeBody{Scope: "all", Reason: "x"})
		least = min(least, time.Since(began))
	}
	close(stop)
	asking.Wait()
	t.Logf("a freeze beside them took %s", least)
	if least > 3*time.Second {
		t.Errorf("a freeze beside them took %s", least)
	}
}
