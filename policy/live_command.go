package policy

import (
	"path"
	"slices"
	"strings"
)

// runners run the command in their arguments. The words of a shell are lines of their own as well. The value is the runner's options that take
// the next word, each one letter, and behind a space as many dots as words stand before the command.
var runners = map[string]string{
	"env": "uCS", "sudo": "ughpCRDTUrt", "doas": "uC", "nice": "n", "ionice": "cnpPu", "nohup": "", "time": "fo", "timeout": "ks .", "stdbuf": "ioe",
	"setsid": "", "busybox": "", "chroot": " .", "exec": "a", "command": "", "builtin": "", "xargs": "IEdLnPsa", "find": "", "pkexec": "", "fakeroot": "ils",
	"watch": "nq", "strace": "oepEuaIOPsSXb", "ltrace": "oepuaslSnFA", "nsenter": "tSG", "unshare": "RwSG", "script": "cEIBoOTm", "eval": "", "su": "cgGsTw",
	"runuser": "ucgGsTw", "ssh": "", "parallel": "jaNnIL", "systemd-run": "HMpuEt", "flock": "cwE .", "trap": "", "screen": "ceEhpSsTtX",
	"tmux": "cfLST", "coproc": "", "chrt": "TPD .", "taskset": " .", "setarch": " .", "prlimit": "", "setpriv": "", "sg": "c .", "noglob": "", "nocorrect": "",
	"complete": "oAGWFCXPS", "compgen": "oAGWFCXPS", "mapfile": "dnOstuCc", "readarray": "dnOstuCc", "rlwrap": "", "unbuffer": "", "start-stop-daemon": "",
}

var shellNames = map[string]bool{
	"sh": true, "bash": true, "dash": true, "ash": true, "ksh": true, "mksh": true, "zsh": true, "csh": true, "tcsh": true, "fish": true,
}

// shellWords are words of the shell's own language that stand before a command.
var shellWords = map[string]bool{
	"if": true, "then": true, "elif": true, "else": true, "while": true, "until": true, "do": true, "!": true, "{": true,
}

// startsShell are runners that, without a command, start a shell on their input, or run each line of it.
var startsShell = map[string]bool{
	"sudo": true, "doas": true, "pkexec": true, "sg": true, "chroot": true, "nsenter": true, "unshare": true, "script": true,
	"systemd-run": true, "setarch": true, "parallel": true,
}

const sshOptions = "bcDEeFIiJLlmOopQRSWw" // of ssh that take the next word

// lineRunners run their arguments as a line of a shell.
var lineRunners = map[string]bool{"eval": true, "ssh": true, "watch": true, "trap": true, "parallel": true}

// running is a simple command, as far as it says which commands run in the end.
type running struct {
	*splitter
	words []string
	opens []bool
	given bool // its input is another's output, or a file

	ofFind bool // find runs it
}

// any reports whether every word may begin a command.
func (c running) any() bool {
	_, runs := runners[c.name()]
	return runs || shellNames[c.name()]
}

func (c running) name() string { return strings.TrimPrefix(path.Base(c.words[0]), "-") }

// read reads what the command runs, and notes what cannot be told.
func (c running) read() {
	if c.any() {
		for _, w := range c.words[1:] {
			if strings.ContainsAny(w, " \t\n;|&$`{") {
				c.within(w, false)
			}
		}
	}
	if !c.loose {
		c.follow()
	}
}

// scripts reads the words that a shell will run as lines.
func (c running) scripts() {
	for i := 1; i < len(c.words); i++ {
		if c.script(i) {
			c.within(c.words[i], true)
		}
	}
	name := c.name()
	for _, w := range c.words[1:] {
		if text, is := strings.CutPrefix(w, "-S"); is && name == "env" {
			c.within(text, true)
		}
	}
	if i := 1; lineRunners[name] {
		if name == "ssh" { // the host stands before them
			i = c.skip(sshOptions) + 1
		}
		c.within(strings.Join(c.words[min(i, len(c.words)):], " "), name == "eval" || name == "ssh")
	}
}

// script reports whether a shell runs word i as a line.
func (c running) script(i int) bool {
	name, before := c.name(), c.words[i-1]
	switch {
	case shellNames[name]:
		return strings.HasPrefix(before, "-") && !strings.HasPrefix(before, "--") && strings.Contains(before, "c")
	case name == "su" || name == "runuser" || name == "script" || name == "sg" || name == "flock":
		return before == "-c" || before == "--command"
	case name == "env":
		return before == "-S" || before == "--split-string"
	case name == "trap":
		return i == 1
	}
	return false
}

// follow goes through runners to the command that runs in the end, and notes where its name cannot be told.
func (c running) follow() {
	lists := false // xargs and the like take words of the command from their input
	for {
		if c.to.steps++; c.to.steps > mostShellSteps {
			c.to.over = true
			return
		}
		if c.opens[0] && c.words[0] != "[" && c.words[0] != "[[" {
			c.to.unknown = true
			return
		}
		name := c.name()
		options, runs := runners[name]
		c.scripts()
		switch {
		case !runs || name == "ssh":
			c.plain()
			return
		case name == "su" || name == "runuser": // its words name a person, and that person's shell gets the input
			if c.given && !c.hasLine() {
				c.to.unknown = true
				return
			}
		case name == "find":
			if !c.ofFind {
				c.found()
			}
			return
		}
		takes, before, _ := strings.Cut(options, " ")
		i := c.skip(takes) + len(before)
		if i >= len(c.words) {
			c.to.unknown = c.to.unknown || lists || c.given && startsShell[name] && !c.hasLine()
			return
		}
		lists = lists || name == "xargs" || name == "parallel"
		c.words, c.opens = c.words[i:], c.opens[i:]
	}
}

// hasLine reports whether the runner is given a line for its shell.
func (c running) hasLine() bool {
	return slices.ContainsFunc(c.words, func(w string) bool { return w == "-c" || strings.HasPrefix(w, "--command") })
}

// skip gives the place of the first word that is no option of the runner, no option's word and no assignment.
func (c running) skip(takes string) int {
	i := 1
	for i < len(c.words) {
		w := c.words[i]
		switch {
		case w == "--":
			return i + 1
		case len(w) > 1 && w[0] == '-':
			if i++; !strings.HasPrefix(w, "--") && strings.IndexByte(takes, w[len(w)-1]) >= 0 {
				i++
			}
		case isAssignment(w):
			i++
		default:
			return i
		}
	}
	return i
}

// found looks at the commands that find runs. Those of a find within a find stand among them.
func (c running) found() {
	for i, w := range c.words[:len(c.words)-1] {
		if w != "-exec" && w != "-execdir" && w != "-ok" && w != "-okdir" {
			continue
		}
		one := running{splitter: c.splitter, words: c.words[i+1:], opens: c.opens[i+1:], ofFind: true}
		if end := slices.Index(one.words, ";"); end > 0 {
			one.words = one.words[:end]
		}
		if one.words[0] == "{}" { // a file that it found
			c.to.unknown = true
			return
		}
		one.follow()
	}
}

// plain looks at a command that runs no other by itself.
func (c running) plain() {
	switch name := c.name(); {
	case name == "ssh":
		if c.given && c.skip(sshOptions)+1 >= len(c.words) {
			c.to.unknown = true // a shell behind it is given them
		}
	case shellNames[name]:
		if c.given && !slices.ContainsFunc(c.words[1:], func(w string) bool { return !strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "/dev/") }) {
			c.to.unknown = true // a shell that is given its commands by another program, or a file
		}
		if last := len(c.words) - 1; last > 0 && c.words[last] == "-c" {
			c.to.unknown = true // its line is yet to come
		}
	case name == "." || name == "source" || name == "at" || name == "batch":
		if c.given && (len(c.words) == 1 || name[0] != '.' && name[0] != 's' || strings.HasPrefix(c.words[1], "/dev/")) {
			c.to.unknown = true
		}
	case name == "alias":
		for _, w := range c.words[1:] {
			if _, value, is := strings.Cut(w, "="); is {
				c.within(value, true)
			}
		}
	case c.typed && c.rekeys(name):
		c.to.unknown = true
	}
}

// rekeys reports whether a command changes what later keys do, or runs a line of the history: no later line would show it.
func (c running) rekeys(name string) bool {
	switch name {
	case "bind", "bindkey", "zle":
		return len(c.words) > 1
	case "fc":
		return len(c.words) < 2 || !strings.HasPrefix(c.words[1], "-l")
	case "set":
		return len(c.words) > 2 && c.words[1] == "-o" && (c.words[2] == "vi" || c.words[2] == "emacs")
	case "stty":
		return slices.ContainsFunc(c.words[1:], func(w string) bool {
			return !slices.Contains([]string{"-a", "-g", "--all", "--save", "size", "speed", "sane", "rows", "cols", "columns", "echo", "-echo"}, w) && strings.Trim(w, "0123456789") != ""
		})
	}
	return false
}
