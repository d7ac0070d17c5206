package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// text is one sentence in both languages.
type text struct{ ja, en string }

func (p *program) pick(t text) string {
	if p.lang == "ja" {
		return t.ja
	}
	return t.en
}

// locale is the language of the environment: Japanese if it is set, else English.
func (p *program) locale() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := p.getenv(name); v != "" {
			if strings.HasPrefix(v, "ja") {
				return "ja"
			}
			return "en"
		}
	}
	return "en"
}

func (p *program) choose(lang string) {
	if lang == "ja" || lang == "en" {
		p.lang = lang
	}
}

// plain makes text from possibly forged files harmless: it must not control the auditor's terminal.
func plain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1, unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			b.WriteRune('〓')
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}
