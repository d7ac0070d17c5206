package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/prompt"
	"sekimori/cmd/sekimori/internal/screen"
	"sekimori/policy"
	"sekimori/policy/text"
)

// longestBeat bounds how rarely an attendant's client is heard of.
const longestBeat = 10 * time.Second

// attendStay is the attendant's console in the terminal: it says that the attendant is there, and prints a line whenever
// something changes. Plain lines, without cursor tricks, so that a screen reader can follow.
func (p *program) attendStay(c *cli.Context) error {
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	s := &stay{p: p, k: k, window: c.Args().First()}
	defer s.follow(c.Context)()
	if f, ok := p.terminalFile(p.in); ok && !p.json {
		if p.questions == nil {
			p.questions = prompt.New(f, p.err)
		}
		go s.act(c.Context, c)
	}
	every := longestBeat
	for {
		v, err := s.beat(c.Context, every)
		var fault *api.Fault
		switch {
		case c.Context.Err() != nil:
			return s.leave()
		case errors.As(err, &fault) && fault.Code == "window-over" && s.seen:
			return p.done(map[string]string{"window": s.window, "state": "over"}, "時間枠は終わりました。", "the window is over")
		case errors.As(err, &fault):
			return err // refused: another person has the post, or the attendant must sign in again
		case err != nil:
			indented(p.err, "", p.say("関守と通信できません。作業が続いている場合があります。電話で確かめてください: ", "cannot reach the gate; work may be continuing, phone now: ")+err.Error())
		default:
			every = min(longestBeat, max(time.Duration(v.BeatMS)*time.Millisecond, 100*time.Millisecond))
			if s.acting.Load() {
				break
			}
			if err := s.tell(v); err != nil {
				return err
			}
		}
		select {
		case <-c.Context.Done():
			return s.leave()
		case <-time.After(every):
		}
	}
}

// stay is what was told so far.
type stay struct {
	p      *program
	k      *api.Client
	window string

	mu     sync.Mutex  // guards what is written, and told: operations come in between
	acting atomic.Bool // an act is under way that may ask: what happens is told after it
	told   int64       // No of the last operation that was told
	seen   bool        // a heartbeat was taken
	last   api.Attendance
	warned time.Duration // the last warning of the window's end that was told
}

// beat is one heartbeat. One that is not answered before the next is due counts as lost.
func (s *stay) beat(ctx context.Context, limit time.Duration) (api.Attendance, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return api.Post(ctx, s.k, api.Attend(s.window, "present"), api.PresentBody{})
}

func (s *stay) leave() error {
	pause, cut := time.Duration(s.last.PauseMS)*time.Millisecond, time.Duration(s.last.CutMS)*time.Millisecond
	if s.last.NeedsBeat {
		indented(s.p.err, "", s.p.say(
			fmt.Sprintf("席を離れました。作業は%s後に一時停止し、%s後に切断されます。戻るには:", text.Length(pause).JA, text.Length(cut).JA),
			fmt.Sprintf("you left the post: work pauses after %s and is cut after %s; to come back:", pause, cut)),
			"sekimori attend stay "+s.window)
	}
	return nil
}

// tell prints what changed since the last time.
func (s *stay) tell(v api.Attendance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, before := s.p, s.last
	first := !s.seen
	s.last, s.seen = v, true
	if p.json {
		return p.writeJSON(v)
	}
	line := func(ja, en string, commands ...string) {
		indented(p.out, v.Now.Format("15:04:05 "), p.say(ja, en), commands...)
	}
	left := v.End.Sub(v.Now).Truncate(time.Second)
	if first || v.State != before.State || !v.End.Equal(before.End) {
		line(fmt.Sprintf("%s %s: %s。残り%s(%s まで)", v.SystemName, v.ID, word(p, policy.WindowState(v.State)), text.Length(left).JA, v.End.Format("15:04")),
			fmt.Sprintf("%s %s: %s, %s left (until %s)", v.SystemName, v.ID, v.State, text.Length(left).EN, v.End.Format("15:04")))
		s.warned = 0
	}
	for _, at := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute} {
		if left <= at {
			if s.warned != at {
				s.warned = at
				line("残り"+text.Length(left).JA, text.Length(left).EN+" left")
			}
			break
		}
	}
	for _, w := range v.Waiting {
		if !slices.ContainsFunc(before.Waiting, func(o api.Waiting) bool { return o.Session == w.Session && o.State == w.State }) {
			line("待合: "+p.waits(w), "waiting room: "+p.waits(w))
		}
	}
	for _, w := range before.Waiting {
		if !slices.ContainsFunc(v.Waiting, func(o api.Waiting) bool { return o.Session == w.Session }) {
			line(fmt.Sprintf("待合から出ました: %s %s", w.Session, w.Name), fmt.Sprintf("left the waiting room: %s %s", w.Session, w.Name))
		}
	}
	for _, call := range v.Calls {
		if !call.Matched && !call.Gone && !slices.Contains(before.Calls, call) {
			line(fmt.Sprintf("%s が待っています。登録の電話 %s にかけ、番号を聞いてください:", call.Name, call.Phone),
				fmt.Sprintf("%s waits: call the registered phone %s and hear the number:", call.Name, call.Phone),
				"sekimori attend identity "+v.ID)
			if call.Beside > 0 {
				from := strings.Join(sourcesOf(v.Calls, call.Person), ", ")
				line(fmt.Sprintf("注意: %s の接続が %d 本あります(接続元 %s)。本人が開いたのは何本か、電話で確かめてください。番号が合った接続だけが通ります", call.Name, call.Beside+1, from),
					fmt.Sprintf("caution: %s has %d connections (from %s); ask on the telephone how many are their own. Only the one whose number matches gets in", call.Name, call.Beside+1, from))
			}
		}
	}
	for _, x := range v.Asked {
		if !slices.ContainsFunc(before.Asked, func(o api.AskedExtension) bool { return o.ID == x.ID }) {
			line(fmt.Sprintf("延長申請 %s: %d分「%s」。答えがなければ %s に終了します:", x.ID, x.Minutes, x.Reason, v.End.Format("15:04")),
				fmt.Sprintf("extension asked, %s: %d min, %s; no answer means %s stands:", x.ID, x.Minutes, x.Reason, v.End.Format("15:04")),
				"sekimori extension grant "+x.ID, "sekimori extension deny "+x.ID)
		}
	}
	if v.Handover != nil && (before.Handover == nil || *before.Handover != *v.Handover) {
		line("引継ぎを申し出ています: "+p.named(v.Handover.To), "the post is offered to "+p.named(v.Handover.To))
	}
	s.tellSessions(before, v, line)
	return nil
}

// tellSessions names the engineers who came, went, or are held back.
func (s *stay) tellSessions(before, v api.Attendance, line func(ja, en string, commands ...string)) {
	at := func(list []api.Session, id string) int {
		return slices.IndexFunc(list, func(x api.Session) bool { return x.ID == id })
	}
	for _, x := range v.Sessions {
		if i := at(before.Sessions, x.ID); i < 0 || before.Sessions[i].State != x.State {
			line(fmt.Sprintf("%s %s: %s", x.ID, s.p.named(x.Engineer), word(s.p, api.SessionState(x.State))), fmt.Sprintf("%s %s: %s", x.ID, s.p.named(x.Engineer), x.State))
		}
		if i := at(before.Sessions, x.ID); !x.Behind.IsZero() && (i < 0 || before.Sessions[i].Behind.IsZero()) {
			said := x.ID + " " + s.p.named(x.Engineer) + ": " + s.p.behind(x)
			line(said, said)
		}
		if i := at(before.Sessions, x.ID); !x.NoAnswer.IsZero() && (i < 0 || before.Sessions[i].NoAnswer.IsZero()) {
			said := s.p.noAnswer(x)
			said = x.ID + " " + s.p.named(x.Engineer) + ": " + said
			line(said, said)
		}
		if i := at(before.Sessions, x.ID); x.Masked > 0 && (i < 0 || before.Sessions[i].Masked < x.Masked) {
			said := x.ID + " " + s.p.named(x.Engineer) + ": " + s.p.masked(x)
			line(said, said)
		}
	}
	for _, x := range v.Sessions {
		i := at(before.Sessions, x.ID)
		for _, h := range x.Held {
			if i < 0 || !slices.ContainsFunc(before.Sessions[i].Held, func(o api.HeldCommand) bool { return o.Number == h.Number }) {
				s.tellHeld(x, h, line)
			}
		}
	}
	for _, x := range before.Sessions {
		if at(v.Sessions, x.ID) < 0 {
			line(fmt.Sprintf("%s %s: 終了しました", x.ID, s.p.named(x.Engineer)), fmt.Sprintf("%s %s: ended", x.ID, s.p.named(x.Engineer)))
		}
	}
}

// tellHeld names a command that waits for the attendant, and the two answers.
func (s *stay) tellHeld(x api.Session, h api.HeldCommand, line func(ja, en string, commands ...string)) {
	until, rule := h.Until.Format("15:04:05"), policy.LiveVerdict{Rule: h.Rule, Unjudged: h.Rule == ""}.Say()
	typed := text.Text{JA: "「" + h.Line + "」", EN: h.Line}
	if h.Line == "" {
		typed = text.Text{JA: "(画面に出ない入力)", EN: "(typed without an echo)"}
	}
	number := strconv.Itoa(h.Number)
	line(fmt.Sprintf("確認待ちの命令 %s %s番 %s(%s)。%s までに答えがなければ送りません:", x.ID, number, typed.JA, rule.JA, until),
		fmt.Sprintf("held command, %s no. %s: %s (%s); without an answer by %s it is refused:", x.ID, number, typed.EN, rule.EN, until),
		"sekimori session allow "+x.ID+" "+number, "sekimori session refuse "+x.ID+" "+number)
}

// beatBeside says that the attendant is there while they watch a session; for anybody else it does nothing. The
// beat is the client's, so that a connection that is open and silent does not count.
func (p *program) beatBeside(c *cli.Context, k *api.Client) (stop func()) {
	ctx, cancel := context.WithCancel(c.Context)
	v, errSession := api.Get(ctx, k, api.Sessions.Of(c.Args().First()), nil)
	me, errMe := api.Get(ctx, k, api.WhoAmIPath, nil)
	w, errWindow := api.Get(ctx, k, api.AttendanceOf(v.Window), nil)
	if errors.Join(errSession, errMe, errWindow) != nil || w.Attendant != me.ID {
		return cancel // watching goes on without
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := &stay{p: p, k: k, window: v.Window}
		every := min(longestBeat, max(time.Duration(w.BeatMS)*time.Millisecond, 100*time.Millisecond))
		for {
			if _, err := s.beat(ctx, every); err != nil && ctx.Err() == nil {
				indented(p.err, "", p.say("在席を知らせられません: ", "presence could not be told: ")+err.Error())
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(every):
			}
		}
	}()
	return func() { cancel(); <-done }
}

// indented prints a text behind a head, folded under itself, and the commands that answer it, each whole on a line of its own so that it
// can be copied.
func indented(w io.Writer, head, said string, commands ...string) {
	left := strings.Repeat(" ", text.Width(head))
	for _, part := range text.Wrap(plain(said), screen.Width-len(left), "") {
		fmt.Fprintln(w, strings.TrimRight(head+part, " "))
		head = left
	}
	for _, command := range commands {
		fmt.Fprintln(w, left+"  "+plain(command))
	}
}
