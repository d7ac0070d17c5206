package ledger

const (
	namesPaper  = "the paper, the vendor, and the engineer where it is of one"
	namesReport = "the report, the window, the request, the system, the vendor, the sessions"
)

// kindsOfPapers are the kinds for papers on file, work reports and calendars.
var kindsOfPapers = func() []Kind {
	warned := []Member{
		text("item", "what ends: a kind of paper, as above"), text("vendor", "id of the vendor"),
		instant("until", "when it ends, or ended"), number("days", "whole days that are left"), number("threshold", "days before the end at which this warning is due; 0: it has ended"),
		yesno("stops", "the work is not let in without it"), object("told", "who is told: `contacts` (ids), `sections` (ids), `information_systems`"),
		text("paper", "number of the paper; absent: the registry says it"), text("person", "id of the engineer; absent: it is of the vendor"), text("name", "which; absent: the kind says it all"),
	}
	done := []Member{
		text("result", "of the work: `done`, `part` or `stopped`"), yesno("pii_viewed", "personal data were seen"), yesno("pii_copied", "personal data were taken along"), number("files", "how many files it lists"),
	}
	why := text("reason", "what was said with it; may be empty")
	return []Kind{
		{Name: "paper.filed", JA: "書類の届出", Says: "A paper was put on file.", Subjects: namesPaper, Common: groupPaper},
		{Name: "paper.accepted", JA: "書類の受理", Says: "Staff accepted a paper that the vendor had handed in.", Subjects: namesPaper, Common: groupPaper, Members: []Member{text("remark", "what was said with it; may be empty")}},
		{Name: "paper.withdrawn", JA: "書類の取消し", Says: "A paper was withdrawn. It is no longer valid.", Subjects: namesPaper, Common: groupPaper, Members: []Member{text("reason", "why, in words")}},
		{Name: "paper.disposed", JA: "書類の写しの廃棄", Says: "The copy of a paper is disposed of by the broker, because its time of keeping is over. What was filed about the paper stays.", Subjects: namesPaper, Common: groupPaper,
			Members: []Member{number("days", "how long copies are kept after the paper has ended")}},
		{Name: "paper.viewed", JA: "書類の閲覧", Says: "A person opened the copy of a paper.", Subjects: namesPaper, Common: groupPaper,
			Members: []Member{text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing")}},
		{Name: "vendor.listed", JA: "保守事業者の一覧", Says: "A person opened the list of vendors.", Subjects: "the person"},
		{Name: "paper.expiring", JA: "書類の期限が近い", Says: "A paper or contract ends soon.", Subjects: "the vendor, the paper, the engineer, the vendor's contacts, the sections", Members: warned},
		{Name: "paper.expired", JA: "書類の期限切れ", Says: "A paper or contract has ended.", Subjects: "the vendor, the paper, the engineer, the vendor's contacts, the sections", Members: warned},
		{Name: "renewal.asked", JA: "書類の更新の依頼", Says: "Staff asked a vendor's contact to renew papers that end soon, have ended or are missing.", Subjects: "the vendor, the person, the papers, the engineers", Members: []Member{
			text("vendor", "id of the vendor"), list("items", "the papers, each with `item` (a kind of paper), `stops` (the work is not let in without it) and, where there are any, `until`, `days`, `paper`, `person`, `name`"),
			text("note", "words for the contact; absent: none"),
		}},
		{Name: "subcontract.approved", JA: "再委託の承認", Says: "An approver let a subcontractor's people in until a day.", Subjects: namesPaper, Common: groupPaper, Members: []Member{text("prime", "id of the prime contractor")}},

		{Name: "report.submitted", JA: "作業報告の提出", Says: "A work report was handed in.", Subjects: namesReport, Common: groupReport, Members: done},
		{Name: "report.corrected", JA: "作業報告の訂正", Says: "A work report was handed in that takes the place of another.", Subjects: namesReport, Common: groupReport, Members: done},
		{Name: "report.accepted", JA: "作業報告の確認", Says: "The section accepted a work report.", Subjects: namesReport, Common: groupReport, Members: []Member{why}},
		{Name: "report.returned", JA: "作業報告の差戻し", Says: "The section sent a work report back.", Subjects: namesReport, Common: groupReport, Members: []Member{why}},
		{Name: "report.overdue", JA: "作業報告の遅れ", Says: "A session's report did not come in time.", Subjects: "the session, the window, the request, the system, the vendor, the engineer", Members: []Member{
			text("session_id", "number of the session"), text("window", "number of the window"), text("request", "number of the request"), instant("ended", "when the session ended"), instant("due", "when the report was due"),
		}},
		{Name: "report.opened", JA: "作業報告の閲覧", Says: "A person opened a work report.", Subjects: "the report, the request, the person, the sessions", Members: []Member{text("report", "number of the report"), text("sha256", "of the report as it is stored, in hex")}},

		{Name: "feed.created", JA: "購読の宛先の作成", Says: "An address for a calendar program was created. The address is in no entry.", Subjects: "the feed, the section or engineer", Members: []Member{
			text("feed", "number of the feed (`K-0003`)"), text("kind", "`section` or `engineer`"), text("subject", "id of the section or engineer"), text("lang", "`ja` or `en`"),
		}},
		{Name: "feed.revoked", JA: "購読の宛先の取消し", Says: "The address of a calendar feed was revoked.", Subjects: "the feed, the section or engineer", Members: []Member{
			text("feed", "number of the feed"), text("kind", "`section` or `engineer`"), text("subject", "id of the section or engineer"), text("made_by", "id of the person who had made it"),
		}},
		{Name: "feed.locked", JA: "購読の一時ロック", Says: "One source tried too many wrong addresses. It gets no answers for a while.", Members: []Member{
			text("source", "where they came from"), number("failures", "how many"), number("minutes", "for how long, in minutes"),
		}},
	}
}()
