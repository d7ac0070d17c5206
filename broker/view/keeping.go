package view

import (
	"errors"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// keeping adds to a recording how long it is kept, why it stays, and when it was disposed of.
func (v *Views) keeping(s *store.Snap, r store.Session, out *api.Recording) error {
	facts, err := s.RecordingFacts(r)
	if errors.Is(err, store.ErrNotFound) { // its system is not in the registry any more: nothing disposes of it
		return nil
	}
	if err != nil {
		return err
	}
	out.KeptDays, out.Due = int(facts.Keep/(24*time.Hour)), At(facts.Due(), v.o.Zone)
	if out.Stays = string(facts.Stays(s.Now)); !facts.Disposed {
		return nil
	}
	d, err := s.Disposal(r.ID)
	if err != nil {
		return err
	}
	out.State, out.Disposed, out.Due = string(api.RecordingGone), At(d.At, v.o.Zone), time.Time{}
	return nil
}

// SaidGone is what people are told of a recording that was disposed of.
func SaidGone(at time.Time) policy.Text {
	day := text.Day(at)
	return policy.Text{JA: "操作記録は保存期間を過ぎ、" + day.JA + "に廃棄しました。台帳は残っています。", EN: "Disposed of on " + day.EN + "; the ledger entry remains."}
}
