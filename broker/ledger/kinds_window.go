package ledger

const namesWindow = "the window, the request, the system"

// kindsOfWindows are the kinds for attendance.
var kindsOfWindows = func() []Kind {
	why := text("reason", "why, in words; may be empty")
	called := []Member{text("person", "id of the engineer"), text("session_id", "number of the attempt whose digits were read back")}
	checklist := number("checklist_version", "of the system's checklist; 0: it has none")
	handed := []Member{
		text("window", "number of the window"), text("request", "number of its request"), text("system", "id of the system"),
		text("from", "id of the attendant before"), text("to", "id of the person who is to take the post"), text("offered_by", "id of the person who offered it"),
	}
	return []Kind{
		{Name: "window.opened", JA: "立会い開始", Says: "A person took the post of attendant.", Subjects: namesWindow, Common: groupWindow, Members: []Member{checklist}},
		{Name: "window.permitted", JA: "開始許可", Says: "The attendant permitted the start.", Subjects: namesWindow, Common: groupWindow, Members: []Member{
			number("checklist_version", "of the system's checklist; 0: it has none; absent where `implied` stands"),
			text("implied", "why the taking of the post permits it already; absent: the attendant said so"),
		}},
		{Name: "window.unpermitted", JA: "開始許可の取消し", Says: "The permission to start was taken back; sessions end.", Subjects: namesWindow, Common: groupWindow, Members: []Member{
			why, text("permitted_by", "id of the person who had permitted it"), instant("permitted_at", "when"),
		}},
		{Name: "window.start-stopped", JA: "開始の差止め", Says: "A check item was unmet: the post could not be taken, or the start not be permitted.", Subjects: namesWindow, Common: groupWindow, Members: with(reasonOf(),
			text("at", "`open` or `permit`"), text("item", "code of the check item"), text("cause", "what is unmet, in Japanese"),
		)},
		{Name: "window.overridden", JA: "不適合の承認", Says: "An approver let the work start although a check item is unmet.", Subjects: namesWindow, Common: groupWindow, Members: []Member{
			text("item", "`backup`, `follow-up` or `reviews`"), text("reason", "why, in words"),
		}},
		{Name: "window.backup-stated", JA: "バックアップの申告", Says: "A person stated the last backup.", Subjects: namesWindow, Common: groupWindow, Members: []Member{
			instant("at", "when the backup was made, with the offset that was typed"), text("how", "`by-hand` or `automatic`"), yesno("ok", "it succeeded"), text("note", "what was said with it; may be empty"),
		}},
		{Name: "window.step-ticked", JA: "手順の確認", Says: "A step of the checklist was ticked.", Subjects: namesWindow, Common: groupWindow, Members: []Member{
			checklist, text("phase", "`open` or `close`"), text("step", "id of the step"), number("step_no", "its place in the list, from 1"),
			text("text", "the step's words, in Japanese"), text("method", "`seen` (by eye) or `sensor`"),
		}},
		{Name: "window.identity-number", JA: "照合番号の表示", Says: "The gate showed an engineer who waits three digits, which the attendant hears on the registered telephone.", Subjects: "the attempt, the engineer, the window", Members: []Member{
			text("session_id", "number of the attempt"), text("person", "id of the engineer"), text("window", "number of the window"),
			text("source", "address that the connection comes from; absent: not known"),
			text("sealed_number", "the digits, sealed with the broker's key, in base64; null in entries of an earlier version"), text("digits", "the digits in the clear, in entries of an earlier version, which sealed nothing; else absent"),
		}},
		{Name: "window.identity-matched", JA: "本人確認の一致", Says: "The digits that were read back are those of this connection.", Subjects: namesWindow, Common: groupWindow, Members: called},
		{Name: "window.identity-again", JA: "照合番号の聞き直し", Says: "The digits that were read back did not match, and may be read once more.", Subjects: namesWindow, Common: groupWindow,
			Members: with(called, number("left", "how often they may still be read"))},
		{Name: "window.identity-failed", JA: "本人確認できず", Says: "No one answered, the wrong person did, or the digits did not match at the last try.", Subjects: namesWindow, Common: groupWindow, Members: with(called, reasonOf()...)},
		{Name: "window.presence-refused", JA: "在席の拒否", Says: "A person reported presence on a window that is not theirs. Only the first time per person and window has an entry.", Subjects: namesWindow, Common: groupWindow, Members: reasonOf()},
		{Name: "window.handover-offered", JA: "引継ぎの申出", Says: "The attendant's post was offered to another person.", Subjects: namesWindow + ", the attendant, the person asked", Members: handed},
		{Name: "window.handed-over", JA: "引継ぎ", Says: "The person asked took over as attendant.", Subjects: namesWindow + ", the attendant before, the attendant now", Members: handed},
		{Name: "window.closed", JA: "時間枠の終了", Says: "The window was closed before its end, the ordinary way; sessions end.", Subjects: namesWindow, Common: groupWindow, Members: []Member{why}},
		{Name: "window.cut", JA: "強制切断", Says: "The window was ended by force; sessions end.", Subjects: namesWindow, Common: groupWindow, Members: []Member{why}},
		{Name: "window.cancelled", JA: "時間枠の取消し", Says: "One window of a request was given up.", Subjects: namesWindow, Common: groupWindow, Members: []Member{why}},
		{Name: "window.viewed", JA: "時間枠の閲覧", Says: "A person opened a window's page.", Subjects: "the window, the request, the person", Members: []Member{text("window", "number of the window")}},
		{Name: "window.followed", JA: "作業の閲覧", Says: "A person began to follow what is done in a window's sessions.", Subjects: "the window, the person", Members: []Member{text("window", "number of the window")}},
		{Name: "window.listed", JA: "時間枠の一覧", Says: "Over SSH, a person listed their windows.", Subjects: "the person", Members: overSSH()},
		{Name: "attendance.attested", JA: "立会確認書", Says: "The attendant signed the attendance record of a window.", Subjects: "the record, " + namesWindow + ", the sessions", Members: []Member{
			text("record", "number of the record (`T-0001`)"), text("window", "number of the window"), text("request", "number of its request"),
			list("sessions", "numbers of the sessions in it"), text("sha256", "of the record as it is stored, in hex"),
			yesno("unexpected", "something happened that was not expected"), yesno("lines_restored", "the line was put back; null: the system has none"), number("open_alarms", "number of unacknowledged alarms"),
		}},
		{Name: "attendance.viewed", JA: "立会確認書の閲覧", Says: "A person opened an attendance record.", Subjects: "the window, the request, the person", Members: []Member{text("window", "number of the window")}},
	}
}()
