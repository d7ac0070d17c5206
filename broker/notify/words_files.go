package notify

import (
	"sekimori/policy"
	"sekimori/policy/text"
)

func toFile(m *matter) (string, string) { return "/files/" + m.text("file"), "/v/files" }

// ofFiles are the notices about files that wait for approvals, and about what became of them.
func ofFiles() []telling {
	next := text.Of("画面で中身と検査の結果を見て、承認するか却下してください。期限を過ぎると動かせなくなります。", "Look at the contents and the inspection on the page, then approve or reject it. It expires undecided.")
	return []telling{
		{code: "file.held", kind: "file.held", told: "HDS", page: toFile, next: next,
			subject: text.Of("ファイル {file}: 留置中(承認待ち)", "File {file}: held, awaiting approval"), lead: text.Of("持ち込まれたファイルが、検査のうえ承認を待っています。", "A file that was brought in was inspected and awaits an approval.")},
		{code: "file.out-wait-first", kind: "file.taken", told: "HDQ", page: toFile, next: next,
			subject: text.Of("ファイル {file}: 持出し 承認待ち 1/2", "File {file}: out, awaiting first approval"), lead: text.Of("接続先のファイルの持出しが求められています。二人の承認があるまで、何も出ません。", "A file of a target is asked for. Nothing leaves before two people have approved it.")},
		{code: "file.out-wait-second", kind: "file.approved", when: is("state", string(policy.FileWaitSecond)), told: "S", page: toFile, next: next,
			subject: text.Of("ファイル {file}: 持出し 承認待ち 2/2", "File {file}: out, awaiting second approval"), lead: text.Of("一人目が持出しを承認しました。別の人の承認を待っています。", "A first person approved that the file goes out. It awaits a second, different one.")},
		{code: "file.approved", kind: "file.approved", when: is("state", string(policy.FileApproved)), told: "EQ", page: toFile, quiet: always,
			subject: text.Of("ファイル {file}: 承認済み", "File {file}: approved"), lead: text.Of("ファイルの授受が承認されました。", "The file may move."),
			next: text.Of("持込みは接続中に接続先へ引き渡されます。持出しは一度だけ受け取れます: sftp ID@gate:/outbox", "A file in is delivered during a session; a file out can be fetched once: sftp ID@gate:/outbox")},
		{code: "file.declined", kind: "file.rejected", told: "EQ", page: toFile, next: nextRead, quiet: always,
			subject: text.Of("ファイル {file}: 却下", "File {file}: rejected"), lead: text.Of("ファイルは動きません。中身は証跡として残ります。", "The file does not move. Its contents stay as evidence.")},
		{code: "file.undelivered", kind: "file.not-delivered", told: "EQ", page: toFile, next: nextRead,
			subject: text.Of("ファイル {file}: 引き渡せませんでした", "File {file}: not delivered"), lead: text.Of("承認されたファイルを接続先に引き渡せませんでした。次の接続でもう一度試みます。", "An approved file could not be delivered to the target. It is tried again in the next session.")},
		{code: "file.unlike", kind: "file.stopped", when: is("why", "unlike"), told: "HEQ", page: toFile,
			subject: text.Of("ファイル {file}: 引き渡されたか分かりません", "File {file}: it is not known whether it was delivered"), lead: text.Of("引渡しの途中で関守が止まるか接続先が切れ、接続先には承認されたものと違う中身があります。関守は上書きしません。", "The broker stopped during its delivery, or lost the target, and the target has other contents there than the approved ones. The broker writes nothing over them."),
			next: text.Of("接続先を確かめ、要るなら送り直してください。", "Look at the target, and send it again if needed.")},
		{code: "file.expired", kind: "file.expired", told: "EQ", page: toFile, next: nextRead, quiet: always,
			subject: text.Of("ファイル {file}: 期限切れ", "File {file}: expired"), lead: text.Of("期限までに承認・引渡し・受取りが済みませんでした。", "It was not approved, delivered or fetched in time.")},
	}
}
