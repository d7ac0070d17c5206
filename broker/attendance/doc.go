// Package attendance is what the attendant does with a window: take the post, check the engineer's identity, permit the
// start, close, cut.
//
// It owns the states of a window from the taking of the post to its end. It refuses every act by somebody who
// is not a named person who may attend that very window. Every act commits with its ledger entry.
//
// Its callers are the doors (broker/web, broker/gate). Fresh authentication, where an act needs it, is
// asked for by the door before the act.
package attendance
