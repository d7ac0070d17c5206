package broker_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/store"
)

// The ledger notes the version of the notice and the retention: once, and again when one of them changes.
func TestTheNoticeInForceStandsInTheLedger(t *testing.T) {
	o := found(t, time.Hour)
	said := func() (all []store.NoticeInForce) {
		t.Helper()
		o.read(func(s *store.Snap) error {
			for e, err := range s.Entries(store.EntryFilter{Kind: store.KindNoticeInForce}) {
				if err != nil {
					return err
				}
				var v store.NoticeInForce
				if err := json.Unmarshal(e.Payload, &v); err != nil {
					return err
				}
				all = append(all, v)
			}
			return nil
		})
		return all
	}
	o.config.Notice.Version, o.config.Recordings.Retention = 1, broker.Duration(730*24*time.Hour)
	first := store.NoticeInForce{Version: 1, KeptDays: 730}
	for range 2 {
		o.start().close()
		if got := said(); !slices.Equal(got, []store.NoticeInForce{first}) {
			t.Fatalf("the ledger says %v", got)
		}
	}
	o.config.Notice.Version, o.config.Recordings.Retention = 2, broker.Duration(365*24*time.Hour)
	o.start().close()
	if got := said(); !slices.Equal(got, []store.NoticeInForce{first, {Version: 2, KeptDays: 365}}) {
		t.Errorf("the ledger says %v", got)
	}
	o.verifyLedger()
}
