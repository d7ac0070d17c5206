package session

import (
	"fmt"
	"strings"
	"time"

	"sekimori/broker/relay"
	"sekimori/policy/text"
)

// notice is a sentence for the engineer's terminal during a session (screens §4). It starts with
// the name of the gate, so that it cannot pass for output of the target.
type notice text.Text

func (n notice) in(lang string) string {
	return text.Of("[関守] "+n.JA, "[sekimori] "+n.EN).Lines(lang)
}

// and puts another sentence below, as one notice: two would come in any order.
func (n notice) and(more notice) notice {
	return notice{n.JA + "\n[関守] " + more.JA, n.EN + "\n[sekimori] " + more.EN}
}

// marked says behind every notice of a drill, on a line of its own, that it is one: the longest fill a line, and the first
// line is what a full-screen program leaves to the title.
func (n notice) marked(drill bool) notice {
	if !drill {
		return n
	}
	return notice{n.JA + "\n[関守] 訓練 / DRILL", n.EN + "\n[sekimori] DRILL / 訓練"}
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

// extendHint tells how to ask for more time, while there is still time for an answer. It leaves out names that do not fit the line.
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

// idleWarning is how long before an idle cut the engineer is warned.
const idleWarning = 5 * time.Minute

func idleNotice(left time.Duration) notice {
	return notice{
		fmt.Sprintf("操作がありません。%s後に切断します。何かキーを押すと続きます。", text.Left(left).JA),
		fmt.Sprintf("Idle. Cut in %s; press any key to stay.", text.Left(left).EN),
	}
}

func startNotice(at, end string, left time.Duration, watchers int) notice {
	return notice{
		fmt.Sprintf("開始を許可しました %s。接続中 残り%s(%sまで)。閲覧中 %d人。", at, text.Left(left).JA, end, watchers),
		fmt.Sprintf("Started %s. Connected, %s left (until %s). Watched by %d.", at, text.Left(left).EN, end, watchers),
	}
}

func watchersNotice(left time.Duration, watchers int) notice {
	return notice{
		fmt.Sprintf("接続中 残り%s 閲覧中 %d人", text.Left(left).JA, watchers),
		fmt.Sprintf("Connected, %s left. Watched by %d.", text.Left(left).EN, watchers),
	}
}

func pausedNotice() notice {
	return notice{"一時停止中。入力は届きません。電話をお待ちください。", "Paused; keys are not delivered. Wait for a call."}
}

func lagNotice() notice {
	return notice{"一時停止中。操作記録の保存が遅れています。回復すると続き、10秒続くと切断します。", "Paused: the recording's disk is slow. Goes on, or is cut in 10 s."}
}

func resumedNotice(left time.Duration) notice {
	return notice{"再開しました。残り" + text.Left(left).JA + "。", "Resumed, " + text.Left(left).EN + " left."}
}

func askedNotice(by time.Duration, end string) notice {
	return notice{
		fmt.Sprintf("%sの延長を申請しました。答えがなければ%sに終わります。", text.Left(by).JA, end),
		fmt.Sprintf("Asked for %s. No answer means %s stands.", text.Left(by).EN, end),
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
		fmt.Sprintf("延長されました。終了 %s(残り %s)。", end, text.Left(left).JA),
		fmt.Sprintf("Extended to %s (%s left).", end, text.Left(left).EN),
	}
}

func deniedNotice(why, end string) notice {
	ja, en := "", ""
	if why != "" {
		ja, en = "("+why+")", " ("+why+")"
	}
	return notice{"延長されませんでした" + ja + "。終了は" + end + "のままです。", "Not extended" + en + ". Ends " + end + "."}
}

// messageNotice carries the attendant's words, folded to the width of a notice.
func messageNotice(words string) notice {
	folded := func(name, before string) string {
		lines := text.Wrap(name+before+words, text.Screen, strings.Repeat(" ", text.Width(name)))
		return strings.TrimPrefix(strings.Join(lines, "\n"), name)
	}
	return notice{folded("[関守] ", "立会者から: "), folded("[sekimori] ", "From attendant: ")}
}

// remark is a text for the engineer's terminal; watch shows it.
type remark struct {
	kind string
	text notice
	// mark is recorded after the notice, which is then shown without waiting for the disk; nil: the notice is recorded and then shown.
	mark *mark
}

// say hands a remark to watch. It does not wait: its caller may be judging a thousand sessions.
func (l *session) say(kind string, text notice) {
	l.hand(remark{kind: kind, text: text})
}

func (l *session) hand(r remark) {
	select {
	case l.tell <- r:
	default:
	}
}

// show shows a remark. A disk that does not answer holds it up until the session ends.
func (l *session) show(r *relay.Relay, v remark) {
	text := v.text.marked(l.grant.Window.Drill).in(l.a.Lang)
	_ = within(l.ctx, func() error {
		if v.mark == nil {
			r.Notify(v.kind, text)
			return nil
		}
		r.NotifyAhead(v.kind, text)
		l.mark(v.mark.kind, v.mark.body)
		return nil
	})
}
