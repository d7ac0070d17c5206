package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// stayActs are the words that an attendant types while at the post, in the same terminal. Each stands for a command, which does what it
// always does: it asks for what it needs, and is refused where it would be refused. live are the sessions under way: where there is one, it
// need not be named. line is nil where it is not clear what is meant.
func (s *stay) stayActs(live []api.Session) []struct {
	word string
	what text.Text
	line func(rest []string) []string
} {
	w := s.window
	words := func(command ...string) func([]string) []string {
		return func(rest []string) []string { return append(command, rest...) }
	}
	reasoned := func(command ...string) func([]string) []string {
		return func(rest []string) []string {
			if len(rest) > 0 {
				return append(command, "--reason", strings.Join(rest, " "))
			}
			return command
		}
	}
	session := func(what string) func([]string) []string {
		return func(rest []string) []string {
			switch {
			case len(rest) > 0 && isSession(rest[0]):
				return reasoned("session", what, rest[0])(rest[1:])
			case len(live) == 1:
				return reasoned("session", what, live[0].ID)(rest)
			}
			return nil
		}
	}
	answer := func(what string) func([]string) []string {
		return func(rest []string) []string {
			if len(rest) > 0 && !isSession(rest[0]) && len(live) == 1 {
				rest = append([]string{live[0].ID}, rest...)
			}
			if len(rest) < 2 || !isSession(rest[0]) {
				return nil
			}
			return reasoned("session", what, rest[0], rest[1])(rest[2:])
		}
	}
	whole := func(command ...string) func([]string) []string {
		return func(rest []string) []string {
			if len(rest) > 0 && isSession(rest[0]) { // not meant for the window with all its sessions
				return nil
			}
			return reasoned(command...)(rest)
		}
	}
	return []struct {
		word string
		what text.Text
		line func(rest []string) []string
	}{
		{"show", text.Text{JA: "いまの様子", EN: "how it stands"}, words("attend", "show", w)},
		{"identity", text.Text{JA: "本人確認: 聞き取った三桁を入れる", EN: "identity check: enter the three digits that you heard"}, words("attend", "identity", w)},
		{"permit", text.Text{JA: "開始を許可する", EN: "permit the start"}, words("attend", "permit", w)},
		{"pause", text.Text{JA: "一時停止 [接続番号] [理由]", EN: "hold input back: [SESSION] [REASON]"}, session("pause")},
		{"resume", text.Text{JA: "再開 [接続番号]", EN: "let input go on: [SESSION]"}, session("resume")},
		{"allow", text.Text{JA: "確認待ちの命令を通す [接続番号] 番号", EN: "let a held command go on: [SESSION] NUMBER"}, answer("allow")},
		{"refuse", text.Text{JA: "確認待ちの命令を止める [接続番号] 番号 [理由]", EN: "refuse a held command: [SESSION] NUMBER [REASON]"}, answer("refuse")},
		{"grant", text.Text{JA: "延長を認める 番号", EN: "grant an extension: NUMBER"}, words("extension", "grant")},
		{"deny", text.Text{JA: "延長しない 番号", EN: "deny an extension: NUMBER"}, words("extension", "deny")},
		{"tick", text.Text{JA: "手順を確認済みにする 手順", EN: "tick a step: STEP"}, words("attend", "tick", w)},
		{"handover", text.Text{JA: "引継ぎを申し出る 相手", EN: "offer the post: PERSON"}, words("attend", "handover", w)},
		{"unpermit", text.Text{JA: "許可を取り消す [理由]", EN: "take the permission back: [REASON]"}, whole("attend", "unpermit", w)},
		{"close", text.Text{JA: "時間枠を閉じる [理由]", EN: "close the window: [REASON]"}, whole("window", "close", w)},
		{"end", text.Text{JA: "接続を一つ切る [接続番号] [理由]", EN: "end one session: [SESSION] [REASON]"}, session("end")},
		{"cut", text.Text{JA: "直ちに切る [理由]", EN: "cut at once: [REASON]"}, whole("window", "cut", w)},
	}
}

// act reads words and carries them out until the input or ctx ends. It reads only between two acts: what an act asks is answered to it.
func (s *stay) act(ctx context.Context, c *cli.Context) {
	fmt.Fprintln(s.p.out, s.p.say("この端末でそのまま操作できます。help で一覧、Ctrl-C で離席。", "Type here what to do: help lists it, Ctrl-C leaves the post."))
	for ctx.Err() == nil {
		line, err := typedAtPost(ctx, s.p.in)
		if err != nil || ctx.Err() != nil {
			return
		}
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		s.acting.Store(true)
		s.carryOut(ctx, c, words)
		s.acting.Store(false)
	}
}

func (s *stay) carryOut(ctx context.Context, c *cli.Context, words []string) {
	now, err := s.beat(ctx, longestBeat)
	if err != nil && ctx.Err() == nil {
		s.p.fail(err)
		return
	}
	for _, a := range s.stayActs(now.Sessions) {
		if a.word != words[0] {
			continue
		}
		command := a.line(words[1:])
		if command == nil {
			indented(s.p.out, "", s.p.say("どの接続のことか、番号で言ってください(例: pause S-20261124-01、end S-20261124-01)。close、cut、unpermit は時間枠の全部に効きます。",
				"Say which session is meant (such as pause S-20261124-01 or end S-20261124-01). close, cut and unpermit are for the window with all its sessions."))
			return
		}
		s.mu.Lock()
		one := *s.p // of its own: the language, the place and the names of this command line
		one.names = nil
		s.mu.Unlock()
		args := []string{"--lang", s.p.lang}
		for _, flag := range []string{"socket", "server", "server-fingerprint", "server-ca", "config"} {
			if value := c.String(flag); value != "" {
				args = append(args, "--"+flag, value)
			}
		}
		one.run(ctx, append(args, command...))
		return
	}
	rows := [][2]string{{"help", s.p.say("この一覧", "this list")}}
	known := []string{"help"}
	for _, a := range s.stayActs(nil) {
		rows, known = append(rows, [2]string{a.word, s.p.words(a.what)}), append(known, a.word)
	}
	if typed := words[0]; typed != "help" {
		ja, en := "知らない語です: "+typed, "unknown word: "+typed
		if near := forms.Nearest(typed, known); near != "" {
			ja, en = ja+"("+near+" のことですか)", en+" (did you mean "+near+"?)"
		}
		indented(s.p.out, "", s.p.say(ja+"。help で一覧。", en+"; help lists them"))
		return
	}
	var b strings.Builder
	described(&b, rows, 0)
	fmt.Fprint(s.p.out, b.String())
}

func isSession(word string) bool { return strings.HasPrefix(word, "S-") }

// typedAtPost is typedLine for a command that may run in the background of a shell (`attend stay W &`), where reading the terminal would
// stop the whole process and with it the heartbeats. The signal is ignored, the read then fails, and is tried again until the command is
// in the foreground.
func typedAtPost(ctx context.Context, r io.Reader) (string, error) {
	signal.Ignore(syscall.SIGTTIN)
	for {
		line, err := typedLine(r)
		if !errors.Is(err, syscall.EIO) {
			return line, err
		}
		f, ok := r.(*os.File)
		if !ok || inForeground(f) {
			return line, err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// inForeground tells whether the shell gives this process what is typed at the terminal. A terminal that has gone counts as
// the foreground: waiting for it would never end.
func inForeground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// typedLine reads one line from a terminal, a byte at a time: later bytes belong to the next reader.
func typedLine(r io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); ; {
		n, err := r.Read(one)
		if n == 1 && one[0] == '\n' {
			return string(line), nil
		}
		line = append(line, one[:n]...)
		if err == nil && n == 0 {
			err = errors.New("nothing more")
		}
		if err != nil {
			return "", err
		}
	}
}
