package ledger

// kindsOfPeople are the kinds for the registry and for authentication.
var kindsOfPeople = func() []Kind {
	renewed := []Member{
		text("person", "id of the person"),
		text("kept_token", "hash of the one token that stays valid, in hex; every other one is revoked"),
	}
	return []Kind{
		{Name: "registry.founded", JA: "登録の開始", Says: "The first file was applied to an empty registry. No second person existed to confirm it.", Subjects: "the founding administrator",
			Members: []Member{
				number("objects", "how many objects the file has; a `registry.applied` of each follows"),
				text("exempt", "why no second person confirmed it"),
			}},
		{Name: "registry.applied", JA: "登録の変更", Says: "An object of the registry was made or changed.", Subjects: "the object",
			Members: []Member{
				text("kind", "of the object: `section`, `vendor`, `person`, `system`, `target`, `account`, `institution`, `holidays`, `no-work`"),
				text("id", "of the object; of the last three kinds the kind itself"),
				text("action", "`create` or `update`; absent where the object stood so already when the change was confirmed"),
				list("fields", "what differs, each with `name`, `from` (absent: nothing before) and `to` (absent: nothing any more); null: nothing; absent as `action` is"),
				text("change", "the pending change that it confirms; absent where no confirmation was needed"),
			}},
		{Name: "registry.pending", JA: "変更の提案", Says: "A change was proposed that a second person must confirm.", Subjects: "the change (`C-0003`), then at most 200 of the objects or the person it concerns",
			Members: []Member{
				text("change", "number of the change"),
				text("kind", "`registry` (objects of a file), `enrolment` (a code for a person) or `keys` (keys that a person gave)"),
				either("body", "the change: a list of objects as they are to be, or the person and the keys; absent for `enrolment`, whose body holds a code's hash. Lengths of time in it are nanoseconds"),
			}},
		{Name: "registry.confirmed", JA: "変更の確認", Says: "A second person confirmed a change. Its effects follow in entries of their own.", Subjects: "the change, then what it concerns",
			Members: []Member{text("change", "number of the change"), text("proposed_by", "id of the person who proposed it")}},
		{Name: "registry.dropped", JA: "変更の取下げ", Says: "A pending change was dropped, by a person or because its proposer's credentials were suspended.", Subjects: "the change, then what it concerns",
			Members: []Member{text("change", "number of the change"), text("proposed_by", "id of the person who proposed it"), text("reason", "why, in words")}},

		{Name: "enrolment.issued", JA: "登録コードの発行", Says: "An enrolment code was issued. The code is in no entry.", Subjects: "the person whom it is for",
			Members: []Member{
				text("person", "id of the person"),
				instant("until", "when the code ends"),
				text("exempt", "why no second person confirmed it; absent where one did or none was asked for"),
			}},
		{Name: "enrolment.finished", JA: "本人の登録", Says: "A person enrolled with a code: password, second factor, perhaps keys.", Subjects: "the person",
			Members: []Member{
				text("person", "id of the person"),
				list("keys", "fingerprints of the keys given (`SHA256:…`)"),
				text("keys_pending", "number of the change in which the keys wait for a second person; empty: none wait"),
			}},
		{Name: "enrolment.suspended", JA: "認証の停止", Says: "A person's credentials were suspended.", Subjects: "the person",
			Members: []Member{text("person", "id of the person"), list("what", "what was suspended: `password`, `second factor`, `passkeys`, `tokens`, `keys`, `enrolment code`"), text("why", "why, in words")}},
		{Name: "factor.renewed", JA: "二つ目の認証の更新", Says: "A person replaced their second factor.", Subjects: "the person", Members: renewed},
		{Name: "person.language", JA: "表示の言語の変更", Says: "A person chose the language of their pages and texts.", Subjects: "the person", Members: []Member{text("person", "id of the person"), text("language", "`ja` or `en`")}},
		{Name: "password.changed", JA: "パスワードの変更", Says: "A person changed their password.", Subjects: "the person", Members: renewed},
		{Name: "key.added", JA: "鍵の登録", Says: "An SSH key of a person came into force without a second person's confirmation.", Subjects: "the person",
			Members: []Member{text("fingerprint", "of the key (`SHA256:…`)")}},
		{Name: "key.revoked", JA: "鍵の取消し", Says: "An SSH key of a person was revoked.", Subjects: "the person",
			Members: []Member{text("fingerprint", "of the key (`SHA256:…`)"), text("reason", "why, in words")}},
		{Name: "passkey.added", JA: "パスキーの登録", Says: "A person registered a passkey of their own.", Subjects: "the person",
			Members: []Member{text("person", "id of the person"), text("passkey", "id of the credential (base64url)"), text("label", "the person's name for it")}},
		{Name: "passkey.ended", JA: "パスキーの取消し", Says: "A passkey of a person was revoked, and the tokens that it may have opened.", Subjects: "the person",
			Members: []Member{text("person", "id of the person"), text("passkey", "id of the credential (base64url)"), text("reason", "why, in words")}},
		{Name: "directory.linked", JA: "認証基盤のアカウントの確認", Says: "A person signed in with an account of the institution's directory for the first time. No other account of that name is theirs.", Subjects: "the person",
			Members: []Member{text("person", "id of the person"), text("directory", "`ldap` or `oidc`"), text("account", "the directory's own name of the account")}},
		{Name: "secret.set", JA: "接続先の認証情報の保管", Says: "The private key or password of an account on a target was stored, sealed. It is in no entry.", Subjects: "the account, the target",
			Members: []Member{text("account", "id of the account"), text("credential", "`key` or `password`")}},

		{Name: "signin", JA: "サインイン", Says: "A person signed in and got a token.", Subjects: "the person",
			Members: []Member{
				text("token", "hash of the token, in hex: it names the token and opens nothing"),
				text("label", "what the person's program calls itself"),
				instant("until", "when the token ends"),
				text("first", "what proved the first factor: `password`, `directory` (its password), `provider` (its statement), `passkey` (which is then both)"),
				text("second", "what proved the second factor: `code`, `passkey`, `provider` (its statement)"),
			}},
		{Name: "signout", JA: "サインアウト", Says: "A person ended a token of their own.", Subjects: "the person", Members: []Member{text("token", "hash of the token, in hex")}},
		{Name: "tokens.revoked", JA: "トークンの無効化", Says: "All tokens of a person were ended.", Subjects: "the person whose tokens they were", Members: []Member{text("reason", "why, in words")}},
		{Name: "signin.failures", JA: "サインインの失敗", Says: "Failed proofs of one source within ten minutes, summed up; what came over SSH is in `login.failures`.",
			Members: []Member{
				text("source", "address, or `uid:` and the number of the user on the broker's machine; empty: sources beyond those counted singly"),
				instant("from", "the first failure"), instant("until", "the last"),
				number("count", "how many"),
				object("kinds", "how many of each: `login`, `fresh` (proved once more before an act), `code`, `enrolment`, `factor`"),
			}},
		{Name: "signin.locked", JA: "認証の一時ロック", Says: "Too many failures: a person or a source is locked out for a while.", Subjects: "the person, where the failures named one",
			Members: with(reasonOf(),
				text("source", "address, or `uid:` and a number; empty: not known"),
				text("via", "the door: `cli` or `ssh`"),
				instant("until", "when it is over"),
			)},
		{Name: "login.failures", JA: "SSH接続の失敗", Says: "Failed SSH connections of one address, summed up.",
			Members: []Member{
				text("address", "where they came from; empty: addresses beyond those counted singly"),
				instant("from", "the first"), instant("until", "the last"),
				number("count", "how many"),
				object("kinds", "how many of each: `algorithms`, `handshake`, `no-code`, `turned-away`, `unproven`, `untouched`"),
			}},
	}
}()
