package notify

import (
	"slices"

	"sekimori/policy"
	"sekimori/policy/text"
)

// tellings is the table of what is told to whom. The letters are those of the tables of states and reasons. Subjects hold numbers and
// states only: a mail's subject is shown on locked screens and kept in the logs of mail servers.
func tellings() []telling {
	return slices.Concat(ofRequests(), ofReports(), ofWindows(), ofSessions(), ofReviews(), ofInspections(), ofVendors(), ofFiles(), ofStops(), ofPeople(), ofLedger())
}

var (
	pendingFirst = is("state", string(policy.PendingFirst))
	nextDecide   = text.Of("画面で内容を読み、決定してください。このメールからは何も決まりません。", "Read it on the page and decide there. Nothing is decided by this mail.")
	nextRead     = text.Of("くわしくは画面をご覧ください。", "See the page for the whole of it.")
	nextPhone    = text.Of("再接続せず、電話でお知らせをお待ちください。", "Do not reconnect; wait for a call.")
)

func ofRequests() []telling {
	return []telling{
		{code: "request.pending-first", kind: "request.submitted", when: pendingFirst, told: "HD", page: toRequest, next: nextDecide,
			subject: text.Of("申請 {request}: 課長承認待ち", "Request {request}: awaiting the head"),
			lead:    text.Of("承認をお待ちしている申請があります。開始までに決まらないと失効します。自動では承認されません。", "A request awaits your decision. Undecided at its start, it lapses. Nothing is approved by silence.")},
		{code: "request.pending-first", kind: "request.taken", when: pendingFirst, told: "HD", page: toRequest, next: nextDecide,
			subject: text.Of("申請 {request}: 課長承認待ち", "Request {request}: awaiting the head"),
			lead:    text.Of("保守事業者の提案を所管課が引き受けました。承認をお待ちしています。", "The section took a vendor's proposal over. It awaits your decision.")},
		{code: "request.proposed", kind: "request.proposed", told: "Q", page: toRequest,
			subject: text.Of("申請 {request}: 保守事業者からの提案", "Request {request}: proposed by the vendor"),
			lead:    text.Of("保守事業者から作業の提案がありました。職員が引き受けるまで、承認には進みません。", "A vendor proposed work. It goes to no approver until staff take it over."),
			next:    text.Of("内容を確かめ、引き受けるか、差し戻してください。", "Look at it, then take it over or send it back.")},
		{code: "request.changed", kind: "request.edited", when: pendingFirst, told: "HDQ", page: toRequest, next: nextDecide, calendar: true,
			subject: text.Of("申請 {request}: 変更されたため、再承認が必要です", "Request {request}: changed, to be approved again"),
			lead:    text.Of("申請が変更されました。前の承認は無効です。", "The request was changed. Earlier approvals are void.")},
		{code: "grant.void", kind: "request.edited", when: func(m *matter) bool { return len(m.list("void_grants")) > 0 }, told: "EVT", page: toRequest, calendar: true,
			subject: text.Of("申請 {request}: 利用許可は無効", "Request {request}: grants void"), lead: text.Of("承認の後に申請が変更され、利用許可は無効になりました。いまは接続できません。", "The request was changed after its approval; its grants are void. No one can connect now."),
			next: text.Of("再承認をお待ちください。", "Wait for the new approval.")},
		{code: "request.pending-second", kind: "request.approved", when: flag("final", false), told: "SQ", page: toRequest, next: nextDecide,
			subject: text.Of("申請 {request}: 第二承認待ち", "Request {request}: awaiting the second approval"),
			lead:    text.Of("課長が承認しました。第二承認者(情報システム課)の承認を待っています。", "The head approved. The second approver of the IS section has yet to decide.")},
		{code: "request.approved", kind: "request.approved", when: both(flag("final", true), is("state", string(policy.RequestApproved))), told: "QVET", page: toRequest, calendar: true,
			subject: text.Of("申請 {request}: 承認されました", "Request {request}: approved"),
			lead:    text.Of("承認が完了し、利用許可を発行しました。予定を添えます。", "It is approved, and the grants are issued. The appointment is enclosed."),
			next:    text.Of("開始15分前から待合に入れます。立会者が開始を許可するまで、接続先には届きません。", "The waiting room opens 15 minutes before. Nothing reaches the target until the attendant permits the start.")},
		{code: "request.approved-conditional", kind: "request.approved", when: both(flag("final", true), is("state", string(policy.RequestConditional))), told: "QVET", page: toRequest, calendar: true,
			subject: text.Of("申請 {request}: 条件付きで承認されました", "Request {request}: approved with conditions"),
			lead:    text.Of("条件が付いています。申請したとおりではありません。画面で条件をお読みください。予定を添えます。", "It is approved with conditions, not as it was asked for. Read them on the page. The appointment is enclosed."),
			next:    nextRead},
		{code: "request.seen-due", kind: "request.approved", when: func(m *matter) bool { return m.text("on_behalf") != "" }, told: "B", page: toRequest,
			subject: text.Of("申請 {request}: 代決の後閲", "Request {request}: decided by your deputy"),
			lead:    text.Of("代決者が決定しました。後閲として届きます。", "Your deputy decided. You review it afterwards."),
			next:    text.Of("画面で「後閲した」か「異議あり」を選んでください。", "Choose \"Seen afterwards\" or \"Object\" on the page.")},
		{code: "request.returned", kind: "request.returned", told: "QV", page: toRequest,
			subject: text.Of("申請 {request}: 差戻し", "Request {request}: returned"),
			lead:    text.Of("申請が差し戻されました。", "The request was returned for correction."),
			next:    text.Of("理由を読み、直して出し直してください。", "Read why, correct it and hand it in again.")},
		{code: "request.rejected", kind: "request.rejected", told: "QV", page: toRequest,
			subject: text.Of("申請 {request}: 却下", "Request {request}: rejected"), lead: text.Of("申請は却下されました。", "The request was rejected."),
			next: text.Of("必要なら、直して新しく申請してください。", "If the work is still needed, correct it and file anew.")},
		{code: "request.withdrawn", kind: "request.withdrawn", told: "HST", page: toRequest, next: nextRead, calendar: true,
			subject: text.Of("申請 {request}: 取下げ", "Request {request}: withdrawn"), lead: text.Of("申請が取り下げられました。", "The request was withdrawn.")},
		{code: "request.lapsed", kind: "request.lapsed", told: "QVHS", page: toRequest,
			subject: text.Of("申請 {request}: 失効(未決のまま時刻経過)", "Request {request}: lapsed undecided"),
			lead:    text.Of("開始までに決まらなかったため、申請は失効しました。", "It was not decided before its start, and has lapsed."),
			next:    text.Of("作業が必要なら、新しく申請してください。", "If the work is still needed, file a new request.")},
		{code: "request.revoked", kind: "request.revoked", told: "QVETS", page: toRequest, next: nextPhone, calendar: true,
			subject: text.Of("申請 {request}: 承認の取消し", "Request {request}: revoked"), lead: text.Of("承認が取り消されました。接続中の作業は切断されます。", "The approval was revoked. Live sessions are cut.")},
		{code: "request.objected", kind: "request.objected", told: "QVETS", page: toRequest, next: nextPhone, calendar: true,
			subject: text.Of("申請 {request}: 後閲での異議により取消し", "Request {request}: revoked by the head's objection"),
			lead:    text.Of("課長が代決に異議を述べました。利用許可は取り消されました。", "The head objected to the deputy's decision. The grants are revoked.")},
		{code: "emergency.asked", kind: "emergency.asked", told: "HDS", page: toRequest, next: nextDecide,
			subject: text.Of("申請 {request}: 緊急利用、二人目の同意待ち", "Request {request}: emergency, the second person is awaited"),
			lead:    text.Of("一人目が緊急利用を開きました。二人目が同意するまで、何も開きません。", "One person asked for an emergency window. Nothing opens until a second one agrees.")},
		{code: "emergency.open", kind: "emergency.opened", told: "HSAVQ", page: toRequest,
			subject: text.Of("申請 {request}: 緊急利用中", "Request {request}: emergency in use"),
			lead:    text.Of("緊急利用が始まりました。", "An emergency window is open."),
			next:    text.Of("事後承認と報告が必要です。済むまで新しい時間枠は使えません。", "Approval and report are due afterwards; no new window until they are there.")},
		{code: "emergency.follow-up-due", kind: "emergency.follow-up-due", told: "HSAVQ", page: toRequest,
			subject: text.Of("申請 {request}: 事後承認待ち", "Request {request}: follow-up due"),
			lead:    text.Of("緊急利用が終わりました。事後承認と報告をお待ちしています。", "The emergency is over. Its later approval and report are awaited."),
			next:    text.Of("期限までに済ませてください。済むまで新しい時間枠は使えません。", "They are due in time; no new window until they are there.")},
		{code: "emergency.follow-up-overdue", kind: "followup.overdue", told: "VQHSA", page: toRequest,
			subject: text.Of("申請 {request}: 緊急利用の事後手続きが遅れています", "Request {request}: emergency follow-up overdue"),
			lead:    text.Of("事後承認か報告が期限までにありませんでした。新しい利用は止まっています。", "The later approval or the report did not come in time. New use is stopped."),
			next:    text.Of("報告を提出し、所管課へ電話してください。", "File the report and phone the section.")},
		{code: "emergency.approved-after", kind: "emergency.approved-after", told: "VQ", page: toRequest, next: nextRead, quiet: always,
			subject: text.Of("申請 {request}: 緊急利用の事後承認", "Request {request}: emergency approved afterwards"), lead: text.Of("緊急利用が事後に承認されました。", "The emergency was approved afterwards.")},
	}
}

func ofReports() []telling {
	return []telling{
		{code: "report.due", kind: "request.report-due", told: "VE", page: toReport,
			subject: text.Of("申請 {request}: 作業報告待ち", "Request {request}: work report due"),
			lead:    text.Of("作業が終わりました。作業報告をお待ちしています。", "The work is over. Its report is awaited."),
			next:    text.Of("ポータルか SSH の self-service から提出してください。", "Hand it in on the portal or over SSH.")},
		{code: "report.overdue", kind: "report.overdue", told: "VEQ", page: toReport,
			subject: text.Of("申請 {request}: 作業報告が遅れています", "Request {request}: work report overdue"),
			lead:    text.Of("作業報告が期限までに提出されていません。", "The work report did not come in time."),
			next:    text.Of("保守事業者は提出し、所管課は電話で促してください。", "The vendor hands it in; the section phones.")},
		{code: "report.submitted", kind: "report.submitted", told: "Q", page: toRequest,
			subject: text.Of("申請 {request}: 作業報告が提出されました", "Request {request}: work report handed in"),
			lead:    text.Of("作業報告が届きました。", "A work report has come in."), next: text.Of("内容を確認し、受け取るか差し戻してください。", "Look at it, then accept it or send it back.")},
		{code: "report.corrected", kind: "report.corrected", told: "Q", page: toRequest, next: nextRead, quiet: always,
			subject: text.Of("申請 {request}: 作業報告が訂正されました", "Request {request}: work report corrected"), lead: text.Of("作業報告が訂正されました。", "A work report was corrected.")},
		{code: "report.returned", kind: "report.returned", told: "VE", page: toReport,
			subject: text.Of("申請 {request}: 作業報告の差戻し", "Request {request}: work report sent back"),
			lead:    text.Of("作業報告が差し戻されました。", "The work report was sent back."), next: text.Of("理由を読み、訂正を提出してください。", "Read why and hand in a correction.")},
		{code: "report.accepted", kind: "report.accepted", told: "VE", page: toReport, next: nextRead, quiet: always,
			subject: text.Of("申請 {request}: 作業報告の確認", "Request {request}: work report accepted"), lead: text.Of("作業報告が確認されました。", "The work report was accepted.")},
		{code: "request.closed", kind: "request.closed", told: "Q", page: toRequest, next: nextRead, quiet: always,
			subject: text.Of("申請 {request}: 完了", "Request {request}: closed"), lead: text.Of("残っていることはありません。", "Nothing is outstanding.")},
	}
}

func ofWindows() []telling {
	return []telling{
		{code: "window.unattended", kind: WindowUnattended, told: "TE", page: toWindow,
			subject: text.Of("時間枠 {window}: 立会者待ち", "Window {window}: attendant awaited"),
			lead:    text.Of("開始時刻を過ぎましたが、立会者がまだいません。", "It has begun, and no one has taken the post of attendant."),
			next:    text.Of("立会者は席に着いてください。保守要員は待合でお待ちください。", "The attendant takes the post; the engineer waits.")},
		{code: "window.closing", kind: WindowClosing, told: "TE", page: toWindow, quiet: always,
			subject: text.Of("時間枠 {window}: 終了間際", "Window {window}: closing"), lead: text.Of("時間枠の終わりまで10分です。延ばすには、終わる前に延長を申請してください。", "The window ends in ten minutes. To go on, ask for an extension before its end."), next: nextRead},
		{code: "window.ended", kind: WindowOver, when: func(m *matter) bool { return !m.unused }, told: "Q", page: toWindow, next: nextRead, quiet: always,
			subject: text.Of("時間枠 {window}: 終了", "Window {window}: ended"), lead: text.Of("時間枠が終わりの時刻になりました。", "The window has reached its end.")},
		{code: "window.unused", kind: WindowOver, when: func(m *matter) bool { return m.unused }, told: "Q", page: toWindow, next: nextRead, quiet: always,
			subject: text.Of("時間枠 {window}: 未使用で終了", "Window {window}: ended unused"), lead: text.Of("だれも接続しないまま、時間枠が終わりました。", "The window is over, and no one connected.")},
		{code: "line.cut", kind: "line.cut", told: "QHTO", page: toWindow,
			subject: text.Of("時間枠 {window}: 職員端末から使えません", "Window {window}: not usable from staff terminals"),
			lead:    text.Of("保守作業のため、庁内網を切りました。{system}は職員端末から使えません。", "The office network was cut for maintenance. {system} cannot be used from staff terminals."),
			next:    text.Of("元に戻ると、もう一度お知らせします。", "You are told again when it is back.")},
		{code: "line.restored", kind: "line.restored", told: "QHTO", page: toWindow,
			subject: text.Of("時間枠 {window}: 職員端末から使えます", "Window {window}: usable from staff terminals again"),
			lead:    text.Of("庁内網を元に戻しました。{system}は職員端末から使えます。", "The office network is back. {system} can be used from staff terminals again."), next: nextRead},
		{code: "line.lost", kind: "line.lost", told: "THSAM", page: toWindow,
			subject: text.Of("時間枠 {window}: 庁内網との分離を失い、接続を切りました", "Window {window}: separation lost, sessions cut"),
			lead:    text.Of("庁内網との分離が確認できなくなりました。接続は切られています。", "The separation from the office network is no longer assured. Sessions are cut."),
			next:    text.Of("回線を見て、保守回線を外し、原因を確かめてください。", "Look at the cables, disconnect the maintenance line and find the cause.")},
		{code: "line.left-on", kind: "line.left-on", told: "THS", page: toWindow,
			subject: text.Of("時間枠 {window}: 保守回線がつながったままです", "Window {window}: the maintenance line is left connected"),
			lead:    text.Of("時間枠が終わって15分たちましたが、保守回線がつながったままです。", "The window ended a quarter of an hour ago, and the maintenance line is still connected."),
			next:    text.Of("保守回線を外し、庁内網を元に戻して、画面に記してください。", "Disconnect the maintenance line, restore the office network, and say so on the page.")},
		{code: "window.handover-offered", kind: "window.handover-offered", told: "T", page: toWindow,
			subject: text.Of("時間枠 {window}: 立会いの引継ぎの申出", "Window {window}: handover offered"),
			lead:    text.Of("立会いの引継ぎを頼まれています。", "You are asked to take the attendant's post over."), next: text.Of("画面で引き受けてください。引き受けるまで、今の立会者が続けます。", "Take it on the page. Until then the present attendant goes on.")},
		{code: "window.cancelled", kind: "window.cancelled", told: "QVET", page: toWindow, next: nextRead, calendar: true,
			subject: text.Of("時間枠 {window}: 取消し", "Window {window}: cancelled"), lead: text.Of("この時間枠は取り消されました。", "This window was given up.")},
		{code: "window.start-stopped", kind: "window.start-stopped", told: "T", also: ofReason("reason"), page: toWindow, quiet: always,
			subject: text.Of("時間枠 {window}: 開始の差止め", "Window {window}: start stopped"), lead: text.Of("確認事項に不適合があり、開始できませんでした: {cause}", "A check item is not met, and the work could not start: {cause}"), next: nextRead},
		{code: "window.identity-failed", kind: "window.identity-failed", told: "", also: ofReason("reason"), page: toWindow,
			subject: text.Of("時間枠 {window}: 本人確認ができませんでした", "Window {window}: identity check failed"),
			lead:    text.Of("照合番号が合わないか、登録の電話に応答がありませんでした。接続していません。", "The digits did not match, or no one answered the registered telephone. No one was connected."), next: nextRead},
		{code: "window.cut", kind: "window.cut", told: "THSAQ", page: toWindow, next: nextRead,
			subject: text.Of("時間枠 {window}: 強制切断", "Window {window}: cut"), lead: text.Of("作業が強制的に終えられました。", "The work was ended by force.")},
		{code: "window.closed", kind: "window.closed", told: "Q", page: toWindow, next: nextRead, quiet: always,
			subject: text.Of("時間枠 {window}: 終了", "Window {window}: ended"), lead: text.Of("立会者が作業を終えました。", "The attendant closed the window.")},
		{code: "extension.asked", kind: "extension.asked", told: "TH", page: toWindow, quiet: always,
			subject: text.Of("時間枠 {window}: 延長申請", "Window {window}: extension asked for"), lead: text.Of("延長が申請されました。答えがなければ、元の時刻に終わります。", "More time was asked for. No answer means that the end stands."),
			next: text.Of("画面で「延長する」か「延長しない」を選んでください。", "Grant or deny it on the page.")},
		{code: "window.extended", kind: "extension.granted", told: "HSET", page: toWindow, next: nextRead, quiet: always,
			subject: text.Of("時間枠 {window}: 延長", "Window {window}: extended"), lead: text.Of("時間枠が延長されました。", "The window was extended.")},
		{code: "window.not-extended", kind: "extension.denied", told: "ET", page: toWindow, next: nextRead, quiet: always,
			subject: text.Of("時間枠 {window}: 延長しない", "Window {window}: not extended"), lead: text.Of("延長されませんでした。終了は元のままです。", "It was not extended. The end stands.")},
	}
}

func ofSessions() []telling {
	return []telling{
		{code: "session.waiting", kind: "session.consented", told: "T", page: toWindow, quiet: always, similar: func(m *matter) string { return "waiting " + m.session.Window + " " + m.session.Person },
			subject: text.Of("時間枠 {window}: 保守要員が待っています", "Window {window}: the engineer waits"), lead: text.Of("保守要員が待合に入りました。", "The engineer is in the waiting room."),
			next: text.Of("本人確認をして、開始を許可してください。", "Check the identity and permit the start.")},
		{code: "session.active", kind: "session.started", told: "TH", page: toSession, next: nextRead, quiet: always,
			subject: text.Of("接続 {session}: 接続中", "Session {session}: connected"), lead: text.Of("保守要員が接続先につながりました。", "The engineer is connected to the target.")},
		{code: "session.paused", kind: "session.paused", told: "ET", page: toSession, next: nextRead, quiet: always,
			subject: text.Of("接続 {session}: 一時停止中", "Session {session}: paused"), lead: text.Of("保守要員の入力を止めています。", "The engineer's input is held back.")},
		{code: "session.ended", kind: "session.ended", when: byOrder, told: "TQH", also: ofReason("end_cause"), page: toSession, next: nextRead, quiet: always,
			subject: text.Of("接続 {session}: 終了({number})", "Session {session}: ended ({number})"), lead: text.Of("接続が終わりました: {cause}", "The session has ended: {cause}")},
		{code: "session.cut", kind: "session.ended", when: func(m *matter) bool { return !byOrder(m) }, told: "TQHSA", also: ofReason("end_cause"), page: toSession, next: nextRead,
			subject: text.Of("接続 {session}: 途中で切断({number})", "Session {session}: cut ({number})"), lead: text.Of("接続が途中で切れました: {cause}", "The session was cut: {cause}")},
		{code: "session.refused", kind: "session.refused", told: "", also: ofReason("reason"), page: toSession, quiet: notYet,
			similar: func(m *matter) string { return "refused " + m.session.Person + " " + m.text("reason") },
			subject: text.Of("接続 {session}: 接続拒否({number})", "Session {session}: refused ({number})"), lead: text.Of("接続を断りました: {cause}", "A connection was refused: {cause}"), next: text.Of("{todo}", "{todo}")},
		{code: "session.refused-repeatedly", kind: "refusals.summed", when: is("kind", "session.refused", "access.refused"), told: "S", page: toSession2, quiet: always,
			similar: func(m *matter) string { return "repeated " + m.text("person") + " " + m.text("what") },
			subject: text.Of("接続拒否が繰り返されています", "Refusals repeat"), lead: text.Of("同じ人が繰り返し断られています({count}回)。", "The same person was refused again and again ({count} times)."), next: nextRead},
		{code: "session.feature-refused", kind: "session.feature-refused", told: "", also: ofReason("reason"), page: toSession, quiet: always,
			similar: func(m *matter) string { return "feature " + m.session.ID },
			subject: text.Of("接続 {session}: 許可されていない機能({number})", "Session {session}: feature not granted ({number})"), lead: text.Of("許可されていない機能が使われようとしました。端末は続いています。", "Something that is not granted was asked for. The terminal stays up."), next: nextRead},
		{code: "recording.hold", kind: "recording.held", told: "SA", page: toSession2, next: nextRead, quiet: always,
			subject: text.Of("操作記録の保全", "Recordings on hold"), lead: text.Of("操作記録の廃棄を停止しました。", "Recordings are kept from disposal.")},
	}
}

// toSession2 leads to the list: the entry names several sessions, or none.
func toSession2(*matter) (string, string) { return "/sessions", "" }

// notYet tells whether a refusal only asks for a later try, so that no one need act on a mail.
func notYet(m *matter) bool {
	info, _ := policy.Lookup(policy.Reason(m.text("reason")))
	return info.Exit == policy.ExitNotNow || info.Exit == policy.ExitTimeUp
}

func ofVendors() []telling {
	return []telling{
		{code: "paper.expiring", kind: "paper.expiring", told: "VQS", page: toVendor,
			subject: text.Of("書類の期限まであと{days}日({vendor})", "A paper ends in {days} days ({vendor})"), lead: text.Of("書類の期限が近づいています。期限を過ぎると、申請も接続もできなくなるものがあります。", "A paper ends soon. Without some papers neither requests nor connections are let in."),
			next: text.Of("ポータルで新しいものを提出してください。", "Submit the next one on the portal.")},
		{code: "paper.expired", kind: "paper.expired", told: "VQS", page: toVendor,
			subject: text.Of("書類の期限切れ({vendor})", "A paper has ended ({vendor})"), lead: text.Of("書類の期限が過ぎました。", "A paper has ended."), next: text.Of("ポータルで新しいものを提出してください。", "Submit the next one on the portal.")},
		{code: "renewal.asked", kind: "renewal.asked", told: "V", page: toVendor,
			subject: text.Of("書類の更新の依頼: {count}件({vendor})", "Papers to be renewed: {count} ({vendor})"), lead: text.Of("期限が近いか、足りない書類の更新を依頼します。期限を過ぎると、申請も接続もできなくなるものがあります。", "Please renew these papers, which end soon or are missing. Without some of them neither requests nor connections are let in."),
			next: text.Of("ポータルで新しいものの写しを提出してください。", "Submit copies of the next ones on the portal.")},
		{code: "renewal.sent", kind: "renewal.asked", told: "QS", page: toVendor, next: nextRead, quiet: always,
			subject: text.Of("書類の更新を依頼しました: {count}件({vendor})", "The vendor was asked to renew papers: {count} ({vendor})"), lead: text.Of("保守事業者の窓口に書類の更新を依頼しました。", "The vendor's contact was asked to renew papers.")},
		{code: "roster.overdue", kind: "roster.overdue", told: "VQ", page: toVendor,
			subject: text.Of("従事者の月次確認が遅れています({vendor})", "Roster statement overdue ({vendor})"), lead: text.Of("従事者の月次確認が期限までにありませんでした。", "The monthly statement of who works for the vendor did not come in time."), next: text.Of("保守事業者窓口がポータルで確認してください。", "The vendor's contact confirms it on the portal.")},
		{code: "permit.asked", kind: "permit.asked", told: "S", page: toPermits,
			subject: text.Of("包括許可の申請({vendor})", "Standing permit asked for ({vendor})"), lead: text.Of("包括許可が申請されました。", "A standing permit was asked for."), next: nextDecide},
		{code: "permit.granted", kind: "permit.granted", told: "QVHS", page: toPermits, next: nextRead,
			subject: text.Of("包括許可が与えられました({vendor})", "Standing permit granted ({vendor})"), lead: text.Of("包括許可が与えられました。一回ごとの申請と承認は別に要ります。", "A standing permit was granted. Each window still needs its own request and approval.")},
		{code: "permit.refused", kind: "permit.refused", told: "QH", page: toPermits, next: nextRead,
			subject: text.Of("包括許可は与えられませんでした({vendor})", "Standing permit refused ({vendor})"), lead: text.Of("包括許可は与えられませんでした。", "The standing permit was refused.")},
		{code: "permit.withdrawn", kind: "permit.withdrawn", told: "QVHS", page: toPermits, next: nextPhone,
			subject: text.Of("包括許可の取消し({vendor})", "Standing permit withdrawn ({vendor})"), lead: text.Of("包括許可が取り消されました。", "The standing permit was withdrawn.")},
		{code: "late-entry.entered", kind: "late-entry.entered", told: "HS", page: toLate, quiet: always,
			subject: text.Of("後日入力 {late}: 確認待ち", "Late entry {late}: awaits a second person"), lead: text.Of("手書きの用紙の作業が後日入力されました。入力した人とは別の人が用紙と見比べて確認するまで、確認待ちです。", "Work on handwritten papers was entered afterwards. It awaits another person, who compares it with the papers."),
			next: text.Of("用紙を取り出し、画面で見比べて確認してください。", "Take the papers out, compare, and confirm on the page.")},
		{code: "late-entry.rejected", kind: "late-entry.rejected", told: "QH", page: toLate, next: nextRead, quiet: always,
			subject: text.Of("後日入力 {late}: 却下", "Late entry {late}: rejected"), lead: text.Of("後日入力が却下されました。用紙は入力し直せます。", "A late entry was rejected. The papers can be entered anew.")},
		{code: "paper.filed", kind: "paper.filed", when: is("state", "submitted"), told: "SQ", page: toVendor, quiet: always,
			subject: text.Of("書類 {paper}: 受理待ち", "Paper {paper}: submitted"), lead: text.Of("保守事業者が書類を提出しました。職員が受理するまで効きません。", "A vendor handed in a paper. It counts once staff accept it."), next: text.Of("写しを確かめ、受理してください。", "Look at the copy and accept it.")},
		{code: "paper.accepted", kind: "paper.accepted", told: "V", page: toVendor, next: nextRead, quiet: always,
			subject: text.Of("書類 {paper}: 受理", "Paper {paper}: accepted"), lead: text.Of("書類が受理されました。", "The paper was accepted.")},
		{code: "paper.withdrawn", kind: "paper.withdrawn", told: "VQS", page: toVendor, next: nextRead,
			subject: text.Of("書類 {paper}: 取消し", "Paper {paper}: withdrawn"), lead: text.Of("書類が取り消されました。もう効きません。", "The paper was withdrawn. It no longer counts.")},
		{code: "subcontract.approved", kind: "subcontract.approved", told: "VQS", page: toVendor, next: nextRead, quiet: always,
			subject: text.Of("再委託の承認({vendor})", "Subcontract approved ({vendor})"), lead: text.Of("再委託が承認されました。", "The subcontract was approved.")},
		{code: "vendor.locked", kind: "vendor.locked", told: "VQS", page: toVendor, next: nextPhone,
			subject: text.Of("利用停止({vendor})", "Locked ({vendor})"), lead: text.Of("保守事業者が利用停止になりました。接続は切れ、新しい接続はできません。", "The vendor was locked. Sessions are cut, and no new one is let in.")},
		{code: "person.locked", kind: "person.locked", told: "VQS", page: toVendor, next: nextPhone,
			subject: text.Of("一人の利用停止", "A person was locked"), lead: text.Of("一人が利用停止になりました。その人の接続は切れ、新しい接続はできません。", "A person was locked. Their sessions are cut, and they are not let in.")},
		{code: "vendor.unlocked", kind: "vendor.unlocked", told: "VQS", page: toVendor, next: nextRead, quiet: always,
			subject: text.Of("利用停止の解除({vendor})", "Unlocked ({vendor})"), lead: text.Of("保守事業者の利用停止が解かれました。", "The vendor's lock has ended.")},
		{code: "person.unlocked", kind: "person.unlocked", told: "VQS", page: toVendor, next: nextRead, quiet: always,
			subject: text.Of("一人の利用停止の解除", "A person was unlocked"), lead: text.Of("利用停止が解かれました。", "The lock has ended.")},
	}
}

func ofStops() []telling {
	return []telling{
		{code: "freeze.frozen", kind: "freeze.on", told: "EVQTHSM", page: toIncident, next: nextPhone,
			subject: text.Of("緊急凍結 {incident}: 凍結中", "Emergency freeze {incident}: frozen"), lead: text.Of("緊急凍結: {scope}。いまの接続は切断し、新しい接続と承認を止めました。", "Emergency freeze: {scope}. Sessions are cut; new sessions and approvals are stopped.")},
		{code: "freeze.lift-one", kind: "freeze.lift-agreed", told: "HSM", page: toIncident, next: text.Of("別の一人が画面で解除に同意すると解けます(二人のうち一人は情報システム課)。", "It ends when another person agrees on the page; one of the two is of the IS section."),
			subject: text.Of("緊急凍結 {incident}: 解除同意 1/2", "Emergency freeze {incident}: one of two agreed"), lead: text.Of("一人が解除に同意しました。まだ凍結中です。", "One person agreed to lift it. It is still frozen.")},
		{code: "freeze.lifted", kind: "freeze.lifted", told: "EVQTHSM", page: toIncident, next: text.Of("切断した接続は再開しません。新しく申請してください。", "Cut sessions do not resume; file new requests."),
			subject: text.Of("緊急凍結 {incident}: 解除済み", "Emergency freeze {incident}: lifted"), lead: text.Of("凍結を解除しました。", "The freeze was lifted.")},
		{code: "drill.asked", kind: "drill.asked", told: "HS", page: toIncident, next: text.Of("別の一人が画面で同意すると始まります。", "It begins when another person agrees on the page."),
			subject: text.Of("訓練 {incident}: 同意待ち 1/2", "DRILL {incident}: agreement awaited"), lead: text.Of("凍結の訓練が申し出られました。", "A drill of a freeze was asked for.")},
		{code: "alarm.raised", kind: "alarm.raised", told: "*", page: toAlarms, similar: stranger,
			subject: text.Of("警報 {alarm}: {what}", "Alarm {alarm}: {what}"), lead: text.Of("警報が上がりました: {what}。所管課と情報システム課の両方に届いています。", "An alarm was raised: {what}. It went to the section and to the central desk."),
			next: text.Of("内容を見て、自分の窓口として確認してください。一方の確認は、他方の確認になりません。", "Look at it and acknowledge it for your own desk. One desk never acknowledges for the other.")},
	}
}

func ofPeople() []telling {
	self := func(code, kind, ja, en string) telling {
		return telling{code: code, kind: kind, told: "P", page: toMe, subject: text.Of(ja, en), lead: text.Of("あなたの認証の情報が変わりました: "+ja+"。", "Your credentials were changed: "+en+"."),
			next: text.Of("心当たりがなければ、すぐに情報システム課へ電話してください。", "If it was not you, phone the IS section at once.")}
	}
	return []telling{
		self("me.password", "password.changed", "パスワードの変更", "password changed"),
		self("me.factor", "factor.renewed", "二つ目の認証の更新", "second factor renewed"),
		self("me.key-added", "key.added", "鍵の登録", "key registered"),
		self("me.key-revoked", "key.revoked", "鍵の取消し", "key revoked"),
		self("me.suspended", "enrolment.suspended", "認証の停止", "credentials suspended"),
		self("me.tokens", "tokens.revoked", "サインインの無効化", "sign-ins ended"),
		{code: "change.pending", kind: "registry.pending", told: "S", page: toChanges,
			subject: text.Of("変更 {change}: 二人目の確認待ち", "Change {change}: a second person is awaited"), lead: text.Of("登録の変更が提案されました。別の一人が確認するまで効きません。", "A change of the registry was proposed. It comes into force when another person confirms it."),
			next: text.Of("画面で内容を読み、確認するか取り下げてください。", "Read it on the page, then confirm or drop it.")},
		{code: "deputy.set", kind: "deputy.set", told: "B", page: toMe, next: nextRead,
			subject: text.Of("代決の設定", "A deputy was named"), lead: text.Of("代決者が決まりました。期間中、代決者が代わりに決定し、課長には後閲として届きます。", "A deputy was named. For that time they decide in the head's place, who reviews it afterwards.")},
		{code: "deputy.cleared", kind: "deputy.cleared", told: "B", page: toMe, next: nextRead,
			subject: text.Of("代決の終了", "A deputation ended"), lead: text.Of("代決が終わりました。", "The deputation has ended.")},
	}
}
