// Package disposal ends the life of recordings. A recording whose time of keeping is over, and that no hold and no open review keeps, is
// ordered to go: one transaction writes the row and the entry recording.disposing, and from then on evidence opens it no more. Then
// recordings/archive destroys its keys and removes its files, and the functions of other packages remove what they derived from it. When
// all of it is proved gone, the entry recording.disposed is the receipt.
//
// A file that is derived from a recording at that moment may be put beside it once more as the last name goes. The maker removes it, and where a crash kept the
// maker from it, the next run of the chore does.
//
// The package owns that order and its continuation: what a stop or a crash broke off goes on at the next start and with each run of the
// chore. When a session ended, and which file is its own, is taken from the signed ledger and from the session's number, because rows can be
// edited by hand.
//
// Payloads of the ledger end in the same way, by the times of keeping that the newest entry notice.in-force states: an entry's header and its
// place in the tree stay, and the entry ledger.disposed names the leaves and the rule. Kinds on which the rest depends are never disposed of
// (ledger.KeptForEver).
//
// The package refuses what policy keeps (policy.RecordingFacts, policy.PayloadFacts). It is called by broker's chores and, for a person who does not wait for the clock,
// by broker/freeze, which owns holds.
package disposal
