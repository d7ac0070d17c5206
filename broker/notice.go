package broker

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/announcement"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// settleNotice gives the configuration with the version of the notice and the time of keeping that are in force. A change of what is kept waits
// for people, and where more is kept for its day: until then the configuration's value is a proposal.
func settleNotice(ctx context.Context, db *store.DB, c Config, log hclog.Logger) (Config, error) {
	want := store.NoticeInForce{Version: c.Notice.Version, KeptDays: days(c.Recordings.Retention), LedgerDays: days(c.Ledger.Retention), LooksDays: days(c.Ledger.LooksRetention)}
	now, err := announcement.Settle(ctx, db, want)
	if err != nil {
		return c, err
	}
	if now != want {
		log.Warn("notice_change_waits", "proposed_days", want.Kept(), "in_force_days", now.Kept())
	}
	c.Notice.Version, c.Recordings.Retention = now.Version, ofDays(now.KeptDays)
	c.Ledger.Retention, c.Ledger.LooksRetention = ofDays(now.LedgerDays), ofDays(now.LooksDays)
	return c, nil
}

func days(d Duration) int { return int(time.Duration(d) / (24 * time.Hour)) }

func ofDays(n int) Duration { return Duration(time.Duration(n) * 24 * time.Hour) }

// noticeSettings are the settings that the notice states.
func (c Config) noticeSettings() view.NoticeSettings {
	s := view.NoticeSettings{
		Institution: c.Institution, Version: c.Notice.Version, URL: c.Notice.URL, Contact: c.Notice.Contact, Retention: time.Duration(c.Recordings.Retention),
		LedgerDays: days(c.Ledger.Retention), LooksDays: days(c.Ledger.LooksRetention), Zone: c.Location(),
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
