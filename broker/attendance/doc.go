// Package attendance is what the attendant does with a window: tick the system's checklist, state the backup, take the post,
// check the engineer's identity, permit the start and take the permission back, stay at the post, hand it over, close, cut.
//
// It owns the states of a window from the taking of the post to its end, the ticks, the statements of backups, and the
// handovers. It refuses every act by somebody who is not a named person who may attend that very window, and every start
// that the checklist or the check items do not bear any more: the items are computed again, by the code that computed them
// for the approval, at the opening and at the permission. Every act commits with its ledger entry; a heartbeat alone is
// kept without one. Whatever the attendant does on the window shows that they are there.
//
// Its callers are the doors (broker/web, broker/gate). Fresh authentication, where an act needs it, is asked for by the
// door before the act. What it needs of packages that it may not import comes as functions in Options.
package attendance
