// Package live fans the output of a running recording out to those who watch it.
//
// It owns the watchers, a ring of recent output and one of what was done, so that
// who joins late has a screen and knows what it shows. It refuses input: what the engineer types never reaches a watcher. It
// never holds the session up: a watcher that does not keep up loses frames and
// is told how many. broker/session feeds it, through recordings.Options.Tap.
package live
