package figures

// Key is one row of the report: a figure, or one that is broken down by a code.
type Key struct {
	Table, Key string
	JA, EN     string
	Parts      bool // broken down
}

// Keys are the figures in the order of the report. They are never renamed.
var Keys = []Key{
	{"requests", "filed", "件数", "Filed", false}, {"requests", "approved", "承認", "Approved", false}, {"requests", "conditional", "うち条件付き", "Of these with conditions", false},
	{"requests", "returned", "差戻し", "Returned", false}, {"requests", "rejected", "却下", "Rejected", false}, {"requests", "withdrawn", "取下げ", "Withdrawn", false}, {"requests", "lapsed", "失効", "Lapsed", false},
	{"requests", "urgent", "至急", "Urgent", false}, {"requests", "by_deputy", "代決", "Decided by a deputy", false}, {"requests", "emergency", "緊急利用", "Emergencies", false},

	{"sessions", "count", "件数", "Sessions", false}, {"sessions", "seconds", "総時間(秒)", "Total time (seconds)", false}, {"sessions", "extended", "延長", "Extensions", false},
	{"sessions", "attended", "立会いあり", "Attended", false}, {"sessions", "attended_rate", "立会い率(%、切捨て)", "Attended (%, rounded down)", false}, {"sessions", "by_end_cause", "終了理由別", "By end cause", true},
	{"sessions", "refused", "接続拒否", "Refused", false}, {"sessions", "by_refusal", "接続拒否の理由別", "By reason of refusal", true}, {"sessions", "late_restore", "庁内網復旧の遅れ", "Lines left on", false},

	{"supervision", "vendors", "事業者", "Vendors that worked", false}, {"supervision", "engineers", "保守要員", "Engineers who worked", false}, {"supervision", "pledged", "うち誓約書の写しあり", "Of these with a pledge on file", false},
	{"supervision", "pledge_rate", "誓約書写し率(%、切捨て)", "Pledges (%, rounded down)", false}, {"supervision", "certifications", "認証の受理", "Certifications accepted", false},
	{"supervision", "subcontracts", "再委託の承認", "Subcontracts approved", false}, {"supervision", "audit_reports", "監査報告書の受理", "Audit reports accepted", false},

	{"reviews", "due", "点検の対象", "Work to review", false}, {"reviews", "reviewed", "点検済み", "Reviewed", false}, {"reviews", "rate", "点検率(%、切捨て)", "Reviewed (%, rounded down)", false},
	{"reviews", "by_judgement", "判定別", "By judgement", true}, {"reviews", "left_out", "抽出外(点検の対象から除く)", "Left out by the sampling plan (not in the work to review)", false},
	{"reviews", "findings", "指摘(是正要)", "Findings", false}, {"reviews", "findings_closed", "うち完了", "Of these closed", false}, {"reviews", "freezes", "凍結", "Freezes", false}, {"reviews", "confirmed_days", "確認した日", "Days confirmed", false},

	{"viewing", "views", "操作記録の閲覧", "Looks at recordings", false}, {"viewing", "by_purpose", "閲覧目的別", "By purpose", true}, {"viewing", "exports", "書き出し", "Exports", false}, {"viewing", "notice_versions", "告知の版の変更", "Versions of the notice", false},
	{"viewing", "disposals", "廃棄件数", "Disposals", false}, {"viewing", "individual_number_use", "個人番号が見える権限の利用", "Sessions that may show individual numbers", false},
	{"viewing", "files_in", "持込みファイル", "Files brought in", false}, {"viewing", "files_out", "持出しファイル", "Files taken out", false},

	{"ledger", "entries", "台帳の記載", "Entries", false}, {"ledger", "unreadable", "内容を廃棄した記載", "Entries whose contents are disposed of", false},
}
