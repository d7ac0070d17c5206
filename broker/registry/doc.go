// Package registry holds who and what there is — sections, staff, vendors, engineers, systems, targets,
// accounts — and how a person proves to be one of them.
//
// It owns the registry file (Parse, Apply, Confirm), enrolment, sign-in, tokens, one-time codes and the
// secrets of accounts. It refuses a change of roles, keys of people, host keys or rules that
// only one person wants: such a change waits until a second person, of the information-systems section,
// confirms it. It never deletes what a file leaves out, and it never says whether a person exists
// to somebody who has not proved to be that person.
//
// Its callers are the doors: broker/web for the commands, broker/gate for one-time codes and keys.
package registry
