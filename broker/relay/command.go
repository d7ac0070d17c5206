package relay

import (
	"path"
	"strings"

	"sekimori/policy"
)

// classify says what kind of channel a command makes of itself: a copy in the protocol of scp
// or rsync, an SFTP server, or plain exec. It looks at the words only and is no containment:
// a shell moves files in many ways, which is why a rule that forbids files for good forbids
// the shell as well.
func classify(command string) policy.ChannelKind {
	kind := policy.ChannelExec
	for _, words := range simpleCommands(command) {
		switch k := classifyWords(words); k {
		case policy.ChannelCopy:
			return k
		case policy.ChannelSFTP:
			kind = k
		}
	}
	return kind
}

// wrappers run the command that follows them.
var wrappers = map[string]bool{
	"exec": true, "command": true, "builtin": true, "env": true, "nice": true, "ionice": true,
	"nohup": true, "sudo": true, "doas": true, "time": true, "timeout": true, "stdbuf": true,
	"setsid": true, "busybox": true, "chroot": true,
}

func classifyWords(words []string) policy.ChannelKind {
	wrapped := false
	for i, word := range words {
		if strings.Contains(word, "=") && !strings.HasPrefix(word, "-") {
			continue // VAR=value
		}
		switch name := path.Base(word); {
		case wrappers[name]:
			wrapped = true
			continue
		case name == "scp" && hasShortFlag(words[i+1:], "tf"):
			return policy.ChannelCopy
		case name == "rsync" && hasWord(words[i+1:], "--server"):
			return policy.ChannelCopy
		case name == "sftp-server" || name == "internal-sftp":
			return policy.ChannelSFTP
		case isShell(name):
			for _, arg := range words[i+1:] {
				if !strings.HasPrefix(arg, "-") {
					return classify(arg)
				}
			}
		}
		if !wrapped {
			break // the command's own name; the rest are its arguments
		}
	}
	return policy.ChannelExec
}

func isShell(name string) bool {
	switch strings.TrimPrefix(name, "-") {
	case "sh", "bash", "dash", "ash", "ksh", "zsh", "csh", "tcsh", "fish":
		return true
	}
	return false
}

// hasShortFlag reports whether one of the letters stands in a group of short options.
func hasShortFlag(words []string, letters string) bool {
	for _, w := range words {
		if len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.ContainsAny(w, letters) {
			return true
		}
	}
	return false
}

func hasWord(words []string, want string) bool {
	for _, w := range words {
		if w == want {
			return true
		}
	}
	return false
}

// simpleCommands splits a shell's command line into simple commands of words, quotes removed.
// What a shell would substitute stays as it stands; a substitution counts as a command.
func simpleCommands(line string) [][]string {
	var (
		all    [][]string
		words  []string
		word   strings.Builder
		inWord bool
		quote  byte
	)
	endWord := func() {
		if inWord {
			words = append(words, word.String())
			word.Reset()
			inWord = false
		}
	}
	endCommand := func() {
		endWord()
		if len(words) > 0 {
			all = append(all, words)
			words = nil
		}
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"' && c != '\\':
			word.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			inWord = true
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t':
			endWord()
		case strings.IndexByte("\n;&|(){}`", c) >= 0:
			endCommand()
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	endCommand()
	return all
}
