package rules

import (
	"sekimori/broker/field"
	"sekimori/broker/ledger"
	"sekimori/policy"
)

// fileFields are the rules for files (R8).
var fileFields = field.Table[System]{
	field.Choice("files_in", "持込み", "Files in", func(s *System) *policy.FileRoute { return &s.FilesIn }, "",
		field.Labelled(policy.FilePass, policy.FileInspect, policy.FileApprove)...).Late(),
	field.List("file_paths", "ファイルの場所", "File paths", func(s *System) *[]string { return &s.FilePaths }).Late().
		Bound(func(s *System) bool { return policy.BadPlaces(s.FilePaths) }, "bad-path", policy.PlacesRule.JA, policy.PlacesRule.EN),
	field.Int("file_limit_mib", "一つのファイルの大きさの限度(MiB)", "File limit (MiB)", 1, policy.LargestFileMiB, func(s *System) *int { return &s.FileLimitMiB }).Late(),
	field.Bool("deny_shell", "ファイルを制限するとき端末を許さない", "Deny shell", func(s *System) *bool { return &s.DenyShell }).YesNo().Late(),
	field.Choice("files_out", "持出し", "Files out", func(s *System) *policy.FileRoute { return &s.FilesOut }, "",
		field.Labelled(policy.FilePass, policy.FileApprove)...).Late(),
}

// keepFields are the rules on how long things are kept.
var keepFields = field.Table[System]{
	field.Int("keep_files_days", "授受したファイルの中身の保存(日)", "File contents kept (days)", 1, policy.LongestFilesDays, func(s *System) *int { return &s.KeepFilesDays }).Late(),
	field.Int("keep_recordings_days", "操作記録の保存(日)", "Recordings kept (days)", 1, policy.LongestRecordingDays, func(s *System) *int { return &s.KeepRecordingsDays }).Late(),
	field.Text("review_sample", "点検の抽出", "Review sample", func(s *System) *string { return &s.ReviewSample }).Most(10).
		Bound(func(s *System) bool { _, ok := ledger.ParseSample(s.ReviewSample); return !ok }, "unknown-plan", "all、2/10、20% のように書いてください。", "write all, 2/10 or 20%").Late(),
	field.Int("remind_review_days", "点検の期限の知らせ(何日前)", "Reminder of reviews (days before)", 1, policy.LongestReminderDays, func(s *System) *int { return &s.RemindReviewDays }).Late(),
}
