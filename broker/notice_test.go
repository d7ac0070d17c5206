package broker_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/store"
)

// said reads what the ledger says to be in force, in order.
func (o *office) said() (all []store.NoticeInForce) {
	o.t.Helper()
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

// The ledger notes what is in force: once, and again when the words of the notice have another version.
func TestTheNoticeInForceStandsInTheLedger(t *testing.T) {
	o := found(t, time.Hour)
	o.config.Notice.Version, o.config.Recordings.Retention = 1, broker.Duration(730*24*time.Hour)
	first := store.NoticeInForce{Version: 1, KeptDays: 730}
	for range 2 {
		o.start().close()
		if got := o.said(); !slices.Equal(got, []store.NoticeInForce{first}) {
			t.Fatalf("the ledger says %v", got)
		}
	}
	o.config.Notice.Version = 2
	o.start().close()
	if got := o.said(); !slices.Equal(got, []store.NoticeInForce{first, {Version: 2, KeptDays: 730}}) {
		t.Errorf("the ledger says %v", got)
	}
	o.verifyLedger()
}

// A configuration with another time of keeping puts nothing in force by itself, however often the broker starts with it.
func TestAttackAConfigurationAloneKeepsNoLonger(t *testing.T) {
	o := found(t, time.Hour)
	o.config.Recordings.Retention = broker.Duration(365 * 24 * time.Hour)
	o.start().close()
	for _, days := range []time.Duration{3650, 3650, 30, 365} {
		o.config.Recordings.Retention = broker.Duration(days * 24 * time.Hour)
		o.start().close()
	}
	if got := o.said(); !slices.Equal(got, []store.NoticeInForce{{Version: 1, KeptDays: 365}}) {
		t.Errorf("the ledger says %v", got)
	}
	o.verifyLedger()
}
