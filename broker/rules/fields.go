package rules

import (
	"slices"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/policy"
)

// Bounds of the rules. No session lasts longer than longestAbsence after its attendant was last heard of.
const (
	longestWindow    = 24 * time.Hour
	LongestLead      = 90 * 24 * time.Hour
	longestBackupAge = 31 * 24 * time.Hour
	longestReport    = 31 * 24 * time.Hour
	longestAbsence   = 10 * time.Minute
	shortestAbsence  = 2 * time.Second
	pauseByDefault   = 30 * time.Second
	cutByDefault     = 2 * time.Minute
)

// Fields are a system's properties in the order of pages and fingerprints. Older pending changes hold such fingerprints, so a further
// row goes to the end, and is Late.
var Fields = append(field.Table[System]{
	field.Text("name", "名前", "Name", func(s *System) *string { return &s.Name }).Must().Unguarded(),
	field.Text("note", "備考", "Note", func(s *System) *string { return &s.Note }).Unguarded(),
	field.Text("section", "所管課", "Section", func(s *System) *string { return &s.Section }).Must().Refers("section"),
	field.Text("phone", "電話", "Phone", func(s *System) *string { return &s.Phone }).Unguarded(),
	field.Bool("second_stage", "第二承認", "Second stage", func(s *System) *bool { return &s.SecondStage }).YesNo(),
	field.Choice("attendance", "立会い", "Attendance", func(s *System) *policy.AttendanceMode { return &s.Attendance }, policy.AttendanceRequired,
		field.Labelled(policy.AttendanceRequired, policy.AttendanceOnCall, policy.AttendanceNone)...).
		NeedIf(func(s *System) bool { return s.PersonalData && s.Attendance != policy.AttendanceRequired }, "attendance-needed",
			"個人情報を扱うシステムの立会いは必須(required)です。", "a system with personal data needs attendance: required"),
	field.Bool("identity_check", "本人確認", "Identity check", func(s *System) *bool { return &s.IdentityCheck }).YesNo(),
	field.Choice("line", "回線", "Line", func(s *System) *policy.LineMode { return &s.Line }, policy.LineInterlocked,
		field.Labelled(policy.LineInterlocked, policy.LineByHand, policy.LineNone)...).Must(),
	field.Bool("exclusive", "専有", "Exclusive", func(s *System) *bool { return &s.Exclusive }).YesNo(),
	field.Length("max_window", "最長の時間枠", "Longest window", longestWindow, func(s *System) *time.Duration { return &s.MaxWindow }),
	field.Length("idle", "無操作の限度", "Idle", 0, func(s *System) *time.Duration { return &s.Idle }),
	field.Bool("approver_may_attend", "承認者の立会い", "Approver may attend", func(s *System) *bool { return &s.ApproverMayAttend }).YesNo(),
	field.Bool("personal_data", "個人情報", "Personal data", func(s *System) *bool { return &s.PersonalData }).YesNo(),
	field.Choices("second_when", "第二承認が要る場合", "Second when", func(s *System) *[]policy.SecondRule { return &s.SecondWhen }, policy.SecondRules()...),
	field.Length("lead", "申請から開始まで", "Lead", LongestLead, func(s *System) *time.Duration { return &s.Lead }),
	field.Length("delegated", "立会者の延長の限度", "Delegated", longestWindow, func(s *System) *time.Duration { return &s.Delegated }),
	field.Length("backup_age", "バックアップの古さの限度", "Backup age", longestBackupAge, func(s *System) *time.Duration { return &s.BackupAge }),
	field.Choice("recurring", "繰返しの承認", "Recurring", func(s *System) *policy.RecurringRule { return &s.Recurring }, "",
		field.Labelled(policy.RecurringOnce, policy.RecurringEach)...),
	field.Length("pause_after", "立会者不在で一時停止", "Pause after", longestAbsence, func(s *System) *time.Duration { return &s.PauseAfter }).
		Bound(func(s *System) bool { return tooShort(s.PauseAfter) }, "too-short", "2秒以上にしてください。", "at least 2 s").
		NeedIf(func(s *System) bool { return s.CutAfter == 0 && pauseAfterCut(s) }, "pause-after-cut", pauseAfterCutJA, pauseAfterCutEN),
	field.Length("cut_after", "立会者不在で切断", "Cut after", longestAbsence, func(s *System) *time.Duration { return &s.CutAfter }).
		Bound(func(s *System) bool { return tooShort(s.CutAfter) }, "too-short", "2秒以上にしてください。", "at least 2 s").
		NeedIf(func(s *System) bool { return s.CutAfter != 0 && pauseAfterCut(s) }, "pause-after-cut", pauseAfterCutJA, pauseAfterCutEN),
	field.Length("report_within", "作業報告の期限", "Report within", longestReport, func(s *System) *time.Duration { return &s.ReportWithin }),
	field.Own("checklist", "手順書", "Checklist", func(s *System) *Checklist { return &s.Checklist },
		func(s *System, v forms.Value, _ *time.Location) { s.Checklist = readChecklist(v) }, nil,
		func(s *System, lang string) string { return s.Checklist.say(lang) }).
		Parts(func(s *System) []field.Part { return s.Checklist.parts() }),
	field.Bool("bookmark_required", "目印が必要", "Bookmark required", func(s *System) *bool { return &s.BookmarkRequired }).YesNo().Late(),
	field.Int("confirm_within", "その日の接続の確認(開庁日)", "Day confirmed within (open days)", 1, 10, func(s *System) *int { return &s.ConfirmWithin }).Late(),
}, slices.Concat(lineFields, careFields, fileFields, screenFields, forwardFields, commandFields, liveFields, keepFields)...)

func tooShort(absence time.Duration) bool { return absence != 0 && absence < shortestAbsence }

const (
	pauseAfterCutJA = "一時停止(pause_after)は切断(cut_after)より前でなければなりません。"
	pauseAfterCutEN = "pause_after must be shorter than cut_after (defaults 30s and 2m)"
)

// pauseAfterCut reports that the pause would not come before the cut. Defaults count too.
func pauseAfterCut(s *System) bool {
	pause, cut := s.PauseAfter, s.CutAfter
	if pause == 0 {
		pause = pauseByDefault
	}
	if cut == 0 {
		cut = cutByDefault
	}
	return pause >= cut
}
