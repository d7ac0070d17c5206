package announcement

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

var starting = ledger.Actor{Kind: "broker", Via: "timer"}

// Settle compares what the configuration wants with what is in force, at a start, and gives what is in force from now on.
func Settle(ctx context.Context, db *store.DB, want store.NoticeInForce) (now store.NoticeInForce, err error) {
	err = db.Write(ctx, func(tx *store.Tx) error {
		now, err = settle(tx, want)
		return err
	})
	if err != nil {
		return store.NoticeInForce{}, fmt.Errorf("settle what the notice says: %w", err)
	}
	return now, nil
}

func settle(tx *store.Tx, want store.NoticeInForce) (store.NoticeInForce, error) {
	now, err := tx.NoticeInForce()
	if errors.Is(err, store.ErrNotFound) {
		return want, inForce(tx, want)
	}
	if err != nil {
		return now, err
	}
	change, err := tx.AnnouncedChange()
	announced := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return now, err
	}
	same := announced && change.After == want.Kept() && change.Version == want.Version && change.Before == now.Kept()
	if announced && !same {
		if err := tx.SettleNoticeChange(change.No, false); err != nil {
			return now, err
		}
		if err := entry(tx, "notice.withdrawn", starting, change); err != nil {
			return now, err
		}
	}
	switch {
	case want.Kept() == now.Kept():
		if want == now {
			return now, nil
		}
		return want, inForce(tx, want) // the words of a version; what is kept is as before
	case !same:
		change = store.NoticeChange{At: tx.Now, Version: want.Version, Before: now.Kept(), After: want.Kept()}
		if change.No, err = tx.AddNoticeChange(change); err != nil {
			return now, err
		}
		return now, entry(tx, "notice.announced", starting, change)
	case !change.Keeping().TakesEffect(tx.Now):
		return now, nil
	}
	if err := tx.SettleNoticeChange(change.No, true); err != nil {
		return now, err
	}
	return want, inForce(tx, want)
}

func inForce(tx *store.Tx, n store.NoticeInForce) error {
	_, err := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: starting, Payload: n})
	return err
}

// entry writes an entry about a change.
func entry(tx *store.Tx, kind string, by ledger.Actor, n store.NoticeChange) error {
	payload := map[string]any{"change": n.No, "version": n.Version, "kept_before": n.Before.Recordings, "kept_days": n.After.Recordings, "earliest": n.Keeping().Earliest()}
	if n.Before.Ledger != n.After.Ledger {
		payload["ledger_before"], payload["ledger_days"] = n.Before.Ledger, n.After.Ledger
	}
	if n.Before.Looks != n.After.Looks {
		payload["looks_before"], payload["looks_days"] = n.Before.Looks, n.After.Looks
	}
	_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Payload: payload})
	return err
}
