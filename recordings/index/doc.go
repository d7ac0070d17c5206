// Package index keeps the picture of a finished recording in parts that can be shown on their own, so that a jump into a session of ten hours reads
// one part. FORMAT.md beside this file describes the bytes.
//
// The package owns the file NAME.skr.index beside a recording. It is derived from the recording and may be removed at any time. Each of its
// parts is sealed with a key that only a reader of the recording's output can derive, and bound to the digest of the recording, so that
// an index shows nothing that is not in the recording which the ledger names. Every part begins with a snapshot of the terminal's screen, drawn by
// recordings.Picture.
//
// It refuses an index of another recording, version or encoding, and a changed one (ErrUnfit); the caller makes it anew. It refuses to
// make one of a session whose terminal is too large to be followed (ErrTooLarge). It does not decide on access: broker/view asks policy before each
// part.
package index
