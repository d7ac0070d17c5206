package relay_test

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/policy"
)

// evasion is one way to run "rm f" past the rule "refuse rm" in a shell. Its keys are typed piece by piece, each after the screen rests.
type evasion struct {
	name string
	keys []string
	want string // caught: the rule matches; held: it cannot be judged, so the attendant is asked; missed: it runs unseen
	need string // a program
}

// evasions are the corpus. What is missed is known, and is why the rules are an aid and no boundary inside a shell.
var evasions = []evasion{
	{name: "plain", keys: []string{"rm f\r"}, want: "caught"},
	{name: "absolute path", keys: []string{"/bin/rm f\r"}, want: "caught"},
	{name: "backslash", keys: []string{"\\rm f\r"}, want: "caught"},
	{name: "quotes within the word", keys: []string{"r''m f\r"}, want: "caught"},
	{name: "behind another command", keys: []string{"true && rm f\r"}, want: "caught"},
	{name: "command, env, nice", keys: []string{"command env A=1 nice rm f\r"}, want: "caught"},
	{name: "find -exec", keys: []string{"find . -name f -exec rm {} +\r"}, want: "caught"},
	{name: "xargs", keys: []string{"echo f | xargs rm\r"}, want: "caught"},
	{name: "sh -c", keys: []string{"sh -c 'rm f'\r"}, want: "caught"},
	{name: "command substitution", keys: []string{"echo \"$(rm f)\"\r"}, want: "caught"},
	{name: "line continuation", keys: []string{"r\\\r", "m f\r"}, want: "caught"},
	{name: "loop over several lines", keys: []string{"for i in f; do\r", "rm $i\r", "done\r"}, want: "caught"},
	{name: "history, cursor up", keys: []string{"true; history -s 'rm f'\r", "\x1b[A", "\r"}, want: "caught"},
	{name: "history, Ctrl-R", keys: []string{"history -s 'rm f'\r", "\x12", "m f", "\r"}, want: "caught"},
	{name: "history, !!", keys: []string{"history -s 'rm f'\r", "!r\r"}, want: "held"},
	{name: "cursor keys within the word", keys: []string{"m f", "\x01", "r", "\r"}, want: "caught"},
	{name: "transposed characters", keys: []string{"mr", "\x14", " f\r"}, want: "caught"},
	{name: "completion", keys: []string{"/bin/rm\t", " f\r"}, want: "caught"},
	{name: "several lines pasted", keys: []string{"true\rtrue\rrm f\rtrue\r"}, want: "caught"},
	{name: "bracketed paste", keys: []string{"\x1b[200~true\rrm f\x1b[201~", "\r"}, want: "caught"},
	{name: "Ctrl-J in place of Enter", keys: []string{"rm f\n"}, want: "caught"},
	{name: "Ctrl-O in place of Enter", keys: []string{"rm f\x0f"}, want: "caught"},
	{name: "line over several rows", keys: []string{": " + strings.Repeat("x ", 60) + "; rm f\r"}, want: "caught"},
	{name: "wide characters before it", keys: []string{": 給与計算の端数誤りの調査のために行う作業の記録を残す; rm f\r"}, want: "caught"},
	{name: "a line too long to judge", keys: []string{": " + strings.Repeat("x", 3000), strings.Repeat("x", 1500) + "; rm f\r"}, want: "caught"},
	{name: "stty -echo", keys: []string{"stty -echo\r", "rm f\r"}, want: "caught"},
	{name: "stty -echo in sh, Ctrl-D in place of Enter", keys: []string{"exec sh -c 'stty -echo; exec sh'\r", "rm f\x04\x04"}, want: "caught"},
	{name: "stty -echo and cursor keys", keys: []string{"stty -echo; bind 'set enable-bracketed-paste off' 2>&-; exec bash --norc --noediting\r", "\x7frx\x7fm f\r"}, want: "caught"},
	{name: "variable as the command", keys: []string{"x=rm\r", "$x f\r"}, want: "held"},
	{name: "wildcard as the command", keys: []string{"/bin/r? f\r"}, want: "held"},
	{name: "brace expansion", keys: []string{"{rm,f}\r"}, want: "held"},
	{name: "octal quoting", keys: []string{"$'\\162m' f\r"}, want: "held"},
	{name: "base64 | sh", keys: []string{"echo cm0gZgo= | base64 -d | sh\r"}, want: "held"},
	{name: "eval of a variable", keys: []string{"x='r''m f'; eval \"$x\"\r"}, want: "caught"},
	{name: "here-document for a shell", keys: []string{"sh <<E\r", "rm f\r", "E\r"}, want: "caught"},
	{name: "alias", keys: []string{"alias q=rm\r", "q f\r"}, want: "caught"},
	{name: "function", keys: []string{"q() { r\\m \"$@\"; }; q f\r"}, want: "caught"},
	{name: "copy under another name", keys: []string{"cp /bin/rm ./q\r", "./q f\r"}, want: "missed"},
	{name: "script written and run", keys: []string{"printf 'r%s f\\n' m >s; sh s\r"}, want: "missed"},
	{name: "source from a pipe", keys: []string{". <(printf 'r%s f\\n' m)\r"}, want: "held"},
	{name: "another program", keys: []string{"unlink f\r"}, want: "missed"},
	{name: "key that runs a macro", keys: []string{"bind '\"q\":\"\\x72\\x6d f\\n\"'\r", "q"}, want: "held"},
	{name: "Enter within an escape sequence", keys: []string{"exec sh\r", ": \x1bO; rm f;: \x1bO\r"}, want: "caught"},
	{name: "Enter within a control sequence", keys: []string{"exec sh -c 'stty -echo; exec sh'\r", "rm f;: \x1b[\r"}, want: "caught"},
	{name: "commands within a terminal's answer", keys: []string{"exec sh -c 'stty -echo; exec sh'\r", ": \x1b]; rm f;: \x07\r"}, want: "held"},
	{name: "rubout behind a terminal's answer", keys: []string{"exec sh -c 'stty -echo; exec sh'\r", "rm \x1b[I\x7f\x7f\x7ff\r"}, want: "held"},
	{name: "rubout key that is none", keys: []string{"stty -echo\r", "exec sh -c 'python3 -c \"import termios as t; a=t.tcgetattr(0); a[6][t.VERASE]=0; a[6][t.VKILL]=0; t.tcsetattr(0,0,a)\"; echo rea\"\"dy; exec sh'\r", "rm f x\x7f\x7f\x7f\x7f\x7f\x7fy\x15z\r"}, want: "held", need: "python3"},
	{name: "end-of-input key in the middle of the word", keys: []string{"r\x04m f\r"}, want: "caught"},
	{name: "end-of-input key in a paste of one's own", keys: []string{"exec sh\r", "\x1b[200~;rm f\x04\x04"}, want: "caught"},
	{name: "interrupt key that is none", keys: []string{"exec sh -c 'python3 -c \"import termios as t; a=t.tcgetattr(0); a[3]&=~t.ISIG; t.tcsetattr(0,0,a)\"; echo rea\"\"dy; exec sh'\r", "rm f\x03", " x\r"}, want: "caught", need: "python3"},
	{name: "interrupt key that is none, without echo", keys: []string{"exec sh -c 'stty -echo; python3 -c \"import termios as t; a=t.tcgetattr(0); a[3]&=~t.ISIG; t.tcsetattr(0,0,a)\"; echo rea\"\"dy; exec sh'\r", "rm f\x03", " x\r"}, want: "held", need: "python3"},
	{name: "refused line that is still there", keys: []string{"exec sh -c 'python3 -c \"import termios as t; a=t.tcgetattr(0); a[3]&=~t.ISIG; t.tcsetattr(0,0,a)\"; echo rea\"\"dy; exec sh'\r", "rm f\r", " x\r", "\r"}, want: "caught", need: "python3"},
	{name: "stty -isig", keys: []string{"stty -isig\r", "rm f\x03", " x\r"}, want: "held"},
	{name: "another Enter by stty eol", keys: []string{"exec sh -c 'stty eol q; exec sh'\r", "rm f;q"}, want: "held"},
	{name: "quoted Enter, then the row above changed", keys: []string{"true f\x16\ntrue", "\x01", "\x1bd", "rm", "\x05", "\r"}, want: "held"},
	{name: "row above changed after a paste", keys: []string{"\x1b[200~true f\rtrue\x1b[201~", "\x01", "\x1bd", "rm", "\x05", "\r"}, want: "held"},
	{name: "rows of a paste joined", keys: []string{"\x1b[200~r\r\x1b[201~", "\x7f", "m f\r"}, want: "caught"},
	{name: "line written in an editor", keys: []string{"export EDITOR=vi; alias vi='vi -u NONE'\r", "\x18\x05", "irm f\x1b", ":wq\r"}, want: "held", need: "vi"},
	{name: "fc", keys: []string{"history -s 'rm f'; fc -s r\r"}, want: "held"},
	{name: "replaced in the last line", keys: []string{"rx f\r", "^x^m\r"}, want: "held"},
	{name: "line of the history, then a key", keys: []string{"history -s true; history -s 'rm f'\r", "\x1b[A\x1b[A\x0f", " x\r"}, want: "caught"},
	{name: "vi keys", keys: []string{"set -o vi\r", "true f\x1b0cwrm\r"}, want: "held"},
	{name: "behind a redirection", keys: []string{">/dev/null rm f\r"}, want: "caught"},
	{name: "wildcard behind an assignment", keys: []string{"A=1 /bin/r? f\r"}, want: "held"},
	{name: "braces behind env", keys: []string{"env {rm,f}\r"}, want: "held"},
	{name: "braces for sh -c", keys: []string{"sh -c {rm,f}\r"}, want: "held"},
	{name: "wildcard for xargs", keys: []string{"echo f | xargs -n 1 /bin/r?\r"}, want: "held"},
	{name: "command before each prompt", keys: []string{"PROMPT_COMMAND='rm f'\r"}, want: "caught"},
	{name: "command of a completion", keys: []string{"complete -C 'rm f;' q\r", "q \t"}, want: "caught"},
	{name: "no line wrap", keys: []string{"printf '\\033[?7l'; stty cols 200\r", ": " + strings.Repeat("x", 70) + "; r", "\x1b[D\x1b[Cm f\r"}, want: "held"},
	{name: "variable filled by printf", keys: []string{"x=$'\\n'; printf -v y 'r%s' m; \"${y}\" f\r"}, want: "held"},
	{name: "python -c", keys: []string{"python3 -c 'import os; os.unlink(\"f\")'\r"}, want: "missed", need: "python3"},
	{name: "python prompt", keys: []string{"python3 -q\r", "import os\r", "os.unlink('f')\r"}, want: "missed", need: "python3"},
	{name: "perl -e", keys: []string{"perl -e 'unlink \"f\"'\r"}, want: "missed", need: "perl"},
	{name: "editor, :!", keys: []string{"vi -u NONE\r", ":!rm f", "\r"}, want: "caught", need: "vi"},
	{name: "pager, !", keys: []string{"less f\r", "!rm f", "\r"}, want: "caught", need: "less"},
	{name: "tmux", keys: []string{"tmux -L ev -f /dev/null new\r", "rm f\r"}, want: "caught", need: "tmux"},
	{name: "screen", keys: []string{"screen\r", "\r", "rm f\r"}, want: "caught", need: "screen"},
}

// TestEvasionsOfLiveRules types each evasion into a real bash on a real terminal and prints how many the rule catches. A row that was caught
// before, or held, must not be missed. The figures stand in PERFORMANCE.md.
func TestEvasionsOfLiveRules(t *testing.T) {
	var mu sync.Mutex
	found := map[string][]string{}
	t.Cleanup(func() {
		n := 0
		for _, names := range found {
			n += len(names)
		}
		t.Logf("evasions: %d of %d caught by the rule, %d held as not to be judged, %d missed (%s)",
			len(found["caught"]), n, len(found["held"]), len(found["missed"]), strings.Join(found["missed"], ", "))
	})
	for _, e := range evasions {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			if e.need != "" {
				if _, err := exec.LookPath(e.need); err != nil {
					t.Skip(e.need + " is not there")
				}
			}
			s := newRuledShell(t, policy.LiveRefused, "refuse rm")
			got := s.evaded(e.keys)
			if got == "missed" && e.want != "missed" { // on a busy machine the keys may come before the shell's prompt: PERFORMANCE.md says so
				t.Logf("missed at first; shown is %q", s.out.String())
				s = newRuledShell(t, policy.LiveRefused, "refuse rm")
				s.rest = time.Second
				got = s.evaded(e.keys)
			}
			mu.Lock()
			found[got] = append(found[got], e.name)
			mu.Unlock()
			if got == "missed" && e.want != "missed" || strings.HasPrefix(got, "none") {
				t.Errorf("%s; want %s; shown is %q", got, e.want, s.out.String())
			}
		})
	}
}

// evaded types the keys, and reports whether the command was caught, held or missed.
func (s *ruledShell) evaded(keys []string) string {
	for _, k := range keys {
		if _, err := io.WriteString(s.in, k); err != nil {
			break
		}
		if strings.Contains(k, `rea""dy`) {
			s.shows("ready") // a program that takes its time to start
		}
		s.rests()
	}
	s.until(patience, func() bool { return len(s.hits) > 0 || s.gone() })
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone():
		return "missed"
	case len(s.hits) == 0:
		return fmt.Sprintf("none: %.0q", s.out.String())
	case s.hits[len(s.hits)-1].Unjudged:
		return "held"
	}
	return "caught"
}
