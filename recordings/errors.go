package recordings

import (
	"errors"
	"fmt"
)

// ErrNoRecipients says that a recording could never be opened: output and input each need at least one recipient.
var ErrNoRecipients = errors.New("a recording needs a recipient for its output and one for its input")

// ErrClosed says that the recording was closed before.
var ErrClosed = errors.New("the recording is closed")

// ErrNoKey says that no given identity opens any part of the recording.
var ErrNoKey = errors.New("none of the identities opens this recording")

// ErrSealed says that the recording to seal already has its end.
var ErrSealed = errors.New("the recording is sealed already")

// TruncatedError says that the recording stops before its end; everything up to Offset is whole. A running recording looks
// the same.
type TruncatedError struct {
	Offset  int64  // bytes of the file up to the end of the last whole segment
	Segment uint64 // number of the segment that is missing or torn, counted from 0
	Torn    int64  // bytes after Offset that belong to no whole segment
}

func (e *TruncatedError) Error() string {
	if e.Torn == 0 {
		return fmt.Sprintf("recording stops without an end after %d whole segments (offset %d)", e.Segment, e.Offset)
	}
	return fmt.Sprintf("recording is cut off inside segment %d at offset %d (%d bytes of it are there)", e.Segment, e.Offset, e.Torn)
}

// CorruptError says where the recording differs from the file that was written.
type CorruptError struct {
	Offset  int64  // start of the first invalid segment; 0 is the header
	Segment uint64 // its number, counted from 0
	What    string // the invalid part
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("recording does not hold at offset %d, segment %d: %s", e.Offset, e.Segment, e.What)
}

// NoRecording reports that the file does not begin like a recording, so that it may be a file of another kind.
func (e *CorruptError) NoRecording() bool { return e.What == notRecording }

const notRecording = "not a recording (no magic)"

// DigestError says that the file does not match the expected digest.
type DigestError struct {
	Want, Got Digest // Got has SHA256 and Size only
}

func (e *DigestError) Error() string {
	if e.Want.Size != e.Got.Size {
		return fmt.Sprintf("recording has %d bytes, its digest says %d", e.Got.Size, e.Want.Size)
	}
	return fmt.Sprintf("recording has SHA-256 %s, its digest says %s", e.Got.SHA256, e.Want.SHA256)
}
