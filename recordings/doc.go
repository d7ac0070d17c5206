// Package recordings is the recording format: one sealed, hash-chained file per
// session, and what writes, reads, seals, verifies and exports it. FORMAT.md
// beside this file describes the bytes.
//
// It owns the file from its first byte to its digest. It promises that a frame
// handed to Data or Event was given to the kernel before the call returns, that
// the first failure ends the recording, and that what was written before a crash
// can be read up to the last whole segment.
//
// It refuses to start a recording that nobody could open, to go on after a write
// that failed, and to cut anything off a file but a torn tail. It does not decide
// who may look: broker/session writes recordings, broker/web and cmd read them
// after the role and the purpose have been checked and entered.
//
// What it shows to people, it makes harmless first: Screen passes only what makes a
// picture to a viewer's terminal, Visible and EscapeJSON take control characters out
// of text, and Operations says what was done, a line for each thing.
package recordings
