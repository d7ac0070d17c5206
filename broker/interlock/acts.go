package interlock

import (
	"errors"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

type windowAct = act.Act[store.OnWindow]

var attendants = act.Those(policy.Attendant)

// The acts of an attendant on the line of a window, in their order.
var (
	cutting = windowAct{Spec: spec("line-cut", "line cut", "庁内網が切れたことを確かめて記す(連動のときは切る)", "confirm that the office network is cut (a driven one is cut)"),
		May: act.Rule[store.OnWindow](policy.MayMoveLine), Ready: readyFor(Cut)}
	putting = windowAct{Spec: spec("line-on", "line on", "保守回線をつないだことを記す(連動のときはつなぐ)", "state that the maintenance line is connected (a driven one is connected)"),
		May: act.Rule[store.OnWindow](policy.MayMoveLine), Ready: readyFor(On)}
	taking = windowAct{Spec: spec("line-off", "line off", "保守回線を外したことを記す(連動のときは外す)", "state that the maintenance line is disconnected (a driven one is disconnected)"),
		May: act.Rule[store.OnWindow](policy.MayCloseLine), Ready: readyFor(Off)}
	restoring = windowAct{Spec: spec("line-back", "line back", "庁内網を元に戻したことを記す(連動のときは戻す)", "state that the office network is back (a driven one is put back)"),
		May: act.Rule[store.OnWindow](policy.MayCloseLine), Ready: readyFor(Restore)}
)

// OnWindow is a window with the acts on its line.
var OnWindow = act.Subject[store.OnWindow]{Load: (*store.Snap).OnWindow, Acts: []windowAct{cutting, putting, taking, restoring}}

// OnSystem is a system with the act on its line.
var OnSystem = act.Subject[onSystem]{Load: loadSystem, Acts: []act.Act[onSystem]{trying}}

// onSystem has the facts for a test.
type onSystem struct {
	System store.System
	open   bool // a window's line is open
}

var trying = act.Act[onSystem]{Spec: act.Spec{Name: "test", Path: api.Lines.Pattern("id", "test"), Command: "line test", Operands: "SYSTEM",
	JA: "回線を試験する(連動のときは庁内網を切り、戻す)", EN: "test the line (a driven one cuts the office network and puts it back)",
	Callers: act.Those(policy.Attendant, policy.Administrator, policy.InformationSystems), Shows: act.ShowsLine},
	May: mayTest, Ready: testable}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Switch] {
	return []act.Mount[*Switch]{
		act.Bare(cutting.Spec, (*Switch).CutOff), act.Bare(putting.Spec, (*Switch).PutOn), act.Bare(taking.Spec, (*Switch).TakeOff), act.Bare(restoring.Spec, (*Switch).PutBack),
		act.Bare(trying.Spec, (*Switch).Test),
	}
}

func spec(name, command, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Windows.Pattern("id", name), Command: command, Operands: "WINDOW", JA: ja, EN: en, Callers: attendants, Shows: act.ShowsAttendance}
}

func loadSystem(s *store.Snap, id string) (on onSystem, err error) {
	if on.System, err = s.System(id); err != nil {
		return on, fmt.Errorf("system %q: %w", id, err)
	}
	_, err = s.OpenLine(id)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		on.open = true
	}
	return on, nil
}

// readyFor tells what must be done before a step.
func readyFor(step Step) func(*store.Snap, policy.Person, store.OnWindow) error {
	return func(s *store.Snap, _ policy.Person, on store.OnWindow) error {
		if on.System.Line == policy.LineNone {
			return forms.Wrong("line", "no-line", "このシステムに回線の連動はありません。", "this system has no line")
		}
		open, err := s.OpenLine(on.System.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("line of %s: %w", on.System.ID, err)
		}
		if open.Window != "" && open.Window != on.Window.ID {
			return forms.Wrong("line", "line-in-use", "時間枠 "+open.Window+" の回線がまだ開いています。先に閉じてください。", "the line of window "+open.Window+" is still open; close it first")
		}
		row, err := s.WindowLine(on.Window.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("line of %s: %w", on.Window.ID, err)
		}
		lost := row.Lost()
		switch step {
		case Cut:
			if row.Open() && !lost {
				return forms.Wrong("line", "line-already", "庁内網の切断は確認済みです。", "the office network is confirmed cut already")
			}
		case On:
			switch {
			case !row.Open() || lost:
				return forms.Wrong("line", "office-network-first", "先に庁内網の切断を確かめてください(line cut)。", "confirm first that the office network is cut (line cut)")
			case row.On():
				return forms.Wrong("line", "line-already", "保守回線はつながっています。", "the maintenance line is connected already")
			}
		case Off:
			if !row.On() {
				return forms.Wrong("line", "line-already", "保守回線はつながっていません。", "the maintenance line is not connected")
			}
			return idle(s, on)
		case Restore:
			switch {
			case !row.Open():
				return forms.Wrong("line", "line-already", "庁内網は切られていません。", "the office network is not cut")
			case row.On():
				return forms.Wrong("line", "maintenance-line-first", "先に保守回線を外してください(line off)。", "disconnect the maintenance line first (line off)")
			}
			return idle(s, on)
		}
		return nil
	}
}

// idle refuses while a session of the window is under way, or could still begin.
func idle(s *store.Snap, on store.OnWindow) error {
	live, err := s.Sessions(store.SessionFilter{Window: on.Window.ID, Live: true, Limit: 1})
	if err != nil {
		return fmt.Errorf("sessions of %s: %w", on.Window.ID, err)
	}
	if len(live) > 0 {
		return forms.Wrong("line", "session-under-way", live[0].ID+" がまだ終わっていません。", "session "+live[0].ID+" has not ended yet")
	}
	if on.Window.State == policy.WindowPermitted && s.Now.Before(on.Window.End) {
		return forms.Wrong("line", "still-permitted", "開始の許可が出ています。先に許可を取り消すか、時間枠を閉じてください。", "the start is permitted; take the permission back or close the window first")
	}
	return nil
}

func mayTest(p policy.Person, on onSystem, _ time.Time) policy.Decision {
	return policy.MayTestLine(p, on.System.System)
}

// testable refuses a test of a line that is in use, or that has nothing to test.
func testable(_ *store.Snap, _ policy.Person, on onSystem) error {
	switch {
	case on.System.Line == policy.LineNone:
		return forms.Wrong("line", "no-line", "このシステムに回線の連動はありません。", "this system has no line")
	case len(on.System.LineProbes) == 0:
		return forms.Wrong("line", "no-sensor", "検査器がないので試験できません(目視だけ)。", "there is no sensor to test (by eye only)")
	case on.open:
		return forms.Wrong("line", "line-in-use", "回線が開いています。閉じてから試験してください。", "the line is open; test it when it is closed")
	}
	return nil
}
