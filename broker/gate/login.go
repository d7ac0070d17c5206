package gate

import (
	"strings"

	"sekimori/policy/text"
)

// login holds the parts of the user name typed before the @gate:
//
//	ENGINEER                  choose among own windows
//	ENGINEER+TARGET           the target with the grant's only account
//	ENGINEER+ACCOUNT@TARGET   where the grant has several
//
// A space stands for the first +: OpenSSH sends one for the + in ssh://sato+hr-db@gate.
type login struct {
	Typed    string // neutralised, for people and the ledger
	Engineer string // person id or login, not yet believed
	Target   string
	Account  string
	Choose   bool // engineer alone
	Unknown  bool // something follows the + that is none of the forms
}

// maxName bounds each part; longer names are not known anyway.
const maxName = 64

func parseLogin(user string) login {
	l := login{Typed: text.OneLine(user, 80)}
	engineer, rest, plus := user, "", false
	if i := strings.IndexAny(user, "+ "); i >= 0 {
		engineer, rest, plus = user[:i], user[i+1:], true
	}
	if !isName(engineer) {
		l.Unknown = true
		return l
	}
	l.Engineer = engineer
	if !plus {
		l.Choose = true
		return l
	}
	if account, target, at := strings.Cut(rest, "@"); at {
		l.Account, l.Target = account, target
		l.Unknown = !isName(account) || !isName(target)
	} else {
		l.Target = rest
		l.Unknown = !isName(rest)
	}
	if l.Unknown {
		l.Account, l.Target = "", ""
	}
	return l
}

// isName accepts what the registry can hold as id, login or account name: ASCII letters,
// digits, dot, hyphen, underscore. Everything else is no name, so no escape sequence ever
// reaches a look-up.
func isName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for _, r := range []byte(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case r == '.', r == '-', r == '_':
		default:
			return false
		}
	}
	return true
}
