package policy

import (
	"time"

	"sekimori/policy/text"
)

// LiveWait is how long a held command waits for the attendant. Without an answer it is refused.
const LiveWait = 30 * time.Second

// LiveAnswer is what became of a command on which a live rule has an effect.
type LiveAnswer string

// The answers. Only LiveAllowed lets the command go on.
const (
	LiveAllowed    LiveAnswer = "allowed"    // the attendant did, or the rule only warns
	LiveRefused    LiveAnswer = "refused"    // the attendant did
	LiveByRule     LiveAnswer = "by-rule"    // the rule itself refuses, or ends the session
	LiveTimedOut   LiveAnswer = "timed-out"  // the attendant gave no answer
	LiveUnattended LiveAnswer = "unattended" // no attendant is there to ask
	LiveGone       LiveAnswer = "gone"       // the connection ended meanwhile
	LiveNotKept    LiveAnswer = "not-kept"   // the ledger could not take the entry
)

var liveAnswers = map[LiveAnswer]Text{
	LiveAllowed: text.Of("立会者が許可しました", "the attendant allowed it"), LiveRefused: text.Of("立会者が拒否しました", "the attendant refused it"),
	LiveByRule: text.Of("命令の決まりにより送りません", "a rule refuses it"), LiveTimedOut: text.Of("30秒以内に返事がありませんでした", "no answer within 30 s"),
	LiveUnattended: text.Of("確認する立会者がいません", "no attendant is there to ask"), LiveGone: text.Of("接続が先に終わりました", "the connection ended first"),
	LiveNotKept: text.Of("台帳に記録できませんでした", "the ledger could not take it"),
}

// Label is the answer as people read it.
func (a LiveAnswer) Label() Text { return text.Label(liveAnswers, a) }

// Say names the verdict's rule as people read it.
func (v LiveVerdict) Say() Text {
	if v.Unjudged {
		return Text{JA: "規則で判定できない命令", EN: "a command that the rules cannot judge"}
	}
	return Text{JA: "規則「" + v.Rule + "」", EN: "rule \"" + v.Rule + "\""}
}

// SayLive is one line for the engineer: before a command waits (no answer), or what became of it.
func SayLive(v LiveVerdict, a LiveAnswer) Text {
	rule := v.Say()
	switch {
	case a == "":
		return Text{JA: "関守: 立会者の確認を待っています(30秒まで)。" + rule.JA + "\n", EN: "Sekimori: waiting for the attendant (30 s at most): " + rule.EN + "\n"}
	case v.Effect == LiveWarn && a == LiveAllowed:
		return Text{JA: "関守: 警告。" + rule.JA + "に当たります(記録し、立会者に知らせました)\n", EN: "Sekimori: warning: " + rule.EN + " (recorded, the attendant is told)\n"}
	case a == LiveAllowed:
		return Text{JA: "関守: " + a.Label().JA + "\n", EN: "Sekimori: " + a.Label().EN + "\n"}
	}
	return Text{JA: "関守: 命令を送りませんでした。" + a.Label().JA + "。" + rule.JA + "\n", EN: "Sekimori: the command was not sent: " + a.Label().EN + "; " + rule.EN + "\n"}
}
