package ledger

import (
	"encoding/hex"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/recordings/exactjson"
)

// KindDisposed is the kind of the entry that authorises a disposal. Without it a missing payload counts as removed.
const KindDisposed = "ledger.disposed"

// ByRule stands in place of a person where the times of keeping in force ordered a disposal. The rule names their entry notice.in-force, to
// which two people agreed in the entries before it.
const ByRule = "rule"

// Disposal is the payload of that entry: the disposed payloads, the rule, and the person who ordered it.
type Disposal struct {
	Rule   string         `json:"rule"` // such as "retention of 1825 days"
	By     string         `json:"by"`   // id of the person who ordered it, or ByRule
	Leaves []DisposedLeaf `json:"leaves"`
}

// DisposedLeaf names one entry by its index and its leaf.
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

// Disposals matches the entries without payload with the entries that authorise them. Pass it every entry, in order. Its
// memory grows with the number of missing payloads.
type Disposals struct {
	gone  map[int64]tlog.Hash // not authorised so far
	never []int64             // of kinds that are kept for ever: nothing authorises it
}

// Take processes one entry.
func (d *Disposals) Take(e Entry) {
	if e.Disposed() && neverDisposed(e.Kind) {
		d.never = append(d.never, e.Index)
		return
	}
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
		return // without a rule and a person it authorises nothing
	}
	for _, leaf := range said.Leaves {
		if at, ok := d.gone[leaf.Entry]; ok && hex.EncodeToString(at[:]) == leaf.Leaf {
			delete(d.gone, leaf.Entry)
		}
	}
}

// First returns the first entry whose payload is missing without an authorising entry; -1: none. An authorising entry may not
// be disposed of itself, because the others would lose their authorisation.
func (d *Disposals) First() int64 {
	first := int64(-1)
	if len(d.never) > 0 {
		first = d.never[0] // entries come in order
	}
	for index := range d.gone {
		if first < 0 || index < first {
			first = index
		}
	}
	return first
}
