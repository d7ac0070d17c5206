package recordings

import "io"

// Asciicast writes the output of one channel's terminal as asciicast v3.
func Asciicast(w io.Writer, r *Reader, channel uint32) error { return errNotYet }

// Text writes output as lines without control sequences.
func Text(w io.Writer, r *Reader, channel uint32) error { return errNotYet }

// Raw writes the bytes of one stream as they passed.
func Raw(w io.Writer, r *Reader, channel uint32, s Stream) error { return errNotYet }

// Channel is what a recording holds of one channel.
type Channel struct {
	Number                uint32
	Type                  string // session, direct-tcpip
	Command               string // exec: the command; subsystem: its name
	Start                 string // shell, exec, subsystem
	Terminal              *PTY   // as first asked for; nil without
	Stdout, Stderr, Stdin int64  // bytes; Stdin is 0 without the input key
}

// Channels lists the channels of a recording in the order they appear. It reads the recording to its end.
func Channels(r *Reader) ([]Channel, error) { return nil, errNotYet }
