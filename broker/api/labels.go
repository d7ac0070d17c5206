package api

import "sekimori/policy/text"

// Words that only views have, with their names. Words of policy and store have their labels beside their types.

// SessionState is the state of a session shown to people.
type SessionState string

// The states of a session.
const (
	SessionRefused    SessionState = "refused"
	SessionOpening    SessionState = "opening"
	SessionActive     SessionState = "active"
	SessionPaused     SessionState = "paused"
	SessionEndedOK    SessionState = "ended-ok"
	SessionEndedEarly SessionState = "ended-early"
)

var sessionStates = map[SessionState]text.Text{
	SessionRefused:    text.Of("接続拒否", "Refused"),
	SessionOpening:    text.Of("接続準備中", "Opening"),
	SessionActive:     text.Of("接続中", "Connected"),
	SessionPaused:     text.Of("一時停止中", "Paused"),
	SessionEndedOK:    text.Of("終了", "Ended"),
	SessionEndedEarly: text.Of("途中で切断", "Cut"),
}

// Label is the state as people read it.
func (s SessionState) Label() text.Text { return text.Label(sessionStates, s) }

// RecordingState is the state of a recording.
type RecordingState string

// The states of a recording.
const (
	RecordingNone    RecordingState = "none"
	RecordingRunning RecordingState = "recording"
	RecordingSealed  RecordingState = "sealed"
	RecordingGone    RecordingState = "disposed"
	RecordingGap     RecordingState = "gap" // the session is over and its recording was not sealed: its end is missing
)

var recordingStates = map[RecordingState]text.Text{
	RecordingNone:    text.Of("なし", "None"),
	RecordingRunning: text.Of("記録中", "Recording"),
	RecordingSealed:  text.Of("封印済み", "Sealed"),
	RecordingGone:    text.Of("廃棄済み", "Disposed"),
	RecordingGap:     text.Of("記録に欠け", "Gap in the recording"),
}

// Label is the state as people read it.
func (s RecordingState) Label() text.Text { return text.Label(recordingStates, s) }

// ReviewState is the state of a review, or its verdict.
type ReviewState string

// The states of a review; the last three are verdicts.
const (
	ReviewQueued   ReviewState = "queued"
	ReviewInReview ReviewState = "in-review"
	ReviewOverdue  ReviewState = "overdue"
	ReviewOK       ReviewState = "ok"
	ReviewQuestion ReviewState = "question"
	ReviewAnswered ReviewState = "answered" // the question was answered; a further signature is due
	ReviewFix      ReviewState = "fix"
	ReviewLeftOut  ReviewState = "not-sampled" // the system's plan leaves it out
)

var reviewStates = map[ReviewState]text.Text{
	ReviewQueued:   text.Of("点検待ち", "Queued"),
	ReviewInReview: text.Of("点検中", "In review"),
	ReviewOverdue:  text.Of("期限超過", "Overdue"),
	ReviewOK:       text.Of("適正", "Appropriate"),
	ReviewQuestion: text.Of("要確認", "Needs clarification"),
	ReviewAnswered: text.Of("回答あり", "Answered"),
	ReviewLeftOut:  text.Of("未点検(抽出外)", "Not sampled"),
	ReviewFix:      text.Of("是正要", "Corrective action required"),
}

// Label is the state as people read it.
func (s ReviewState) Label() text.Text { return text.Label(reviewStates, s) }

// FreezeState is the state of a freeze or of a drill of one.
type FreezeState string

// The states of a freeze, and two of drills.
const (
	FreezeFrozen      FreezeState = "frozen"
	FreezeLiftOne     FreezeState = "lift-one" // one of two agreed
	FreezeLifted      FreezeState = "lifted"
	FreezeDrillAsked  FreezeState = "drill-asked"  // one of two asked
	FreezeDrillLapsed FreezeState = "drill-lapsed" // no second person agreed in time
)

var freezeStates = map[FreezeState]text.Text{
	FreezeFrozen:      text.Of("凍結中", "Frozen"),
	FreezeLiftOne:     text.Of("解除同意 1/2", "One of two agreed"),
	FreezeLifted:      text.Of("解除済み", "Lifted"),
	FreezeDrillAsked:  text.Of("同意待ち 1/2", "Drill, agreement awaited"),
	FreezeDrillLapsed: text.Of("失効(同意なし)", "Drill, lapsed"),
}

// Label is the state as people read it.
func (s FreezeState) Label() text.Text { return text.Label(freezeStates, s) }

// DeputyState is the state of a deputation.
type DeputyState string

// The states of a deputation.
const (
	DeputyAhead   DeputyState = "ahead"
	DeputyInForce DeputyState = "in-force"
	DeputyOver    DeputyState = "over"
	DeputyCleared DeputyState = "cleared"
)

var deputyStates = map[DeputyState]text.Text{
	DeputyAhead:   text.Of("これから", "Ahead"),
	DeputyInForce: text.Of("有効", "In force"),
	DeputyOver:    text.Of("終了", "Over"),
	DeputyCleared: text.Of("取消し", "Cleared"),
}

// Label is the state as people read it.
func (s DeputyState) Label() text.Text { return text.Label(deputyStates, s) }

// ChangeKind is the subject of a pending change.
type ChangeKind string

// The kinds of pending change.
const (
	ChangeOfRegistry  ChangeKind = "registry"
	ChangeOfEnrolment ChangeKind = "enrolment"
	ChangeOfKeys      ChangeKind = "keys"
)

var changeKinds = map[ChangeKind]text.Text{
	ChangeOfRegistry:  text.Of("登録の変更", "registry"),
	ChangeOfEnrolment: text.Of("登録コード", "enrolment"),
	ChangeOfKeys:      text.Of("鍵", "keys"),
}

// Label is the kind as people read it.
func (k ChangeKind) Label() text.Text { return text.Label(changeKinds, k) }

// Factor is how the second factor was given.
type Factor string

// The ways to give it.
const (
	FactorCode       Factor = "code"
	FactorRemembered Factor = "remembered"
)

var factors = map[Factor]text.Text{
	FactorCode:       text.Of("認証コード", "code"),
	FactorRemembered: text.Of("前のログインで確認済み", "remembered"),
}

// Label is the way as people read it.
func (f Factor) Label() text.Text { return text.Label(factors, f) }

// IdentityMethod is how an engineer's identity was checked.
type IdentityMethod string

// The ways to check it.
const (
	IdentityCallback IdentityMethod = "callback"
	IdentityNone     IdentityMethod = "none"
)

var identityMethods = map[IdentityMethod]text.Text{
	IdentityCallback: text.Of("登録の電話への折返し", "callback"),
	IdentityNone:     text.Of("なし(このシステムの決まり)", "none"),
}

// Label is the way as people read it.
func (m IdentityMethod) Label() text.Text { return text.Label(identityMethods, m) }

// Via is the door through which an act came.
type Via string

// The doors, and the clock.
const (
	ViaSSH   Via = "ssh"
	ViaWeb   Via = "web"
	ViaCLI   Via = "cli"
	ViaTimer Via = "timer"
)

var vias = map[Via]text.Text{
	ViaSSH:   text.Of("SSH", "ssh"),
	ViaWeb:   text.Of("画面", "web"),
	ViaCLI:   text.Of("コマンド", "cli"),
	ViaTimer: text.Of("時刻", "timer"),
}

// Label is the door as people read it.
func (v Via) Label() text.Text { return text.Label(vias, v) }

var findings = map[string]text.Text{
	"connections": text.Of("通信", "connections"),
	"account":     text.Of("作業用アカウント", "account"),
	"leftovers":   text.Of("残った処理", "leftovers"),
	"target":      text.Of("接続先の変化", "changes of the target"),
	"egress":      text.Of("外向き通信", "outgoing connections"),
}

// FindingName is what a finding is about, as people read it.
func FindingName(what string) text.Text {
	if t, known := findings[what]; known {
		return t
	}
	return text.Same(what)
}
