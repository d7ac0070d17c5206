package relay

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/testrun"
	"sekimori/policy"
)

func TestClassify(t *testing.T) {
	for command, want := range map[string]policy.ChannelKind{
		"ls -la":                               policy.ChannelExec,
		"scp -t /tmp":                          policy.ChannelCopy,
		"scp -v -r -d -f -- /etc/x":            policy.ChannelCopy,
		"/usr/bin/scp -pt x":                   policy.ChannelCopy,
		"LC_ALL=C scp -t x":                    policy.ChannelCopy,
		"cd /tmp; exec scp -t x":               policy.ChannelCopy,
		"true && sudo -u db 'scp' -t x":        policy.ChannelCopy,
		"bash -c \"scp -t 'a b'\"":             policy.ChannelCopy,
		"echo $(scp -f x)":                     policy.ChannelCopy,
		"rsync --server --sender -logDtpr . x": policy.ChannelCopy,
		"rsync -a /a /b":                       policy.ChannelExec,
		"scp a b":                              policy.ChannelExec,
		"grep -f scp x":                        policy.ChannelExec,
		"/usr/lib/openssh/sftp-server":         policy.ChannelSFTP,
		"env X=1 internal-sftp -l INFO":        policy.ChannelSFTP,
		"sudo su -c /usr/lib/sftp-server":      policy.ChannelSFTP, // from WinSCP's manual
		"su - db -c 'scp -t /x'":               policy.ChannelCopy,
		"su - db -c 'ls -t'":                   policy.ChannelExec,
		"bash -lc 'exec scp -f /x'":            policy.ChannelCopy,
		"git-upload-pack 'x.git'":              policy.ChannelExec,
		"":                                     policy.ChannelExec,
	} {
		if got := classify(command); got != want {
			t.Errorf("%q: %s, want %s", command, got, want)
		}
	}
}

func TestScreenKnowsWhoHasIt(t *testing.T) {
	for output, want := range map[string]bool{
		"\x1b[1;30r":                          false, // left behind by vi
		"\x1b[r":                              false,
		"\x1b[0;0r":                           false,
		"\x1b[1;99r":                          false, // more rows than the terminal has
		"\x1b[1;29r":                          true,
		"\x1b[2;30r":                          true,
		"\x1b[2r":                             true,
		"\x1b[1;29r\x1b[1;30r":                false,
		"\x1b[1;29r\x1b[9;9r":                 true,  // ignored
		"\x1b[?1h\x1b=":                       false, // a shell's line editor
		"\x1b[?1h\x1b=\x1b[H\x1b[J":           true,  // vt100
		"\x1b[?1h\x1b=\x1b[H\x1b[2J":          true,
		"\x1b[?1h\x1b=\x1b[5;1H\x1b[J":        false, // a line editor that draws a menu below
		"\x1b[?1h\x1b[2J\x1b[?1l\x1b>":        false,
		"\x1b[?1h\x1b[2J\x1b[?2004h$ ":        false, // killed, and the prompt is back
		"\x1b[?1h\x1b[?2004h\x1b[2J":          true,
		"\x1b[?1h\x1b[2J\x1b[!p":              false,
		"\x1b[H\x1b[2J":                       false, // clear
		"\x1b[?1049h\x1b[1;30r\x1b[?1049l":    false,
		"\x1b[?1049h\x1b[?1h\x1b[2J\x1b[?1lx": true,
	} {
		s := screen{rows: 30}
		s.feed([]byte(output))
		if s.full() != want {
			t.Errorf("%q: %v", output, s.full())
		}
	}
	s := screen{rows: 30}
	s.feed([]byte("\x1b[1;29r"))
	if s.resized(40); s.full() {
		t.Error("a terminal of another size scrolls as a whole")
	}
	s = screen{}
	if s.feed([]byte("\x1b[1;30r")); s.full() {
		t.Error("a terminal whose size is not known, after vi")
	}
}

// Cutting the output differently must not change the screen state.
func FuzzScreenDoesNotDependOnCuts(f *testing.F) {
	for _, seed := range []string{
		"plain", "\x1b[?1049h~\x1b[?1049l", "\x1b[2;23r\x1b[r", "\x1b]2;title\a関守", "\x1bP1$r0m\x1b\\\x1b[!p", "\x1bc\x1b(B\x18\xe9\x96",
		"\x1b[?1;47;2;3;4;5;6;7;8;9h", "\x1b[99999999999999999999r", "\x1b\x1b[\x1b]\x1b",
		"\x1b[1;24r\x1b[5;4r\x1b[?1h\x1b=\x1b[?2004h\x1b[H\x1b[J\x1b[?1l",
	} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		var whole, parts, bytewise screen
		whole.feed(p)
		if cut < 0 {
			cut = -(cut + 1)
		}
		cut %= len(p) + 1
		parts.feed(p[:cut])
		parts.feed(p[cut:])
		for i := range p {
			bytewise.feed(p[i : i+1])
		}
		if whole != parts || whole != bytewise {
			t.Errorf("%q cut at %d: %+v, %+v, %+v", p, cut, whole, parts, bytewise)
		}
		if whole.between() && whole.state != ground {
			t.Error("a place inside a sequence counts as safe")
		}
	})
}

func FuzzRequests(f *testing.F) {
	f.Add(ssh.Marshal(ptyPayload{"xterm", 80, 24, 0, 0, "\x00"}), "scp -t 'x")
	f.Add(ssh.Marshal(envPayload{"LC_ALL", "C"}), "a\\")
	f.Fuzz(func(t *testing.T, payload []byte, command string) {
		if p, err := readPTY(payload); err == nil && (!isPlain(p.Term) || len(p.Modes) > 256*5 || cleanModes(p.Modes) != p.Modes) {
			t.Errorf("accepted terminal %q with modes %q", p.Term, p.Modes)
		}
		if e, err := readEnv(payload, []string{"LANG", "LC_*"}); err == nil && (!utf8.ValidString(e.Value) || !isPlain(e.Name) || !envAllowed(e.Name, []string{"LANG", "LC_*"})) {
			t.Errorf("accepted %q=%q", e.Name, e.Value)
		}
		for _, kind := range []string{"exit-status", "exit-signal", "signal", "break", "exec"} {
			read := readAct
			if strings.HasPrefix(kind, "exit") {
				read = readExit
			}
			m, err := read(&ssh.Request{Type: kind, Payload: payload})
			if err == nil && len(ssh.Marshal(m.fields)) > maxPayload {
				t.Errorf("%s of %d bytes passes", kind, len(ssh.Marshal(m.fields)))
			}
		}
		switch classify(command) {
		case policy.ChannelExec, policy.ChannelCopy, policy.ChannelSFTP:
		default:
			t.Errorf("%q is no kind of command", command)
		}
	})
}

// An attacker chooses the command. Parsing must take time linear in its length, even for deeply nested shells.
func TestAttackNestedCommand(t *testing.T) {
	for name, command := range map[string]string{
		"shells":        strings.Repeat("sh ", maxCommand/3),
		"many commands": strings.Repeat("su x;", maxCommand/5),
		"wrappers":      strings.Repeat("env ", maxCommand/4),
		"wrapped":       strings.Repeat("env sh scp rsync ", maxCommand/17),
		"quotes":        strings.Repeat(`sh -c "`, 1000) + strings.Repeat(`\\`, maxCommand/2-4000),
		"backslashes":   "sh -c " + strings.Repeat(`\\`, maxCommand/2-10),
	} {
		begun := testrun.CPU()
		classify(command)
		if took := testrun.CPU() - begun; took > 2*time.Second {
			t.Errorf("%s: %s", name, took)
		}
	}
}
