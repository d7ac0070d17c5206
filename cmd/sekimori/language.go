package main

import (
	"cmp"
	"fmt"
	"strings"

	"sekimori/policy/text"
)

// preferences finds the language and the form of errors before the arguments are understood,
// because not understanding them is an error too and is said in the same way.
func (p *program) preferences(args []string) (lang string, asJSON bool) {
	lang = cmp.Or(text.Locale(p.getenv), "en")
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

// spoken refuses an unknown language with an error, and does not answer in another.
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
		if !text.Known(value) {
			return &usageError{ja: fmt.Sprintf("--lang は ja か en です(%q ではありません)", value), en: fmt.Sprintf("--lang is ja or en, not %q", value)}
		}
	}
	return nil
}

func known(v, otherwise string) string {
	if text.Known(v) {
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

// word is a value as people read it: its label in Japanese; in English the value itself, which options and files take.
func word[V interface {
	~string
	Label() text.Text
}](p *program, v V) string {
	return p.say(v.Label().JA, string(v))
}

// words are several values.
func words[V interface {
	~string
	Label() text.Text
}](p *program, values []string, between string) string {
	said := make([]string, len(values))
	for i, v := range values {
		said[i] = word(p, V(v))
	}
	return strings.Join(said, between)
}
