package relay_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// scripted is a rig whose target prints on the test's command.
func scripted(t *testing.T, term bool) (r *rig, print chan string, out, errs io.Reader) {
	print = make(chan string)
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		for text := range print {
			io.WriteString(s, text)
		}
		s.Exit(0)
	}})
	r = newRig(t, rigOptions{target: target})
	s := session(t, r.client())
	if term {
		if err := s.RequestPty("xterm-256color", 24, 80, nil); err != nil {
			t.Fatal(err)
		}
	}
	out, _ = s.StdoutPipe()
	errs, _ = s.StderrPipe()
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	return r, print, out, errs
}

func TestNoticeAppearsOnATerminal(t *testing.T) {
	r, print, out, errs := scripted(t, true)
	defer close(print)
	print <- "$ "
	waitFor(t, out, "$ ")
	r.relay.Notify("warning", "[関守] 残り5分。\n延長できます。")
	got := waitFor(t, errs, "\a")
	if got != "\r\n[関守] 残り5分。\r\n延長できます。\r\n\a" {
		t.Errorf("%q", got)
	}
	if e := r.events(recordings.EventNotice); len(e) != 1 || !strings.Contains(e[0], "残り5分") {
		t.Errorf("events %q", e)
	}
	if rec := string(r.recorded(recordings.Stdout)); rec != "$ " {
		t.Errorf("the notice was recorded as output: %q", rec)
	}
}

func TestNoticeBeforeTheFirstTerminalIsKept(t *testing.T) {
	print := make(chan string)
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		for text := range print {
			io.WriteString(s, text)
		}
	}})
	r := newRig(t, rigOptions{target: target})
	defer close(print)
	r.relay.Notify("started", "[sekimori] Started")
	s := session(t, r.client())
	if err := s.RequestPty("vt100", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	errs, _ := s.StderrPipe()
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, errs, "[sekimori] Started\r\n\a") // although the program is silent
	r.relay.Notify("warning", "[sekimori] 5 min left.")
	waitFor(t, errs, "5 min left.\r\n\a")
}

func TestNoticeInsideAFullScreenProgramLeavesTheScreenAlone(t *testing.T) {
	for name, enter := range map[string][2]string{
		"alternate screen":                {"\x1b[?1049h\x1b[2J", "\x1b[?1049l"},
		"alternate screen, older":         {"\x1b7\x1b[?47h", "\x1b[2J\x1b[?47l\x1b8"},
		"alternate screen among others":   {"\x1b[?1;1047;25h", "\x1b[?1047l"},
		"scrolling region":                {"\x1b[2;23r", "\x1b[r"},
		"left by a reset of the terminal": {"\x1b[?1049h", "\x1bc"},
	} {
		t.Run(name, func(t *testing.T) {
			r, print, out, errs := scripted(t, true)
			defer close(print)
			print <- enter[0] + "~ full ~"
			waitFor(t, out, "~ full ~")
			r.relay.Notify("warning", "[関守] 残り1分。\nmore")
			if got := waitFor(t, errs, "\a\a"); got != "\x1b]2;[関守] 残り1分。\a\a" {
				t.Errorf("inside: %q", got)
			}
			print <- "drawing" + enter[1]
			waitFor(t, out, "drawing"+enter[1])
			if got := waitFor(t, errs, "more\r\n\a"); got != "\r\n[関守] 残り1分。\r\nmore\r\n\a" {
				t.Errorf("after: %q", got)
			}
		})
	}
}

func TestNoticeNeverCutsASequenceOrACharacter(t *testing.T) {
	for name, halves := range map[string][2]string{
		"control sequence":   {"a\x1b[3", "1mred"},
		"escape alone":       {"a\x1b", "[0m"},
		"title":              {"a\x1b]2;tit", "le\a"},
		"title ended by ST":  {"a\x1b]2;title\x1b", "\\b"},
		"device control":     {"a\x1bP1$r0", "m\x1b\\b"},
		"two-byte character": {"a\xc3", "\xa9"},
		"kanji":              {"関\xe5\xae", "\x88"},
		"emoji":              {"a\xf0\x9f\x98", "\x80"},
		"Shift_JIS":          {"\x8a", "\xd6b"},
		"character set":      {"a\x1b(", "B"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				print := make(chan string)
				c, r := bubble(t, func(s *testbed.TargetSession) {
					for text := range print {
						io.WriteString(s, text)
					}
				})
				defer close(print)
				s := session(t, c)
				var out, errs bytes.Buffer // read when everything is blocked
				s.Stdout, s.Stderr = &out, &errs
				if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
					t.Fatal(err)
				}
				if err := s.Shell(); err != nil {
					t.Fatal(err)
				}
				print <- halves[0]
				synctest.Wait()
				r.Notify("warning", "NOTICE")
				synctest.Wait()
				if out.String() != halves[0] || errs.Len() != 0 {
					t.Errorf("inside: %q, %q", out.String(), errs.String())
				}
				print <- halves[1] + "."
				synctest.Wait()
				if out.String() != halves[0]+halves[1]+"." || errs.String() != "\r\nNOTICE\r\n\a" {
					t.Errorf("after: %q, %q", out.String(), errs.String())
				}
			})
		})
	}
}

func TestNoticeNeverEntersData(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.client()
	s := session(t, c)
	in, _ := s.StdinPipe()
	var out, errs bytes.Buffer
	s.Stdout, s.Stderr = &out, &errs
	if err := s.Start("cat"); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		r.relay.Notify("warning", "NOTICE")
		io.WriteString(in, "data\n")
	}
	in.Close()
	if err := s.Wait(); err != nil {
		t.Fatal(err)
	}
	if out.String() != strings.Repeat("data\n", 20) || errs.Len() != 0 {
		t.Errorf("%q, %q", out.String(), errs.String())
	}
}

func TestFinishBringsTheTerminalBack(t *testing.T) {
	print := make(chan string)
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		for text := range print {
			io.WriteString(s, text)
		}
	}})
	r := newRig(t, rigOptions{target: target})
	defer close(print)
	s := session(t, r.client())
	if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	out, _ := s.StdoutPipe()
	errs, _ := s.StderrPipe()
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	print <- "\x1b[?1049h\x1b[?1000hvim"
	waitFor(t, out, "vim")
	r.relay.Stop()
	r.relay.Finish(t.Context(), "[203] 強制切断\n次に: 電話\n", 253)
	got := waitFor(t, errs, "電話\r\n")
	if !strings.Contains(got, "\x1b[?1049l") || !strings.HasSuffix(got, "\r\n[203] 強制切断\r\n次に: 電話\r\n") {
		t.Errorf("%q", got)
	}
	if got := exitStatus(s.Wait()); got != 253 {
		t.Errorf("status %d", got)
	}
}

// TestNoticeNeverEntersTheOutputOfACommandOnATerminal: a program may read the output even of a terminal. It runs alone: start files of a
// login shell (pyenv) complain on the terminal when several logins run them at once.
func TestNoticeNeverEntersTheOutputOfACommandOnATerminal(t *testing.T) {
	t.Parallel()
	testbed.NeedTerminal(t)
	const command = "printf 'a\\033[31mb\\0c\\377'; sleep 1; echo end"
	const want = "a\x1b[31mb\x00c\xffend\r\n"
	t.Run("ssh -tt", func(t *testing.T) {
		t.Parallel()
		d := newDoor(t)
		cmd := exec.CommandContext(t.Context(), testbed.Need(t, "ssh"), append(sshOptions(d), "-tt", d.host, command)...)
		d.check(t, cmd, want, "[sekimori] Started", "[sekimori] 5 min left.")
	})
	t.Run("ansible raw", func(t *testing.T) {
		t.Parallel()
		testbed.Need(t, "ssh")
		d := newDoor(t)
		cmd := exec.CommandContext(t.Context(), testbed.Need(t, "ansible"), "all", "-i", d.host+",", "-m", "raw", "-a", "echo line; sleep 1; echo end", "-o",
			"-e", "ansible_port="+d.port, "-u", "sato",
			"--ssh-common-args=-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ControlMaster=no -o ControlPath=none", "--ssh-extra-args=-tt")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "ANSIBLE_NOCOLOR=1", "ANSIBLE_DEPRECATION_WARNINGS=0", "LC_ALL=C.UTF-8")
		// -o: "host | CHANGED | rc=0 | (stdout) line\r\nend\r\n (stderr) …"
		got := d.run(t, cmd)
		out, _, _ := strings.Cut(got, "(stderr)")
		if !strings.Contains(out, `rc=0 | (stdout) line\r\nend\r\n`) || strings.Contains(out, "sekimori") {
			t.Errorf("%q", got)
		}
	})
	t.Run("asyncssh", func(t *testing.T) {
		t.Parallel()
		d := newDoor(t)
		cmd := exec.CommandContext(t.Context(), testbed.NeedPython(t, "asyncssh"), "-c", `
import asyncssh, asyncio, sys
async def main():
    async with asyncssh.connect(sys.argv[1], int(sys.argv[2]), username="sato", known_hosts=None, client_keys=None) as c:
        r = await c.run(sys.argv[3], term_type="xterm", encoding=None)
        sys.stdout.buffer.write(r.stdout)
        sys.stderr.buffer.write(r.stderr)
asyncio.run(main())`, d.host, d.port, command)
		d.check(t, cmd, want, "[sekimori] Started", "[sekimori] 5 min left.")
	})
}
