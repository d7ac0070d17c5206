// Package traits derives from a recording by what its session may stand out: how much the target sent, long silences with a burst behind them,
// the names of commands and of tables, copies of files.
//
// It owns what counts as a command on a screen: the words behind a prompt of a shell or of a database client, and commands that a client asked for
// without a shell. It never needs the typed input. So it misses commands that are typed without an echo, that a script runs, or that stand
// behind a prompt of an unknown form; and text that looks like a prompt counts as a command. The result is an aid for choosing what to look at, and proves nothing.
//
// It refuses nothing and stores nothing: names of commands and tables are contents of the recording, and the caller must not keep them in the clear.
// Its memory is bounded for any recording.
//
// Its caller is broker/evidence, which has checked the recording.
package traits
