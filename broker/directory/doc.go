// Package directory asks the institution's own directory for the first factor of a person: an LDAP server or Active Directory, by
// binding with the person's name and password, or an OpenID Connect provider, by its signed statement.
//
// It owns both conversations and their limits in time and number. It knows no people and no database, and it decides nothing: the
// caller says for whom it asks and what the answer is worth. It keeps no password. It refuses an unencrypted conversation beyond this
// machine, an empty password (which many servers take for an anonymous bind), and a name that two entries have.
//
// Its caller is broker/registry; broker makes both from the configuration.
package directory

import "errors"

// The outcomes that callers tell apart.
var (
	// ErrWrong: the directory was reached, and it does not vouch for the person.
	ErrWrong = errors.New("the directory does not vouch for the person")
	// ErrDown: the directory did not answer, or not as one. This tells nothing about the person.
	ErrDown = errors.New("the directory cannot be reached")
)

// Identity is a person as the directory knows them.
type Identity struct {
	Name string // the name under which the person was asked for, or that the provider states
	// Subject is the directory's own name of the account, which outlives a change of Name; empty where the directory tells none.
	Subject string
	// SecondFactor: the provider states that it asked for a second factor, and the configuration trusts this statement.
	SecondFactor bool
}
