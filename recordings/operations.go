package recordings

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Operation is one thing that was done in a session, said in a line: a command, an operation on a file, the start or the
// end of a channel, a pause, an extension, a refusal, a notice.
type Operation struct {
	Elapsed time.Duration
	Channel uint32 // SessionChannel: of the session as a whole
	Kind    string // the event that told it; EventOpen for a forward that was opened
	JA, EN  string // harmless on a terminal, without a line's end
}

// In is the operation in a language.
func (o Operation) In(lang string) string {
	if lang == "ja" {
		return o.JA
	}
	return o.EN
}

// OperationMark begins the line of an operation among lines of output.
const OperationMark = ">>"

// Line is the operation as a line, with the time of day where the session's start is known, else since the start.
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

// Operations reads the events of a session and says what was done. It is for one goroutine.
type Operations struct {
	channels map[uint32]*doing
	used     uint64 // counts the frames of channels
	held     int    // bytes of the operations that wait, of all channels
	paused   bool   // pauses are told by events of their own: the notice of one says nothing new
}

// doing is what one channel is about.
type doing struct {
	number uint32
	used   uint64 // when it was last heard of
	kind   string // of the channel, RFC 4254; empty: it was not told
	start  string // event that started it
	term   string // its terminal
	exit   [2]string
	sizes  *Sizes
	files  []heldFile // that were begun and did not end, in order
	held   int        // their bytes

	terminal bool // it has one, whatever it is called
	followed bool // the broker follows its protocol
}

// NewOperations begins a session.
func NewOperations() *Operations { return &Operations{channels: map[uint32]*doing{}} }

// Data tells whether the bytes of a channel are for a reader. Those of a forward are a protocol's, and so are those that the
// broker itself follows, as far as it does: it lists what they do. The words of a command do not say that; a terminal is
// always for a reader.
func (o *Operations) Data(channel uint32) bool {
	d := o.channels[channel]
	return d == nil || d.terminal || !d.followed && (d.kind == "" || d.kind == "session")
}

// Terminal tells whether a channel has one.
func (o *Operations) Terminal(channel uint32) bool {
	d := o.channels[channel]
	return d != nil && d.terminal
}

// Take reads a frame and returns what it tells, in order.
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
		d = &doing{number: f.Channel}
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

// session says what concerns the session as a whole.
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
		case p.By == "" && p.Reason == "attendant-absent":
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
		say("接続終了: "+cause, "session ended: "+cause)
	}
}

// EventEnd is the kind of the frame that EndFrame makes. No recording holds one.
const EventEnd = "end"

// EndFrame is the end of a recording as a frame with the body End, for whoever shows it; ok is false where the recording
// stopped before its end.
func EndFrame(r *Reader, at time.Duration) (f Frame, ok bool) {
	end, ok := r.End()
	if !ok {
		return Frame{}, false
	}
	b, err := json.Marshal(end)
	return Frame{Channel: SessionChannel, Event: EventEnd, Elapsed: at, Data: b}, err == nil
}

// take says what concerns a channel, but for files and its end.
func (d *doing) take(f Frame, say func(ja, en string)) {
	switch f.Event {
	case EventOpen:
		if d.kind = word(body[Opened](f).Type); d.kind != "session" {
			say("転送開始: "+d.kind, "forward opened: "+d.kind)
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
			d.followed = true // recordings have said so themselves (EventInspect) only later
			say("ファイル転送(SFTP)開始", "file transfer (SFTP) started")
			return
		}
		say("サブシステム開始: "+said(name), "subsystem started: "+said(name))
	case EventInspect:
		d.followed = true
	case EventEnv: // of the input: only who has its key reads it
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
	}
}

// onTerminal says which terminal a channel has, in parentheses where the words before it open them.
func (d *doing) onTerminal(before string) string {
	switch {
	case d.term == "":
		return ""
	case strings.Contains(before, "("):
		return before + d.term + ")"
	}
	return before + d.term
}

func (d *doing) close(say func(ja, en string)) {
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

// body reads an event's body. What does not parse says nothing.
func body[T any](f Frame) (v T) {
	if len(f.Data) > 0 && json.Unmarshal(f.Data, &v) != nil {
		var none T
		return none
	}
	return v
}

// said makes text of a peer fit for a line.
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

// grouped writes a number with its thousands apart.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
