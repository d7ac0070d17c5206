package api

import (
	"encoding/json"
	"time"

	"sekimori/policy/text"
)

// Entry is one entry of the ledger.
type Entry struct {
	No       int64           `json:"entry_no"`
	Time     time.Time       `json:"time"`
	Clock    time.Time       `json:"clock,omitzero"` // where it differs from Time
	Kind     string          `json:"kind"`
	Actor    Actor           `json:"actor"`
	OnBehalf string          `json:"on_behalf,omitempty"`
	Subjects []string        `json:"subjects,omitempty"`
	Payload  json.RawMessage `json:"payload,omitempty"`
	Hash     string          `json:"entry_hash"`
	Disposed bool            `json:"disposed,omitempty"` // the payload is disposed of; all else stays and verifies
	Withheld bool            `json:"withheld,omitempty"` // it is about other sections' systems alone; actor, subjects and payload are left out

	// On a single entry.
	Corrects    *int64  `json:"corrects,omitempty"`     // number of the entry that this one corrects
	CorrectedBy []int64 `json:"corrected_by,omitempty"` // numbers of the entries that correct this one
	Offers      []Offer `json:"offers,omitempty"`
}

// SaidWithheld stands where an entry's words are left out.
var SaidWithheld = text.Of("ほかの課のシステムの記載です。内容は示しません", "about another section's system; its contents are not shown")

// SaidDisposed stands where an entry's payload was disposed of.
var SaidDisposed = text.Of("廃棄済み(内容は保存期間を過ぎました。見出しと検証値は残っています)", "disposed of: its time of keeping is over; the header and the hash remain")

// CorrectBody is the text of a correction.
type CorrectBody struct {
	Text string `json:"text,omitempty"`
}

// Actor is the acting person or part of the broker.
type Actor struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Via  string `json:"via"`
}

// LedgerCheck is the result of a verification on the broker.
type LedgerCheck struct {
	OK      bool   `json:"ok"`
	Entries int64  `json:"entries"`
	Root    string `json:"root"`
	Place   string `json:"place,omitempty"` // the first place that does not hold
	PlaceJA string `json:"place_ja,omitempty"`
}

// Status is the broker's own state, open to all.
type Status struct {
	Version       string `json:"version"`
	SSHAddress    string `json:"ssh_address,omitempty"`
	Ready         bool   `json:"ready"`
	EmptyRegistry bool   `json:"empty_registry"`
}

// Notice tells what is recorded, why, how long and who may look, by the settings in force.
type Notice struct {
	Institution string   `json:"institution"`
	Version     int      `json:"version"`
	PurposeJA   string   `json:"purpose_ja"`
	PurposeEN   string   `json:"purpose_en"`
	RecordedJA  []string `json:"recorded_ja"`
	RecordedEN  []string `json:"recorded_en"`
	NotJA       []string `json:"not_recorded_ja"`
	NotEN       []string `json:"not_recorded_en"`
	KeptDays    int      `json:"kept_days"`             // recordings
	LedgerDays  int      `json:"ledger_days,omitempty"` // payloads of the ledger; 0: for ever
	LooksDays   int      `json:"looks_days,omitempty"`  // of its entries about looks; 0: for ever
	SeenByJA    []string `json:"seen_by_ja"`
	SeenByEN    []string `json:"seen_by_en"`
	Contact     string   `json:"contact,omitempty"`
	URL         string   `json:"url,omitempty"`

	From      string          `json:"from,omitempty"`      // the day from which this version is in force
	Announced []NoticeVersion `json:"announced,omitempty"` // changes that are still to come, the next first
	History   []NoticeVersion `json:"history,omitempty"`   // the newest first
}

// NoticeVersion tells what a version of the notice changed.
type NoticeVersion struct {
	Version    int        `json:"version"`
	From       string     `json:"from"`                  // day
	NotedAt    *time.Time `json:"noted_at,omitempty"`    // when the ledger noted it; nil: the settings alone tell of it
	KeptDays   int        `json:"kept_days,omitempty"`   // how long recordings are kept, from the ledger
	KeptBefore int        `json:"kept_before,omitempty"` // before; 0: as long
	Ledger     *KeptTimes `json:"ledger,omitempty"`      // nil: that did not change
	Looks      *KeptTimes `json:"looks,omitempty"`       // likewise
	JA         string     `json:"ja,omitempty"`          // what changed, in the institution's words
	EN         string     `json:"en,omitempty"`
	Change     int64      `json:"change,omitempty"` // number of an announced change of what is kept, to which people agree
	Agreed     int        `json:"agreed,omitempty"` // how many of two did
}

// KeptTimes are two times of keeping, in days; 0: for ever.
type KeptTimes struct {
	Before int `json:"before"`
	Days   int `json:"days"`
}

// ChangedTimes gives two times where they differ; else nil.
func ChangedTimes(before, days int) *KeptTimes {
	if before == days {
		return nil
	}
	return &KeptTimes{before, days}
}

// NoticeChange is an announced change of the times for which recordings and the ledger's payloads are kept. It is in force from a start of the broker on, once two people
// agreed and its earliest day has come.
type NoticeChange struct {
	No           int64     `json:"no"`
	Version      int       `json:"version"`
	KeptBefore   int       `json:"kept_before"` // days
	KeptDays     int       `json:"kept_days"`
	LedgerBefore int       `json:"ledger_before,omitempty"` // days; 0: for ever
	LedgerDays   int       `json:"ledger_days,omitempty"`
	LooksBefore  int       `json:"looks_before,omitempty"`
	LooksDays    int       `json:"looks_days,omitempty"`
	At           time.Time `json:"announced_at"`
	Earliest     time.Time `json:"earliest_at"`
	Agreed       int       `json:"agreed"` // people, of two
}

// PolicyReply is the trust policy that verifiers take (c2sp.org/tlog-policy).
type PolicyReply struct {
	Policy string `json:"policy"`
}

// CheckpointReply is the newest checkpoint, a signed note.
type CheckpointReply struct {
	Checkpoint string `json:"checkpoint"`
	Key        string `json:"verifier_key"`
}
