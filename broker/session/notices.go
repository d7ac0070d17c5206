package session

import (
	"fmt"
	"time"
)

// notice is a sentence for the engineer's terminal during a session (screens §4). It starts with
// the name of the gate, so that nobody takes it for output of the target.
type notice struct{ ja, en string }

func (n notice) in(lang string) string {
	switch lang {
	case "ja":
		return "[関守] " + n.ja
	case "en":
		return "[sekimori] " + n.en
	}
	return "[関守] " + n.ja + "\n[sekimori] " + n.en
}

// and puts another sentence below, as one notice: two would come in any order.
func (n notice) and(more notice) notice {
	return notice{n.ja + "\n[関守] " + more.ja, n.en + "\n[sekimori] " + more.en}
}

// marked says behind every notice of a drill, on a line of its own, that it is one: the longest fill a line, and the first
// line is what a full-screen program leaves to the title.
func (n notice) marked(drill bool) notice {
	if !drill {
		return n
	}
	return notice{n.ja + "\n[関守] 訓練 / DRILL", n.en + "\n[sekimori] DRILL / 訓練"}
}

// warnings are said once each before the window ends.
var warnings = []struct {
	before time.Duration
	text   func(end, login, gate string) notice
}{
	{10 * time.Minute, func(end, login, gate string) notice {
		return notice{"残り10分。" + end + "に自動で切断します。", "10 min left; automatic cut at " + end + "."}.and(extendHint(login, gate))
	}},
	{5 * time.Minute, func(string, string, string) notice {
		return notice{"残り5分。保存し、終える準備をしてください。", "5 min left. Save and prepare to finish."}
	}},
	{time.Minute, func(string, string, string) notice {
		return notice{"残り1分。保存していない作業は失われます。", "1 min left. Unsaved work will be lost."}
	}},
}

// extendHint says how more time is asked for, while there is still time to answer. Names that would not fit the line are not said.
func extendHint(login, gate string) notice {
	const longest = 28 // of both: 78 columns with what stands around them
	if gate == "" {
		gate = "gate"
	}
	if login == "" || len(login)+len(gate) > longest {
		login = "ID"
	}
	if len(login)+len(gate) > longest {
		gate = "gate"
	}
	command := "ssh " + login + "@" + gate + " extend 15m --reason "
	return notice{"延長: " + command + "\"理由\"", "Extend: " + command + "\"…\""}
}

// idleWarning is how long before an idle cut the engineer is told.
const idleWarning = 5 * time.Minute

func idleNotice(left time.Duration) notice {
	return notice{
		fmt.Sprintf("操作がありません。%s後に切断します。何かキーを押すと続きます。", SpanJA(left)),
		fmt.Sprintf("Idle. Cut in %s; press any key to stay.", SpanEN(left)),
	}
}

func startNotice(at, end string, left time.Duration, watchers int) notice {
	return notice{
		fmt.Sprintf("開始を許可しました %s。接続中 残り%s(%sまで)。閲覧中 %d人。", at, SpanJA(left), end, watchers),
		fmt.Sprintf("Started %s. Connected, %s left (until %s). Watched by %d.", at, SpanEN(left), end, watchers),
	}
}

func watchersNotice(left time.Duration, watchers int) notice {
	return notice{
		fmt.Sprintf("接続中 残り%s 閲覧中 %d人", SpanJA(left), watchers),
		fmt.Sprintf("Connected, %s left. Watched by %d.", SpanEN(left), watchers),
	}
}

func pausedNotice() notice {
	return notice{"一時停止中。入力は届きません。電話をお待ちください。", "Paused; keys are not delivered. Wait for a call."}
}

func resumedNotice(left time.Duration) notice {
	return notice{"再開しました。残り" + SpanJA(left) + "。", "Resumed, " + SpanEN(left) + " left."}
}

func askedNotice(by time.Duration, end string) notice {
	return notice{
		fmt.Sprintf("%sの延長を申請しました。答えがなければ%sに終わります。", SpanJA(by), end),
		fmt.Sprintf("Asked for %s. No answer means %s stands.", SpanEN(by), end),
	}
}

func overLimitNotice(limit time.Duration) notice {
	return notice{
		fmt.Sprintf("立会者が延長できるのは%d分までです。課長の承認が必要です。", int(limit/time.Minute)),
		fmt.Sprintf("Attendant may add %d min at most; head must approve.", int(limit/time.Minute)),
	}
}

func grantedNotice(end string, left time.Duration) notice {
	return notice{
		fmt.Sprintf("延長されました。終了 %s(残り %s)。", end, SpanJA(left)),
		fmt.Sprintf("Extended to %s (%s left).", end, SpanEN(left)),
	}
}

func deniedNotice(why, end string) notice {
	ja, en := "", ""
	if why != "" {
		ja, en = "("+why+")", " ("+why+")"
	}
	return notice{"延長されませんでした" + ja + "。終了は" + end + "のままです。", "Not extended" + en + ". Ends " + end + "."}
}

// remark is something for the engineer's terminal, said by watch.
type remark struct {
	kind string
	text notice
}

// say hands a remark to watch. It does not wait: who says something may be judging a thousand sessions.
func (l *session) say(kind string, text notice) {
	select {
	case l.tell <- remark{kind, text}:
	default:
	}
}

// SpanJA says a remaining time in minutes, below one in seconds, rounded down so that nobody counts
// on time that is not there. The gate counts down with it too.
func SpanJA(d time.Duration) string {
	if d = max(d, 0); d >= time.Minute {
		return fmt.Sprintf("%d分", int(d/time.Minute))
	}
	return fmt.Sprintf("%d秒", int(d/time.Second))
}

// SpanEN is SpanJA in English.
func SpanEN(d time.Duration) string {
	if d = max(d, 0); d >= time.Minute {
		return fmt.Sprintf("%d min", int(d/time.Minute))
	}
	return fmt.Sprintf("%d s", int(d/time.Second))
}
