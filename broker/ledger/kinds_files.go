package ledger

// kindsOfFiles are the kinds for the files that the broker takes from sessions: one entry when a file comes, one for each act on it.
var kindsOfFiles = func() []Kind {
	const names = "the file, the session, the engineer, the request, the system"
	id := text("session_id", "number of the session; of a delivery, the session through which it went")
	path := []Member{text("path", "on the target, without links"), text("path_raw", "its exact bytes in base64, where it is no UTF-8; else absent")}
	direction := text("direction", "`in` (to the target) or `out`")
	came := func(more ...Member) []Member {
		return append(append([]Member{
			id, text("file", "number of the file: the session's, and a count"), direction, text("target", "id of the target")}, path...), append([]Member{
			number("size", "bytes received"), text("sha256", "SHA-256 of what was received"), text("sha256_delivered", "SHA-256 of what the inspectors let go; absent: nothing, or the file goes out"),
			text("sanitised", "the sender's statement on 無害化 in the request; absent: none"),
			list("findings", "the inspectors' answers in order, each with `engine`, `version` (of engine and definitions), `verdict` (`clean`, `not-clean`, `sanitised`) and `detail`"),
			list("kept", "names of the sealed contents, in the directory `held`, or `outbox` where it goes out"),
		}, more...)...)
	}
	about := func(more ...Member) []Member {
		return append(append([]Member{id, text("file", "number of the file"), direction, text("target", "id of the target")}, path...), append([]Member{
			number("size", "bytes of the contents that are delivered or fetched"), text("sha256", "their SHA-256, for which approvals hold"),
		}, more...)...)
	}
	until := instant("until", "when it expires")
	before := text("before", "state before, a word of `held`, `out-wait-first`, `out-wait-second`, `approved`, `delivering`")
	settled := text("settled", "how the end of a delivery that was not seen was found out at the target: `found` (it has the file), `part` (only the part that was being written), `unlike` (neither); absent: it was seen")
	return []Kind{
		{Name: "file.held", JA: "ファイルの留置", Says: "A file that came in was found clean, or sanitised, and waits for an approval.", Subjects: names, Members: came(until)},
		{Name: "file.taken", JA: "持出し箱への受入れ", Says: "A file of the target was put into the outbox, where it waits for two approvals. Nothing of it left.", Subjects: names, Members: came(until)},
		{Name: "file.delivering", JA: "ファイルの引渡しの開始", Says: "A file that was found clean or approved is about to be delivered to the target. Nothing of it is there yet. Its end has an entry of its own: `file.released`, `file.not-delivered` or `file.stopped`.", Subjects: names, Members: came(
			text("place", "path on the target that is written, without links"))},
		{Name: "file.delivery-unseen", JA: "引渡しの終わりの不明", Says: "The broker did not see the end of a delivery: it was stopped, or lost the target. The target is asked in the engineer's next session there.", Subjects: names, Members: about()},
		{Name: "file.released", JA: "ファイルの引渡し", Says: "A held file was found clean, or sanitised, and delivered to the target; where `file.held` precedes it, after its approval.", Subjects: names, Members: came(settled)},
		{Name: "file.stopped", JA: "ファイルの差止め", Says: "A held file was not delivered.", Subjects: names, Members: came(
			text("why", "`not-clean`, `interrupted` (it did not arrive whole), `terms` (not permitted by the time of its delivery), `not-delivered` (the target did not take it), `not-held` (it could not be kept), `changed` (the contents differ from the inspected ones), `cut` (its delivery broke off), `unlike` (the end of its delivery was not seen, and the target has other contents), `broker-stopped` (the broker stopped while it came)"),
			text("detail", "particulars; absent: none"), settled)},
		{Name: "file.approved", JA: "ファイルの承認", Says: "A person approved that a file moves.", Subjects: names, Members: about(
			number("stage", "1 or 2"), text("state", "state of the file afterwards"), text("role", "in which capacity"), text("on_behalf", "id of the approver for whom a deputy decided; absent: none"), text("reason", "what was said with it; absent: nothing"))},
		{Name: "file.rejected", JA: "ファイルの却下", Says: "A person stopped a file that had not moved, or its engineer took it back.", Subjects: names, Members: about(text("reason", "why, in words; may be empty"), before)},
		{Name: "file.not-delivered", JA: "引渡しの不成立", Says: "An approved file could not be delivered. It is tried again in the engineer's next session there.", Subjects: names, Members: about(
			text("why", "`terms`, `not-delivered`, `cut` (its delivery broke off), or `changed` (its kept contents differ from the approved ones)"), text("detail", "particulars"))},
		{Name: "file.opened", JA: "授受ファイルの中身の閲覧", Says: "A person opened the contents of a file.", Subjects: names, Members: about(
			text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing"))},
		{Name: "file.viewed", JA: "授受ファイルの閲覧", Says: "A person opened the page of a file, without its contents.", Subjects: "the file, the person", Members: []Member{text("file", "number of the file")}},
		{Name: "file.fetch-begun", JA: "持出し箱からの受取り開始", Says: "The engineer began to fetch a file from the outbox.", Subjects: names, Members: about(number("sent", "bytes from the beginning that earlier fetches had handed out"))},
		{Name: "file.fetch-broken", JA: "受取りの中断", Says: "A fetch broke off. It can be resumed.", Subjects: names, Members: about(number("sent", "bytes from the beginning that were handed out"),
			text("why", "`changed`: the kept contents were changed while they were sent; `broker-stopped`: the broker stopped, and how much was handed out is not known; absent: the client or the right ended it"))},
		{Name: "file.fetched", JA: "持出し箱からの受取り", Says: "The engineer has the whole file. It cannot be fetched again.", Subjects: names, Members: about()},
		{Name: "file.expired", JA: "授受ファイルの期限切れ", Says: "The time of a file to be approved, delivered or fetched is over.", Subjects: names, Members: about(before)},
		{Name: "file.disposed", JA: "授受したファイルの中身の廃棄", Says: "The sealed contents of a file were removed, because their time of keeping was over. The session was under no hold.", Subjects: names, Members: about(
			list("kept", "names of the contents in the directories `held` and `outbox`, as in the entries about the file"), number("days", "for how many days after its end the rule keeps them"))},
	}
}()
