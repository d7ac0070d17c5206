package main

import (
	"fmt"
	"strings"
)

// preferences finds the language and the form of errors before the arguments are understood,
// because not understanding them is an error too and is said in the same way.
func (p *program) preferences(args []string) (lang string, asJSON bool) {
	lang = "en"
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := p.getenv(name); v != "" {
			if strings.HasPrefix(v, "ja") {
				lang = "ja"
			}
			break
		}
	}
	for i, a := range args {
		if a == "--" {
			break
		}
		switch {
		case a == "--json" || a == "-json" || a == "--json=true":
			asJSON = true
		case (a == "--lang" || a == "-lang") && i+1 < len(args):
			lang = known(args[i+1], lang)
		case strings.HasPrefix(a, "--lang="):
			lang = known(strings.TrimPrefix(a, "--lang="), lang)
		}
	}
	return lang, asJSON
}

// spoken refuses a language that there is not: whoever asks for one is told, and not answered in another.
func spoken(args []string) error {
	for i, a := range args {
		name, value, inline := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch {
		case a == "--":
			return nil
		case !strings.HasPrefix(a, "-") || name != "lang":
			continue
		case !inline && i+1 < len(args):
			value = args[i+1]
		}
		if value != "ja" && value != "en" {
			return &usageError{ja: fmt.Sprintf("--lang は ja か en です(%q ではありません)", value), en: fmt.Sprintf("--lang is ja or en, not %q", value)}
		}
	}
	return nil
}

func known(v, otherwise string) string {
	switch v {
	case "ja", "en":
		return v
	}
	return otherwise
}

// say picks the language of the person at the terminal.
func (p *program) say(ja, en string) string {
	if p.lang == "ja" {
		return ja
	}
	return en
}
