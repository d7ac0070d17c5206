package figures

// Kind is the kind of a figure's number.
type Kind int

// The kinds.
const (
	Count Kind = iota
	Parts      // broken down by a code; each part is a count
	Rate       // a share in per cent, rounded down
	Day        // a day as the number 20270331
)

// Key is one row of the report: a figure, or one that is broken down by a code.
type Key struct {
	Table, Key string
	JA, EN     string
	Kind       Kind
	// None says in place of a number that there was nothing to count from. Such a figure is left out of the report: a rate of nothing is neither
	// 0 nor 100. Empty: the figure always has a number.
	None None
}

// None is what stands in place of a number, in Japanese and English.
type None struct{ JA, EN string }

var (
	noSessions      = None{"—(接続なし)", "— (no sessions)"}
	noEngineers     = None{"—(作業した保守要員なし)", "— (no engineer worked)"}
	noReviewsDue    = None{"—(点検の対象なし)", "— (no work to review)"}
	noRecordings    = None{"—(点検済みの操作記録なし)", "— (no recording of reviewed work)"}
	noVerifications = None{"—(検証の記載なし)", "— (no verification entered)"}
)

// NotStated is the part of looks whose entries do not say the role: those of earlier versions.
const NotStated = "not-stated"

// Keys are the figures in the order of the report. They are never renamed.
var Keys = []Key{
	{Table: "requests", Key: "filed", JA: "件数", EN: "Filed"},
	{Table: "requests", Key: "approved", JA: "承認", EN: "Approved"},
	{Table: "requests", Key: "conditional", JA: "うち条件付き", EN: "Of these with conditions"},
	{Table: "requests", Key: "returned", JA: "差戻し", EN: "Returned"},
	{Table: "requests", Key: "rejected", JA: "却下", EN: "Rejected"},
	{Table: "requests", Key: "withdrawn", JA: "取下げ", EN: "Withdrawn"},
	{Table: "requests", Key: "lapsed", JA: "失効(未決のまま時刻経過)", EN: "Lapsed undecided"},
	{Table: "requests", Key: "urgent", JA: "至急", EN: "Urgent"},
	{Table: "requests", Key: "by_deputy", JA: "代決", EN: "Decided by a deputy"},
	{Table: "requests", Key: "emergency", JA: "緊急利用(事後承認)", EN: "Emergencies (approved afterwards)"},
	{Table: "requests", Key: "overrides", JA: "不適合の承認(理由つき)", EN: "Unmet check items overridden with a reason"},
	{Table: "requests", Key: "by_override", JA: "不適合の項目別", EN: "By unmet item", Kind: Parts},

	{Table: "sessions", Key: "count", JA: "件数", EN: "Sessions"},
	{Table: "sessions", Key: "seconds", JA: "総時間", EN: "Total time"},
	{Table: "sessions", Key: "extended", JA: "延長", EN: "Extensions"},
	{Table: "sessions", Key: "attended", JA: "立会いあり", EN: "Attended"},
	{Table: "sessions", Key: "attended_rate", JA: "立会い率(%、切捨て)", EN: "Attended (%, rounded down)", Kind: Rate, None: noSessions},
	{Table: "sessions", Key: "by_end_cause", JA: "終了理由別", EN: "By end cause", Kind: Parts},
	{Table: "sessions", Key: "refused", JA: "接続拒否", EN: "Refused"},
	{Table: "sessions", Key: "by_refusal", JA: "接続拒否の理由別", EN: "By reason of refusal", Kind: Parts},
	{Table: "sessions", Key: "separation_lost", JA: "接続中に庁内網との分離を失った件数", EN: "Separation from the office network lost while connected"},
	{Table: "sessions", Key: "late_entries", JA: "接続のほかに、用紙から後日入力した作業(年度内に確認したもの)", EN: "Besides the sessions: work entered afterwards from paper (confirmed within the year)"},
	{Table: "sessions", Key: "late_restore", JA: "回線を外し忘れた件数", EN: "Lines left on"},

	{Table: "supervision", Key: "vendors", JA: "作業した事業者", EN: "Vendors that worked"},
	{Table: "supervision", Key: "engineers", JA: "作業した保守要員", EN: "Engineers who worked"},
	{Table: "supervision", Key: "pledged", JA: "うち誓約書の写しあり", EN: "Of these with a pledge on file"},
	{Table: "supervision", Key: "pledge_rate", JA: "誓約書写し率(%、切捨て)", EN: "Pledges (%, rounded down)", Kind: Rate, None: noEngineers},
	{Table: "supervision", Key: "certifications", JA: "認証の受理", EN: "Certifications accepted"},
	{Table: "supervision", Key: "subcontracts", JA: "再委託の承認", EN: "Subcontracts approved"},
	{Table: "supervision", Key: "audit_reports", JA: "監査報告書の受理", EN: "Audit reports accepted"},

	{Table: "reviews", Key: "due", JA: "点検の対象", EN: "Work to review"},
	{Table: "reviews", Key: "reviewed", JA: "点検済み", EN: "Reviewed"},
	{Table: "reviews", Key: "rate", JA: "点検率(%、切捨て)", EN: "Reviewed (%, rounded down)", Kind: Rate, None: noReviewsDue},
	{Table: "reviews", Key: "late", JA: "うち期限後の点検", EN: "Of the reviewed, after the due date"},
	{Table: "reviews", Key: "by_judgement", JA: "判定別", EN: "By judgement", Kind: Parts},
	{Table: "reviews", Key: "left_out", JA: "抽出外(点検の対象から除く)", EN: "Left out by the sampling plan (not in the work to review)"},
	{Table: "reviews", Key: "recorded_seconds", JA: "点検済みの作業の操作記録の長さ", EN: "Length of recordings of reviewed work"},
	{Table: "reviews", Key: "sent_seconds", JA: "うち点検した人の画面に出した分(書き出しを除く)", EN: "Of this shown to the reviewer (exports left out)"},
	{Table: "reviews", Key: "coverage", JA: "画面に出した率(%、切捨て)", EN: "Shown to the reviewer (%, rounded down)", Kind: Rate, None: noRecordings},
	{Table: "reviews", Key: "findings", JA: "指摘(是正要)", EN: "Findings"},
	{Table: "reviews", Key: "findings_closed", JA: "うち完了", EN: "Of these closed"},
	{Table: "reviews", Key: "freezes", JA: "緊急凍結", EN: "Freezes"},
	{Table: "reviews", Key: "confirmed_days", JA: "所管課が確認した日(システムごと)", EN: "Days confirmed by sections (per system)"},

	{Table: "viewing", Key: "views", JA: "操作記録の閲覧", EN: "Looks at recordings"},
	{Table: "viewing", Key: "by_purpose", JA: "操作記録の閲覧の目的別", EN: "Looks at recordings, by purpose", Kind: Parts},
	{Table: "viewing", Key: "by_role", JA: "操作記録の閲覧の役割別", EN: "Looks at recordings, by role", Kind: Parts},
	{Table: "viewing", Key: "ledger_views", JA: "台帳の閲覧", EN: "Looks at the ledger"},
	{Table: "viewing", Key: "ledger_by_role", JA: "台帳の閲覧の役割別", EN: "Looks at the ledger, by role", Kind: Parts},
	{Table: "viewing", Key: "exports", JA: "台帳と様式の書き出し", EN: "Exports of the ledger and of forms"},
	{Table: "viewing", Key: "notice_versions", JA: "監視の告知の版の変更", EN: "Versions of the notice"},
	{Table: "viewing", Key: "disposals", JA: "廃棄(操作記録、預かりファイル、台帳の内容)", EN: "Disposals (recordings, held files, contents of the ledger)"},
	{Table: "viewing", Key: "individual_number_use", JA: "個人番号が見える権限の利用", EN: "Sessions that may show individual numbers"},
	{Table: "viewing", Key: "numbers_masked", JA: "伏せた番号", EN: "Numbers masked"},
	{Table: "viewing", Key: "files_in", JA: "持込みファイル", EN: "Files brought in"},
	{Table: "viewing", Key: "files_out", JA: "持出しファイル", EN: "Files taken out"},
	{Table: "viewing", Key: "unknown_logins", JA: "関守を通らないログイン", EN: "Logins that bypassed the gate"},
	{Table: "viewing", Key: "alarms", JA: "警報", EN: "Alarms"},

	{Table: "ledger", Key: "entries", JA: "台帳の記載", EN: "Entries"},
	{Table: "ledger", Key: "unreadable", JA: "内容を廃棄した記載(数えられない)", EN: "Entries whose contents are disposed of (not counted)"},
	{Table: "ledger", Key: "verifications", JA: "台帳の検証", EN: "Verifications of the ledger"},
	{Table: "ledger", Key: "verified_days", JA: "検証した日", EN: "Days with a verification"},
	{Table: "ledger", Key: "mismatches", JA: "うち不整合ありの検証", EN: "Verifications that found a mismatch"},
	{Table: "ledger", Key: "last_verified_on", JA: "最後の検証の日", EN: "Day of the last verification", Kind: Day, None: noVerifications},
	{Table: "ledger", Key: "last_verified_entries", JA: "最後の検証で確かめた記載", EN: "Entries that the last verification read", None: noVerifications},
	{Table: "ledger", Key: "last_result", JA: "最後の検証の結果", EN: "Result of the last verification", Kind: Parts},
}
