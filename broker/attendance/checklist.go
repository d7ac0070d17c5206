package attendance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Tick ticks a step of the system's checklist by name (R10). A person who may attend the window and has seen the step may do it. The
// order is compulsory: every earlier mandatory step of its phase must be ticked. A tick counts for the version of the
// checklist in force; a new version voids it. Steps of the opening are ticked before the window's end, those of the
// close after it. Errors: *policy.Denied, *forms.Invalid.
func (a *Service) Tick(ctx context.Context, window, step string, how store.Method, by act.Caller) error {
	switch how {
	case store.MethodSeen:
	case store.MethodSensor:
		return forms.Wrong("method", "no-sensor", "連動(sensor)は人が記すものではありません。目視(seen)としてください。",
			"sensor is what a sensor says, not a person; the method is seen")
	default:
		return forms.Wrong("method", "unknown-word", "方法は 目視(seen)です。", "the method is seen")
	}
	return a.onWindow(ctx, tick, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		w, list := &on.Window, on.System.Checklist
		n := stepNo(list, step)
		if n < 0 {
			return unknownStep(list, step)
		}
		if err := phaseFits(*on, list.Steps[n], tx.Now); err != nil {
			return err
		}
		done, err := ticksOf(tx.Snap, w.ID, list)
		if err != nil {
			return err
		}
		if t, ok := done[step]; ok {
			return forms.Wrong("step", "already-ticked",
				fmt.Sprintf("手順%d「%s」は %s が %s に確認済みです。", n+1, list.Steps[n].JA, t.By, t.At.In(a.o.Zone).Format("15:04:05")),
				fmt.Sprintf("step %d (%s) was ticked by %s at %s", n+1, list.Steps[n].EN, t.By, t.At.In(a.o.Zone).Format("15:04:05")))
		}
		if missing := missingOf(list, done, list.Steps[n].Phase, n); missing != nil {
			return missing
		}
		if err := tx.AddTick(store.Tick{Window: w.ID, Version: list.Version, Step: step, Method: how, By: p.ID}); err != nil {
			return fmt.Errorf("store the tick: %w", err)
		}
		return a.windowEntry(tx, "window.step-ticked", p.By, *w, map[string]any{
			"step": step, "step_no": n + 1, "text": list.Steps[n].JA, "phase": list.Steps[n].Phase, "checklist_version": list.Version, "method": how,
		})
	})
}

// phaseFits: steps of the opening belong before the end, those of the close after it.
func phaseFits(on store.OnWindow, step store.Step, now time.Time) error {
	if step.Phase != store.PhaseClose {
		return policy.MayPrepare(on.Facts, now).Err()
	}
	switch {
	case on.Window.OpenedAt.IsZero():
		return forms.Wrong("step", "not-opened", "開かれなかった時間枠には終了の手順がありません。", "a window that was never opened has no steps of the close")
	case on.Window.State.Usable() && now.Before(on.Window.End):
		return forms.Wrong("step", "after-the-end", "この手順は終了後に押せます。", "this step is ticked after the end")
	}
	return nil
}

// stepNo is the index of a step; -1: no such step.
func stepNo(list store.Checklist, id string) int {
	for i, s := range list.Steps {
		if s.ID == id {
			return i
		}
	}
	return -1
}

func unknownStep(list store.Checklist, id string) error {
	var ids []string
	for _, s := range list.Steps {
		ids = append(ids, s.ID)
	}
	if len(ids) == 0 {
		return forms.Wrong("step", "no-checklist", "このシステムには手順書がありません。", "the system has no checklist")
	}
	ja, en := "手順 "+strings.Join(ids, ", ")+" のどれかを指定してください。", "the steps are "+strings.Join(ids, ", ")
	if near := forms.Nearest(id, ids); near != "" {
		ja, en = "もしかして "+near+"? "+ja, "did you mean "+near+"? "+en
	}
	return forms.Wrong("step", "unknown-step", ja, en)
}

// ticksOf are the ticks that count: those of the version in force, by step.
func ticksOf(s *store.Snap, window string, list store.Checklist) (map[string]store.Tick, error) {
	all, err := s.Ticks(window)
	if err != nil {
		return nil, fmt.Errorf("read ticks: %w", err)
	}
	done := map[string]store.Tick{}
	for _, t := range all {
		if t.Version == list.Version {
			done[t.Step] = t
		}
	}
	return done, nil
}

// missingOf names the mandatory steps of a phase before index n that are not ticked; nil: none.
func missingOf(list store.Checklist, done map[string]store.Tick, phase store.Phase, n int) error {
	var problems []forms.Problem
	for i, s := range list.Steps[:n] {
		if _, ok := done[s.ID]; ok || !s.Mandatory || s.Phase != phase {
			continue
		}
		problems = append(problems, forms.Problem{Field: "checklist", Code: "step-unticked",
			JA: fmt.Sprintf("手順%d「%s」(%s)がまだ確認されていません(手順書 第%d版)。", i+1, s.JA, s.ID, list.Version),
			EN: fmt.Sprintf("step %d, %s (%s), is not ticked (checklist version %d)", i+1, s.EN, s.ID, list.Version)})
	}
	if problems == nil {
		return nil
	}
	return &forms.Invalid{Problems: problems}
}

// ticked compares a start with the checklist in force.
func ticked(s *store.Snap, _ policy.Person, on store.OnWindow) error {
	list := on.System.Checklist
	if len(list.Steps) == 0 {
		return nil
	}
	done, err := ticksOf(s, on.Window.ID, list)
	if err != nil {
		return err
	}
	return missingOf(list, done, store.PhaseOpen, len(list.Steps))
}
