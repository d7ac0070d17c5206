package policy

import "sekimori/policy/text"

// Blank reports whether a text shows nothing (text.Blank). A blank reason or purpose counts as not given.
func Blank(s string) bool { return text.Blank(s) }
