package notify

import "sekimori/policy/text"

// ofInspections are the notices about files that are brought in and inspected.
func ofInspections() []telling {
	return []telling{
		{code: "file.released", kind: "file.released", told: "QV", page: toSession, next: nextRead, quiet: always,
			subject: text.Of("接続 {session}: ファイルの引渡し", "Session {session}: file released"), lead: text.Of("検査を終えたファイルを接続先に引き渡しました。", "A file was inspected and delivered to the target.")},
		{code: "file.rejected", kind: "file.stopped", when: is("why", "not-clean"), told: "QVTHSA", page: toSession,
			subject: text.Of("接続 {session}: ファイルが検査で止まりました", "Session {session}: file stopped by inspection"), lead: text.Of("持ち込まれたファイルが検査で止まりました。接続先には届いていません。", "A file was stopped by inspection. The target has not received it."),
			next: text.Of("保守事業者は送る側のファイルを調べ、所管課へ電話してください。", "The vendor examines the file where it came from and phones the section.")},
		{code: "file.scan-failed", kind: "file.stopped", when: is("why", "not-held"), told: "QVSM", page: toSession,
			subject: text.Of("接続 {session}: ファイルを検査できません", "Session {session}: file could not be inspected"), lead: text.Of("ファイルを預かって検査することができませんでした。接続先には届いていません。", "A file could not be kept and inspected. The target has not received it."),
			next: text.Of("情報システム課は関守の空き容量と検査の仕組みを見てください。", "The IS section looks at free space and at the inspectors.")},
		{code: "file.not-delivered", kind: "file.stopped", when: is("why", "interrupted", "terms", "not-delivered"), told: "QV", page: toSession, next: nextRead, quiet: always,
			subject: text.Of("接続 {session}: ファイルは引き渡されませんでした", "Session {session}: file not delivered"), lead: text.Of("ファイルは接続先に届いていません。", "A file did not reach the target.")},
	}
}
