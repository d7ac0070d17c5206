package view

import (
	"context"
	"encoding/json"
	"fmt"

	"sekimori/broker/correction"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// mostNotes bounds how many corrections are noted on a form of one thing.
const mostNotes = 100

// requestNotes are the corrections of entries about a thing, and that it was entered later from paper.
func (v *Views) requestNotes(ctx context.Context, subject string) (notes []text.Text, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Subject: subject, Kind: correction.Kind, Limit: mostNotes}) {
			if err != nil {
				return err
			}
			if n, ok := correctionNote(e); ok {
				notes = append(notes, n)
			}
		}
		return nil
	})
	return notes, err
}

// correctionNote is a correction as it stands below a form. ok: its words are still there.
func correctionNote(e ledger.Entry) (text.Text, bool) {
	no, ok := correction.Corrected(e)
	var p struct {
		Text string `json:"text"`
	}
	if !ok || json.Unmarshal(e.Payload, &p) != nil {
		return text.Text{}, false
	}
	return text.Of(fmt.Sprintf("訂正 %d(%d を訂正): %s", e.Index, no, p.Text), fmt.Sprintf("Correction %d (of entry %d): %s", e.Index, no, p.Text)), true
}
