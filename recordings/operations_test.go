package recordings_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/recordings"
)

// work records a session with every kind of operation, as the relay records it.
func work(t testing.TB, w *recordings.Writer) {
	t.Helper()
	event := func(channel uint32, kind string, body any) { t.Helper(); must(t, w.Event(channel, kind, body)) }
	out := func(channel uint32, s string) { t.Helper(); must(t, w.Data(channel, recordings.Stdout, []byte(s))) }
	const all = recordings.SessionChannel
	event(all, recordings.EventNotice, recordings.Notice{Kind: "started", Text: "[関守] 開始\n[sekimori] Started"})
	event(0, recordings.EventOpen, recordings.Opened{Type: "session"})
	event(0, recordings.EventExec, recordings.NewCommand("cat /etc/hosts; echo \x1b[2J\x83"))
	out(0, "127.0.0.1 localhost\n>> 00:00:00 forged\n")
	event(0, recordings.EventExitStatus, recordings.Exit{Status: 3})
	event(0, recordings.EventSizes, recordings.Sizes{Input: 12, Output: 1234567})
	event(0, recordings.EventClose, nil)

	event(1, recordings.EventOpen, recordings.Opened{Type: "session"})
	event(1, recordings.EventSubsystem, recordings.NewCommand("sftp"))
	out(1, "\x00\x00\x00\x05\x02PACKET NOISE")
	event(1, recordings.EventFile, recordings.FileOp{ID: 1, Op: recordings.FileOpen, Path: "/srv/給与.csv", Flags: []string{"read"}})
	event(1, recordings.EventFile, recordings.FileOp{ID: 2, Op: recordings.FileOpen, Path: "/tmp/up.bin", Flags: []string{"write", "create"}})
	for range 50 {
		out(1, "PACKET NOISE")
	}
	event(1, recordings.EventFileEnd, recordings.FileEnd{ID: 2, OK: true, Written: 5_000})
	event(1, recordings.EventFileEnd, recordings.FileEnd{ID: 1, OK: true, Read: 1_048_576})
	event(1, recordings.EventFile, recordings.FileOp{ID: 3, Op: recordings.FileRename, Path: "/a", To: "/b\u202e"})
	event(1, recordings.EventFileEnd, recordings.FileEnd{ID: 3, Status: "permission denied"})
	event(1, recordings.EventFile, recordings.FileOp{ID: 4, Op: recordings.FileRemove, Path: "/c"})
	event(all, recordings.EventPause, recordings.Pause{By: "U-012", Reason: "確認"})
	event(all, recordings.EventNotice, recordings.Notice{Kind: "paused", Text: "Paused"})
	event(all, recordings.EventResume, recordings.Pause{})
	event(all, recordings.EventExtension, recordings.Extension{Until: time.Date(2026, 11, 24, 17, 30, 0, 0, time.UTC), By: "U-012"})
	event(1, recordings.EventRefused, recordings.Refused{Side: "client", What: "x11-req", Number: 117, Count: 3})
	event(1, recordings.EventClose, nil)

	event(2, recordings.EventOpen, recordings.Opened{Type: "session"})
	event(2, recordings.EventExec, recordings.NewCommand("scp -f /tmp/x"))
	event(2, recordings.EventInspect, recordings.Inspect{Protocol: "scp"})
	out(2, "C0644 2 x\n\x00ab")
	event(2, recordings.EventFile, recordings.FileOp{ID: 1, Op: recordings.FileSCPReceive, Path: "/tmp/x"})
	event(2, recordings.EventFileEnd, recordings.FileEnd{ID: 1, OK: true, Read: 2})
	event(2, recordings.EventExitSignal, recordings.ExitSignal{Signal: "TERM"})
	event(2, recordings.EventClose, nil)

	event(3, recordings.EventOpen, recordings.Opened{Type: "session"})
	event(3, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 100, Rows: 30})
	event(3, recordings.EventShell, nil)
	out(3, "$ vi\r\n\x1b[?1049h\x1b[2J~\r\n~")
	event(all, recordings.EventNotice, recordings.Notice{Kind: "warning", Text: "1 min left"})
	out(3, "\x1b[?1049l$ ")
	event(3, recordings.EventSignal, recordings.Signal{Signal: "INT"})
}

// seen are the lines that a person must find of work, in order, in both languages.
var seen = []struct{ ja, en string }{
	{"通知: [関守] 開始 / [sekimori] Started", "notice: [関守] 開始 / [sekimori] Started"},
	{`[0] コマンド: cat /etc/hosts; echo \x1b[2J\x83`, `[0] command: cat /etc/hosts; echo \x1b[2J\x83`},
	{"[0] 終了 状態 3(入力 12、出力 1,234,567 バイト)", "[0] ended, status 3 (12 bytes in, 1,234,567 out)"},
	{"[1] ファイル転送(SFTP)開始", "[1] file transfer (SFTP) started"},
	{"[1] ファイル /tmp/up.bin 書込 5,000 バイト", "[1] file /tmp/up.bin written 5,000 bytes"},
	{"[1] ファイル /srv/給与.csv 読出 1,048,576 バイト", "[1] file /srv/給与.csv read 1,048,576 bytes"},
	{"[1] 名前変更 /a → /b〓 失敗: permission denied", "[1] rename /a → /b〓 failed: permission denied"},
	{"一時停止(U-012: 確認)", "paused (U-012: 確認)"},
	{"再開(関守)", "resumed (the gate)"},
	{"延長: 終了 17:30 (U-012)", "extended until 17:30 (U-012)"},
	{"[1] 拒否: [117] x11-req ×3", "[1] refused: [117] x11-req ×3"},
	{"[1] 削除 /c 応答なし", "[1] remove /c not answered"},
	{"[1] 終了", "[1] ended"},
	{"[2] コマンド: scp -f /tmp/x", "[2] command: scp -f /tmp/x"},
	{"[2] ファイル受信(scp) /tmp/x 読出 2 バイト", "[2] file received (scp) /tmp/x read 2 bytes"},
	{"[2] 終了 シグナル TERM", "[2] ended, signal TERM"},
	{"[3] シェル開始、端末 100x30 xterm", "[3] shell started, terminal 100x30 xterm"},
	{"通知: 1 min left", "notice: 1 min left"},
	{"[3] シグナル INT を送信", "[3] signal INT sent"},
	{"[3] 終了を確認できません(接続が先に終わりました)", "[3] no end was seen (the connection ended first)"},
}

// TestWhatWasDoneWasNotSeen: playback and exports of commands and file transfers showed blank lines and packets.
func TestWhatWasDoneWasNotSeen(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	work(t, w)
	_, err := w.Close(theEnd)
	must(t, err)
	for _, lang := range []string{"ja", "en"} {
		v := recordings.View{Lang: lang, Started: started}
		for name, export := range map[string]func(*bytes.Buffer) error{
			"text": func(b *bytes.Buffer) error { return recordings.Text(t.Context(), b, open(t, path, k.viewing), v) },
			"cast": func(b *bytes.Buffer) error {
				err := recordings.Asciicast(t.Context(), b, open(t, path, k.viewing), v)
				text := strings.NewReplacer(`\r\n`, "\n", `\u001b[1;36m`, "", `\u001b[m`, "", `\\x`, `\x`).Replace(b.String())
				b.Reset()
				b.WriteString(text)
				return err
			},
			"player": func(b *bytes.Buffer) error {
				p := recordings.NewPlayer(v)
				r := open(t, path, k.viewing)
				for {
					f, err := r.Next()
					if err != nil {
						if end, ok := recordings.EndFrame(r, f.Elapsed); ok {
							b.Write(p.Take(end))
						}
						b.Write(p.End(f.Elapsed))
						text := strings.NewReplacer("\x1b[1;36m", "", "\x1b[m", "", "\r\n", "\n").Replace(b.String())
						b.Reset()
						b.WriteString(text)
						return nil
					}
					b.Write(p.Take(f))
				}
			},
		} {
			var b bytes.Buffer
			must(t, export(&b))
			rest := b.String()
			if strings.Contains(rest, "NOISE") || strings.Contains(rest, "\x00") {
				t.Errorf("%s, %s: packets are shown:\n%s", name, lang, rest)
			}
			for i, line := range seen {
				want := line.en
				if lang == "ja" {
					want = line.ja
				}
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%s, %s: line %d, %q, is not seen in\n%s", name, lang, i, want, rest)
				}
				rest = after
			}
		}
	}
}

// A viewer who stops looking, or plays a running session, has not seen its end: no line may say that the connection ended.
func TestWhoStopsLookingSeesNoEnd(t *testing.T) {
	frames := []recordings.Frame{
		{Channel: 3, Event: recordings.EventOpen, Data: []byte(`{"type":"session"}`)},
		{Channel: 3, Event: recordings.EventShell, Data: []byte(`{}`)},
	}
	end := recordings.Frame{Channel: recordings.SessionChannel, Event: recordings.EventEnd, Data: []byte(`{"cause":"client-lost"}`)}
	for _, c := range []struct {
		lang         string
		over         bool
		want, mayNot string
	}{
		{"en", false, "[3] had not ended where this stops", "the connection ended"}, {"en", true, "[3] no end was seen (the connection ended first)", "where this stops"},
		{"ja", false, "[3] ここまでに終了していません", "接続が先に終わりました"}, {"ja", true, "[3] 終了を確認できません(接続が先に終わりました)", "ここまでに"},
	} {
		v := recordings.View{Lang: c.lang, Started: started}
		p, tr := recordings.NewPlayer(v), recordings.NewTranscript(v)
		var played, text bytes.Buffer
		shown := frames
		if c.over {
			shown = append(slices.Clone(frames), end)
		}
		for _, f := range shown {
			played.Write(p.Take(f))
			text.Write(tr.Take(f))
		}
		played.Write(p.End(0))
		text.Write(tr.End(0))
		for _, got := range []string{played.String(), text.String()} {
			if !strings.Contains(got, c.want) || strings.Contains(got, c.mayNot) {
				t.Errorf("%s, over %v:\n%s", c.lang, c.over, got)
			}
		}
	}
}

// A client may claim any terminal size; a player that allocated it would fail.
func TestAHugeTerminalInTheCast(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	for _, kind := range []string{recordings.EventPTY, recordings.EventShell, recordings.EventWindowChange} {
		must(t, w.Event(0, kind, recordings.PTY{Cols: 1 << 31, Rows: 1 << 31}))
	}
	must(t, w.InputEvent(0, recordings.EventEnv, recordings.Env{Name: "LANG", Value: "ja_JP.UTF-8"}))
	_, err := w.Close(theEnd)
	must(t, err)
	var b bytes.Buffer
	must(t, recordings.Asciicast(t.Context(), &b, open(t, path, k.viewing), recordings.View{Lang: "en"}))
	if !strings.Contains(b.String(), `"cols":1000,"rows":1000`) || !strings.Contains(b.String(), `"r","1000x1000"`) || strings.Contains(b.String(), "LANG") {
		t.Errorf("%s", b.String())
	}
	b.Reset()
	must(t, recordings.Text(t.Context(), &b, open(t, path, k.viewing, k.offline), recordings.View{Lang: "en"}))
	if !strings.Contains(b.String(), "[0] environment: LANG=ja_JP.UTF-8\n") {
		t.Errorf("with the input's key: %s", b.String())
	}
}

// A target may write lines that look like the recorder's own.
func TestATargetForgesLinesInTheTextExport(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	work(t, w)
	_, err := w.Close(theEnd)
	must(t, err)
	var b bytes.Buffer
	must(t, recordings.Text(t.Context(), &b, open(t, path, k.viewing), recordings.View{Lang: "en", Started: started}))
	if !strings.Contains(b.String(), "\n\\>> 00:00:00 forged\n") {
		t.Errorf("a forged line stands unmarked:\n%s", b.String())
	}
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, recordings.OperationMark) && !strings.HasPrefix(line, ">> "+started.Format("15:")) {
			t.Errorf("%q", line)
		}
	}
}

// During a full-screen program the line stands at the bottom, and again among the others when the program has left.
func TestALineDuringAFullScreenProgram(t *testing.T) {
	p := recordings.NewPlayer(recordings.View{Lang: "en", Width: 80, Height: 24})
	at := func(kind, body, out string) string {
		f := recordings.Frame{Event: kind, Data: []byte(body)}
		if kind == "" {
			f = recordings.Frame{Stream: recordings.Stdout, Data: []byte(out)}
		}
		if kind == recordings.EventNotice {
			f.Channel = recordings.SessionChannel
		}
		return string(p.Take(f))
	}
	at(recordings.EventPTY, `{"term":"xterm","cols":80,"rows":20}`, "")
	at(recordings.EventShell, "", "")
	at("", "", "$ vi\r\n\x1b[?1049h\x1b[H~")
	got := at(recordings.EventNotice, `{"kind":"warning","text":"`+strings.Repeat("left ", 60)+`"}`, "")
	if !strings.HasPrefix(got, "\x1b7\x1b[21;1H") || !strings.HasSuffix(got, "\x1b[K\x1b8") || strings.Contains(got, "\n") {
		t.Errorf("during vi: %q", got)
	}
	if got = at("", "", "x\x1b[?1049l$ "); !strings.Contains(got, "notice: left") || !strings.HasSuffix(got, "\r\n") {
		t.Errorf("after vi: %q", got)
	}
	for line := range strings.SplitSeq(got, "\r\n") {
		if n := len(strings.NewReplacer("\x1b[1;36m", "", "\x1b[m", "", "\x1b[?1049l", "").Replace(line)); n > 79 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// The memory of a player is bounded for every recording.
func TestAHostileSessionGrowsThePlayer(t *testing.T) {
	ops := recordings.NewOperations()
	n := 0
	for i := range 5000 {
		body := fmt.Appendf(nil, `{"id":%d,"op":"open","path":"/%d"}`, i+1, i)
		n += len(ops.Take(recordings.Frame{Channel: 1, Event: recordings.EventFile, Data: body}))
		ops.Take(recordings.Frame{Channel: uint32(i + 2), Event: recordings.EventShell})
	}
	if n < 3900 {
		t.Errorf("%d operations without an end were told", n)
	}
	if end := len(ops.End(0)); end > 3000 {
		t.Errorf("%d were kept", end)
	}
	for _, o := range ops.Take(recordings.Frame{Event: recordings.EventExec, Data: []byte(`{"command":"` + strings.Repeat("あ", 100_000) + `"}`)}) {
		if len(o.EN) > 5000 {
			t.Errorf("a line of %d bytes", len(o.EN))
		}
	}
	for _, kind := range []string{"open", "pty-req", "exec", "subsystem", "signal", "exit-status", "exit-signal", "sizes", "file", "file-end", "notice", "pause", "extension", "refused", "close"} {
		for _, body := range []string{"", "null", "[]", `{"id":-1,"cols":"x"}`, `"`, `{"path":"\u009b\u001b"}`} {
			for _, channel := range []uint32{0, recordings.SessionChannel} {
				for _, o := range ops.Take(recordings.Frame{Channel: channel, Event: kind, Data: []byte(body)}) {
					if strings.ContainsAny(o.JA+o.EN, "\u009b\x1b\n") {
						t.Errorf("%s %s: %q", kind, body, o.EN)
					}
				}
			}
		}
	}
}
