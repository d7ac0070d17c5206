package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// kindZone is the kind of the entry that names the zone in which the institution counts its days. Numbers of sessions and requests,
// office hours and exports use it. A verifier years later learns it from the ledger only.
const kindZone = "broker.zone"

// noteZone writes the zone into the ledger unless the newest entry about it says the same. An unreadable entry must not keep the
// broker from starting: verification names it.
func noteZone(ctx context.Context, db *store.DB, zone *time.Location) error {
	err := db.Write(ctx, func(tx *store.Tx) error {
		for e, err := range tx.Entries(store.EntryFilter{Kind: kindZone, Newest: true, Limit: 1}) {
			var said struct {
				Zone string `json:"zone"`
			}
			if err == nil && json.Unmarshal(e.Payload, &said) == nil && said.Zone == zone.String() {
				return nil
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: kindZone, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: map[string]string{"zone": zone.String()}})
		return err
	})
	if err != nil {
		return fmt.Errorf("note the zone: %w", err)
	}
	return nil
}
