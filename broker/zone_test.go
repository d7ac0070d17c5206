package broker_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/store"
)

// The ledger names the zone by which days are counted: once, and again when it changes.
func TestTheInstitutionsZoneStandsInTheLedger(t *testing.T) {
	o := found(t, time.Hour)
	said := func() (zones []string) {
		t.Helper()
		o.read(func(s *store.Snap) error {
			for e, err := range s.Entries(store.EntryFilter{Kind: "broker.zone"}) {
				if err != nil {
					return err
				}
				var v struct{ Zone string }
				if err := json.Unmarshal(e.Payload, &v); err != nil {
					return err
				}
				zones = append(zones, v.Zone)
			}
			return nil
		})
		return zones
	}
	for range 2 {
		o.start().close()
		if got := said(); !slices.Equal(got, []string{"Asia/Tokyo"}) {
			t.Fatalf("the ledger says %q", got)
		}
	}
	o.config.Zone = broker.Zone{Location: time.UTC}
	o.start().close()
	if got := said(); !slices.Equal(got, []string{"Asia/Tokyo", "UTC"}) {
		t.Errorf("the ledger says %q", got)
	}
	o.verifyLedger()
}
