package api

import (
	"fmt"
	"time"

	"sekimori/policy/text"
)

// SIEMPath tells how far the ledger went out to the collector of logs, and by a post tests the way to it.
const SIEMPath Path[SIEM] = "/v1/ledger/siem"

// SIEM is the state of the way to the collector of logs.
type SIEM struct {
	Address    string    `json:"address"` // empty: no collector is configured
	Format     string    `json:"format,omitempty"`
	TLS        bool      `json:"tls"`
	Whole      bool      `json:"payload_whole"` // payloads go out too
	Next       int64     `json:"next"`          // the first entry that is not confirmed
	Entries    int64     `json:"entries"`       // of the ledger
	Confirmed  time.Time `json:"confirmed_at,omitzero"`
	LagSeconds int64     `json:"lag_seconds"` // age of the oldest entry that is not confirmed
	Error      string    `json:"error,omitempty"`
	Tested     bool      `json:"tested,omitempty"`
	TestError  string    `json:"test_error,omitempty"` // empty: the collector confirmed the test
}

// Say tells the state in a line.
func (s SIEM) Say() text.Text {
	if s.Address == "" {
		return text.Of("送っていません(設定 ledger.siem_address)", "not sent (the setting ledger.siem_address)")
	}
	waits := s.Entries - s.Next
	ja, en := fmt.Sprintf("%s へ %d件を送りました。", s.Address, s.Next), fmt.Sprintf("%d entries went to %s.", s.Next, s.Address)
	if waits > 0 {
		ja, en = ja+fmt.Sprintf("%d件が待っています(最も古いものは%d秒前)。", waits, s.LagSeconds), en+fmt.Sprintf(" %d wait (the oldest for %d s).", waits, s.LagSeconds)
	}
	if !s.Confirmed.IsZero() {
		at := s.Confirmed.Format("2006-01-02 15:04:05")
		ja, en = ja+"最後の確認 "+at+"。", en+" Last confirmed "+at+"."
	}
	if !s.TLS {
		ja, en = ja+"TLS なしです(相手が落ちると、直前30秒の記載を送り直します)。", en+" Without TLS (entries of the last 30 s are sent again when the collector dies)."
	}
	if s.Error != "" {
		ja, en = ja+"最後の誤り: "+s.Error, en+" Last error: "+s.Error
	}
	return text.Of(ja, en)
}
