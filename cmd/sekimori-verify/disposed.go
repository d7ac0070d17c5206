package main

import (
	"fmt"

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
	k.receipts[p.Session] = receipt{e.Index, p.Days, p.SHA256, p.Size}
}

// disposal finds the receipt of a recording. It counts only for the recording of that digest, and only after the end of its session.
func (k *known) disposal(d due) (disposed, bool) {
	r, ok := k.receipts[d.session]
	if !ok || r.entry < d.entry || r.digest != d.digest.SHA256.String() || r.size != d.digest.Size {
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
