package pages

import (
	"strings"

	"sekimori/broker/view"
	"sekimori/policy/text"
)

// Badge says whether the ledger holds.
type Badge struct {
	Chip      Chip
	Witnesses *Chip // how far the witnesses have cosigned
	Busy      bool
}

// badge is how the ledger stood last, and how far its witnesses have cosigned, in words.
func (v *visit) badge() Badge {
	b := v.verifiedBadge()
	b.Witnesses = v.witnessChip()
	return b
}

// witnessChip is the chip of the ledger's witnesses.
func (v *visit) witnessChip() *Chip {
	w, err := v.p.o.Views.Witnessed(v.r.Context())
	if err != nil {
		v.p.o.Log.Error("witnesses_not_read", "error", err)
		return &Chip{text2("立会署名 不明", "Witnesses unknown"), "triangle", "attention"}
	}
	if !w.At.IsZero() {
		w.At = w.At.In(v.p.o.Zone)
	}
	return witnessedChip(w)
}

// witnessedChip says how many witnesses have cosigned, and what is wrong with that: one of them remembers another ledger, too few answer, or the last
// time was too long ago.
func witnessedChip(w view.Witnessed) *Chip {
	n, last := len(w.Names), text2("まだありません", "never")
	if !w.At.IsZero() {
		last = text.Moment(w.At)
	}
	switch {
	case w.All == 0:
		return &Chip{text2("立会署名者なし", "No witnesses"), "dash", "plain"}
	case len(w.Rollback) > 0:
		names := strings.Join(w.Rollback, ", ")
		return &Chip{text2("立会署名者が別の台帳を覚えています("+names+")。情報システム課へ", "A witness remembers another ledger ("+names+"): call the IS section"), "octagon", "stop"}
	case n < w.Needed:
		said := itoa(n) + "/" + itoa(w.Needed)
		return &Chip{text2("立会署名 "+said+"(そろった最後 "+last.JA+")", said+" witnesses (last complete: "+last.EN+")"), "triangle", "attention"}
	case w.Old:
		return &Chip{text2("立会署名 "+itoa(n)+"(最後 "+last.JA+"、その後ありません)", itoa(n)+" witnesses (not since "+last.EN+")"), "triangle", "attention"}
	case n == 1:
		return &Chip{text2("立会署名 1", "1 witness"), "check", "ok"}
	}
	return &Chip{text2("立会署名 "+itoa(n), itoa(n)+" witnesses"), "check", "ok"}
}

// verifiedBadge is how the ledger stood last.
func (v *visit) verifiedBadge() Badge {
	s := v.p.o.Views.Verified()
	n, at := itoa(int(s.Entries)), text.Moment(s.At.In(v.p.o.Zone))
	if s.At.IsZero() {
		at = text2("時刻不明", "at an unknown time")
	}
	switch s.State {
	case view.LedgerVerified:
		return Badge{Chip: Chip{text2("改ざんなし(検証日時 "+at.JA+"、"+n+"件)", "No tampering found (verified "+at.EN+", "+n+" entries)"), "check", "ok"}}
	case view.LedgerVerifying:
		done := itoa(int(s.Done)) + "/" + itoa(int(s.Of))
		return Badge{Chip: Chip{text2("検証中 "+done+"件", "Verifying "+done), "clock", "info"}, Busy: true}
	case view.LedgerMismatch:
		return Badge{Chip: Chip{text2("不整合あり("+s.Place.JA+")。情報システム課へ連絡済み "+at.JA+"。", "Mismatch ("+s.Place.EN+"); IS section told "+at.EN), "octagon", "stop"}}
	}
	if s.At.IsZero() {
		return Badge{Chip: Chip{text2("検証できていません(最後の検証 なし)", "Not verified yet"), "triangle", "attention"}, Busy: true}
	}
	return Badge{Chip: Chip{text2("検証できていません(最後の検証 "+at.JA+")", "Not verified since "+at.EN), "triangle", "attention"}, Busy: true}
}
