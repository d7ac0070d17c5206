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
	steps    int  // from a command to the one that it runs
}

// Bounds of the work on one line, which a stranger wrote.
const (
	mostShellReads = 64
	mostShellBytes = 4 * LongestLive
	mostShellSteps = 64
)

// shellCommand is one simple command of a line.
type shellCommand struct {
	words []string
	any   bool // every word may begin a command: it runs the command in its arguments, or the line is loose
}

// begins reports whether a command may begin at word i.
func (c shellCommand) begins(i int) bool { return i == 0 || c.any }

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
	opens  []bool   // of each word: it holds something that the shell will replace
	files  []string // of redirections
	word   strings.Builder
	inWord bool
	open   bool // the word does
	quote  byte
	piped  bool // the command reads another's output
	fed    bool // or a file, or the lines that follow
	file   bool // the next word is of a redirection
}

// take reads the byte at i, and gives how many more it has read.
func (s *splitter) take(line string, i int) (more int) {
	c := line[i]
	next := byte(0)
	if i+1 < len(line) {
		next = line[i+1]
	}
	switch {
	case s.typed && (c == '!' && s.quote != '\'' && recalls(next) || c == '^' && i == 0):
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
	case c == '&' && next == '>': // the redirection follows
	case strings.IndexByte("\n;&|()", c) >= 0:
		s.endCommand(c == '|' && next != '|')
		if c == '|' && next == '|' || c == '&' && next == '&' {
			return 1
		}
	case c == '<' || c == '>':
		return s.redirect(line[i:])
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

// redirect reads a redirection's sign, and gives how many bytes it has beside the first. The file's name is no word of the command, and
// neither is the number before the sign.
func (s *splitter) redirect(rest string) (more int) {
	if w := s.word.String(); s.inWord && strings.Trim(w, "0123456789") == "" || strings.HasPrefix(w, "{") && strings.HasSuffix(w, "}") {
		s.word.Reset()
		s.inWord, s.open = false, false
	}
	s.endWord()
	s.fed = s.fed || rest[0] == '<'
	if len(rest) > 1 && rest[1] == '(' { // the commands in "<(…)" follow, and its name stands here
		s.words, s.opens = append(s.words, "/dev/fd"), append(s.opens, false)
		return 0
	}
	for more+1 < len(rest) && strings.IndexByte("<>&|", rest[more+1]) >= 0 {
		more++
	}
	s.file = true
	return more
}

func (s *splitter) endWord() {
	if !s.inWord {
		return
	}
	if s.file {
		s.files = append(s.files, s.word.String())
	} else {
		s.words, s.opens = append(s.words, s.word.String()), append(s.opens, s.open)
	}
	s.word.Reset()
	s.inWord, s.open, s.file = false, false, false
}

// endCommand ends a simple command; piped: the next one reads its output.
func (s *splitter) endCommand(piped bool) {
	s.endWord()
	words, opens, files := s.words, s.opens, s.files
	given := s.piped || s.fed
	s.words, s.opens, s.files, s.piped, s.fed, s.file = nil, nil, nil, piped, false, false
	for len(words) > 0 {
		switch {
		case shellWords[words[0]]:
		case words[0] == "function" && len(words) > 2:
			words, opens = words[1:], opens[1:]
		case isAssignment(words[0]):
			_, value, _ := strings.Cut(words[0], "=")
			s.within(value, false) // a later line, or the shell itself, may run it
		default:
			s.simple(words, opens, files, given)
			return
		}
		words, opens = words[1:], opens[1:]
	}
}

// simple takes a simple command behind the assignments before it.
func (s *splitter) simple(words []string, opens []bool, files []string, given bool) {
	if s.loose {
		s.to.commands = append(s.to.commands, shellCommand{words: trimmed(append(words, files...)), any: true})
	}
	c := running{splitter: s, words: words, opens: opens, given: given}
	if !s.loose {
		s.to.commands = append(s.to.commands, shellCommand{words: append(slices.Clip(words), files...), any: c.any()})
	}
	c.read()
}

// within reads a text that may be a line of its own. strict: a shell will run it, so that it must be known.
func (s *splitter) within(text string, strict bool) {
	if text == "" {
		return
	}
	known := s.to.unknown
	s.to.read(text, s.loose, s.typed, s.depth+1)
	if !strict {
		s.to.unknown = known // most arguments are text
	}
}

func isAssignment(w string) bool {
	name, _, found := strings.Cut(w, "=")
	name = strings.TrimSuffix(name, "+")
	if at := strings.IndexByte(name, '['); at > 0 && strings.HasSuffix(name, "]") {
		name = name[:at]
	}
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
