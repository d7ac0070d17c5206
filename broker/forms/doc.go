// Package forms reads what people hand in as YAML — the registry, a request — strictly, and names
// what is wrong with it: every problem at once, each with its line, its column, a stable code and
// a Japanese and an English sentence.
//
// It owns the reading of values (words, switches, days, instants, lengths of time, addresses) and
// the two types that carry problems to the doors, Problem and Invalid. It refuses what a form
// does not need and what would make one hard to read for a second pair of eyes: unknown keys,
// anchors and aliases, tags, a second document in the same file, text that is not UTF-8. A text may be anybody's: its size,
// its values, its depth and the problems named are bounded, and reading it takes time in proportion to its size. It knows nothing of what the values mean:
// that is for broker/registry and broker/requests, which are its callers, and for the doors, which
// print the problems.
package forms
