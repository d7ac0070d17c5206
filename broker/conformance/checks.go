package conformance

import (
	"fmt"
	"time"

	"sekimori/broker/rules"
	"sekimori/policy"
	"sekimori/policy/text"
)

// yearOfDays is how long PCI DSS has the history of audit logs kept.
const yearOfDays = 365

// longestIdle is the longest idle limit that a check takes as short.
const longestIdle = 15 * time.Minute

// checks are all questions, each once. Clauses name them by id.
var checks = []check{
	{"attended", text.Of("どのシステムも立会いを求める", "every system requires an attendant"), []string{"rule: attendance"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.AttendanceRule() == policy.AttendanceRequired })
	}},
	{"identity", text.Of("どのシステムも電話での本人確認を求める", "every system asks for the identity check over the telephone"), []string{"rule: identity_check"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.IdentityCheck })
	}},
	{"second-stage", text.Of("個人情報を扱うシステムに第二承認がある", "systems with personal data have a second approval"), []string{"rule: second_stage", "rule: second_when"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return !s.PersonalData || s.SecondStage || len(s.SecondWhen) > 0 })
	}},
	{"line", text.Of("どのシステムも回線の分離を求める", "every system asks for separated lines"), []string{"rule: line"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.Line != "" && s.Line != policy.LineNone })
	}},
	{"idle", text.Of("無操作の限度が15分以下", "the idle limit is 15 minutes or less"), []string{"rule: idle"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.Idle <= longestIdle })
	}},
	{"files", text.Of("ファイルは検査か承認を経て移る", "files move through inspection or approval"), []string{"rule: files_in", "rule: files_out"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.FilesIn.Held() && s.FilesOut.Held() })
	}},
	{"inspector", text.Of("ファイルを検査する手段がある", "an engine inspects files"), []string{"gate: clamd", "gate: icap", "gate: inspector"}, func(f Facts) text.Text {
		return unless(f.Settings.Inspector, "検査の手段がありません", "no inspector is configured")
	}},
	{"numbers", text.Of("個人情報を扱うシステムで個人番号を伏せる", "systems with personal data mask individual numbers"), []string{"rule: mask_numbers"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return !s.PersonalData || s.MaskNumbers })
	}},
	{"secrets", text.Of("保管した鍵・パスワードを時間枠のあとに替える", "stored keys and passwords are changed after each window"), []string{"rule: change_secrets"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.ChangeSecrets })
	}},
	{"inventory", text.Of("接続先のアカウントを毎月棚卸しする", "accounts on targets are listed and compared every month"), []string{"rule: inventory_monthly"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.InventoryMonthly })
	}},
	{"reconcile", text.Of("接続先のログインを毎時突き合わせる", "logins of targets are compared with the ledger every hour"), []string{"rule: reconcile_hourly"}, func(f Facts) text.Text {
		return systems(f, func(s rules.System) bool { return s.ReconcileHourly })
	}},
	{"papers", text.Of("誓約書の写し、特記事項、監査報告書を求める", "pledge copies, special clauses and audit reports are asked for"), []string{"institution: pledge_copy", "institution: special_clauses", "institution: audit_report"}, func(f Facts) text.Text {
		return unless(f.House.PledgeCopy && f.House.SpecialClauses && f.House.AuditReport, "求めていないものがあります", "not all of them are asked for")
	}},
	{"roster", text.Of("従事者の月次確認を求める", "vendors state every month who works for them"), []string{"institution: roster_from"}, func(f Facts) text.Text {
		return unless(f.House.RosterFrom != "", "求めていません", "it is not asked for")
	}},
	{"outside", text.Of("確定点を外にも置く", "checkpoints are also kept outside"), []string{"ledger: checkpoint_dir"}, func(f Facts) text.Text {
		return unless(f.Settings.OutsideCopies, "置いていません", "they are not")
	}},
	{"ledger", text.Of("台帳が一日以内に検証され、改ざんがない", "the ledger was verified within a day and no tampering was found"), nil, func(f Facts) text.Text {
		return unless(f.Now.LedgerVerified, "検証できていません", "it was not verified")
	}},
	{"sealed", text.Of("画面出力を開ける点検担当の鍵と、入力を封じる鍵がある", "auditors have keys to the output, and the input is sealed to keys kept elsewhere"), []string{"recipients: auditors", "recipients: input"}, func(f Facts) text.Text {
		return unless(f.Settings.Auditors > 0 && f.Settings.InputKeys > 0, "鍵の足りないものがあります", "a key is missing")
	}},
	{"kept", text.Of("操作記録を一年以上保存する", "recordings are kept for a year or longer"), []string{"recordings: retention"}, func(f Facts) text.Text {
		return unless(f.Settings.RecordingDays >= yearOfDays, fmt.Sprintf("%d日です", f.Settings.RecordingDays), fmt.Sprintf("%d days", f.Settings.RecordingDays))
	}},
	{"mail", text.Of("警報と期限をメールで知らせる", "alarms and due dates are sent by mail"), []string{"notify: mail_server"}, func(f Facts) text.Text {
		return unless(f.Settings.Mail, "メールを送りません", "no mail is sent")
	}},
	{"factor", text.Of("認証コードをログインのたびに求める", "the one-time code is asked for at every login"), []string{"gate: factor_memory"}, func(f Facts) text.Text {
		return unless(f.Settings.FactorEachLogin, "時間枠ごとに一度です(同じ人・鍵・接続元に限る)", "once per window, for the same person, key and address")
	}},
	{"certificate", text.Of("画面とAPIの証明書が機関のもの", "pages and API have the institution's own certificate"), []string{"tls: certificate_file"}, func(f Facts) text.Text {
		return unless(f.Settings.GivenCert, "関守が署名したものです", "the broker signed it itself")
	}},
	{"reviews", text.Of("期限を過ぎた点検がない", "no review is overdue"), nil, func(f Facts) text.Text {
		n := f.Now.OverdueReviews
		return unless(n == 0, fmt.Sprintf("%d件あります", n), fmt.Sprintf("%d are", n))
	}},
}
