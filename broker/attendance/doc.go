// Package attendance holds the attendant's acts on a window: tick the system's checklist, state the backup, take the post,
// check the engineer's identity, permit the start and take the permission back, stay at the post, hand it over, close, cut.
//
// It owns the states of a window from the taking of the post to its end, the ticks, the statements of backups, and the
// handovers. Only a named person who may attend the window may act on it. A start is refused when
// the checklist or the check items no longer permit it: the code that computed the items for the approval
// computes them again at the opening and at the permission. Every act commits with its ledger entry; only a heartbeat
// has none. Every act of the attendant on the window counts as presence.
//
// Its acts run by broker/act, which asks for the proof and ledgers refusals; the rules are policy's. Its callers are
// broker/web and broker/gate. Functions that it needs of packages it may not import come in Options.
package attendance
