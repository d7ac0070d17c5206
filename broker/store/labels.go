package store

import "sekimori/policy/text"

// The names of this package's values in both languages, each once, for every door.

var alarmKinds = map[AlarmKind]text.Text{
	AlarmLockedOut:     text.Of("認証の失敗で一時ロック", "locked out for a while"),
	AlarmFailures:      text.Of("認証の失敗が続く", "many failures"),
	AlarmReenrolment:   text.Of("再登録(以前の認証を停止)", "enrolled anew, credentials suspended"),
	AlarmLock:          text.Of("利用停止", "locked"),
	AlarmFreeze:        text.Of("緊急凍結", "frozen"),
	AlarmNobodyPresent: text.Of("触れられていない鍵の署名", "a key that was not touched"),
	AlarmEvidence:      text.Of("操作記録が台帳と合わない", "a recording is not the one of the ledger"),
	AlarmTarget:        text.Of("接続先の鍵・ログイン・暗号方式", "key, login or algorithms of a target"),
	AlarmCheckpoint:    text.Of("台帳の確定点を外に書けない", "checkpoints do not get out"),
	AlarmUnrecordable:  text.Of("記録できない(接続を受け付けていません)", "nothing can be recorded, no one is let in"),
	AlarmSpaceShort:    text.Of("操作記録の空きが少ない", "room for recordings is short"),
	AlarmUndelivered:   text.Of("知らせが届かない", "a notice could not be delivered"),
	AlarmClientTooOld:  text.Of("暗号方式の合わないSSHクライアント", "an SSH client without a common algorithm"),
	AlarmLedger:        text.Of("台帳の不整合", "the ledger does not hold"),
	AlarmLineLeft:      text.Of("保守回線がつながったまま", "a maintenance line is left connected"),
	AlarmLineLost:      text.Of("庁内網との分離を失った", "the separation from the office network was lost"),
	AlarmReview:        text.Of("点検の期限超過が続いている", "a review stays overdue"),
	AlarmUnconfirmed:   text.Of("その日の接続が確認されていない", "a day's sessions are not confirmed"),
	AlarmUntold:        text.Of("事案の連絡先に知らせた記録がない", "someone who must be told of an incident was not"),
	AlarmPasskeyCopied: text.Of("写しがあるかもしれないパスキー", "a passkey that may have been copied"),
	AlarmNotGone:       text.Of("接続先で終了を検証できない", "end not proved on the target"),
	AlarmChanged:       text.Of("接続先のアカウント・鍵・権限・定期処理の変化", "accounts, keys, rights or timed jobs of a target changed"),
	AlarmEgress:        text.Of("接続先の知らない外向き通信", "unknown outgoing connections of a target"),
	AlarmSecret:        text.Of("保管した鍵・パスワードを替えられない", "a stored key or password could not be changed"),
	AlarmLogins:        text.Of("台帳にないログイン", "logins that the ledger does not know"),
	AlarmWitness:       text.Of("台帳の立会署名が得られない", "a witness of the ledger does not cosign"),
	AlarmRollback:      text.Of("台帳が立会署名者の見たものに続いていない", "the ledger does not continue what a witness has seen"),
	AlarmNotForwarded:  text.Of("台帳をログ基盤へ送れない", "the ledger does not get to the log collector"),
	AlarmFile:          text.Of("預かったファイルの中身が変わった", "kept contents of a file have changed"),
	AlarmOtherAccount:  text.Of("機関の認証基盤の別のアカウント", "another account of the directory"),
}

// Label is the kind as people read it.
func (k AlarmKind) Label() text.Text { return text.Label(alarmKinds, k) }

var paperKinds = map[PaperKind]text.Text{
	PaperContract:       text.Of("契約", "contract"),
	PaperSpecialClauses: text.Of("特記事項", "special clauses"),
	PaperCertification:  text.Of("認証", "certification"),
	PaperAuditReport:    text.Of("監査報告書", "audit report"),
	PaperPledge:         text.Of("誓約書", "pledge"),
	PaperSubcontract:    text.Of("再委託の承認", "approval of the subcontract"),
	PaperTraining:       text.Of("教育", "training"),
	PaperOther:          text.Of("その他", "other"),
}

// Label is the kind as people read it.
func (k PaperKind) Label() text.Text { return text.Label(paperKinds, k) }

var paperStates = map[PaperState]text.Text{
	PaperSubmitted: text.Of("提出済み(受理待ち)", "submitted"),
	PaperAccepted:  text.Of("受理済み", "accepted"),
	PaperWithdrawn: text.Of("取消し", "withdrawn"),
}

// Label is the state as people read it.
func (s PaperState) Label() text.Text { return text.Label(paperStates, s) }

var extensionStates = map[ExtensionState]text.Text{
	ExtensionAsked:   text.Of("申請中", "asked"),
	ExtensionGranted: text.Of("延長した", "granted"),
	ExtensionDenied:  text.Of("延長しない", "denied"),
	ExtensionLapsed:  text.Of("失効(答えなし)", "lapsed"),
}

// Label is the state as people read it.
func (s ExtensionState) Label() text.Text { return text.Label(extensionStates, s) }

var credentialKinds = map[CredentialKind]text.Text{
	CredentialCertificate: text.Of("証明書", "certificate"),
	CredentialKey:         text.Of("鍵", "key"),
	CredentialPassword:    text.Of("パスワード", "password"),
	CredentialRole:        text.Of("データベースのロールのパスワード", "password of the database role"),
}

// Label is the kind as people read it.
func (k CredentialKind) Label() text.Text { return text.Label(credentialKinds, k) }

var keyStates = map[KeyState]text.Text{
	KeyActive:    text.Of("有効", "active"),
	KeySuspended: text.Of("停止(再登録中)", "suspended"),
	KeyRevoked:   text.Of("取消し", "revoked"),
}

// Label is the state as people read it.
func (s KeyState) Label() text.Text { return text.Label(keyStates, s) }

var reportStates = map[ReportState]text.Text{
	ReportSubmitted: text.Of("提出済み", "submitted"),
	ReportAccepted:  text.Of("確認済み", "accepted"),
	ReportReturned:  text.Of("差戻し", "returned"),
}

// Label is the state as people read it.
func (s ReportState) Label() text.Text { return text.Label(reportStates, s) }

var methods = map[Method]text.Text{
	MethodSeen:   text.Of("目視", "seen"),
	MethodSensor: text.Of("連動", "sensor"),
}

// Label is the method as people read it.
func (m Method) Label() text.Text { return text.Label(methods, m) }

var proofStates = map[ProofState]text.Text{
	ProofVerified: text.Of("検証済み", "verified"),
	ProofPartly:   text.Of("検証できない項目あり", "partly unverifiable"),
	ProofFailed:   text.Of("検証で問題あり", "not verified"),
}

// Label is the state as people read it.
func (s ProofState) Label() text.Text { return text.Label(proofStates, s) }

var probeResults = map[ProbeResult]text.Text{
	CannotRead:  text.Of("読めない", "cannot be read"),
	CanRead:     text.Of("読める", "can be read"),
	ProbeFailed: text.Of("検査できない", "not probed"),
}

// Label is the result as people read it.
func (r ProbeResult) Label() text.Text { return text.Label(probeResults, r) }

var checkResults = map[CheckResult]text.Text{
	CheckOK:      text.Of("よし", "ok"),
	CheckFailed:  text.Of("だめ", "failed"),
	CheckSkipped: text.Of("試せない", "not tried"),
}

// Label is the result as people read it.
func (r CheckResult) Label() text.Text { return text.Label(checkResults, r) }

var secretStates = map[SecretState]text.Text{
	SecretMade:   text.Of("新しいものを作った", "made"),
	SecretPlaced: text.Of("接続先に置いた", "placed"),
	SecretProved: text.Of("新しいもので入れた", "proved"),
}

// Label is the state as people read it.
func (s SecretState) Label() text.Text { return text.Label(secretStates, s) }

var reconciledStates = map[ReconciledState]text.Text{
	ReconciledAgrees:  text.Of("相違なし", "agrees"),
	ReconciledUnknown: text.Of("台帳にないログインあり", "unknown logins"),
	ReconciledFailed:  text.Of("突き合わせられない", "could not be compared"),
}

// Label is the state as people read it.
func (s ReconciledState) Label() text.Text { return text.Label(reconciledStates, s) }
