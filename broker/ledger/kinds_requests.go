package ledger

const (
	groupRequest = "an application"
	groupDraft   = "a draft"
	groupWindow  = "a window"
	groupWish    = "a wish for more time"
	groupPaper   = "a paper"
	groupReport  = "a report"
	groupAttempt = "an attempt"
)

const (
	namesRequest      = "the request, the system, the vendor, the engineers, the accounts"
	namesDraft        = "the draft, the application if there is one"
	namesRequestAsked = namesRequest + ", then the windows that the act made or ended"
	namesWish         = "the wish, the window, the request, the system, the vendor, the person who asked"
)

var groups = []Group{
	{Name: groupRequest, Says: "As the request stood after the act.", Members: []Member{
		text("request", "number of the request (`R8-0124`)"),
		number("version", "of the application; each edit makes the next"),
		text("state", "`proposed`, `pending-first`, `pending-second`, `returned`, `approved`, `approved-conditional`, `rejected`, `withdrawn`, `lapsed`, `revoked`, `emergency-asked`, `emergency-open`, `follow-up-due`, `report-due`, `closed`"),
		text("system", "id of the system"),
		text("vendor", "id of the vendor"),
		text("requester", "id of the member of staff who answers for it; empty while it is only proposed"),
		text("proposer", "id of the vendor's person who proposed it; empty: staff wrote it"),
		instant("start", "of the work; of a recurring one, of the first time"),
		instant("end", "of the work; of a recurring one, of the last time"),
		object("body", "the rest of the application, in the words of its form: `purpose`, `work_type`, `engineers`, `accounts`, `attendant`, `files`, `occurrences`, `emergency`, … A length named `_ms` is in milliseconds; `emergency.length` is in nanoseconds"),
	}},
	{Name: groupDraft, Says: "A draft of one person, without its content.", Members: []Member{
		text("draft", "id of the draft"), text("kind", "`request` or `decision`"),
		number("version", "of the draft; each save makes the next"),
		text("request", "number of the application that it edits, decides or became; empty: none yet"),
	}},
	{Name: groupWindow, Says: "As the window stood after the act.", Members: []Member{
		text("window", "number of the window (`R8-0124-1`)"),
		text("request", "number of its request"),
		text("system", "id of the system"),
		text("state", "`scheduled`, `attended`, `permitted`, `closed`, `cut`, `cancelled`"),
		instant("start", "of the window"), instant("end", "of the window, extensions included"),
		text("attendant", "id of the attendant; empty: none"),
	}},
	{Name: groupWish, Says: "A person at work asked that their window end later.", Members: []Member{
		text("extension", "number of the wish (`X-0001`)"),
		text("window", "number of the window"), text("request", "number of its request"),
		number("by_ms", "how much longer, in milliseconds"),
		text("reason", "why, in words"),
		text("asked_by", "id of the person who asked"), instant("asked_at", "when"),
		instant("end", "of the window when it was asked for"),
	}},
	{Name: groupPaper, Says: "The whole paper as it stands on file.", Members: []Member{
		text("paper", "number of the paper (`P-0001`)"),
		text("kind", "`contract`, `special-clauses`, `certification`, `audit-report`, `pledge`, `subcontract`, `training`, `other`"),
		text("vendor", "id of the vendor"),
		text("person", "id of the engineer; absent: it is of the vendor"),
		text("name", "which: the version of the clauses, the certification; absent: the kind says it all"),
		number("fiscal_year", "of an audit report; else absent"),
		text("state", "`submitted`, `accepted`, `withdrawn`"),
		instant("from", "from when it holds; absent: not said"), instant("until", "until when (exclusive); absent: without end"),
		text("note", "what was written with it"),
		text("file_name", "of the copy; empty: there is no copy"), text("media_type", "of the copy, by its bytes"),
		number("size", "of the copy, in bytes"), text("sha256", "of the copy, in hex; empty: there is no copy"),
	}},
	{Name: groupReport, Says: "A work report.", Members: []Member{
		text("report", "number of the report (`W-0001`)"),
		list("sessions", "numbers of the sessions that it covers"),
		text("window", "number of their window"), text("request", "number of their request"),
		text("sha256", "of the report as it is stored, in hex"),
		instant("due", "when the first of its sessions' reports was due"), yesno("late", "it came after that"),
		text("submitted_by", "id of the person who handed it in"),
		text("corrects", "number of the report that it takes the place of; absent: none"),
	}},
	{Name: groupAttempt, Says: "An attempt at the gate.", Members: []Member{
		text("session_id", "number of the attempt, and of the session if it becomes one (`S-20261124-03`)"),
		text("typed", "the name that was given to the SSH server"),
		text("target", "id of the target that it names; may be empty"), text("account", "the account that it names; absent: none"),
		text("grant", "number of the grant that fits (`R8-0124-1-1`); absent: none"), text("window", "number of the grant's window; absent: none"),
		text("source", "address and port of the connection"),
		text("fingerprint", "of the key that was proved (`SHA256:…`)"),
		text("factor", "`code`, or `remembered` for the window; empty: not proved yet"),
	}},
}

// kindsOfRequests are the kinds for applications, from the draft to the last report.
var kindsOfRequests = func() []Kind {
	onBehalf := text("on_behalf", "id of the person whose deputy decided; empty: for themselves")
	why := text("reason", "why, in words")
	stage := number("stage", "1 or 2")
	revoked, cancelled := list("revoked_grants", "numbers of the grants that ended"), list("cancelled_windows", "numbers of the windows that ended")
	unreported := list("unreported", "sessions without a work report; null: none")
	settled := []Member{
		text("request", "number of the request"), text("before", "its state before"), text("state", "its state now"),
		list("sessions", "the sessions that were used; null: none"),
		list("unreported", "of these, those without a work report; null: none"),
		list("unaccepted", "of these, those whose report is not accepted; null: none"),
		list("unattested", "windows that were used and have no attendance record; null: none"),
		yesno("unused", "no session took place"),
	}
	answered := []Member{
		text("role", "in which the person answered: `attendant`, `approver`, `second-approver`"),
		text("answer", "what was said with it; may be empty"),
		text("on_behalf", "id of the person whose deputy answered; absent: for themselves"),
	}
	deputation := []Member{
		text("deputation", "its number, in decimal"), text("for", "id of the approver whom the deputy represents"), text("deputy", "id of the deputy"),
		instant("from", "from when"), instant("until", "until when it was to last; a clearing ends it at the time of its entry"), text("reason", "why, in words"),
	}
	return []Kind{
		{Name: "request.submitted", JA: "申請の提出", Says: "An application was handed in. Every request has one such entry.", Subjects: namesRequest, Common: groupRequest,
			Members: []Member{text("as", "`request` (by staff), `proposal` (by the vendor) or `emergency`")}},
		{Name: "request.proposed", JA: "申請の提案", Says: "The vendor proposed the application just handed in; staff must take it over.", Subjects: namesRequest, Common: groupRequest},
		{Name: "draft.saved", JA: "下書きの保存", Says: "A person kept what they typed so far of an application or a decision. Its content is only theirs, and is not in the ledger.", Subjects: namesDraft, Common: groupDraft},
		{Name: "draft.discarded", JA: "下書きの破棄", Says: "A draft was thrown away; its content is gone.", Subjects: namesDraft, Common: groupDraft},
		{Name: "draft.submitted", JA: "下書きの提出", Says: "A draft was handed in: `request` is the application that it became or changed.", Subjects: namesDraft, Common: groupDraft},
		{Name: "request.taken", JA: "提案の引受け", Says: "A member of staff took a proposal over and answers for it.", Subjects: namesRequest, Common: groupRequest},
		{Name: "request.edited", JA: "申請の変更", Says: "An application was changed. Earlier approvals are void.", Subjects: namesRequestAsked, Common: groupRequest,
			Members: []Member{object("before", "the application before, with the members above"), list("void_grants", "numbers of the grants that ended; null: none"),
				list("cancelled_windows", "numbers of the windows that ended; null: none")}},
		{Name: "request.approved", JA: "承認", Says: "An approver approved.", Subjects: namesRequestAsked, Common: groupRequest, Members: []Member{
			stage, text("reason", "what was said with it; may be empty"), onBehalf,
			yesno("final", "the request is approved, and not only its first stage"),
			object("conditions", "what the approval narrows: `end`, `accounts`, `rights`, `commands` (each taken away), `no_files`, `extension_limit_ms`, `note`; `{}`: nothing"),
			object("because", "reason by code of a check item, where the item asked for one"),
			list("overrides", "codes of what the window may start without; null: nothing"),
			list("second_because", "codes of why a second approver is asked for; null: no rule asks"),
			list("windows", "numbers of the windows made; null: none yet"), list("grants", "numbers of the grants made; null: none yet"),
		}},
		{Name: "request.refused-approval", JA: "承認できず", Says: "A person's approval was refused, by rule or by a check item. Similar refusals within ten minutes are summed up in `refusals.summed`.", Subjects: "the request",
			Members: []Member{
				text("request", "number of the request"),
				text("reason", "code of why, from `policy/RULES.md`; or `check-items`, or `invalid`"), number("number", "number of that reason; absent for the last two"),
				list("items", "for `check-items`: each item's code (`item`), `state` and `cause`; else absent"),
				list("problems", "for `invalid`: field and code of each problem; else absent"),
			}},
		{Name: "request.returned", JA: "差戻し", Says: "An approver sent the application back for a change.", Subjects: namesRequest, Common: groupRequest, Members: []Member{stage, why, onBehalf}},
		{Name: "request.rejected", JA: "却下", Says: "An approver rejected the application.", Subjects: namesRequest, Common: groupRequest, Members: []Member{stage, why, onBehalf}},
		{Name: "request.withdrawn", JA: "取下げ", Says: "The requester, or the proposer, took the application back.", Subjects: namesRequestAsked, Common: groupRequest, Members: []Member{why, revoked, cancelled}},
		{Name: "request.revoked", JA: "承認の取消し", Says: "An approved request was taken back; its sessions end.", Subjects: namesRequestAsked, Common: groupRequest, Members: []Member{why, revoked, cancelled}},
		{Name: "request.seen", JA: "後閲", Says: "The head reviewed a deputy's decision.", Subjects: namesRequest, Common: groupRequest, Members: []Member{text("reason", "what was said with it; may be empty")}},
		{Name: "request.objected", JA: "後閲での異議", Says: "The head objected to a deputy's decision; its grants end.", Subjects: namesRequestAsked, Common: groupRequest, Members: []Member{why, revoked, cancelled}},
		{Name: "request.lapsed", JA: "申請の失効", Says: "The application was not decided in time.", Subjects: namesRequest, Common: groupRequest},
		{Name: "request.report-due", JA: "作業報告待ち", Says: "The work is over; a report, its acceptance or an attendance record is missing.", Subjects: "the request, the system, the vendor", Members: settled},
		{Name: "request.follow-up-due", JA: "事後承認待ち", Says: "An emergency's work is over; its report or later approval is missing.", Subjects: "the request, the system, the vendor", Members: settled},
		{Name: "request.closed", JA: "申請の完了", Says: "Nothing is outstanding on the request, or it was never used.", Subjects: "the request, the system, the vendor", Members: settled},
		{Name: "request.viewed", JA: "申請の閲覧", Says: "A person opened a request.", Subjects: "over the API the request and the person, over SSH the person and the request", Members: []Member{
			text("request", "number of the request; absent over SSH, where the header names it"), text("page", "what of it: `request`, `check`, `copy`; absent over SSH"),
			text("source", "address and port of the connection; over SSH only"), text("fingerprint", "of the key that was proved; over SSH only"),
		}},
		{Name: "request.listed", JA: "申請の一覧", Says: "Over SSH, a person listed the requests that concern them.", Subjects: "the person", Members: overSSH()},

		{Name: "emergency.asked", JA: "緊急利用の一人目", Says: "One of two people opened an emergency. Nothing is open yet.", Subjects: namesRequest, Common: groupRequest, Members: []Member{onBehalf}},
		{Name: "emergency.opened", JA: "緊急利用の開始", Says: "The second person opened the emergency; its window exists now.", Subjects: namesRequestAsked, Common: groupRequest, Members: []Member{
			text("reason", "what was said with it"), onBehalf, object("because", "reason by code of a check item, where the item asked for one: the emergency's own"), list("overrides", "codes of what the window may start without; null: nothing"),
			list("windows", "numbers of the windows made"), list("grants", "numbers of the grants made"), instant("due", "when report and later approval are due"),
		}},
		{Name: "emergency.lapsed", JA: "緊急利用の失効", Says: "The second person did not open the emergency in time.", Subjects: namesRequest, Common: groupRequest},
		{Name: "emergency.follow-up-due", JA: "緊急利用の事後手続き待ち", Says: "The emergency is over; report and later approval are awaited.", Subjects: namesRequest, Common: groupRequest,
			Members: []Member{instant("due", "until when"), unreported}},
		{Name: "followup.overdue", JA: "事後手続きの遅れ", Says: "The report or the later approval did not come in time.", Subjects: namesRequest, Common: groupRequest,
			Members: []Member{instant("due", "when they were due"), unreported, yesno("approval_missing", "the later approval is missing")}},
		{Name: "emergency.approved-after", JA: "緊急利用の事後承認", Says: "The head approved an emergency after the fact.", Subjects: namesRequest, Common: groupRequest, Members: []Member{text("reason", "what was said with it; may be empty"), onBehalf, unreported}},

		{Name: "extension.asked", JA: "延長の申請", Says: "More time was asked for.", Subjects: namesWish, Common: groupWish},
		{Name: "extension.granted", JA: "延長", Says: "More time was given.", Subjects: namesWish, Common: groupWish, Members: with(answered, instant("new_end", "of the window from now on"))},
		{Name: "extension.denied", JA: "延長しない", Says: "More time was not given.", Subjects: namesWish, Common: groupWish, Members: answered},
		{Name: "extension.lapsed", JA: "延長の失効", Says: "The wish was not answered before the window was over.", Subjects: namesWish, Common: groupWish},

		{Name: "deputy.set", JA: "代決者の設定", Says: "An approver has a deputy for a time.", Subjects: "the approver, the deputy", Members: deputation},
		{Name: "deputy.cleared", JA: "代決の終了", Says: "A deputation ended early.", Subjects: "the approver, the deputy", Members: deputation},
	}
}()

func overSSH() []Member {
	return []Member{text("source", "address and port of the connection"), text("fingerprint", "of the key that was proved")}
}
