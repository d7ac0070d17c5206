package main

import "strings"

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
