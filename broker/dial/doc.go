// Package dial reaches a target: it connects, checks that the target shows the pinned host key, and proves the broker's own
// credential there.
//
// It owns the list of algorithms towards targets and the time limit until a session can open a channel. It refuses a host key
// other than the pinned one, a target registered without one, weak algorithms, and an endless banner. The target's text never
// reaches the engineer from here; an Error carries the reason for people and the cause for the log.
//
// broker/session calls it, after the decision and after the recording was begun.
package dial
