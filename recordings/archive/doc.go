// Package archive removes recordings for good. A recording is its file ID.skr and every file beside it named ID.skr.SUFFIX that was derived
// from it: an index for playback, keys wrapped for a further auditor, the name under which it began.
//
// The package owns the order of a removal. The wrapped keys are overwritten and synced first, so that from then on no copy of the name and
// no crash can leave contents that open. Then the derived files go, then the recording, then the directory is synced. At the end the
// directory is read back: a name that is left is an error. Each step may be repeated, so a removal that a crash broke off is begun again
// from its first step.
//
// It refuses names that lead out of its directory, and files that are not regular. It decides nothing: rights, time of keeping, holds and the
// ledger's entries belong to its caller, broker/disposal.
package archive
