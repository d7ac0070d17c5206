// Package registry holds the people and things of the institution (sections, staff, vendors, engineers, systems, targets and
// accounts), and checks the proof of a person who signs in.
//
// It owns the registry file (Parse, Apply, Confirm), enrolment, sign-in, tokens, one-time codes and the
// secrets of accounts. One person alone cannot change roles, keys of people, host keys or rules:
// such a change waits until a second person, of the information-systems section,
// confirms it. The package never deletes an object because a file leaves it out. It never tells an
// unauthenticated caller whether a person exists.
//
// Its callers are the doors: broker/web for the commands, broker/gate for one-time codes and keys.
package registry
