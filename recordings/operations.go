package recordings

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Operation is one event of a session as a line: a command, an operation on a file, the start or end of a channel, a pause,
// an extension, a refusal, a notice.
type Operation struct {
	Elapsed time.Duration
	Channel uint32 // SessionChannel: the whole session
	Kind    string // kind of its event; EventOpen for an opened forward
	JA, EN  string // harmless on a terminal, without line end
}

// In returns the operation's text in a language.
func (o Operation) In(lang string) string {
	if lang == "ja" {
		return o.JA
	}
	return o.EN
}

// OperationMark begins the line of an operation, to tell it from output.
const OperationMark = ">>"

// Line returns the operation as a line, with the time of day if started is known, else the time since the start.
func (o Operation) Line(lang string, started time.Time) string {
	at := started.Add(o.Elapsed).Format("15:04:05")
	if started.IsZero() {
		s := int64(o.Elapsed / time.Second)
		at = fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	channel := ""
	if o.Channel != SessionChannel {
		channel = fmt.Sprintf(" [%d]", o.Channel)
	}
	return OperationMark + " " + at + channel + " " + o.In(lang)
}

// Operations turns the events of a session into lines. It is for one goroutine.
type Operations struct {
	channels map[uint32]*channelState
	used     uint64 // counts the frames of channels
	held     int    // bytes of the waiting operations, of all channels
	paused   bool   // pauses have events of their own, so their notices are not repeated
	causeJA  func(string) string
}

// channelState is the state of one channel.
type channelState struct {
	number uint32
	used   uint64 // when its last frame came
	kind   string // of the channel, RFC 4254; empty: not known
	start  string // event that started it
	term   string // type of its terminal
	exit   [2]string
	sizes  *Sizes
	files  []heldFile // without an end so far, in order
	held   int        // their bytes

	terminal bool // it has a terminal, of any type
	followed bool // the broker inspects its protocol
}

// NewOperations starts at the beginning of a session.
func NewOperations() *Operations { return &Operations{channels: map[uint32]*channelState{}} }

// operationsOf starts at the beginning of a session, for a viewer.
func operationsOf(v View) *Operations {
	o := NewOperations()
	o.causeJA = v.CauseJA
	return o
}

// Data reports whether the bytes of a channel are readable text. A forward carries a protocol, and so does a channel that the
// broker inspects; the broker lists the operations there. The words of the command do not count. A terminal is always
// readable text.
func (o *Operations) Data(channel uint32) bool {
	d := o.channels[channel]
	return d == nil || d.terminal || !d.followed && (d.kind == "" || d.kind == "session")
}

// Terminal reports whether a channel has a terminal.
func (o *Operations) Terminal(channel uint32) bool {
	d := o.channels[channel]
	return d != nil && d.terminal
}

// Take reads a frame and returns its operations in order.
func (o *Operations) Take(f Frame) []Operation {
	if f.Event == "" || f.Input && f.Event != EventEnv {
		return nil
	}
	var out []Operation
	say := func(ja, en string) {
		out = append(out, Operation{f.Elapsed, f.Channel, f.Event, ja, en})
	}
	if f.Channel == SessionChannel {
		if f.Event == EventEnd {
			out = o.unended(f.Elapsed, "終了を確認できません(接続が先に終わりました)", "no end was seen (the connection ended first)")
		}
		o.session(f, say)
		return out
	}
	d := o.channels[f.Channel]
	if d == nil && f.Event == EventClose {
		d = &channelState{number: f.Channel}
	} else {
		d = o.channel(f.Channel, f.Elapsed, &out)
	}
	switch f.Event {
	case EventFile:
		o.hold(d, held(body[FileOp](f)), f.Elapsed, &out)
	case EventFileEnd:
		o.fileEnd(d, body[FileEnd](f), say)
	case EventClose:
		o.unanswered(d, say)
		d.close(say)
		delete(o.channels, f.Channel)
	default:
		d.take(f, say)
	}
	return out
}

// session handles events of the whole session.
func (o *Operations) session(f Frame, say func(ja, en string)) {
	switch f.Event {
	case EventNotice:
		n := body[Notice](f)
		if o.paused && (n.Kind == "paused" || n.Kind == "resumed") {
			return
		}
		text := said(strings.Join(strings.FieldsFunc(n.Text, func(r rune) bool { return r == '\n' || r == '\r' }), " / "))
		say("通知: "+text, "notice: "+text)
	case EventPause, EventResume:
		o.paused = true
		p := body[Pause](f)
		ja, en := "一時停止", "paused"
		if f.Event == EventResume {
			ja, en = "再開", "resumed"
		}
		by, byEN := said(p.By), said(p.By)
		if p.By == "" {
			by, byEN = "関守", "the gate"
		}
		switch {
		case p.By == "" && p.Reason == "attendant-absent" && f.Event == EventPause: // policy.PausedUnattended
			by, byEN = by+": 立会者の応答がありません", byEN+": the attendant was not heard of"
		case p.By == "" && p.Reason == "recording-behind" && f.Event == EventPause: // policy.PausedBehind
			by, byEN = by+": 操作記録の保存が遅れています", byEN+": the recording's disk is slow"
		case p.By == "" && (p.Reason == "attendant-absent" || p.Reason == "recording-behind"):
		case p.Reason != "":
			by, byEN = by+": "+said(p.Reason), byEN+": "+said(p.Reason)
		}
		say(ja+"("+by+")", en+" ("+byEN+")")
	case EventExtension:
		x := body[Extension](f)
		by := ""
		if x.By != "" {
			by = " (" + said(x.By) + ")"
		}
		say("延長: 終了 "+x.Until.Format("15:04")+by, "extended until "+x.Until.Format("15:04")+by)
	case EventRefused:
		refusal(body[Refused](f), say)
	case EventEnd:
		cause := said(body[End](f).Cause)
		causeJA := cause
		if o.causeJA != nil {
			causeJA = said(o.causeJA(body[End](f).Cause))
		}
		say("接続終了: "+causeJA, "session ended: "+cause)
	}
}

// EventEnd is the kind of EndFrame's frame. No recording holds one.
const EventEnd = "end"

// EndFrame returns the end of a recording as a frame with the body End, for display. ok is false if the recording stopped
// before its end.
func EndFrame(r *Reader, at time.Duration) (f Frame, ok bool) {
	end, ok := r.End()
	if !ok {
		return Frame{}, false
	}
	b, err := json.Marshal(end)
	return Frame{Channel: SessionChannel, Event: EventEnd, Elapsed: at, Data: b}, err == nil
}

// take handles events of a channel, except files and the channel's end.
func (d *channelState) take(f Frame, say func(ja, en string)) {
	switch f.Event {
	case EventOpen:
		opened := body[Opened](f)
		if d.kind = word(opened.Type); d.kind != "session" {
			to := d.kind
			if opened.To != "" {
				to = said(opened.To)
			}
			say("転送開始: "+to, "forward opened: "+to)
		}
	case EventPTY:
		p := body[PTY](f)
		d.terminal = true
		d.term = word(p.Term)
		if p.Cols > 0 && p.Rows > 0 || p.Term == "" {
			d.term = strings.TrimSpace(fmt.Sprintf("%dx%d %s", p.Cols, p.Rows, d.term))
		}
	case EventShell:
		d.start = f.Event
		say("シェル開始"+d.onTerminal("、端末 "), "shell started"+d.onTerminal(", terminal "))
	case EventExec:
		d.start = f.Event
		command := said(body[Command](f).Command)
		say("コマンド: "+command+d.onTerminal("  (端末 "), "command: "+command+d.onTerminal("  (terminal "))
	case EventSubsystem:
		name := body[Command](f).Command
		if d.start = f.Event; name == "sftp" {
			d.followed = true // older recordings have no EventInspect
			say("ファイル転送(SFTP)開始", "file transfer (SFTP) started")
			return
		}
		say("サブシステム開始: "+said(name), "subsystem started: "+said(name))
	case EventInspect:
		d.followed = true
	case EventEnv: // part of the input, readable with the input's key only
		e := body[Env](f)
		say("環境変数: "+said(e.Name+"="+e.Value), "environment: "+said(e.Name+"="+e.Value))
	case EventSignal:
		s := said(body[Signal](f).Signal)
		say("シグナル "+s+" を送信", "signal "+s+" sent")
	case EventBreak:
		say("ブレークを送信", "break sent")
	case EventExitStatus:
		s := strconv.FormatUint(uint64(body[Exit](f).Status), 10)
		d.exit = [2]string{"状態 " + s, "status " + s}
	case EventExitSignal:
		s := word(body[ExitSignal](f).Signal)
		d.exit = [2]string{"シグナル " + s, "signal " + s}
	case EventSizes:
		s := body[Sizes](f)
		d.sizes = &s
	case EventRefused:
		refusal(body[Refused](f), say)
	case EventRule:
		ruled(body[Rule](f), say)
	case EventRuled:
		r := body[Ruled](f)
		ja, en := answers(r.Answer)
		say(fmt.Sprintf("確認待ち%d: %s", r.Held, ja), fmt.Sprintf("held %d: %s", r.Held, en))
	}
}

// onTerminal names the channel's terminal; and closes the parenthesis that before opens.
func (d *channelState) onTerminal(before string) string {
	switch {
	case d.term == "":
		return ""
	case strings.Contains(before, "("):
		return before + d.term + ")"
	}
	return before + d.term
}

func (d *channelState) close(say func(ja, en string)) {
	ja, en := "終了", "ended"
	switch {
	case d.kind != "" && d.kind != "session":
		ja, en = "転送終了", "forward closed"
	case d.start == "":
		ja, en = "何も始めずに終了", "closed without having started anything"
	}
	if d.exit[0] != "" {
		ja, en = ja+" "+d.exit[0], en+", "+d.exit[1]
	}
	if s := d.sizes; s != nil && d.start != "" || s != nil && s.Input+s.Output+s.Errors > 0 {
		ja += fmt.Sprintf("(入力 %s、出力 %s バイト)", grouped(uint64(s.Input)), grouped(uint64(s.Output+s.Errors)))
		en += fmt.Sprintf(" (%s bytes in, %s out)", grouped(uint64(s.Input)), grouped(uint64(s.Output+s.Errors)))
	}
	say(ja, en)
}

func refusal(r Refused, say func(ja, en string)) {
	text := said(r.What)
	if r.Number != 0 {
		text = fmt.Sprintf("[%d] %s", r.Number, text)
	}
	if r.Detail != "" {
		text += " (" + said(r.Detail) + ")"
	}
	if r.Count > 1 {
		text += " ×" + strconv.FormatInt(r.Count, 10)
	}
	ja, en := "拒否: ", "refused: "
	if r.Side == "target" {
		ja, en = "拒否(接続先): ", "refused (target): "
	}
	say(ja+text, en+text)
}

// body parses an event's body. An invalid body gives the zero value.
func body[T any](f Frame) (v T) {
	if len(f.Data) > 0 && json.Unmarshal(f.Data, &v) != nil {
		var none T
		return none
	}
	return v
}

// said makes a peer's text fit for a line.
func said(s string) string {
	if len(s) > mostSaid {
		n := mostSaid
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n] + "… (+" + strconv.Itoa(len(s)-n) + " bytes)"
	}
	return Visible(s)
}

// grouped writes a number with separators between the thousands.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
