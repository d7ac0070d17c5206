// Package figures counts a fiscal year of the ledger: the figures of the yearly report (screens §5.7), from the entries alone.
//
// It is pure: no store, no clock, no registry. The broker counts its own ledger with it, and the offline verifier counts an export, so
// both must come to the same. A figure that would need more than the entries say is no figure here. No figure names a person.
//
// A further kind of entry is one row in rules.go.
package figures
