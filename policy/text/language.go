package text

import "strings"

// Known reports whether lang is "ja" or "en".
func Known(lang string) bool { return lang == "ja" || lang == "en" }

// Languages are those that a reader with this setting gets: one, or both if the setting is neither "ja" nor "en".
func Languages(lang string) []string {
	if Known(lang) {
		return []string{lang}
	}
	return []string{"ja", "en"}
}

// Locale is the language of the locale's variables: the first of LC_ALL, LC_MESSAGES and LANG that is set decides. Empty if it names
// another language, or none is set.
func Locale(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return primary(v)
		}
	}
	return ""
}

// Accepted is the first known language in an Accept-Language header (RFC 9110, 12.5.4); empty if there is none. It ignores weights:
// programs list languages by preference.
func Accepted(header string) string {
	for tag := range strings.SplitSeq(header, ",") {
		if lang := primary(strings.TrimSpace(tag)); lang != "" {
			return lang
		}
	}
	return ""
}

// primary is the known language that a tag begins with, such as ja_JP.UTF-8 or en-GB;q=0.5.
func primary(tag string) string {
	if end := strings.IndexAny(tag, "_-.;@"); end >= 0 {
		tag = tag[:end]
	}
	if tag = strings.ToLower(tag); Known(tag) {
		return tag
	}
	return ""
}
