package main

import (
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/recordings/exactjson"
)

// disposed is a recording that the ledger names and that was removed by rule: its receipt is in the ledger too.
type disposed struct {
	due
	receipt int64 // index of the entry recording.disposed
	days    int   // how long recordings of its system were kept
}

// receipt is what an entry recording.disposed says.
type receipt struct {
	entry  int64
	at     time.Time
	days   int
	digest string
	size   int64
}

// rememberReceipt keeps a receipt. One that cannot be read excuses no missing recording.
func (k *known) rememberReceipt(e ledger.Entry) {
	var p struct {
		Session string `json:"session_id"`
		SHA256  string `json:"sha256"`
		Size    int64  `json:"size"`
		Days    int    `json:"days"`
	}
	if e.Disposed() || e.Actor.Kind != "broker" {
		return
	}
	err := exactjson.Decode(e.Payload, &p)
	if err == nil && (len(e.Subjects) == 0 || e.Subjects[0] != p.Session) {
		err = fmt.Errorf("its first subject is not the session %q", p.Session)
	}
	if err != nil {
		k.bad = append(k.bad, unread{e.Index, e.Kind, err})
		return
	}
	k.receipts[p.Session] = receipt{e.Index, e.Time, p.Days, p.SHA256, p.Size}
}

// early tells that a recording was disposed of before its time of keeping, as its own receipt states it, was over. Such a receipt excuses nothing.
func (k *known) early(export string, d due) *failure {
	r, ok := k.receipts[d.session]
	if !ok || r.entry < d.entry || r.days > 0 && !r.at.Before(d.at.Add(time.Duration(r.days)*24*time.Hour)) {
		return nil
	}
	return &failure{code: "disposed-early", message: text{
		fmt.Sprintf("%s: 接続 %s の操作記録は、保存期間(%d日)が過ぎる前に廃棄されています(終了 %s、記載 %d: %s)", export, d.session, r.days, d.at.Format(time.RFC3339), r.entry, r.at.Format(time.RFC3339)),
		fmt.Sprintf("%s: the recording of session %s was disposed of before its %d days were over (ended %s, entry %d: %s)", export, d.session, r.days, d.at.Format(time.RFC3339), r.entry, r.at.Format(time.RFC3339)),
	}, hint: hintReplaced}
}

// disposal finds the receipt of a recording. It counts only for the recording of that digest, and only after its time.
func (k *known) disposal(d due) (disposed, bool) {
	r, ok := k.receipts[d.session]
	if !ok || r.entry < d.entry || k.early("", d) != nil || r.digest != d.digest.SHA256.String() || r.size != d.digest.Size {
		return disposed{}, false
	}
	return disposed{d, r.entry, r.days}, true
}

type sentDisposed struct {
	Session string `json:"session"`
	Entry   int64  `json:"entry"`   // the end of its session
	Receipt int64  `json:"receipt"` // the entry recording.disposed
	Days    int    `json:"days"`
	SHA256  string `json:"sha256"`
}
