// Package recordings is the recording format: one sealed, hash-chained file per session. It writes, reads, seals, verifies
// and exports such files. FORMAT.md beside this file describes the bytes.
//
// The package owns the file from its first byte to its digest. It promises that the kernel has a frame before Data or Event
// returns, that the first failure ends the recording, and that everything before a crash can be read up to the last whole
// segment.
//
// It refuses to start a recording that could never be opened, to go on after a failed write, and to cut anything off a file
// but a torn tail. It does not decide on access: broker/session writes recordings; broker/web and cmd read them after the
// role and the purpose have been checked and entered.
//
// Everything shown to people is made harmless first. Screen passes only picture-making sequences to a viewer's terminal.
// Visible and EscapeJSON take control characters out of text. Operations gives one line for each operation in a session.
// of text, and Operations says what was done, a line for each thing.
package recordings
