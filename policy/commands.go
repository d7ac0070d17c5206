package policy

import (
	"errors"
	"slices"
	"strings"
)

// featureCommand is the feature of reason 117 for a command that is not listed.
const featureCommand = "command"

// Bounds of lists of commands.
const (
	MostCommands   = 50
	longestCommand = 1024 // bytes of a pattern, and of a command that is matched
	mostWords      = 64
)

var errCommand = errors.New("not a command of plain words")

// PlainWords splits a command line that every shell of a target reads as these words and nothing else: letters, digits and
// _ - . / : , + @ = in words, with one space between two. Everything that a shell could read otherwise is an error: quotes, variables,
// joined commands, redirections, wildcards, other spaces, bytes beyond ASCII. So are an assignment before the command and a word that
// begins with =.
func PlainWords(command string) ([]string, error) {
	if command == "" || len(command) > longestCommand {
		return nil, errCommand
	}
	words := strings.Split(command, " ")
	if len(words) > mostWords || !startsCommand(words[0]) {
		return nil, errCommand
	}
	for _, w := range words {
		if w == "" || w[0] == '=' {
			return nil, errCommand
		}
		for i := range len(w) {
			if !plainByte(w[i]) {
				return nil, errCommand
			}
		}
	}
	return words, nil
}

func plainByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("_-./:,+@=", c) >= 0
}

// startsCommand reports whether a word can only be the name of a command: csh calculates after @, and shells assign at =.
func startsCommand(w string) bool {
	return w != "" && strings.IndexByte("-:,+@=", w[0]) < 0 && !strings.Contains(w, "=")
}

// CommandRule says how a pattern of a command is written.
var CommandRule = Text{
	JA: "命令は英数字と _ - . / : , + @ = だけの語を空白一つで区切って書きます。* は一語の全体か、語の最後だけに書けます(最初の語には書けません)。50件までです。",
	EN: "A command is words of letters, digits and _ - . / : , + @ =, with one space between. * stands for a whole word or the end of one, not in the first word. At most 50.",
}

// BadCommands reports that a list of patterns cannot be kept.
func BadCommands(patterns []string) bool {
	return len(patterns) > MostCommands || slices.ContainsFunc(patterns, func(p string) bool { return !isPattern(p) })
}

// isPattern reports whether a text is a pattern: plain words, of which all but the first may end with one *.
func isPattern(p string) bool {
	if _, err := PlainWords(strings.ReplaceAll(p, "*", "x")); err != nil {
		return false
	}
	for i, w := range strings.Split(p, " ") {
		at := strings.IndexByte(w, '*')
		if at >= 0 && (i == 0 || at != len(w)-1) {
			return false
		}
	}
	return true
}

// matches compares a command's words with a pattern's, byte by byte. A * never stands for an option, unless the pattern's word begins
// with "-" itself, and never for a way up a tree ("..").
func matches(pattern string, words []string) bool {
	want := strings.Split(pattern, " ")
	if !isPattern(pattern) || len(want) != len(words) {
		return false
	}
	for i, w := range want {
		prefix, open := strings.CutSuffix(w, "*")
		if !open {
			if w != words[i] {
				return false
			}
			continue
		}
		if !strings.HasPrefix(words[i], prefix) || prefix == "" && words[i][0] == '-' || slices.Contains(strings.Split(words[i], "/"), "..") {
			return false
		}
	}
	return true
}

// ListsCommand reports whether one of the patterns matches the command line.
func ListsCommand(patterns []string, command string) bool {
	words, err := PlainWords(command)
	return err == nil && slices.ContainsFunc(patterns, func(p string) bool { return matches(p, words) })
}

// CoversCommands gives the first pattern of a list that permits each command which another pattern permits; empty: there is none. A
// command that is taken away still runs where the rest of the list covers it.
func CoversCommands(list []string, pattern string) string {
	if at := slices.IndexFunc(list, func(p string) bool { return covers(p, pattern) }); at >= 0 {
		return list[at]
	}
	return ""
}

// covers reports whether each command that the narrow pattern matches is matched by the wide one as well.
func covers(wide, narrow string) bool {
	want, have := strings.Split(wide, " "), strings.Split(narrow, " ")
	if !isPattern(wide) || !isPattern(narrow) || len(want) != len(have) {
		return false
	}
	for i, w := range want {
		prefix, open := strings.CutSuffix(w, "*")
		known, some := strings.CutSuffix(have[i], "*")
		switch {
		case !open:
			if w != have[i] {
				return false
			}
		case !strings.HasPrefix(known, prefix), prefix == "" && strings.HasPrefix(known, "-"):
			return false
		case !some && slices.Contains(strings.Split(known, "/"), ".."): // a * does not stand for it
			return false
		}
	}
	return true
}

// opensCommand rules on a shell (no command) or an exec. Under a forced command the target runs that command, so the asked one does not
// matter. A system whose rules list commands gives no shell and no other command, even where a grant of before did.
func opensCommand(g *Grant, s *System, kind ChannelKind, command string) bool {
	if g.Forced != "" {
		return len(s.Commands) == 0 || ListsCommand(s.Commands, g.Forced)
	}
	if len(g.Commands) == 0 && len(s.Commands) == 0 {
		return true
	}
	return kind == ChannelExec && listedIn(g.Commands, command) && listedIn(s.Commands, command)
}

// listedIn reports whether a list permits a command. An empty list permits all.
func listedIn(patterns []string, command string) bool {
	return len(patterns) == 0 || ListsCommand(patterns, command)
}

// bounded reports whether a grant gives something else than a full shell.
func bounded(g *Grant, s *System) bool {
	return g.Forced != "" || len(g.Commands) > 0 || len(s.Commands) > 0
}

// opensTransfer rules on a channel for files under a bounded grant. The command that starts a transfer must not carry another one: it is
// the sftp subsystem, or scp in plain words. A forced command would run instead of the transfer.
func opensTransfer(g *Grant, s *System, kind ChannelKind, command string) bool {
	if !bounded(g, s) {
		return true
	}
	if g.Forced != "" {
		return false
	}
	if kind == ChannelSFTP {
		return command == "sftp"
	}
	words, err := PlainWords(command)
	return err == nil && len(words) >= 3 && words[0] == "scp" && plainCopy(words[1:])
}

// plainCopy reports whether the words behind scp are the options of its protocol and one path.
func plainCopy(words []string) bool {
	for _, w := range words[:len(words)-1] {
		if w != "--" && (len(w) < 2 || w[0] != '-' || strings.Trim(w[1:], "tfrpdv") != "") {
			return false
		}
	}
	return true
}

// SayCommands tells the commands of a grant or a request. No text: a full shell.
func SayCommands(commands []string, forced string) Text {
	switch {
	case forced != "":
		return Text{JA: "「" + forced + "」だけを実行します(ほかの命令を求めても、これに置き換わります)", EN: "only \"" + forced + "\" runs, whatever is asked for"}
	case len(commands) > 0:
		return Text{JA: strings.Join(commands, " / ") + "(端末なし)", EN: strings.Join(commands, " / ") + " (no shell)"}
	}
	return Text{}
}

// BadForced reports that a text cannot be a forced command.
func BadForced(command string) bool {
	_, err := PlainWords(command)
	return command != "" && err != nil
}
