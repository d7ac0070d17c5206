package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
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
	every := longestBeat
	for {
		v, err := s.beat(c.Context, every)
		var fault *web.Fault
		switch {
		case c.Context.Err() != nil:
			return s.leave()
		case errors.As(err, &fault) && fault.Code == "window-over" && s.seen:
			return p.done(map[string]string{"window": s.window, "state": "over"}, "時間枠は終わりました。", "the window is over")
		case errors.As(err, &fault):
			return err // refused: the post is somebody else's, or one must sign in again
		case err != nil:
			indented(p.err, "", p.say("関守と通信できません。作業が続いている場合があります。電話で確かめてください: ", "cannot reach the gate; work may be continuing, phone now: ")+err.Error())
		default:
			every = min(longestBeat, max(time.Duration(v.BeatMS)*time.Millisecond, 100*time.Millisecond))
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
	k      *client
	window string

	mu     sync.Mutex // guards what is written, and told: operations come in between
	told   int64      // No of the last operation that was told
	seen   bool       // a heartbeat was taken
	last   web.Attendance
	warned time.Duration // the last warning of the window's end that was told
}

// beat is one heartbeat. One that is not answered before the next is due counts as lost.
func (s *stay) beat(ctx context.Context, limit time.Duration) (web.Attendance, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var v web.Attendance
	return v, s.k.call(ctx, "POST", "/v1/windows/"+part(s.window)+"/present", nil, web.PresentBody{}, &v)
}

func (s *stay) leave() error {
	pause, cut := time.Duration(s.last.PauseMS)*time.Millisecond, time.Duration(s.last.CutMS)*time.Millisecond
	if s.last.NeedsBeat {
		indented(s.p.err, "", s.p.say(
			fmt.Sprintf("席を離れました。作業は%s後に一時停止し、%s後に切断されます。戻るには attend stay。", spanJA(pause), spanJA(cut)),
			fmt.Sprintf("you left the post: work pauses after %s and is cut after %s; come back with attend stay", pause, cut)))
	}
	return nil
}

// tell prints what changed since the last time.
func (s *stay) tell(v web.Attendance) error {
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
		line(fmt.Sprintf("%s %s: %s。残り%s(%s まで)", v.SystemName, v.ID, p.windowState(v.State), spanJA(left), v.End.Format("15:04")),
			fmt.Sprintf("%s %s: %s, %s left (until %s)", v.SystemName, v.ID, v.State, left, v.End.Format("15:04")))
		s.warned = 0
	}
	for _, at := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute} {
		if left <= at {
			if s.warned != at {
				s.warned = at
				line("残り"+spanJA(left), left.String()+" left")
			}
			break
		}
	}
	for _, call := range v.Calls {
		if !call.Matched && !call.Failed && !slices.Contains(before.Calls, call) {
			line(fmt.Sprintf("%s が待っています。登録の電話 %s にかけ、番号を聞いてください:", call.Name, call.Phone),
				fmt.Sprintf("%s waits: call the registered phone %s and hear the number:", call.Name, call.Phone),
				"attend identity "+v.ID+" --digits "+p.say("番号", "NUMBER"))
			if call.Beside > 0 {
				from := strings.Join(sourcesOf(v.Calls, call.Person), ", ")
				line(fmt.Sprintf("注意: %s の接続が %d 本あります(接続元 %s)。本人が開いたのは何本か、電話で確かめてください。番号が合った接続だけが通ります", call.Name, call.Beside+1, from),
					fmt.Sprintf("caution: %s has %d connections (from %s); ask on the telephone how many are their own. Only the one whose number matches gets in", call.Name, call.Beside+1, from))
			}
		}
	}
	for _, x := range v.Asked {
		if !slices.ContainsFunc(before.Asked, func(o web.AskedExtension) bool { return o.ID == x.ID }) {
			line(fmt.Sprintf("延長申請 %s: %d分「%s」。答えがなければ %s に終了します:", x.ID, x.Minutes, x.Reason, v.End.Format("15:04")),
				fmt.Sprintf("extension asked, %s: %d min, %s; no answer means %s stands:", x.ID, x.Minutes, x.Reason, v.End.Format("15:04")),
				"extension grant "+x.ID, "extension deny "+x.ID)
		}
	}
	if v.Handover != nil && (before.Handover == nil || *before.Handover != *v.Handover) {
		line("引継ぎを申し出ています: "+v.Handover.To, "the post is offered to "+v.Handover.To)
	}
	s.tellSessions(before, v, line)
	return nil
}

// tellSessions says who came, who went, and who is held back.
func (s *stay) tellSessions(before, v web.Attendance, line func(ja, en string, commands ...string)) {
	at := func(list []web.Session, id string) int {
		return slices.IndexFunc(list, func(x web.Session) bool { return x.ID == id })
	}
	for _, x := range v.Sessions {
		if i := at(before.Sessions, x.ID); i < 0 || before.Sessions[i].State != x.State {
			line(fmt.Sprintf("%s %s: %s", x.ID, x.Engineer, s.p.sessionState(x)), fmt.Sprintf("%s %s: %s", x.ID, x.Engineer, x.State))
		}
		if i := at(before.Sessions, x.ID); !x.NoAnswer.IsZero() && (i < 0 || before.Sessions[i].NoAnswer.IsZero()) {
			said := s.p.noAnswer(x)
			line(x.ID+" "+x.Engineer+": "+said, x.ID+" "+x.Engineer+": "+said)
		}
	}
	for _, x := range before.Sessions {
		if at(v.Sessions, x.ID) < 0 {
			line(fmt.Sprintf("%s %s: 終了しました", x.ID, x.Engineer), fmt.Sprintf("%s %s: ended", x.ID, x.Engineer))
		}
	}
}

// beatBeside says that the attendant is there while they watch a session; for anybody else it does nothing. The
// beat is the client's, so that a connection that is open and silent does not count.
func (p *program) beatBeside(c *cli.Context, k *client) (stop func()) {
	ctx, cancel := context.WithCancel(c.Context)
	var v web.Session
	var me web.Person
	var w web.Attendance
	if k.call(ctx, "GET", "/v1/sessions/"+part(c.Args().First()), nil, nil, &v) != nil ||
		k.call(ctx, "GET", "/v1/whoami", nil, nil, &me) != nil ||
		k.call(ctx, "GET", "/v1/windows/"+part(v.Window)+"/attendance", nil, nil, &w) != nil || w.Attendant != me.ID {
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
func indented(w io.Writer, head, text string, commands ...string) {
	const hanging = 4 // columns of the marks that never begin a line
	left := strings.Repeat(" ", columns(head))
	parts := []string{plain(text)}
	if columns(head+parts[0]) > screenWidth {
		parts = folded(parts[0], screenWidth-hanging-len(left))
	}
	for _, part := range parts {
		fmt.Fprintln(w, strings.TrimRight(head+part, " "))
		head = left
	}
	for _, command := range commands {
		fmt.Fprintln(w, left+"  "+plain(command))
	}
}

// spanJA is a length of time in Japanese.
func spanJA(d time.Duration) string {
	out := ""
	for _, part := range []struct {
		unit time.Duration
		word string
	}{{time.Hour, "時間"}, {time.Minute, "分"}, {time.Second, "秒"}} {
		if n := d / part.unit; n > 0 {
			out += fmt.Sprintf("%d%s", n, part.word)
			d -= n * part.unit
		}
	}
	if out == "" {
		return "0秒"
	}
	return out
}
