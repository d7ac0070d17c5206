package ledger

// kindsOfKeys are the kinds for viewing keys and for further recipients of recordings.
var kindsOfKeys = func() []Kind {
	key := []Member{text("key", "name of the viewing key (`VK-2`)"), text("fingerprint", "SHA-256 of its public text, in OpenSSH's notation"), yesno("post_quantum", "true: a hybrid key")}
	access := []Member{
		text("access", "number of the access (`RA-001`)"), text("fingerprint", "SHA-256 of the recipient's public text, in OpenSSH's notation"), yesno("post_quantum", "true: a hybrid key"),
		text("holder", "who keeps the private key, in words"), yesno("everything", "true: all recordings that had ended when it was given"),
	}
	sessions := list("sessions", "numbers of the sessions; more than 500 go into several entries. Absent with `everything` until it is given")
	why := text("reason", "why, in words")
	return []Kind{
		{Name: "keys.viewing-begun", JA: "閲覧用の鍵の交代の開始", Says: "A new viewing key was made. From here on recordings are sealed to it and to the one in use.", Subjects: "the new key, the key in use",
			Members: with(key, text("replaces", "name of the key in use"), why)},
		{Name: "keys.viewing-confirmed", JA: "閲覧用の鍵の交代の確定", Says: "A second person confirmed: recordings are sealed to the new key only. The former one opens older recordings.", Subjects: "the new key, the former key",
			Members: with(key, text("replaces", "name of the former key"), text("begun_by", "id of the person who began"))},
		{Name: "keys.viewing-rolled-back", JA: "閲覧用の鍵の交代の取りやめ", Says: "The change was taken back before it was confirmed. The key in use opens every recording made meanwhile.", Subjects: "the withdrawn key, the key in use",
			Members: with(key, text("keeps", "name of the key in use"), text("begun_by", "id of the person who began"), why)},
		{Name: "keys.viewing-destroyed", JA: "閲覧用の鍵の破棄", Says: "A viewing key that no recording needs any more was destroyed.", Subjects: "the key",
			Members: with(key, text("because", "`withdrawn`: it was never confirmed; `no-recording`: every recording under it has been disposed of"))},
		{Name: "recording.access-asked", JA: "操作記録を開く鍵の追加の申出", Says: "A person asked that recordings open to a further key. Nothing is opened yet.", Subjects: "the access", Members: with(access, sessions, why)},
		{Name: "recording.access-given", JA: "操作記録を開く鍵の追加", Says: "A second person gave the access: the recordings' keys are then wrapped to the further key.", Subjects: "the access, and the sessions",
			Members: with(access, sessions, text("asked_by", "id of the person who asked"))},
		{Name: "recording.access-refused", JA: "操作記録を開く鍵の追加の却下", Says: "What was asked was dropped.", Subjects: "the access", Members: with(access, why)},
		{Name: "recording.access-ended", JA: "操作記録を開く鍵の取消し", Says: "The access ended: its wrapped keys are removed. Copies that its holder has stay readable to them.", Subjects: "the access", Members: with(access, why)},
		{Name: "recording.access-written", JA: "操作記録の鍵ファイルの書込み", Says: "The keys files beside the recordings say what the access says.", Subjects: "the access",
			Members: []Member{text("access", "number of the access"), number("written", "recordings whose keys file was changed"), number("unchanged", "recordings whose keys file said so already"),
				list("failed", "sessions whose keys file could not be changed; absent: none"), number("gone", "recordings whose file is not there; absent: none")}},
	}
}()
