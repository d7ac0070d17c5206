package text

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Screen is how many columns a line may take on any terminal: the narrowest terminal in use, less two.
const Screen = 78

// Width is how many columns s takes on a terminal: two for a character of full width, none for a combining mark, one for each other.
// Characters of ambiguous width count one.
func Width(s string) int { return ansi.StringWidthWc(s) }

// Cut shortens s to at most width columns, with a mark at the cut.
func Cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	room := width - 1 // for the mark
	for i, r := range s {
		if room -= Width(string(r)); room < 0 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// Pad fills s with spaces up to width columns.
func Pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-Width(s), 0))
}

// Wrap breaks s into lines of at most width columns, including the indent that stands before all but the first. A line ends at a space
// or beside a character of full width; in the middle of a word only if nothing else fits. No line begins with a closing mark or ends
// with an opening one.
func Wrap(s string, width int, indent string) []string {
	var lines []string
	head := ""
	for paragraph := range strings.SplitSeq(s, "\n") {
		rest := []rune(paragraph)
		for first := true; first || len(rest) > 0; first = false {
			n := fit(rest, width-Width(head))
			lines = append(lines, strings.TrimRight(head+string(rest[:n]), " "))
			for rest = rest[n:]; len(rest) > 0 && rest[0] == ' '; {
				rest = rest[1:]
			}
			head = indent
		}
	}
	return lines
}

// fit tells how many runes of a line fit into so many columns; at least one.
func fit(line []rune, room int) int {
	return fitBy(line, room, func(r rune) int { return Width(string(r)) }, mayEnd, func(_, _ rune) bool { return false })
}

// WrapPrint breaks s into lines for paper. room and the width that measure gives for a character are in one unit. The rules are those of
// Wrap and those of printed Japanese: no line begins with a small kana, a long mark, a mark of repetition or a unit.
func WrapPrint(s string, room int, measure func(rune) int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		rest := []rune(paragraph)
		for first := true; first || len(rest) > 0; first = false {
			n := fitBy(rest, room, measure, mayEndPrint, mayEndWord)
			lines = append(lines, strings.TrimRight(string(rest[:n]), " "))
			for rest = rest[n:]; len(rest) > 0 && rest[0] == ' '; {
				rest = rest[1:]
			}
		}
	}
	return lines
}

// fitBy tells how many runes of a line fit into the room; at least one, and none of an empty line. A word that is longer than the room ends
// where mayEndWord lets it, or else anywhere.
func fitBy(line []rune, room int, measure func(rune) int, mayEnd, mayEndWord func(before, after rune) bool) int {
	used, end, within := 0, 0, 0
	for i, r := range line {
		if i > 0 && mayEnd(line[i-1], r) {
			end = i
		}
		if i > 0 && mayEndWord(line[i-1], r) {
			within = i
		}
		if used += measure(r); used > room && r != ' ' {
			if end == 0 {
				end = within
			}
			if end == 0 {
				end = max(i, 1)
			}
			return end
		}
	}
	return len(line)
}

// mayEnd reports whether a line may end between two characters.
func mayEnd(before, after rune) bool {
	if Width(string(after)) == 0 || strings.ContainsRune("([「『〈(", before) || strings.ContainsRune("、。,.)]」』〉)!?!?・ー:;:", after) {
		return false
	}
	return before == ' ' || Width(string(before)) == 2 || Width(string(after)) == 2
}

const (
	neverFirst = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶヽヾゝゞ々〻‐゠–〜~…‥%℃°′″}】〕]’”,.;!?"
	neverLast  = "{【〔[‘“$¥¥#№"
)

// mayEndPrint reports whether a printed line may end between two characters.
func mayEndPrint(before, after rune) bool {
	bracket := after == '(' && before != '(' // (E-0031) and (2026-11-24) stay whole
	return (bracket || mayEnd(before, after)) && !strings.ContainsRune(neverFirst, after) && !strings.ContainsRune(neverLast, before)
}

// mayEndWord reports whether a printed word that is longer than its line may end between two characters: behind a hyphen and the like.
func mayEndWord(before, after rune) bool {
	return strings.ContainsRune("-/_.:@", before) && !strings.ContainsRune(neverFirst+")]", after)
}
