// Package evidence opens recordings; no other package of the broker does. It checks a recording against the ledger before its
// first frame is shown, and again after it was read. The file's SHA-256 and size must be those of the session's session.ended
// entry, that entry must be in the signed tree, and the session number inside the file must be the requested one. Rows and
// indexes can be edited by hand, so they only lead to entries and prove nothing. Only the supervisor says that a session is
// under way.
//
// The package owns the faults of a recording (Finding), the alarm about them, and the re-reading of all sealed recordings in
// the background at the lowest priority. So a replaced or deleted file is found within a month even if no person opens it.
//
// It also builds the index for searches (recordings/search) from sealed recordings that hold, in the background at the same priority.
//
// It derives from a sealed recording by what its session may stand out (Traits), for broker/review.
//
// It refuses a recording that was disposed of: an entry recording.disposing in the signed tree says so, and a missing file is no fault then.
//
// It refuses an invalid recording. OpenDamaged opens it all the same, for an auditor, and returns the fault; broker/web
// decides who may do that and warns on every page. The package never repairs, moves or deletes a file.
//
// Its callers are broker/web, which plays and exports, and broker, which runs the re-reading and the indexing.
package evidence
