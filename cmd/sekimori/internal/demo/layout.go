package demo

import (
	"strings"

	"sekimori/policy/text"
)

// broken breaks a line of a page that is wider than the room for it: below its value where the words of that fit, and where one does
// not, such as a digest, below its name.
func broken(line string, room int) []string {
	if text.Width(line) <= room {
		return []string{line}
	}
	head, value := "", line
	if at := strings.LastIndex(line, "  "); at >= 0 {
		head, value = line[:at+2], line[at+2:]
	}
	longest := 0
	for _, word := range strings.Fields(value) {
		longest = max(longest, text.Width(word))
	}
	left := text.Width(head)
	var out []string
	if longest > room-left && !strings.ContainsFunc(value, func(r rune) bool { return text.Width(string(r)) == 2 }) {
		out, left = append(out, strings.TrimRight(head, " ")), max(0, room-max(longest, room/2))
		head = strings.Repeat(" ", left)
	}
	for _, part := range text.Wrap(value, room-left, "") {
		out = append(out, head+part)
		head = strings.Repeat(" ", left)
	}
	return out
}
