package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sekimori/policy"
)

// KindNoticeInForce is the kind of the entry that says which version of the notice, and which times of keeping, are in force from then on.
const KindNoticeInForce = "notice.in-force"

// NoticeInForce is the payload of such an entry.
type NoticeInForce struct {
	Version  int `json:"version"`
	KeptDays int `json:"kept_days"` // recordings
	// Payloads of the ledger, and of its entries about looks; 0: for ever, as before this version.
	LedgerDays int `json:"ledger_days,omitempty"`
	LooksDays  int `json:"looks_days,omitempty"`
}

// Kept is for how long what is collected is kept.
func (n NoticeInForce) Kept() policy.Kept {
	return policy.Kept{Recordings: n.KeptDays, Ledger: n.LedgerDays, Looks: n.LooksDays}
}

// NoticeInForce reads what is in force from the newest entry of the signed ledger. The configuration alone puts nothing in force. Errors:
// ErrNotFound, ErrTampered.
func (s *Snap) NoticeInForce() (NoticeInForce, error) {
	n, _, err := s.NoticeEntry()
	return n, err
}

// NoticeEntry is NoticeInForce with the index of that entry.
func (s *Snap) NoticeEntry() (n NoticeInForce, index int64, err error) {
	for e, err := range s.Entries(EntryFilter{Kind: KindNoticeInForce, Newest: true, Limit: 1}) {
		if err == nil {
			err = s.Prove(e)
		}
		if err == nil {
			err = json.Unmarshal(e.Payload, &n)
		}
		if err != nil {
			return NoticeInForce{}, 0, fmt.Errorf("notice in force: %w", err)
		}
		return n, e.Index, nil
	}
	return n, 0, fmt.Errorf("notice in force: %w", ErrNotFound)
}

// RecordingsKept is the institution's time of keeping recordings that is in force; zero: for ever, because none is.
func (s *Snap) RecordingsKept() (time.Duration, error) {
	n, err := s.NoticeInForce()
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return time.Duration(n.KeptDays) * 24 * time.Hour, err
}
