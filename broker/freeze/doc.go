// Package freeze stops: everything, a vendor or a system by an incident freeze; one person or one vendor
// by a lock; the disposal of a recording by a hold.
//
// It owns who may stop and who may release. Any one member of staff stops, in one press and without having
// to say why: the reason may follow. Two release, two different people: a freeze and a lock with
// one of them of the information-systems section, and never the locked person themselves; a hold with both of
// auditors or that section, and not while the freeze or the lock that put it is in force. A lock after
// which nobody could release any more is refused.
//
// A freeze or a lock holds the recordings of the sessions it concerns: those under way at that moment, and those
// of its scope that ended within seven days before (store.HoldsAfter). A drill is asked for by one person and begins when
// another agrees; it stops windows that are drills and nothing else, and is lifted as a real one is. A real freeze
// asks nobody.
//
// It ends no session itself: the supervisor of sessions rechecks on every commit and ends what is no longer
// allowed. Every stop is an alarm to the section and to the central desk (R16).
//
// Its callers are the doors (broker/web).
package freeze
