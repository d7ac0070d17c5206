// Package freeze stops work and disposal. An incident freeze stops everything, a vendor or a system; a lock stops one person or one
// vendor; a hold stops the disposal of a recording.
//
// It owns who may stop and who may release. Any member of staff stops alone, in one press; the reason may follow. Two different people
// release: a freeze and a lock with one of them of the information-systems section, and never the locked person; a hold with both of
// them auditors or of that section, and not while the freeze or lock that put it is in force. A lock that would leave no one able to
// release is refused.
//
// A freeze or a lock holds the recordings of the sessions it concerns: those under way at that moment, and those of its scope that
// ended within seven days before (store.HoldsAfter). One person asks for a drill, and it begins when another agrees. It stops only
// windows that are drills, and is lifted like a real freeze. A real freeze needs no agreement.
//
// An incident has a list of those who must be told of it and by when: the institution's list as it stood when the incident began. Any member of
// staff notes who was told. A row of a real incident that is late raises an alarm, once; a drill's raises none.
//
// The package ends no session: the supervisor of sessions rechecks on every commit and ends those no longer allowed. Every stop is an
// alarm to the section and to the central desk (R16).
//
// Its callers are the doors (broker/web).
package freeze
