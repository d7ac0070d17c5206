package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// noteNotice writes the version of the notice and the retention into the ledger unless the newest entry about them says the same. The
// history on the notice follows from these entries, so that it does not depend on a configuration that was edited since.
func noteNotice(ctx context.Context, db *store.DB, c Config) error {
	now := store.NoticeInForce{Version: c.Notice.Version, KeptDays: int(time.Duration(c.Recordings.Retention) / (24 * time.Hour))}
	err := db.Write(ctx, func(tx *store.Tx) error {
		for e, err := range tx.Entries(store.EntryFilter{Kind: store.KindNoticeInForce, Newest: true, Limit: 1}) {
			var said store.NoticeInForce
			if err == nil && json.Unmarshal(e.Payload, &said) == nil && said == now {
				return nil
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: now})
		return err
	})
	if err != nil {
		return fmt.Errorf("note the version of the notice: %w", err)
	}
	return nil
}

// noticeSettings are the settings that the notice states.
func (c Config) noticeSettings() view.NoticeSettings {
	s := view.NoticeSettings{
		Institution: c.Institution, Version: c.Notice.Version, URL: c.Notice.URL, Contact: c.Notice.Contact, Retention: time.Duration(c.Recordings.Retention), Zone: c.Location(),
	}
	for _, change := range c.Notice.Changes {
		s.Changes = append(s.Changes, view.NoticeChange{Version: change.Version, From: change.From.Date, JA: change.JA, EN: change.EN})
	}
	return s
}

// Bounds of the changes that a configuration tells.
const (
	mostNoticeChanges = 200
	longestChange     = 300 // characters
)

// wrong tells whether a row lacks something.
func (n NoticeChange) wrong() bool {
	for _, said := range []string{n.JA, n.EN} {
		if said == "" || len([]rune(said)) > longestChange {
			return true
		}
	}
	return n.Version < 1 || n.From.Date == ""
}

// noticeChanges are the rows as the file has them.
func noticeChanges(list []NoticeChange) []map[string]any {
	out := make([]map[string]any, 0, len(list))
	for _, n := range list {
		out = append(out, map[string]any{"version": n.Version, "from": string(n.From.Date), "ja": n.JA, "en": n.EN})
	}
	return out
}
