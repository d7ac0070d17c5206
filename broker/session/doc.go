// Package session owns the life of one session, from admission to its sealed recording, and the
// supervisor of all that are live.
//
// A session is opened in one transaction that decides again, inserts its row and appends
// session.opening, before the target is contacted. From then on it can only end one way: through
// the sequence in end.go, whatever the cause. The supervisor wakes on every commit and every few
// seconds, and when a verdict changes by itself, asks policy.Recheck, and ends what may not go on. Where nobody attends, or
// somebody presses pause, the engineer's input is held back while output and clock go on. Each session also judges itself, a
// little later and on what is known, so that a store that hangs prolongs nothing.
//
// It refuses to start a session whose recording cannot be started, and ends one whose recording
// fails. It never decides itself.
//
// Callers: gate (Run, Facts), attendance by way of the broker (EndWindow, Heard), web (Live, End, Watch, Pause, Resume), broker (New, Reconcile, Close).
package session
