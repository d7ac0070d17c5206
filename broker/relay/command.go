package relay

import (
	"path"
	"strings"

	"sekimori/policy"
)

// classify returns the kind of channel for a command: a copy in the protocol of scp or rsync, an SFTP server, or plain exec.
// It looks at the words only and contains nothing: a shell moves files in many ways, so a permanent rule against files
// forbids the shell as well.
func classify(command string) policy.ChannelKind {
	kind, _ := transferProgram(command)
	return kind
}

// transferProgram finds the program in a command that moves files. It returns the kind of channel, and the words from the
// program's name on; for plain exec there are no words.
func transferProgram(command string) (kind policy.ChannelKind, program []string) {
	kind = policy.ChannelExec
	for _, words := range simpleCommands(command) {
		switch k, p := transferProgramOf(words); k {
		case policy.ChannelCopy:
			return k, p
		case policy.ChannelSFTP:
			kind, program = k, p
		}
	}
	return kind, program
}

// wrappers run the command given in their arguments.
var wrappers = map[string]bool{
	"exec": true, "command": true, "builtin": true, "env": true, "nice": true, "ionice": true,
	"nohup": true, "sudo": true, "doas": true, "time": true, "timeout": true, "stdbuf": true,
	"setsid": true, "busybox": true, "chroot": true,
}

func transferProgramOf(words []string) (policy.ChannelKind, []string) {
	// Search once for all words, not once per word: a hostile command has tens of thousands.
	copies, serves := lastShortFlag(words, "tf"), lastWord(words, "--server")
	wrapped, shelled := false, false
	for i, word := range words {
		if strings.Contains(word, "=") && !strings.HasPrefix(word, "-") {
			continue // VAR=value
		}
		switch name := path.Base(word); {
		case wrappers[name]:
			wrapped = true
			continue
		case name == "scp" && copies > i:
			return policy.ChannelCopy, words[i:]
		case name == "rsync" && serves > i:
			return policy.ChannelCopy, words[i:]
		case name == "sftp-server" || name == "internal-sftp":
			return policy.ChannelSFTP, words[i:]
		case !shelled && (isShell(name) || name == "su" || name == "runuser"):
			shelled = true // "su - db -c COMMAND": one of the words is a command
			for _, arg := range words[i+1:] {
				if kind, program := transferProgram(arg); kind != policy.ChannelExec {
					return kind, program
				}
			}
		}
		if !wrapped {
			break // the command's own name; the rest are its arguments
		}
	}
	return policy.ChannelExec, nil
}

func isShell(name string) bool {
	switch strings.TrimPrefix(name, "-") {
	case "sh", "bash", "dash", "ash", "ksh", "zsh", "csh", "tcsh", "fish":
		return true
	}
	return false
}

// lastShortFlag is the index of the last group of short options with one of the letters, or -1.
func lastShortFlag(words []string, letters string) int {
	for i := len(words) - 1; i >= 0; i-- {
		if w := words[i]; len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.ContainsAny(w, letters) {
			return i
		}
	}
	return -1
}

func lastWord(words []string, want string) int {
	for i := len(words) - 1; i >= 0; i-- {
		if words[i] == want {
			return i
		}
	}
	return -1
}

// simpleCommands splits a shell's command line into simple commands of words, with quotes removed. Substitutions are not
// expanded; a command substitution counts as a command.
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
