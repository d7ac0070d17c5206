package ledger

const (
	namesSession = "the session, the engineer, the request, the system"
	namesLook    = "the session, the person"
	namesFinding = "the finding, the review, the request, the system, the vendor"
	namesReview  = "the review, the sessions that it covers, the request, the system"
	namesAttempt = "the attempt, the person, and the window where a grant fits"
)

// namesDisposal says which subjects an entry about a disposal has.
const namesDisposal = "the session, the request, the system"

// kindsOfSessions are the kinds for sessions and their recordings.
var kindsOfSessions = func() []Kind {
	id := text("session_id", "number of the session (`S-20261124-03`)")
	purpose := []Member{text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing")}
	paused := []Member{
		id, text("window", "number of the window"),
		text("cause", "`attendant` (a person did it), `attendant-absent` (no sign of the attendant) or `recording-behind` (the disk did not make the recording durable within two seconds; output was held back too)"),
		instant("at", "when"), text("note", "what was said with it; absent: nothing"),
	}
	damaged := text("damaged", "what is wrong with the recording: `missing`, `differs`, `corrupt`, `cut-short`, `other-session`, `unledgered`, `digest-gone`, `unproved`, `unreadable`; absent: it holds")
	finding := []Member{text("finding_no", "number of the finding"), text("review", "number of its review")}
	reviewed := []Member{
		text("review", "number of the review: the window's, or the session's where that is an item of its own"),
		text("window", "number of the window; absent: the review is of a single session"), text("session_id", "number of the session; absent: the review is of a window"),
	}
	disposal := []Member{
		id, text("sha256", "of the recording's file, in hex; empty: it never was sealed"), number("size", "of the file, in bytes"),
		number("days", "the rule: for how many days recordings of the system are kept"), list("files", "names of the recording and of what was derived from it, below the directory of recordings; empty: none was there any more"),
	}
	sum := text("sha256", "of the recording's file, in hex; absent while the session goes on")
	return []Kind{
		{Name: "session.attempted", JA: "接続の試み", Says: "A person proved key and second factor at the gate. The attempt has its number from here.", Subjects: namesAttempt, Common: groupAttempt,
			Members: []Member{text("notice", "version of the notice that was consented to before; only where `factor` is `remembered`")}},
		{Name: "session.consented", JA: "記録への同意", Says: "The person consented to the notice.", Subjects: namesAttempt, Common: groupAttempt,
			Members: []Member{text("notice", "version of the notice")}},
		{Name: "session.refused", JA: "接続の拒否", Says: "An attempt was refused. Similar refusals for too many connections of one person (135) within ten minutes are summed up in `refusals.summed`. A refusal at the opening of the session, and one recorded after a crash, has at most `session_id`, `reason`, `number`, `target`, `account` and `source`.", Subjects: namesAttempt, Common: groupAttempt,
			Members: reasonOf()},
		{Name: "session.opening", JA: "接続の受入れ", Says: "A session was let in; its recording is begun. The target is not reached yet.", Subjects: namesSession, Members: []Member{
			id, text("request_no", "number of the request"), text("grant", "number of the grant"), text("window", "number of the window"),
			text("system", "id of the system"), text("target", "id of the target"), text("account", "login on the target"), text("vendor", "id of the vendor"), text("engineer", "id of the engineer"),
			text("key", "fingerprint of the key that was proved"), text("source", "address and port of the connection"),
			text("factor", "`code` or `remembered`"), text("notice_version", "of the notice that was consented to"), text("client", "what the SSH client calls itself"),
			text("attendant", "id of the attendant; empty: none"), instant("until", "when the session ends at the latest"),
			text("line", "what stood behind the separation from the office network: `none`, `attested`, `probed` or `driven`; absent in entries of an earlier version"),
			text("line_limit", "how far that goes, in Japanese; absent: the system has no line"),
		}},
		{Name: "session.started", JA: "接続の開始", Says: "The target was reached.", Subjects: namesSession, Members: []Member{id, text("target", "id of the target"), instant("started_at", "when")}},
		{Name: "session.ended", JA: "接続の終了", Says: "A session ended, or was found to have ended in a crash. FORMAT.md, section 6.", Subjects: namesSession, Members: []Member{
			id, text("request_no", "number of the request"),
			instant("started_at", "when the target was reached; absent: never"), instant("ended_at", "when it ended"),
			number("seconds", "connected to the target, in seconds with up to three decimals; 0: it was never reached"),
			text("end_cause", "code of why, from `policy/RULES.md`"), number("number", "number of that reason"),
			text("note", "what the person who ended it said, or the particulars; absent: nothing"),
			list("refused", "what the engineer asked for within the session and did not get, each with `feature`, `reason`, `number` and `count`; absent: nothing"),
			number("masked", "how many numbers were masked in its output; absent: none, or the session ended in a crash"),
			list("findings", "how the end was verified: each with `what`, `state` and `detail`, as in `session.end-verified`; absent: the session ended in a crash"),
			object("recording", "the recording's digest: `sha256`, `size`, `file`, `segments`, `chain`, … (`recordings/FORMAT.md`, section 4); absent: none was begun"),
		}},
		{Name: "session.unsealed", JA: "終了(操作記録は未封印)", Says: "A session is over and its connections are closed, but the disk did not answer when its recording was to be sealed. `session.ended` follows with the digest when the disk answers, or with the next start of the broker.", Subjects: namesSession, Members: []Member{
			id, text("window", "number of the window"), instant("ended_at", "when it ended"), text("end_cause", "code of why, from `policy/RULES.md`"), number("number", "number of that reason"), text("file", "of the recording, below the directory of recordings")}},
		{Name: "session.feature-refused", JA: "機能の拒否", Says: "The engineer asked for something within the session that is not granted. The first of each sort has an entry; the counts are in `session.ended`.", Subjects: namesSession,
			Members: with(reasonOf(), id, text("feature", "what: `shell`, `exec`, `sftp`, `scp`, `forward` (to a host and port), `forward-remote`, `forward-socket`, `tunnel`, `agent`, `x11`, `other`, `channel`, `request`, `env`, or a bound of the grant for files: `file-in`, `file-out`, `file-path`, `file-size`, `file-unresolved`, `file-uninspected`"))},
		{Name: "session.number-masked", JA: "番号を伏せた", Says: "Numbers that look like individual numbers were masked in the session's output for the first time; their count is in `session.ended`. What was masked is in the recording's input.", Subjects: namesSession, Members: []Member{id}},
		{Name: "session.rule-applied", JA: "命令の決まりの適用", Says: "A live rule of the system had an effect on a command, or could not judge it. The command itself is in the recording.", Subjects: namesSession, Members: []Member{
			id, text("rule", "the rule as it is written; absent: the rules could not judge the command"), text("effect", "`warn`, `hold`, `refuse` or `end`"),
			text("on", "`exec`: the exact command of a channel; `line`: a line of input, as the screen showed it"), number("held", "number of the held command in the session; absent: it was not held")}},
		{Name: "session.rule-answered", JA: "確認待ちの命令への返事", Says: "What became of a held command.", Subjects: namesSession + ", the window", Members: []Member{
			id, text("window", "number of the window"), number("held", "number of the held command in the session"),
			text("answer", "`allowed` or `refused` (by the attendant), `timed-out`, `unattended` (no attendant to ask), or `gone` (the connection ended)"), text("note", "what was said with it; absent: nothing")}},
		{Name: "session.paused", JA: "一時停止", Says: "The engineer's input is held back.", Subjects: namesSession + ", the window", Members: paused},
		{Name: "session.resumed", JA: "再開", Says: "The engineer's input passes again.", Subjects: namesSession + ", the window", Members: paused},
		{Name: "session.bookmarked", JA: "接続の目印", Says: "An attendant of the session marked this moment with words. The entry's time, less the start in the recording's header, is its place in the recording; with `ended_at` the words are about the session as a whole.", Subjects: namesSession + ", the window",
			Members: []Member{id, text("window", "number of the window"), text("note", "the words"), instant("ended_at", "when the session had ended; absent: it was live")}},
		{Name: "session.messaged", JA: "保守要員への連絡", Says: "The attendant wrote to the engineer of a live session.", Subjects: namesSession + ", the window",
			Members: []Member{id, text("window", "number of the window"), text("text", "the words")}},
		{Name: "session.cut-explained", JA: "強制切断の理由", Says: "The person who cut the session said why, after the cut.", Subjects: namesSession + ", the window",
			Members: []Member{id, text("window", "number of the window"), text("reason", "`unexpected-operation`, `unreachable`, `work-done`, `fault`, `mistake` or `other`"), text("note", "particulars; absent: none")}},
		{Name: "session.viewed", JA: "接続の閲覧", Says: "A person opened a session's page.", Subjects: namesLook, Members: []Member{id}},
		{Name: "session.watched", JA: "閲覧の開始", Says: "A person began to watch a live session.", Subjects: namesLook, Members: with(purpose, inRole)},
		{Name: "session.watch-ended", JA: "閲覧の終了", Says: "The person stopped watching, or the session ended.", Subjects: namesLook, Members: purpose},

		{Name: KindViewed, JA: "操作記録の再生", Says: "A person played a recording, or took its sealed file.", Subjects: namesLook,
			Members: with(purpose, text("scope", "`output`: played, without what was typed; `input`: the sealed file, which holds that too; `keys`: the wrapped keys of further recipients beside it; `summary`: commands, operations and typed lines as a list, nothing of what was shown otherwise"),
				text("sha256", "of the recording's file, in hex; with `input` only"), damaged,
				text("look", "names the look, for `recording.served`; absent: no intervals are noted, because the sealed file or the summary was taken or the entry is of an earlier version"), inRole)},
		{Name: KindServed, JA: "操作記録の送信区間", Says: "The broker notes which parts of a recording a look was sent: at the end of the look, and during it three minutes after the first part that no entry has yet. A crash loses the intervals of at most that time; the look then has no entry with `ended`. Sent is not read. `Cover` in `coverage.go` computes from these entries how much of a session was looked at.", Subjects: namesLook, Members: []Member{
			text("look", "of the entry `recording.viewed` with which the look began"), id, text("person", "id of the person who looks"), number("length", "of the recording, in whole seconds"),
			list("picture", "parts sent as a picture, each `[from,to)` in whole seconds since the recording's start, in order and apart from each other; absent: none"),
			list("text", "parts sent as lines of text, in the same way"), list("search", "lines that a search found, in the same way"),
			yesno("ended", "the look is over; absent: it goes on")}},
		{Name: "recording.exported", JA: "操作記録の書き出し", Says: "A person took a recording out in a readable form.", Subjects: namesLook,
			Members: with(purpose, text("format", "`asciicast`, `text`, `raw` or `html`"), text("channel", "number of the channel, in decimal, or `all`"), sum, damaged, inRole)},
		{Name: "recording.searched", JA: "操作記録の検索", Says: "A person searched the text of recordings. The entry is written before the person sees a hit. The words stand in it, because a look that no one can judge afterwards is not watched; long numbers in them are masked.", Subjects: "the person, the sessions of which lines are shown",
			Members: with(purpose, text("words", "what was searched for; each digit of a run of twelve or more is `●`"), text("system", "the system asked for; empty: all"),
				text("from", "only sessions from here on (RFC 3339); empty: all"), text("to", "only sessions before this; empty: all"), text("next", "where the search went on; empty: at the newest session"),
				list("sessions", "numbers of the sessions of which lines are shown"), number("examined", "how many sessions were searched"), number("unindexed", "how many could not be, for they are not indexed"), inRole)},
		{Name: "recording.index-cleared", JA: "検索の索引の作り直し", Says: "An administrator had the index for searches removed. It is built anew from the recordings.", Subjects: "the person", Members: []Member{number("sessions", "how many were indexed")}},
		{Name: "recording.held", JA: "操作記録の保全", Says: "Recordings are kept beyond their time, by hand or with a freeze or lock. Many go into several entries.", Subjects: "the incident or lock, where one is the cause, and the sessions", Members: []Member{
			text("cause", "number of the freeze (`I-001`), lock (`lock-1`) or finding (`F-001`); absent: by hand"), list("sessions", "numbers of the sessions"),
			list("disposed", "numbers of the sessions whose recordings were disposed of before: only their files and the payloads of their entries are kept; absent: none"), text("reason", "why, in words; absent where a `cause` stands"),
		}},
		{Name: "recording.release-agreed", JA: "保全の解除に同意", Says: "One of two people agreed that a recording need not be kept any longer.", Subjects: "the session", Members: []Member{text("reason", "why, in words")}},
		{Name: "recording.released", JA: "保全の解除", Says: "The second person agreed: the recording's holds have ended.", Subjects: "the session", Members: []Member{text("reason", "why, in words")}},
		{Name: "session.measured", JA: "操作記録の特徴", Says: "The broker derived from the recording of an ended session by what its work may stand out. The screen's words are an aid and prove nothing. No names of commands or tables are kept in the clear.", Subjects: namesDisposal, Members: []Member{
			id, number("output", "bytes that the target sent"), number("files", "that the client opened by SFTP or SCP"), number("copied", "commands that copy files or tables elsewhere"),
			number("silence", "in seconds, before the largest burst of output; 0: none of a quarter of an hour"), number("burst", "bytes of that burst"),
			number("tables", "that statements named"), number("outside", "how many of these the text of the request lacks"), number("unfamiliar", "how many of these no earlier request of the vendor on the system named either whose work used the table; absent in entries of an earlier version"), number("commands", "names of commands, each counted once"),
			number("unused", "how many of these the vendor's earlier sessions on the system did not use"), number("earlier", "how many such sessions it was compared with"), number("usual", "median of their output, in bytes"),
			list("reasons", "`rv-off-scope-table`, `rv-more-output`, `rv-copied-file`, `rv-new-command`, `rv-idle-burst`: those that hold")}},
		{Name: "recording.disposing", JA: "操作記録の廃棄の開始", Says: "The time of keeping of a recording was over, and neither a hold nor an open review kept it. From here on it is not opened; its keys are destroyed and its files removed. The actor is the person who ordered it, or the broker by the rule.", Subjects: namesDisposal, Members: with(disposal, text("reason", "what the person said; absent: it went by the rule"))},
		{Name: "recording.disposed", JA: "操作記録の廃棄", Says: "The receipt: keys and files of the recording are destroyed, and the directory was read back and holds none of its names.", Subjects: namesDisposal, Members: with(disposal,
			text("by", "id of the person who ordered it; empty: the rule"), instant("ordered_at", "when it was ordered"), instant("checked_at", "when the directory was read back"))},
		{Name: "recordings.reread", JA: "操作記録の読み直し", Says: "Sealed recordings were read again and held against the ledger.", Members: []Member{
			number("read", "how many"), number("bytes", "how much, in bytes"), list("bad", "sessions whose recording does not hold"), number("entries", "size of the ledger at that time"),
			list("ends", "stretches of the ledger, each as its first and last entry `session.ended`: every recording that one of those in a stretch names was read; absent in entries of before"),
		}},
		{Name: "review.taken", JA: "点検の引受け", Says: "An auditor took a review, maybe from another one.", Subjects: namesReview, Members: with(reviewed, text("before", "id of the auditor who had it; empty: none"))},
		{Name: "review.assigned", JA: "点検担当の決定", Says: "The broker named the auditor of a window's work: an auditor without a part in it, by the load of each. It names another one if the first took part later.", Subjects: namesReview + ", the auditor", Members: with(reviewed,
			text("auditor", "id of the auditor"), text("before", "id of the auditor who was named before; empty: none"), instant("due", "until when the review is due"))},
		{Name: "review.seed-committed", JA: "抽出の種の確約", Says: "The broker drew the seed of a month's draws of reviews and commits to it. It is written while a system has a plan that leaves work out.", Subjects: "the month", Members: []Member{
			text("month", "as `2026-12`, in the institution's zone"), text("commitment", "SHA-256 of the seed, in hexadecimal")}},
		{Name: "review.seed-revealed", JA: "抽出の種の公開", Says: "The month is over and its seed is no secret any more: each draw of the month can be recomputed (FORMAT.md of this package, `Sample.Chosen`).", Subjects: "the month", Members: []Member{
			text("month", "as `2026-12`"), text("seed", "32 bytes, in hexadecimal")}},
		{Name: "review.sampled", JA: "点検の抽出", Says: "A system's plan decided whether a window's work is reviewed.", Subjects: namesReview, Members: with(reviewed,
			text("plan", "`2/10` or `20%`"), text("month", "in which the work was owed a review, as `2026-12`"), number("place", "of the work in the draw of the system's month, from 0; -1: the draw was not asked"),
			text("outcome", "`chosen`, `left-out`, or `forced`: it is reviewed whatever the draw says"), list("forced", "the reasons for which it is reviewed in any case"), yesno("unseeded", "it is reviewed because the month had no secret seed when the work ended; absent: it had one"))},
		{Name: "review.handed-over", JA: "点検の引継ぎ", Says: "The auditor of a review handed it over to another one.", Subjects: namesReview + ", the auditor", Members: with(reviewed,
			text("auditor", "id of the new auditor"), text("before", "id of the auditor who had it"), text("reason", "why, in words"))},
		{Name: "review.signed", JA: "点検の署名", Says: "An auditor signed the review of a window's work. After a question it is signed again. Entries of before are about single sessions and have `session_id`, `verdict` and `note` only.", Subjects: namesReview, Members: with(reviewed,
			text("verdict", "`ok`, `question` or `fix`"), text("note", "what was said with it; may be empty"),
			instant("due", "until when it was due; absent: an entry of before"), yesno("late", "it came after that; absent: an entry of before"),
			list("sessions", "numbers of the sessions that it covers"), number("refused", "how many refused attempts in the window it covers"),
			text("addressee", "from whom an answer or a correction is expected; with `question` and `fix` only"), text("answer_by", "and until when, as a date"))},
		{Name: "review.answered", JA: "点検の質問への回答", Says: "The addressee answered the question of a review. The auditor signs it again.", Subjects: namesReview, Members: with(reviewed,
			text("question", "number of the question: the review's, `-Q` and a count"), text("addressee", "from whom the answer was wanted, as the auditor wrote it"), text("answer", "the answer"))},
		{Name: "review.question-viewed", JA: "点検の質問の閲覧", Says: "The addressee opened the question of a review.", Subjects: "the review, the person", Members: []Member{
			text("review", "number of the review"), text("question", "number of the question")}},
		{Name: "review.listed", JA: "点検の一覧", Says: "A person opened the list of reviews.", Subjects: "the person", Members: []Member{
			yesno("unsigned", "only those that are not signed"), text("system", "id of the system asked for; empty: any"), text("auditor", "id of the auditor asked for; empty: any")}},
		{Name: "review.viewed", JA: "点検の閲覧", Says: "A person opened a review.", Subjects: "the review, the person, the sessions that it covers", Members: []Member{
			text("review", "its number: the window's, or the session's"), text("asked", "as it was asked for: that number, or a session's"), text("session_id", "of entries of before: number of the session")}},
		{Name: "finding.opened", JA: "指摘事項の作成", Says: "A review asked for a correction (judgement `fix`). The recordings of the work are held.", Subjects: namesFinding, Members: with(finding,
			text("finding", "what is wrong, in words"), text("addressee", "the owner, as the auditor wrote it"), instant("due", "until when it is to be corrected"))},
		{Name: "finding.answered", JA: "是正の報告", Says: "The owner of a finding said what was corrected. A finding may have several answers.", Subjects: namesFinding, Members: with(finding,
			text("correction", "what was corrected, in words"), yesno("late", "it came after the date"))},
		{Name: "finding.closed", JA: "指摘の完了", Says: "An auditor verified the correction and closed the finding.", Subjects: namesFinding, Members: with(finding,
			text("verified", "how it was verified, in words"), yesno("late", "it was closed after the date"))},
		{Name: "finding.viewed", JA: "指摘事項の閲覧", Says: "A person opened a finding.", Subjects: "the finding, the review, the person", Members: finding},
		{Name: "day.confirmed", JA: "その日の接続の確認", Says: "A person of the owning section confirmed a day's sessions on a system.", Subjects: "the day, the system, the sessions", Members: []Member{
			text("day", "number of the day: the date and the system's id"), text("date", "the date"), text("system", "id of the system"),
			list("sessions", "numbers of the sessions that had ended by then"), number("refused", "how many attempts on the system were refused that day"),
			instant("due", "until when it was due"), yesno("late", "it came after that"), text("note", "what was said with it; may be empty"),
		}},
		{Name: "day.viewed", JA: "その日の接続の閲覧", Says: "A person opened a day's sessions.", Subjects: "the day, the person", Members: []Member{text("day", "number of the day")}},
	}
}()
