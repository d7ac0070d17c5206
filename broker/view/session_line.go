package view

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// sessionLine reads from the ledger what separated a session's system from the office network: the kind of protection as the entry of its
// opening has it, and the steps around it. The window's row would not do: a line that was lost and cut anew has the times of the last cut
// only. Nil: the attempt was refused before its opening, or the entry is disposed of or older than the member.
func (v *Views) sessionLine(s *store.Snap, r store.Session) (*api.SessionLine, error) {
	opening, ok, err := firstEntry(s, store.EntryFilter{Subject: r.ID, Kind: "session.opening", Limit: 1})
	if err != nil || !ok || opening.Disposed() {
		return nil, err
	}
	var p struct {
		Line *policy.LineHow `json:"line"`
	}
	if err := json.Unmarshal(opening.Payload, &p); err != nil {
		return nil, fmt.Errorf("entry %d: %w", opening.Index, err)
	}
	if p.Line == nil {
		return nil, nil
	}
	out := &api.SessionLine{How: *p.Line}
	if out.How == api.LineNone {
		return out, nil
	}
	out.Limit = out.How.Limit()
	cut, isCut, err := firstEntry(s, store.EntryFilter{Subject: r.Window, Kind: "line.cut", To: opening.Index, Newest: true, Limit: 1})
	if err != nil {
		return nil, err
	}
	if isCut {
		out.CutAt, out.CutBy = At(cut.Time, v.o.Zone), doer(cut)
	}
	on, isOn, err := firstEntry(s, store.EntryFilter{Subject: r.Window, Kind: "line.on", From: cut.Index, To: opening.Index, Newest: true, Limit: 1})
	if err != nil {
		return nil, err
	}
	if isOn {
		out.OnAt, out.OnBy = At(on.Time, v.o.Zone), doer(on)
	}
	offs := []string{"line.off", "line.reconciled"}
	if out.How == policy.LineDriven || out.How == policy.LineSimulated { // its driver takes the maintenance line off with the loss
		offs = append(offs, "line.lost")
	}
	var off []ledger.Entry
	for _, kind := range offs {
		e, ok, err := firstEntry(s, store.EntryFilter{Subject: r.Window, Kind: kind, From: opening.Index, Limit: 1})
		if err != nil {
			return nil, err
		}
		if ok {
			off = append(off, e)
		}
	}
	if len(off) > 0 {
		e := slices.MinFunc(off, func(a, b ledger.Entry) int { return cmp.Compare(a.Index, b.Index) })
		out.OffAt, out.OffBy = At(e.Time, v.o.Zone), doer(e)
	}
	back, isBack, err := firstEntry(s, store.EntryFilter{Subject: r.Window, Kind: "line.restored", From: opening.Index, Limit: 1})
	if err != nil {
		return nil, err
	}
	if isBack {
		out.RestoredAt, out.RestoredBy = At(back.Time, v.o.Zone), doer(back)
	}
	return out, nil
}

// doer is the person of an entry, or the broker.
func doer(e ledger.Entry) string { return cmp.Or(e.Actor.ID, e.Actor.Kind) }

func firstEntry(s *store.Snap, f store.EntryFilter) (ledger.Entry, bool, error) {
	for e, err := range s.Entries(f) {
		return e, err == nil, err
	}
	return ledger.Entry{}, false, nil
}

// lineOn adds to a window what its staff see of the line: the rule, the steps, and the line as it is now.
func (v *Views) lineOn(s *store.Snap, w *api.Window) error {
	sys, err := s.System(w.System)
	if err != nil {
		return fmt.Errorf("system %s: %w", w.System, err)
	}
	row, err := s.WindowLine(w.ID)
	switch {
	case err == nil:
		w.Line = windowLine(row, v.o.Zone)
	case !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("line of %s: %w", w.ID, err)
	}
	if sys.Line == policy.LineNone {
		return nil
	}
	w.LineRule = sys.Line
	now := v.lineNow(sys)
	w.LineNow = &now
	return nil
}
