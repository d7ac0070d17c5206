package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Widening is a pending change by which recordings of a system would be kept longer than now. The notice announces it while it waits.
type Widening struct {
	Change string // its number
	System string
	policy.KeepingChange
}

// Widenings lists them, in the order of their changes.
func Widenings(s *store.Snap) (all []Widening, err error) {
	pending, err := s.PendingChanges(store.ChangePending)
	if err != nil {
		return nil, err
	}
	for _, c := range pending {
		if c.Kind != changeObjects {
			continue
		}
		var list []proposal
		if err := json.Unmarshal(c.Body, &list); err != nil {
			continue // unreadable: it cannot be confirmed either
		}
		some, err := widenings(s, c, list)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// widenings compares the systems of a change with what is in force. A system that is new is compared with the institution's time.
func widenings(s *store.Snap, c store.PendingChange, list []proposal) (all []Widening, err error) {
	standard, err := s.RecordingsKept()
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.Kind != kindSystem || p.System == nil {
			continue
		}
		have, err := s.System(p.System.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		const day = 24 * time.Hour
		k := policy.KeepingChange{From: policy.Kept{Recordings: int(have.KeepsRecordings(standard) / day)}, To: policy.Kept{Recordings: int(p.System.KeepsRecordings(standard) / day)}, Announced: c.At}
		if k.Widens() {
			all = append(all, Widening{Change: changeName(c.No), System: p.System.ID, KeepingChange: k})
		}
	}
	return all, nil
}

// announcedLongEnough refuses a confirmation before a longer time of keeping was announced for fourteen days (R17). Error: *forms.Invalid
// announced-too-short.
func announcedLongEnough(tx *store.Tx, c store.PendingChange, list []proposal) error {
	all, err := widenings(tx.Snap, c, list)
	if err != nil {
		return err
	}
	for _, w := range all {
		if earliest := w.Earliest(); tx.Now.Before(earliest) {
			day := text.Day(earliest)
			return forms.Wrong("change", "announced-too-short",
				fmt.Sprintf("%s の操作記録の保存を%d日から%d日に延ばす変更は、予告から14日たつまで確認できません(%sから)。", w.System, w.From.Recordings, w.To.Recordings, day.JA),
				fmt.Sprintf("recordings of %s would be kept %d days in place of %d: a longer time is announced for fourteen days before it is confirmed (from %s on)", w.System, w.To.Recordings, w.From.Recordings, day.EN))
		}
	}
	return nil
}
