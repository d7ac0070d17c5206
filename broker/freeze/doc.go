// Package freeze stops: everything, a vendor or a system by an incident freeze; one person or one vendor
// by a lock.
//
// It owns who may stop and who may release. One person stops, in one press and without having to say why;
// two release a freeze, one of them of the information-systems section. A lock is released by
// one person of the information-systems section. It ends no session itself: the supervisor of
// sessions rechecks on every commit and ends what is no longer allowed.
//
// Its callers are the doors (broker/web).
package freeze
