package policy

import (
	"path"
	"slices"
	"strings"
	"unicode"
)

// shellRead is a line as a shell would split it, as far as that can be told without running it.
type shellRead struct {
	commands []shellCommand
	over     bool // it takes more work than a line may
	unknown  bool // the name of one command, or what a shell will be given, cannot be told from the line
	reads    int  // lines read so far, with those within words
	bytes    int  // of these lines
}

// Bounds of the work on one line, which a stranger wrote.
const (
	mostShellReads = 64
	mostShellBytes = 4 * LongestLive
)

// shellCommand is one simple command of a line.
type shellCommand struct {
	words []string
	any   bool // every word may begin a command: it runs the command in its arguments, or the line is loose
}

// begins reports whether a command may begin at word i.
func (c shellCommand) begins(i int) bool { return i == 0 || c.any }

// runners run the command in their arguments. The words of a shell are lines of their own as well.
var runners = map[string]bool{
	"env": true, "sudo": true, "doas": true, "nice": true, "ionice": true, "nohup": true, "time": true, "timeout": true, "stdbuf": true,
	"setsid": true, "busybox": true, "chroot": true, "exec": true, "command": true, "builtin": true, "xargs": true, "find": true,
	"watch": true, "strace": true, "nsenter": true, "unshare": true, "script": true, "eval": true, "su": true, "runuser": true, "ssh": true,
	"parallel": true, "systemd-run": true, "flock": true, "trap": true, "screen": true, "tmux": true, "coproc": true, "chrt": true,
}

var shellNames = map[string]bool{
	"sh": true, "bash": true, "dash": true, "ash": true, "ksh": true, "mksh": true, "zsh": true, "csh": true, "tcsh": true, "fish": true,
}

// shellWords are words of the shell's own language that stand before a command.
var shellWords = map[string]bool{
	"if": true, "then": true, "elif": true, "else": true, "while": true, "until": true, "do": true, "!": true, "{": true,
}

var quotes = strings.NewReplacer("'", " ", "\"", " ", "`", " ")

func readShell(line LiveLine) (r shellRead) {
	r.read(line.Text, line.Loose, line.Typed, 0)
	if line.Loose { // a quotation mark on a screen may belong to no command
		r.read(quotes.Replace(line.Text), true, line.Typed, 0)
	}
	return r
}

// read splits one line. Quotes and backslashes are taken off, joined commands are parted, also those in $( ), ( ) and backquotes.
func (r *shellRead) read(line string, loose, typed bool, depth int) {
	r.reads++
	r.bytes += len(line)
	if depth > deepestLiveShell || r.reads > mostShellReads || r.bytes > mostShellBytes {
		r.over = true
		return
	}
	s := splitter{to: r, loose: loose, typed: typed, depth: depth}
	for i := 0; i < len(line); i++ {
		i += s.take(line, i)
	}
	s.endCommand(false)
}

// splitter holds the state of one line.
type splitter struct {
	to     *shellRead
	loose  bool
	typed  bool
	depth  int
	words  []string
	word   strings.Builder
	inWord bool
	open   bool // the word holds something that the shell will replace
	first  bool // the first word of the command does
	quote  byte
	piped  bool // the command reads another's output
}

// take reads the byte at i, and gives how many more it has read.
func (s *splitter) take(line string, i int) (more int) {
	c := line[i]
	next := byte(0)
	if i+1 < len(line) {
		next = line[i+1]
	}
	switch {
	case s.typed && c == '!' && s.quote != '\'' && recalls(next):
		s.to.unknown = true // the shell puts an earlier command here
		s.add(c)
	case s.quote == '\'' && c != '\'':
		s.add(c)
	case s.quote != 0 && c == s.quote:
		s.quote = 0
	case c == '\\' && next != 0:
		if next != '\n' { // a line break behind a backslash is nothing
			s.add(next)
		}
		return 1
	case c == '$' && s.quote == 0 && (next == '\'' || next == '"'): // $'…' and $"…"
		s.open = s.open || next == '\''
		s.inWord = true
	case c == '$' && next == '(' || c == '`':
		s.open = true
		s.inner(line, i, next)
	case c == '$':
		s.open = true
		s.add(c)
	case s.quote != 0:
		s.add(c)
	case c == '\'' || c == '"':
		s.quote, s.inWord = c, true
	case c == ' ' || c == '\t' || c == '\r':
		s.endWord()
	case strings.IndexByte("\n;&|()", c) >= 0:
		s.endCommand(c == '|' && next != '|')
		if c == '|' && next == '|' || c == '&' && next == '&' {
			return 1
		}
	case c == '<' || c == '>':
		s.endWord()
		s.redirect(c, next)
	default:
		s.open = s.open || strings.IndexByte("*?[{", c) >= 0 && !s.loose
		s.add(c)
	}
	return 0
}

// recalls reports whether an interactive shell puts an earlier command in place of "!" and this byte.
func recalls(next byte) bool {
	return next != 0 && strings.IndexByte(" \t\r\n=(\"", next) < 0
}

func (s *splitter) add(c byte) {
	s.word.WriteByte(c)
	s.inWord = true
}

// inner reads the commands in a substitution on their own. The outer line keeps the bytes too, so that nothing of it is missed.
func (s *splitter) inner(line string, i int, next byte) {
	s.add(line[i])
	rest, end := line[i+1:], "`"
	if next == '(' {
		rest, end = line[i+2:], ")"
	}
	if s.quote != 0 { // outside quotes the parts are parted anyway
		if at := strings.Index(rest, end); at >= 0 {
			rest = rest[:at]
		}
		s.to.read(rest, s.loose, s.typed, s.depth+1)
		return
	}
	if next != '(' { // a backquote parts commands like a bracket
		s.endCommand(false)
	}
}

// redirect notes a shell that reads its commands from elsewhere.
func (s *splitter) redirect(c, next byte) {
	if c == '<' && next != '(' && len(s.words) == 1 && shellNames[path.Base(s.words[0])] {
		s.to.unknown = true
	}
}

func (s *splitter) endWord() {
	if !s.inWord {
		return
	}
	if len(s.words) == 0 {
		s.first = s.open
	}
	s.words = append(s.words, s.word.String())
	s.word.Reset()
	s.inWord, s.open = false, false
}

// endCommand ends a simple command; piped: the next one reads its output.
func (s *splitter) endCommand(piped bool) {
	s.endWord()
	words, first := s.words, s.first
	reads := s.piped
	s.words, s.first, s.piped = nil, false, piped
	for len(words) > 0 && (shellWords[words[0]] || isAssignment(words[0])) {
		words, first = words[1:], false
		if len(words) > 0 {
			first = strings.IndexByte(words[0], '$') >= 0
		}
	}
	if len(words) == 0 {
		return
	}
	c := shellCommand{words: words, any: s.loose}
	if s.loose {
		c.words = trimmed(words)
	} else if first && words[0] != "[" && words[0] != "[[" {
		s.to.unknown = true
	}
	name := path.Base(words[0])
	shell := shellNames[strings.TrimPrefix(name, "-")]
	if reads && shell && len(words) == 1 {
		s.to.unknown = true // a shell that is given its commands by another program
	}
	c.any = c.any || shell || runners[name]
	s.to.commands = append(s.to.commands, c)
	if !c.any {
		return
	}
	for _, w := range words[1:] {
		if strings.ContainsAny(w, " \t\n;|&") {
			known := s.to.unknown
			s.to.read(w, s.loose, s.typed, s.depth+1)
			if !shell && name != "eval" && name != "su" && name != "ssh" {
				s.to.unknown = known // most arguments with spaces are text
			}
		}
	}
}

func isAssignment(w string) bool {
	name, _, found := strings.Cut(w, "=")
	return found && name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// trimmed are words without the signs that prompts and editors put before a command, as in ":!rm".
func trimmed(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.TrimLeft(w, ":!$#%>*+?'\"`")
	}
	return out
}

// ReadsCommands tells whether a command without a terminal is a shell that takes its commands from its input: "bash", "sh -s x",
// "cd /srv; sudo su -". Then the input has lines as a shell's has. It looks at words and not at quotes: a program that only has such a name at
// its end has its input looked at too, and a script language of another name has not.
func ReadsCommands(command string) bool {
	for _, part := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(";|&\n(){}`", r) }) {
		words := strings.Fields(part)
		for i, w := range words {
			name := path.Base(strings.Trim(strings.TrimPrefix(w, "-"), "'\"\\"))
			if !shellNames[name] && name != "su" && name != "sudo" && name != "doas" {
				continue
			}
			rest := words[i+1:]
			if name == "su" && !slices.Contains(rest, "-c") || slices.Contains(rest, "-s") || slices.Contains(rest, "-i") || !slices.ContainsFunc(rest, func(w string) bool { return !strings.HasPrefix(w, "-") }) {
				return true
			}
		}
	}
	return false
}
