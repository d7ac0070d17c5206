// Package session owns the life of one session, from admission to its sealed recording, and the
// supervisor of all live sessions.
//
// One transaction opens a session: it decides again, inserts its row and appends
// session.opening, before the target is contacted. Every end then goes through
// the sequence in end.go. The supervisor wakes after every commit that may concern a session, every few
// seconds, and when a verdict changes by itself. It asks policy.Recheck and ends the sessions that may not go on. While no one
// attends, or after a press of pause, the engineer's input is held back while output and clock go on. Each session also judges
// itself, a little later and on the facts it has, so that a blocked store prolongs no session.
//
// It refuses to start a session whose recording cannot be started, and ends one whose recording
// fails. It never decides itself.
//
// Callers: gate (Run, Facts), attendance by way of the broker (EndWindow, Heard), web (Live, End, Watch, Pause, Resume), broker (New, Reconcile, Close).
package session
