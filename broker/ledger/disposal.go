package ledger

import (
	"encoding/hex"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/recordings/exactjson"
)

// KindDisposed is the kind of the entry that authorises a disposal. Without it a payload that is missing was taken away.
const KindDisposed = "ledger.disposed"

// Disposal is the payload of that entry: which payloads are disposed of, by which rule, and on whose word.
type Disposal struct {
	Rule   string         `json:"rule"` // such as "retention of 1825 days"
	By     string         `json:"by"`   // id of the person who ordered it
	Leaves []DisposedLeaf `json:"leaves"`
}

// DisposedLeaf names one entry, by its place and by its leaf.
type DisposedLeaf struct {
	Entry int64  `json:"entry"`
	Leaf  string `json:"leaf"` // 64 digits, lower-case hexadecimal
}

// NewDisposal names entries for disposal.
func NewDisposal(rule, by string, entries ...Entry) Disposal {
	d := Disposal{Rule: rule, By: by, Leaves: []DisposedLeaf{}}
	for _, e := range entries {
		leaf := e.Leaf()
		d.Leaves = append(d.Leaves, DisposedLeaf{Entry: e.Index, Leaf: hex.EncodeToString(leaf[:])})
	}
	return d
}

// Disposals holds the entries without payload against the entries that authorise them. Take every entry, in order. Its
// memory grows with the number of payloads that are gone.
type Disposals struct {
	gone map[int64]tlog.Hash // not authorised so far
}

// Take takes one entry.
func (d *Disposals) Take(e Entry) {
	if e.Disposed() {
		if d.gone == nil {
			d.gone = map[int64]tlog.Hash{}
		}
		d.gone[e.Index] = e.Leaf()
		return
	}
	if e.Kind != KindDisposed {
		return
	}
	var said Disposal
	if exactjson.Decode(e.Payload, &said) != nil || said.Rule == "" || said.By == "" {
		return // it names no rule or no person: it authorises nothing
	}
	for _, leaf := range said.Leaves {
		if at, ok := d.gone[leaf.Entry]; ok && hex.EncodeToString(at[:]) == leaf.Leaf {
			delete(d.gone, leaf.Entry)
		}
	}
}

// First is the first entry whose payload is missing without an entry that authorises it; -1: none. An entry that authorises
// others is not disposed of itself: nothing would authorise them any more.
func (d *Disposals) First() int64 {
	first := int64(-1)
	for index := range d.gone {
		if first < 0 || index < first {
			first = index
		}
	}
	return first
}
