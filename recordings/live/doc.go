// Package live distributes the output of a running recording to its watchers.
//
// It owns the watchers, a ring of recent output and a ring of events, so that a late watcher gets a screen and knows what it
// shows. It refuses input: typed text never reaches a watcher. It never delays the session: a watcher that does not keep up
// loses frames and is told how many. broker/session feeds it through recordings.Options.Tap.
package live
