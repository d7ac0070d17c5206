package gate

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Bounds of a command line of self-service.
const (
	maxCommand = 4 << 10 // bytes
	maxWords   = 32
)

var (
	errUnclosed = errors.New("a quote is not closed")
	errTooLong  = errors.New("the command line is too long")
)

// splitWords splits a command line by the quoting rules of a POSIX shell (XCU 2.2) and does nothing else that a shell
// does. ssh joins the typed words with spaces, so a reason keeps its quotes only when it is quoted twice, or
// quoted once for this. Variables, patterns and substitutions are plain characters.
func splitWords(line string) ([]string, error) {
	if len(line) > maxCommand || !utf8.ValidString(line) {
		return nil, errTooLong
	}
	var words []string
	var word strings.Builder
	begun, quote, escaped := false, rune(0), false
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\\\"$`\n", r) { // inside double quotes a backslash is one before anything else
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			begun, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			begun, quote = true, r
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			if begun {
				words, begun = append(words, word.String()), false
				word.Reset()
			}
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	switch {
	case quote != 0 || escaped:
		return nil, errUnclosed
	case begun:
		words = append(words, word.String())
	}
	if len(words) > maxWords {
		return nil, errTooLong
	}
	return words, nil
}
