// Package session owns the life of one session, from admission to its sealed recording, and the
// supervisor of all that are live.
//
// A session is opened in one transaction that decides again, inserts its row and appends
// session.opening, before the target is contacted. From then on it can only end one way: through
// the sequence in end.go, whatever the cause. The supervisor wakes on every commit and every few
// seconds, asks policy.Recheck, and ends what may not go on.
//
// It refuses to start a session whose recording cannot be started, and ends one whose recording
// fails. It never decides itself.
//
// Callers: gate (Run, Facts), web (Live, End, Watch), broker (New, Reconcile, Close).
package session
