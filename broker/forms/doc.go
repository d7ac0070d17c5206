// Package forms reads YAML that people hand in (the registry, a request) strictly. It names every problem at once, each with its line,
// its column, a stable code and a Japanese and an English sentence.
//
// It owns the reading of values (words, switches, days, instants, lengths of time, addresses) and the two types that carry problems to
// the doors, Problem and Invalid. It refuses YAML that a form does not need or that is hard to review: unknown keys, anchors and
// aliases, tags, a second document in the same file, text that is not UTF-8. A text may come from strangers: its size, values, depth
// and problems are bounded, and reading takes time in proportion to its size. The package does not know the meaning of the values. Its
// callers do, broker/registry and broker/requests; the doors print the problems.
package forms
