// Package townhall is a small institution for the tests of the procedure: a store with its ledger, a ring of
// keys, a clock that tests move, and a registry of people, vendors and systems that was founded.
// When a test ends, the ledger is verified whole.
package townhall
