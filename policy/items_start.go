package policy

import (
	"slices"
	"strconv"
	"time"
)

// lookAttendant checks that an attendant is named who may attend this work.
func lookAttendant(a *Application, f *finding, _ time.Time) {
	s := &a.Request.System
	rule, at := s.AttendanceRule(), a.Attendant
	name := Text{JA: "立会者を決めてください", EN: "name an attendant"}
	switch {
	case rule == AttendanceNone && at == nil:
		f.fine(Text{JA: "立会者 不要(方針)", EN: "no attendant (policy)"})
		return
	case rule == AttendanceOnCall && at == nil:
		f.careful(Text{JA: "呼出し。まだ決まっていません", EN: "on call; nobody is named yet"}, name)
		return
	case at == nil || at.ID == "":
		f.bad(AttendantAbsent, nil, Text{JA: "立会者が決まっていません", EN: "no attendant is named"}, name)
		return
	}
	who := whoIs(at)
	another := Text{JA: "別の立会者にしてください", EN: "name another attendant"}
	switch {
	case at.Kind != Staff || at.Vendor != "" || !at.Has(Attendant):
		f.bad(AttendantAbsent, nil, say("%sは立会者の役割を持ちません", "%s does not hold the role of attendant", who), another)
	case at.Locked != nil:
		f.bad(AttendantAbsent, nil, say("%sは利用停止中です", "%s is locked", who), another)
	case a.AttendantIsApprover && !s.ApproverMayAttend:
		f.bad(AttendantAbsent, nil, say("%sは承認者を兼ねます", "%s also approves this request", who), another)
	case slices.Contains(a.Request.Openers, at.ID):
		f.bad(AttendantAbsent, nil, say("%sは緊急利用を開いた人です", "%s is one of those who opened the emergency window", who), another)
	case !a.AttendedBefore:
		f.careful(say("%sはこのシステムの立会いが初めてです", "%s attends this system for the first time", who),
			Text{JA: "手順書を読み、経験のある職員に確かめてください", EN: "read the procedure and ask somebody with experience"})
	case a.AttendantIsApprover:
		f.fine(say("%s(承認者を兼ねる、このシステムの決まり)", "%s (also approves, by this system's rule)", who))
	default:
		f.fine(say("%s", "%s", who))
	}
}

// lookSchedule checks that a recording can be made, that no other window overlaps, and that no earlier duty is open.
func lookSchedule(a *Application, f *finding, now time.Time) {
	lookRecorder(a, f, now)
	lookSpans(a, f)
	if a.Overlap != "" {
		f.bad(SystemInUse, map[string]string{"n": a.Overlap}, say("同じシステムに申請 %s の時間枠が重なります", "overlaps request %s on the same system", a.Overlap),
			Text{JA: "日時をずらしてください", EN: "choose another time"})
	} else {
		f.fine(Text{JA: "重なりなし", EN: "no overlap"})
	}
	if a.OverdueReviews > 0 {
		n := strconv.Itoa(a.OverdueReviews)
		f.soft(ReviewsOverdue, map[string]string{"n": n}, OverrideReviews, say("期限を過ぎた点検が%s件あります", "%s reviews are overdue", n),
			Text{JA: "点検を済ませてください。待てないときは理由を書けば進めます", EN: "have them done, or go on with a reason"})
	} else {
		f.fine(Text{JA: "点検の遅れなし", EN: "no review overdue"})
	}
	for i := range a.FollowUps {
		fu := &a.FollowUps[i]
		if !fu.blocks(a.Vendor.ID, a.Request.System.ID, a.Request.No, now) {
			continue
		}
		f.soft(FollowUpMissing, map[string]string{"n": fu.Request}, OverrideFollowUp,
			say("緊急利用 %s の報告か事後承認がまだです", "emergency %s lacks its report or later approval", fu.Request),
			Text{JA: "報告と事後承認を済ませてください。待てないときは理由を書けば進めます", EN: "have report and approval done, or go on with a reason"})
	}
	slices.Sort(f.overrides)
	f.overrides = slices.Compact(f.overrides)
}

// lookRecorder checks the recorder. Before the start its state says little about the start, so only a known fault counts.
func lookRecorder(a *Application, f *finding, now time.Time) {
	call := Text{JA: "情報システム課へ連絡してください", EN: "contact the IS section"}
	switch {
	case a.Runtime.Recorder == RecorderReady:
	case a.Runtime.Recorder == RecorderUnknown && !a.started(now):
		f.fine(Text{JA: "記録先は接続のときに確かめます", EN: "the recording store is verified at the connection"})
	default:
		f.bad(RecordingUnavailable, nil, Text{JA: "操作記録を始められません", EN: "a recording cannot be started"}, call)
	}
	switch least := a.Institution.SpaceDays; {
	case least <= 0:
	case a.SpaceDays < 0:
		f.careful(SayRoom(a.SpaceDays), call)
	case a.SpaceDays < least:
		f.careful(say("記録先の空きは%s日分です", "space for %s days of recordings is left", strconv.Itoa(a.SpaceDays)), call)
	default:
		f.fine(SayRoom(a.SpaceDays))
	}
}

// SayRoom says for how many days of recordings there is room. Below zero: not known.
func SayRoom(days int) Text {
	if days < 0 {
		return Text{JA: "記録先の空きが分かりません", EN: "the space left for recordings is not known"}
	}
	return say("記録先の空き %s日分", "space for %s days of recordings", strconv.Itoa(days))
}

// lookSpans checks every occurrence. It names the first one in the way and counts the others.
func lookSpans(a *Application, f *finding) {
	zone := a.Calendar.Zone
	var closed, outside []Span
	var why string
	for _, s := range a.spans() {
		if s.Start.IsZero() || !s.Start.Before(s.End) {
			f.bad(WindowOver, nil, Text{JA: "開始と終了が決まっていません", EN: "start and end are not known"}, Text{JA: "日時を入力してください", EN: "enter start and end"})
			return
		}
		if n, ok := a.Calendar.NoWorkIn(a.Request.System.ID, s.Start, s.End); ok {
			if len(closed) == 0 {
				why = n.Reason
			}
			closed = append(closed, s)
		}
		if a.Calendar.Outside(s.Start, s.End) {
			outside = append(outside, s)
		}
	}
	if len(closed) > 0 {
		f.bad(GrantWasRevoked, map[string]string{"role": "section", "reason": "no-work"},
			say("%s%sは作業禁止日です(%s)", "%s%s: no-work day (%s)", sayDate(closed[0].Start, zone), more(closed), why), Text{JA: "別の日にしてください", EN: "choose another day"})
	}
	if len(outside) > 0 {
		f.careful(say("%s%s は開庁時間の外にかかります", "%s%s reaches outside office hours", sayTime(outside[0].Start, zone), more(outside)),
			Text{JA: "時間外に行う理由と、立会いの体制を確かめてください", EN: "confirm why, and who attends"})
	}
}

// more words how many spans follow the first.
func more(spans []Span) string {
	if len(spans) < 2 {
		return ""
	}
	return " +" + strconv.Itoa(len(spans)-1)
}

// started tells whether an occurrence is running.
func (a *Application) started(now time.Time) bool {
	return slices.ContainsFunc(a.spans(), func(s Span) bool { return within(s.Start, s.End, now) })
}
