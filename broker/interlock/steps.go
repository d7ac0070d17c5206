package interlock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// prepared judges an act and gives the watch over the system's line.
func (s *Switch) prepared(ctx context.Context, what windowAct, window string, by act.Caller) (*line, store.OnWindow, error) {
	on, err := act.Judge(ctx, s.o.Acts, OnWindow, what, window, by)
	if err != nil {
		return nil, on, err
	}
	l, err := s.watched(ctx, on.System.ID)
	return l, on, err
}

// watched gives the watch over a system's line. A rule that is younger than the last reading is read now.
func (s *Switch) watched(ctx context.Context, system string) (*line, error) {
	l := s.line(system)
	if l == nil && s.cancel != nil {
		if err := s.refresh(ctx); err != nil {
			return nil, fmt.Errorf("read the lines: %w", err)
		}
		l = s.line(system)
	}
	if l == nil {
		return nil, forms.Wrong("line", "line-not-watched", "回線の監視が始まっていません。少し待ってやり直してください。", "the line is not watched yet; wait a moment and try again")
	}
	return l, nil
}

// stepEntry makes the entry and the row of a step, in the act's transaction.
func (s *Switch) stepEntry(ctx context.Context, what windowAct, kind, window string, by act.Caller, l *line, do func(tx *store.Tx, row *store.WindowLine, p act.Person) error) error {
	err := act.Do(ctx, s.o.Acts, OnWindow, what, window, by, func(tx *store.Tx, p act.Person, on store.OnWindow) error {
		row, err := tx.WindowLine(window)
		fresh := errors.Is(err, store.ErrNotFound)
		if err != nil && !fresh {
			return fmt.Errorf("line of %s: %w", window, err)
		}
		if fresh {
			row = store.WindowLine{Window: window, System: on.System.ID, How: on.System.How()}
		}
		if err := do(tx, &row, p); err != nil {
			return err
		}
		if fresh {
			err = tx.AddWindowLine(row)
		} else {
			err = tx.UpdateWindowLine(row)
		}
		if err != nil {
			return fmt.Errorf("store the line: %w", err)
		}
		return entry(tx, kind, row, p.By, l.verdict())
	})
	if err != nil {
		return err
	}
	s.settled(ctx, l)
	return nil
}

// settled follows an act: the watch reads the store, which it would do anyway a second later, and what the probes saw is stored.
func (s *Switch) settled(ctx context.Context, l *line) {
	ctx = context.WithoutCancel(ctx)
	if err := errors.Join(s.refresh(ctx), s.keep(ctx, l, true)); err != nil {
		s.o.Log.Error("lines_not_read", "error", err)
	}
}

// notSeen is the refusal of a step that the probes or the driver do not confirm. It says what they see.
func (l *line) notSeen(code, ja, en string) error {
	shown := l.shown(l.s.o.Clock())
	for _, p := range shown.Probes {
		word := p.Saw.Label()
		ja, en = ja+"\n  "+p.Words+": "+word.JA, en+"\n  "+p.Words+": "+word.EN
		if !p.Proven {
			ja, en = ja+"(30日以内に成功と失敗の両方を見ていない検査)", en+" (not seen to succeed and to fail within 30 days)"
		}
	}
	if shown.Why != "" {
		ja, en = ja+"\n  "+shown.Why, en+"\n  "+shown.Why
	}
	return forms.Wrong("line", code, ja, en)
}

func phase(p Phase) *Phase { return &p }

// CutOff is step 1: the office network is cut, and the broker has verified it as far as it can. Errors: *policy.Denied, *forms.Invalid.
func (s *Switch) CutOff(ctx context.Context, window string, by act.Caller) error {
	l, _, err := s.prepared(ctx, cutting, window, by)
	if err != nil {
		return err
	}
	l.order(phase(Apart))
	defer l.order(nil)
	if !l.wait(ctx, s.o.Settle, func(v policy.Line) bool { return v.State == policy.LineSeparated }) {
		return l.notSeen("office-network-not-cut", "庁内網の切断が確認できません。", "the office network is not confirmed to be cut")
	}
	return s.stepEntry(ctx, cutting, "line.cut", window, by, l, func(tx *store.Tx, row *store.WindowLine, p act.Person) error {
		if row.RestoredAt.IsZero() && !row.CutAt.IsZero() { // cut anew after a loss: the row is open
			row.CutAt, row.CutBy = later(tx.Now, row.LostAt), p.ID
			return nil
		}
		*row = store.WindowLine{Window: row.Window, System: row.System, How: row.How, CutAt: tx.Now, CutBy: p.ID}
		return nil
	})
}

// later is a time after the loss: a cut at the same millisecond would be the one that was lost.
func later(now, lost time.Time) time.Time {
	if now.After(lost) {
		return now
	}
	return lost.Add(time.Millisecond)
}

// PutOn is step 2: the maintenance line is on. It is refused while the office network is not seen to be cut.
func (s *Switch) PutOn(ctx context.Context, window string, by act.Caller) error {
	l, _, err := s.prepared(ctx, putting, window, by)
	if err != nil {
		return err
	}
	if !l.wait(ctx, s.o.Settle, func(v policy.Line) bool { return v.State == policy.LineSeparated }) {
		return l.notSeen("office-network-not-cut", "庁内網の切断が確認できないので、保守回線はつなげません。", "the office network is not confirmed to be cut, so the maintenance line may not be connected")
	}
	if l.driver != nil {
		l.order(phase(Connected))
		defer l.order(nil)
		if !l.wait(ctx, s.o.Settle, func(v policy.Line) bool {
			return v.State == policy.LineSeparated && v.Maintenance == policy.SideUp
		}) {
			return l.notSeen("maintenance-line-not-up", "保守回線がつながりません。", "the maintenance line did not come up")
		}
	}
	return s.stepEntry(ctx, putting, "line.on", window, by, l, func(tx *store.Tx, row *store.WindowLine, p act.Person) error {
		row.OnAt, row.OnBy, row.OffAt, row.OffBy = tx.Now, p.ID, time.Time{}, ""
		return nil
	})
}

// TakeOff is step 5: the maintenance line is off. The order stands first: whatever happens then, the line is not put on again.
func (s *Switch) TakeOff(ctx context.Context, window string, by act.Caller) error {
	l, _, err := s.prepared(ctx, taking, window, by)
	if err != nil {
		return err
	}
	if l.driver != nil {
		l.order(phase(Apart))
		defer l.order(nil)
		if !l.wait(ctx, s.o.Settle, func(v policy.Line) bool { return v.Maintenance == policy.SideDown }) {
			return l.notSeen("maintenance-line-not-down", "保守回線が外れたことを確認できません。", "the maintenance line is not seen to be down")
		}
	} else if l.verdict().Maintenance == policy.SideUp && l.sees(policy.SideUp) {
		return l.notSeen("maintenance-line-not-down", "保守回線がまだつながっています。", "the maintenance line is still up")
	}
	return s.stepEntry(ctx, taking, "line.off", window, by, l, func(tx *store.Tx, row *store.WindowLine, p act.Person) error {
		row.OffAt, row.OffBy = tx.Now, p.ID
		return nil
	})
}

// sees tells whether a probe of the maintenance side sees it so.
func (l *line) sees(side policy.LineSide) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.probes {
		if p.Side == "maintenance" && p.saw == side {
			return true
		}
	}
	return false
}

// PutBack is step 6: the office network is back. It is refused while the maintenance line is not seen to be off.
func (s *Switch) PutBack(ctx context.Context, window string, by act.Caller) error {
	l, _, err := s.prepared(ctx, restoring, window, by)
	if err != nil {
		return err
	}
	if !l.wait(ctx, s.o.Settle, func(v policy.Line) bool { return v.Maintenance == policy.SideDown }) {
		return l.notSeen("maintenance-line-not-down", "保守回線が外れたことを確認できないので、庁内網は戻せません。", "the maintenance line is not seen to be down, so the office network may not be put back")
	}
	if l.driver != nil {
		l.order(phase(Closed))
		defer l.order(nil)
		if !l.wait(ctx, s.o.Settle, func(v policy.Line) bool { return v.Internal == policy.SideUp }) {
			return l.notSeen("office-network-not-back", "庁内網が戻ったことを確認できません。", "the office network is not seen to be back")
		}
	}
	return s.stepEntry(ctx, restoring, "line.restored", window, by, l, func(tx *store.Tx, row *store.WindowLine, p act.Person) error {
		row.RestoredAt, row.RestoredBy = tx.Now, p.ID
		return nil
	})
}

// Test tests the line. A driven one is cut and put back, and each probe must be seen to fail and to succeed. Of a line that people move,
// each probe must be able to look, and have been seen both ways within thirty days. The result is stored either way. Errors:
// *policy.Denied, *forms.Invalid.
func (s *Switch) Test(ctx context.Context, system string, by act.Caller) error {
	if _, err := act.Judge(ctx, s.o.Acts, OnSystem, trying, system, by); err != nil {
		return err
	}
	l, err := s.watched(ctx, system)
	if err != nil {
		return err
	}
	ok := s.tested(ctx, l)
	detail := []string{}
	for _, p := range l.shown(s.o.Clock()).Probes {
		word := p.Words + ": " + sideWord(p.Saw)
		if !p.Proven {
			word += ", not proven"
		}
		detail = append(detail, word)
	}
	err = act.Do(ctx, s.o.Acts, OnSystem, trying, system, by, func(tx *store.Tx, p act.Person, on onSystem) error {
		if err := tx.AddLineTest(store.LineTest{System: system, By: p.ID, OK: ok, Detail: detail}); err != nil {
			return fmt.Errorf("store the test: %w", err)
		}
		_, err := tx.Append(ledger.Draft{Kind: "line.tested", Actor: p.By, Subjects: []string{system}, Payload: map[string]any{
			"system": system, "how": on.System.How(), "ok": ok, "probes": detail,
		}})
		return err
	})
	if err != nil {
		return err
	}
	s.settled(ctx, l)
	return nil
}

// tested makes the test.
func (s *Switch) tested(ctx context.Context, l *line) bool {
	if l.driver != nil {
		l.order(phase(Apart))
		cut := l.wait(ctx, s.o.Settle, func(v policy.Line) bool { return v.State == policy.LineSeparated })
		l.order(phase(Closed))
		back := l.wait(ctx, s.o.Settle, func(v policy.Line) bool { return v.Internal == policy.SideUp })
		l.order(nil)
		if !cut || !back {
			return false
		}
	} else {
		l.mu.Lock()
		rounds := l.rounds
		l.mu.Unlock()
		l.wait(ctx, s.o.Settle, func(policy.Line) bool { // one whole look from now on
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.rounds > rounds+1
		})
	}
	for _, p := range l.shown(s.o.Clock()).Probes {
		if p.Saw == policy.SideUnknown || !p.Proven {
			return false
		}
	}
	return true
}
