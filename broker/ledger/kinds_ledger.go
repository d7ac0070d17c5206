package ledger

import "slices"

// formMembers are those of an entry about a form.
var formMembers = []Member{
	text("form", "which: `request`, `ledger`, `work-report`, `attendance`, `reviews`, `vendor` or `annual`"), text("of", "the thing of which the form is; absent: of a month, or of all time"),
	text("month", "the month, `2026-11`; absent: the form is of one thing, or of all time"), text("format", "`pdf`, `xlsx` or `csv`; `json`: the figures of a yearly report, to be counted again"),
}

// KindAnnualFinal is the kind of the entry about a yearly report that is final. The offline verifier compares a report with it.
const KindAnnualFinal = "annual.finalised"

// KindVerified is the kind of the entry about a verification of the ledger by the broker. Its member result is Holds or Mismatch.
const KindVerified = "ledger.verified"

// The results of a verification.
const (
	Holds    = "holds"
	Mismatch = "mismatch"
)

// looksByRole are the kinds of looks whose entries say the role in which the person looked.
var looksByRole = []string{KindViewed, "recording.exported", "recording.searched", "session.watched", "ledger.listed", "ledger.viewed", "ledger.exported", "ledger.proved"}

// ByRole tells whether entries of a kind have the member role.
func ByRole(kind string) bool { return slices.Contains(looksByRole, kind) }

// inRole is that member.
var inRole = text("role", "in which role the person looked: `attendant` (of that session), `auditor`, `approver`, `second-approver`, `information-systems`, `administrator`, `deputy` or `staff`; absent in entries of earlier versions")

// yearMembers are those of an entry about the figures of a fiscal year.
var yearMembers = []Member{
	number("fiscal_year", "`2026`: April 2026 to March 2027"), number("entries", "the first so many entries of the ledger were counted"),
	text("figures", "SHA-256, in hexadecimal, of the verification file without its checkpoint"),
}

// councilMembers are those of an entry about an opinion.
var councilMembers = []Member{number("fiscal_year", "`2026`: April 2026 to March 2027"), number("no", "number of the opinion within the year, from 1")}

// kindsOfTheLedger are the kinds for reading, refusals, the ledger and the broker itself.
var kindsOfTheLedger = func() []Kind {
	kinds := []Kind{
		{Name: "access.refused", JA: "拒否", Says: "A look or an act was refused by rule. Similar ones within ten minutes are summed up in `refusals.summed`.", Subjects: "the person, then what was asked for", Members: []Member{
			text("reason", "code of why, from `policy/RULES.md`"), number("number", "number of that reason; over SSH only"),
			text("act", "what was to be done, a word of the policy (`look`, `watch`, `play`, …); absent where `route` stands"), text("what", "with what: `session`, `recording`, `request`, `ledger`, …; absent where `route` stands"),
			text("route", "method and pattern of the API's route, or `ssh`; absent where `act` stands"), text("source", "address and port of the connection; over SSH only"),
		}},
		{Name: "refusals.summed", JA: "拒否のまとめ", Says: "Refusals like one that has its own entry, within the ten minutes after it.", Subjects: "the person, where it is one", Members: []Member{
			text("kind", "kind of the entry that was not written again"), text("person", "id of the person; empty: people beyond those counted singly"),
			text("what", "the route or act"), text("reason", "codes of why, separated by spaces; absent in entries of earlier versions, where they stood in `what`"),
			instant("from", "the first, which has its own entry"), instant("until", "the last"), number("count", "how many after the first"),
			object("subjects", "how often each of at most 64 ids was asked for; absent: none was named"), number("more_subjects", "mentions of ids beyond those; absent: 0"),
		}},
		{Name: "ledger.listed", JA: "台帳の一覧", Says: "A person listed entries.", Subjects: "the person", Members: []Member{
			number("limit", "at most how many"), text("kind", "of which kind; empty: any"), text("subject", "subject's id; empty: any"), number("before", "only entries of a lower index; 0: all"), inRole,
		}},
		{Name: "ledger.corrected", JA: "台帳の訂正", Says: "A person appended a correction to an entry, which stays as it is.", Subjects: "the corrected entry (`ledger/` and its index), then that entry's own subjects", Members: []Member{
			number("entry", "index of the corrected entry"), text("entry_hash", "its leaf's hash, in base64 as in a checkpoint"), text("text", "what is corrected, in words"),
		}},
		{Name: "list.viewed", JA: "一覧の閲覧", Says: "A person opened a list, or one of the pages that are named as such.", Subjects: "the person", Members: []Member{
			text("list", "which: `accounts`, `files`, `freeze-form`, `incidents`, `ledger-export`, `ledger-verify`, `lines`, `people`, `reconciliations`, `systems`, `targets` or `unknown-logins`")}},
		{Name: "ledger.viewed", JA: "台帳の閲覧", Says: "A person opened an entry.", Subjects: "the person", Members: []Member{number("entry", "index of the entry"), inRole}},
		{Name: "ledger.exported", JA: "台帳の書き出し", Says: "A person took the ledger out. This entry is in it.", Subjects: "the person", Members: []Member{
			text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing"), text("format", "always `jsonl`"), inRole,
		}},
		{Name: KindVerified, JA: "台帳の検証", Says: "The ledger was verified from its first entry: by the broker once a day, or because a person asked. The actor is the person who asked through the API, else the broker.", Members: []Member{
			text("result", "`holds` or `mismatch`"), number("entries", "how many entries it read"), text("place", "the first place that does not hold, in English; absent: there is none"),
		}},
		{Name: "ledger.proved", JA: "記載の証明の書き出し", Says: "A person took the proof of a session's end out: the entry with its path to a signed checkpoint.", Subjects: "the session, the person", Members: []Member{
			number("entry", "index of the proved entry"), text("session_id", "the session"), text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing"), inRole,
		}},
		{Name: "annual.viewed", JA: "年次報告の閲覧", Says: "A person read the figures of a fiscal year.", Subjects: "the person", Members: []Member{number("fiscal_year", "`2026`: April 2026 to March 2027")}},
		{Name: "annual.agreed", JA: "年次報告への同意", Says: "One of two offices agreed to the figures of a fiscal year.", Subjects: "the report (`R8`)", Members: with(yearMembers,
			text("office", "of the person: `information-systems` or `auditor`"))},
		{Name: "annual.withdrawn", JA: "年次報告への同意の取下げ", Says: "The first agreement was taken back. The report is a draft again.", Subjects: "the report", Members: with(yearMembers,
			text("agreed_by", "id of the person who had agreed"), text("reason", "why, in words"))},
		{Name: KindAnnualFinal, JA: "年次報告の確定", Says: "The other office agreed to the same figures, counted again. They are final.", Subjects: "the report", Members: with(yearMembers,
			text("office", "of the person: `information-systems` or `auditor`"), text("agreed_by", "id of the person of the first agreement"), text("checkpoint", "the signed checkpoint before this entry; it covers the counted entries"))},
		{Name: "annual.corrected", JA: "年次報告の正誤", Says: "A correction was appended to a final report, whose figures stay.", Subjects: "the report", Members: []Member{
			number("fiscal_year", "`2026`: April 2026 to March 2027"), number("no", "number of the correction, from 1"), text("place", "where in the report"), text("wrong", "what stands there"),
			text("correct", "what should stand there"), text("reason", "why, in words")}},
		{Name: "council.opinion", JA: "審議会の意見", Says: "An opinion of the council about a fiscal year was entered.", Subjects: "the report", Members: with(councilMembers,
			text("said_on", "day of the meeting, `2027-06-10`"), text("opinion", "in words"))},
		{Name: "council.response", JA: "審議会の意見への対応", Says: "The institution's response to an opinion was entered. An opinion may have several.", Subjects: "the report", Members: with(councilMembers,
			text("response", "in words"))},
		{Name: "form.printed", JA: "様式の印刷", Says: "A person printed a form that they may read, as PDF.", Subjects: "the thing of which the form is, where it is of one; the person", Members: formMembers},
		{Name: "form.blank-printed", JA: "手書き用の様式の印刷", Says: "A person printed a form without values, to be written by hand. Each print has a number.", Subjects: "the paper (`HF-0001`), the person", Members: []Member{
			text("paper", "its number"), text("form", "which: `request`, `ledger`, `work-report`, `attendance`, `reviews` or `vendor`")}},
		{Name: "form.exported", JA: "様式の書き出し", Says: "An auditor took a form out as a file.", Subjects: "the thing of which the form is, where it is of one; the person", Members: with(formMembers,
			text("encoding", "`utf8` or `cp932`; absent: it is no CSV"), text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing"))},
		{Name: KindDisposed, JA: "台帳の内容の廃棄", Says: "Payloads were disposed of. FORMAT.md, section 1.", Subjects: "the person who ordered it, where it was one", Members: []Member{
			text("rule", "by which rule"), text("by", "id of the person who ordered it; `rule`: the times of keeping in force did"), list("leaves", "the entries, each with `entry` (index) and `leaf` (hex)"),
		}},
		{Name: "state.bound", JA: "状態の封印", Says: "Rows of the database are bound here: those of the entry before that found no room there, or those that a migration changed. FORMAT.md, section 7.", Members: []Member{
			number("schema_before", "version of the database before the migration; absent: there was none"), number("schema", "version after it; absent likewise"),
			number("number", "how many rows it changed; absent likewise"), number("left_out", "how many had been edited by hand before and stay unbound; absent likewise"),
		}},
		{Name: "broker.zone", JA: "時刻帯の設定", Says: "The institution's zone, when the broker first starts and whenever it was changed since. FORMAT.md, section 6.", Members: []Member{text("zone", "an IANA name, such as `Asia/Tokyo`")}},
		{Name: "files.listed", JA: "預かりファイルの一覧", Says: "Over SSH, a person listed the files that their work may deliver or fetch.", Subjects: "the person", Members: overSSH()},
	}
	for what, ja := range map[string]string{"account": "アカウント", "line": "回線", "person": "人", "system": "システム", "target": "接続先", "vendor": "保守事業者"} {
		kinds = append(kinds, Kind{Name: what + ".viewed", JA: ja + "の閲覧", Says: "A person opened the page of the " + what + ".", Subjects: "the " + what + ", the person who looked",
			Members: []Member{text(what, "id of the "+what)}})
	}
	return kinds
}()
