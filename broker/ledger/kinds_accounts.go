package ledger

// kindsOfAccounts are the kinds for the care of accounts on targets, and for what targets have and had.
var kindsOfAccounts = func() []Kind {
	use := []Member{
		text("account", "id of the account"), text("target", "id of the target"),
		text("session_id", "number of the session that is to use it; absent: none"), text("window", "number of the window; absent: none"),
	}
	namesUse := "the session, the window, the account, the target, the system"
	until := []Member{instant("until", "the session's end, as far as it was known"), list("groups", "given to it; absent: none")}
	failed := text("error", "why, as the target's program or the connection says")
	findings := list("findings", "each with `what` (`connections`, `account`, `leftovers`, `target`, `egress`), `state` (`verified`, `partly`: it cannot be verified, `failed`), `detail` and `names`")
	state := text("state", "the worst of the findings: `verified`, `partly`, `failed`")
	namesChange := "the window, the account, the target, the system"
	change := []Member{text("account", "id of the account"), text("target", "id of the target"), text("window", "number of the window after which it was due"), text("credential", "`key`, `password` or `role-password`")}
	return []Kind{
		{Name: "account.preparing", JA: "作業用アカウントの準備", Says: "The broker is about to make an account usable for a session. From here on it is taken away whatever happens.", Subjects: namesUse, Members: with(use, until...)},
		{Name: "account.prepared", JA: "作業用アカウントの準備完了", Says: "The account is usable.", Subjects: namesUse, Members: with(with(use, until...), yesno("shared", "true: another session had it prepared already"))},
		{Name: "account.prepare-failed", JA: "作業用アカウントの準備の失敗", Says: "The account could not be made usable; the session does not begin (129).", Subjects: namesUse, Members: with(use, failed)},
		{Name: "account.probed", JA: "作業用アカウントの検査", Says: "Reading was tried as the account. A probe is no complete proof.", Subjects: namesUse, Members: with(use, list("results", "each with `what`, `result` (`cannot-read`, `can-read`) and `detail`"))},
		{Name: "account.probe-failed", JA: "作業用アカウントの検査の失敗", Says: "Reading could not be tried; the session does not begin (129).", Subjects: namesUse, Members: with(use, failed)},
		{Name: "account.withdrawn", JA: "作業用アカウントの取上げ", Says: "An account that a crash left in use, or that was not proved gone at the end, was taken away, or this failed again.", Subjects: "the sessions, the account, the target, the system",
			Members: []Member{text("account", "id of the account"), text("target", "id of the target"), list("sessions", "numbers of the sessions that had used it"), state, findings}},
		{Name: "secret.changing", JA: "保管した認証情報の交換の始め", Says: "The stored key or password of an account is being changed after a window: a new one was made and is kept, sealed, beside the old one.", Subjects: namesChange, Members: change},
		{Name: "secret.placed", JA: "新しい認証情報を接続先に置いた", Says: "The target has the new key or password.", Subjects: namesChange, Members: change},
		{Name: "secret.proved", JA: "新しい認証情報の確認", Says: "The new key or password opened the account in a real login and is the account's from here on.", Subjects: namesChange, Members: change},
		{Name: "secret.changed", JA: "保管した認証情報の交換", Says: "The old key or password is gone: the target refused it.", Subjects: namesChange, Members: change},
		{Name: "secret.change-failed", JA: "保管した認証情報の交換の失敗", Says: "A step of a change failed. Both secrets are kept, and the step is tried again.", Subjects: namesChange, Members: []Member{
			text("account", "id of the account"), text("target", "id of the target"), text("window", "number of the window after which it was due"),
			text("credential", "`key`, `password` or `role-password`; absent in older entries"), text("step", "`place`, `try` or `remove`"), failed, instant("again", "when it is tried next")}},
		{Name: "session.end-verified", JA: "終了の検証", Says: "How the end of a session was verified on its target. Without an administrative connection `session.ended` alone says it.", Subjects: namesSession + ", the target",
			Members: []Member{text("session_id", "number of the session"), text("window", "number of the window"), text("target", "id of the target"), text("account", "id of the account"), state, findings}},
		{Name: "target.inventoried", JA: "接続先の棚卸し", Says: "Accounts, keys, rights and timed jobs of a target were listed and compared.", Subjects: "the target, the system, the window", Members: []Member{
			text("target", "id of the target"), text("window", "number of the window; absent: the monthly one"), text("phase", "`before`, `after` (a window's first session, its last) or `monthly`"),
			number("items", "how many things there are"), number("differences", "how many came or went"), list("names", "the first of these, with `+` or `-`; absent: none"),
			instant("compared_with", "when the earlier list was made; absent: there is none"), text("error", "why the list could not be had; absent: it could")}},
		{Name: "target.checked", JA: "接続先の設定の確認", Says: "The broker connected to a target and tried what its administrator put there.", Subjects: "the target, the system", Members: []Member{
			text("target", "id of the target"), yesno("ok", "every part was tried and went well"), list("lines", "each with `what` (`host-key`, `no-proof`, `steward`, `login`, `wrong-principal`, `wrong-source`), `account`, `result` (`ok`, `failed`, `skipped`) and `detail`")}},
		{Name: "target.reconciled", JA: "ログインの突合", Says: "The logins of a target were compared with the sessions of the ledger.", Subjects: "the target, the system, the unknown logins found for the first time", Members: []Member{
			text("target", "id of the target"), text("source", "`target`: its own record, through the administrative connection; `file`"), text("state", "`agrees`, `unknown`: there are logins that the ledger does not know, `failed`"),
			instant("from", "the first moment that was compared"), instant("until", "the last; absent: none was"), number("logins", "how many the record has within these"), number("known", "how many the broker made"),
			number("new", "unknown and found for the first time"), number("before", "unknown and found earlier"), number("beyond", "unknown and only counted, beyond the number that is kept; absent: none"),
			list("unknown", "the new ones, each with `login` (its number), `at`, `account`, `source`, `doubt` (`no-session`, `other-address`, `more-than-one`) and `session_id` (that used the account then; empty: none); absent: none"),
			list("missing", "the first sessions that a complete record does not know; absent: none"), number("ahead_ms", "how far the target's clock is ahead of the broker's"),
			list("records", "kinds of record that were read: `accepted` (every login), `terminal` (those with a terminal); absent: none"),
			instant("gap", "where the record begins, if that is after the comparison before; absent: it reaches back"), text("error", "why it failed; absent: it did not")}},
		{Name: "reconciliation.viewed", JA: "突合の閲覧", Says: "A person opened the page of a target's comparison of logins.", Subjects: "the target, the person", Members: []Member{text("target", "id of the target")}},
		{Name: "login.viewed", JA: "台帳にないログインの閲覧", Says: "A person opened the page of a login that the ledger does not know.", Subjects: "the login, the person", Members: []Member{text("login", "number of the unknown login")}},
		{Name: "login.explained", JA: "台帳にないログインの説明", Says: "An auditor explained a login that the ledger does not know.", Subjects: "the login, the target", Members: []Member{
			text("login", "number of the unknown login"), text("target", "id of the target"), text("reason", "why it is explained")}},
		{Name: "target.connections", JA: "接続先の外向き通信", Says: "A target had outgoing connections that its list does not know.", Subjects: "the target, the system, the window", Members: []Member{
			text("target", "id of the target"), text("window", "number of the window; absent: none"), number("connections", "how many outgoing connections there were"), list("unknown", "those that the list does not know")}},
	}
}()
