// Package evidence opens recordings, and is the only package of the broker that does. It holds a recording against the
// ledger before its first frame is seen, and again while it is read: the file's SHA-256 and size are those of the session's
// session.ended entry, that entry is in the signed tree, and the session number inside the file is the one asked for. Rows and indexes,
// which can be edited by hand, lead to entries and prove nothing; that a session is under way only the supervisor says.
//
// It owns what is wrong with a recording (Finding), the alarm about it, and the re-reading of everything that lies sealed,
// in the background and at the lowest priority, so that a file that was replaced or deleted is found within a month without
// anybody opening it.
//
// It refuses a recording that does not hold. OpenDamaged opens it all the same, for an auditor, and tells what is wrong; who
// may do that, and that every page says so, is the doors' (broker/web). It never repairs, moves or deletes a file.
//
// Its callers are broker/web, which plays and exports, and broker, which runs the re-reading.
package evidence
