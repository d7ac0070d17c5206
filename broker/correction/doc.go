// Package correction appends corrections to the ledger (訂正を追記). An entry is never edited: a correction is an entry of its own, which
// names the entry that it corrects and binds its hash. Both are shown with a link to the other. A correction may itself be corrected.
//
// It owns who may append one: the information-systems section and second approvers to any entry, a head to entries about the systems of
// the head's own section. Auditors and administrators read the ledger and add nothing to it.
//
// Callers: broker/view reads the corrections of an entry, and the doors mount the act.
package correction
