package recordings

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Header stands in plain text at the start of the file, so that recordings can be told apart without a key. It holds names
// and numbers of the procedure only, and nothing of the session's contents.
type Header struct {
	Version int       `json:"version"` // of the format; Create fills it in
	Session string    `json:"session"`
	Request string    `json:"request,omitempty"`
	Window  string    `json:"window,omitempty"`
	Grant   string    `json:"grant,omitempty"`
	Person  string    `json:"person,omitempty"`
	Vendor  string    `json:"vendor,omitempty"`
	System  string    `json:"system,omitempty"`
	Target  string    `json:"target,omitempty"`
	Account string    `json:"account,omitempty"`
	Source  string    `json:"source,omitempty"` // the engineer's address
	Zone    string    `json:"zone,omitempty"`   // IANA name of the institution's zone
	Notice  string    `json:"notice,omitempty"` // version of the notice that the engineer consented to
	Started time.Time `json:"started"`          // the instant that Frame.Elapsed counts from
}

// Stream names one direction of one channel's data.
type Stream byte

// The streams. Stdout and Stderr flow from the target to the engineer and are sealed as output; Stdin flows to the target and
// is sealed as input.
const (
	NoStream Stream = 0 // events
	Stdout   Stream = 1
	Stderr   Stream = 2
	Stdin    Stream = 3
)

// String gives the name used on command lines: stdout, stderr, stdin.
func (s Stream) String() string {
	switch s {
	case Stdout:
		return "stdout"
	case Stderr:
		return "stderr"
	case Stdin:
		return "stdin"
	case NoStream:
		return "event"
	}
	return fmt.Sprintf("stream-%d", byte(s))
}

// Frame is one recorded item: a run of bytes or an event.
type Frame struct {
	Channel uint32        // number of the channel within the session; see SessionChannel
	Stream  Stream        // NoStream for an event
	Input   bool          // sealed with the input: typed by the engineer
	Elapsed time.Duration // since Header.Started, monotonic, in whole microseconds
	Event   string        // kind of the event; empty for data
	Data    []byte        // the bytes as relayed, or the event's body as JSON; valid until the next frame
}

// SessionChannel is the channel number of events of the whole session (notices, warnings, pauses).
const SessionChannel uint32 = 0xffffffff

// Kinds of events. Events of the output are readable with it. EventEnv is sealed with the input, because the engineer sent
// it, and EventMasked, because the engineer was not to see it. Readers keep unknown kinds as they are.
const (
	EventOpen         = "open"            // body Opened
	EventPTY          = "pty-req"         // body PTY
	EventWindowChange = "window-change"   // body PTY
	EventShell        = "shell"           // no body
	EventExec         = "exec"            // body Command
	EventSubsystem    = "subsystem"       // body Command
	EventEnv          = "env"             // body Env; in the input
	EventSignal       = "signal"          // body Signal
	EventBreak        = "break"           // body Break
	EventEOW          = "eow@openssh.com" // body StreamEnd: the reader of that stream has stopped
	EventExitStatus   = "exit-status"     // body Exit
	EventExitSignal   = "exit-signal"     // body ExitSignal
	EventEOF          = "eof"             // body StreamEnd
	EventClose        = "close"           // no body
	EventNotice       = "notice"          // body Notice: text that the broker showed
	EventRefused      = "refused"         // body Refused
	EventSizes        = "sizes"           // body Sizes
	EventInspect      = "inspect"         // body Inspect: from here on the broker inspects the protocol
	EventFile         = "file"            // body FileOp; before the operation is passed on
	EventFileEnd      = "file-end"        // body FileEnd
	EventPause        = "pause"           // body Pause
	EventResume       = "resume"          // body Pause
	EventExtension    = "extension"       // body Extension; on SessionChannel
	EventRule         = "rule"            // body Rule; before the command on which a live rule has an effect goes on, or does not
	EventRuled        = "ruled"           // body Ruled: what became of a held command
	EventMasked       = "masked"          // body Masked; in the input, before the output that shows the digits masked
)

// PTY is the body of EventPTY and EventWindowChange.
type PTY struct {
	Term   string `json:"term,omitempty"`
	Cols   uint32 `json:"cols"`
	Rows   uint32 `json:"rows"`
	Width  uint32 `json:"width,omitempty"`  // pixels
	Height uint32 `json:"height,omitempty"` // pixels
	Modes  []byte `json:"modes,omitempty"`  // encoded terminal modes, RFC 4254 section 8
}

// Opened is the body of EventOpen.
type Opened struct {
	Type string `json:"type"`         // as in RFC 4254: session, direct-tcpip
	To   string `json:"to,omitempty"` // of a direct-tcpip: destination, "host:port", as seen from the target
}

// Command is the body of EventExec and EventSubsystem. NewCommand makes one.
type Command struct {
	Command string `json:"command"`       // text, see Legible
	Raw     []byte `json:"raw,omitempty"` // the exact bytes if they are not valid UTF-8, else missing
}

// NewCommand makes the body for a command or name of any bytes.
func NewCommand(raw string) Command {
	text, exact := Legible([]byte(raw))
	return Command{Command: text, Raw: exact}
}

// Exact gives the bytes that the target received.
func (c Command) Exact() string {
	if c.Raw != nil {
		return string(c.Raw)
	}
	return c.Command
}

// Env is the body of EventEnv. Both members are UTF-8 and exactly as the target received them.
type Env struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Signal is the body of EventSignal.
type Signal struct {
	Signal string `json:"signal"` // without SIG
}

// Break is the body of EventBreak.
type Break struct {
	Length uint32 `json:"length"` // milliseconds
}

// Exit is the body of EventExitStatus.
type Exit struct {
	Status uint32 `json:"status"`
}

// ExitSignal is the body of EventExitSignal.
type ExitSignal struct {
	Signal  string `json:"signal"` // without SIG
	Core    bool   `json:"core,omitempty"`
	Message string `json:"message,omitempty"`
	Lang    string `json:"lang,omitempty"` // RFC 3066
}

// StreamEnd is the body of EventEOF and EventEOW.
type StreamEnd struct {
	Stream string `json:"stream"` // as Stream.String gives it
}

// Notice is the body of EventNotice.
type Notice struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Refused is the body of EventRefused. What and Detail come from a peer and are shortened.
type Refused struct {
	Side   string `json:"side"`             // the side that asked: client or target
	What   string `json:"what"`             // the request or the channel type, as asked
	Reason string `json:"reason,omitempty"` // of policy's table
	Number int    `json:"number,omitempty"`
	Detail string `json:"detail,omitempty"`
	Count  int64  `json:"count,omitempty"` // how often since the previous such event of the same side and What; missing: once
}

// Sizes is the body of EventSizes: bytes of the channel that were recorded and relayed.
type Sizes struct {
	Input  int64 `json:"input"`
	Output int64 `json:"output"`
	Errors int64 `json:"errors"`
}

// Inspect is the body of EventInspect.
type Inspect struct {
	Protocol string `json:"protocol"` // sftp or scp
}

// FileOp is the body of EventFile: a file operation that the engineer asked for. It is recorded before the target receives
// the request.
type FileOp struct {
	ID      uint64   `json:"id"` // counts from 1 within the channel
	Op      string   `json:"op"` // one of the File… operations
	Path    string   `json:"path"`
	To      string   `json:"to,omitempty"`    // the new name of a rename or copy; the file that a link points to
	Flags   []string `json:"flags,omitempty"` // of an open: read, write, append, create, truncate, exclusive; of a setstat: what is set
	Mode    *uint32  `json:"mode,omitempty"`
	Size    *uint64  `json:"size,omitempty"`     // asked for by a setstat, announced by scp
	PathRaw []byte   `json:"path_raw,omitempty"` // the exact bytes if Path is not valid UTF-8, else missing
	ToRaw   []byte   `json:"to_raw,omitempty"`
}

// Values of FileOp.Op. FileExtended is followed by the name of the extension.
const (
	FileOpen       = "open"
	FileOpenDir    = "opendir"
	FileRemove     = "remove"
	FileRename     = "rename"
	FileMkdir      = "mkdir"
	FileRmdir      = "rmdir"
	FileSymlink    = "symlink" // Path is the link, To the file that it points to
	FileLink       = "link"    // Path is the new name, To the existing file
	FileSetStat    = "setstat"
	FileCopy       = "copy"
	FileExtended   = "extended:"
	FileSCPSend    = "scp-send"    // to the target
	FileSCPReceive = "scp-receive" // from the target
)

// FileEnd is the body of EventFileEnd: the handle was closed, or the target answered.
type FileEnd struct {
	ID      uint64 `json:"id"` // of the FileOp; 0: the rest of the channel
	OK      bool   `json:"ok"`
	Status  string `json:"status"`
	Read    uint64 `json:"read"`    // bytes of contents that the target sent
	Written uint64 `json:"written"` // bytes of contents that the target took
	Size    uint64 `json:"size"`    // end of the furthest byte read or written
}

// Pause is the body of EventPause and EventResume.
type Pause struct {
	By     string `json:"by,omitempty"` // number of the person; empty: the broker
	Reason string `json:"reason,omitempty"`
}

// Masked is the body of EventMasked: individual numbers that the output has masked.
type Masked struct {
	Stream string `json:"stream"` // stdout or stderr
	Digits string `json:"digits"` // the numbers one after another, twelve ASCII digits each
}

// Rule is the body of EventRule.
type Rule struct {
	On       string `json:"on"`     // exec, or line: a line of a terminal's input
	Effect   string `json:"effect"` // warn, hold, refuse, end
	Rule     string `json:"rule,omitempty"`
	Unjudged bool   `json:"unjudged,omitempty"` // the rules could not judge the command
	Held     int    `json:"held,omitempty"`     // number of the held command in the session
	Line     string `json:"line,omitempty"`     // as the screen shows it; missing: it was typed without an echo
}

// Ruled is the body of EventRuled.
type Ruled struct {
	Held   int    `json:"held"`
	Answer string `json:"answer"`
}

// Extension is the body of EventExtension.
type Extension struct {
	Until time.Time `json:"until"`
	By    string    `json:"by,omitempty"` // number of the person
}

// End states how the recording ended. It is the last part of the file.
type End struct {
	Cause string    `json:"cause"` // code of the end cause, such as "window-ended"
	At    time.Time `json:"at"`
}

// Sum is a SHA-256. It is written as lower-case hexadecimal in JSON.
type Sum [32]byte

// String gives the sum as 64 hexadecimal digits.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText implements encoding.TextMarshaler.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Sum) UnmarshalText(b []byte) error {
	if len(b) != 2*len(s) {
		return fmt.Errorf("a SHA-256 has %d hexadecimal digits, not %d", 2*len(s), len(b))
	}
	if _, err := hex.Decode(s[:], b); err != nil {
		return err
	}
	if s.String() != string(b) {
		return errors.New("a SHA-256 is written in lower case")
	}
	return nil
}

// Digest pins a finished recording. It goes into the ledger, because a person who rewrites the file can recompute its hash
// chain.
type Digest struct {
	SHA256      Sum    `json:"sha256"`                 // of the whole file, byte for byte
	Size        int64  `json:"size"`                   // bytes of the whole file
	File        string `json:"file,omitempty"`         // base name; the caller may put a path below the data directory here
	Segments    uint64 `json:"segments"`               // whole segments, the end segment included
	Chain       Sum    `json:"chain"`                  // the chain before the end segment: SHA-256 of all bytes before it
	Frames      uint64 `json:"frames,omitempty"`       // data and events; 0 after Seal, which has no key to count with
	OutputBytes int64  `json:"output_bytes,omitempty"` // bytes relayed to the engineer; 0 after Seal
	InputBytes  int64  `json:"input_bytes,omitempty"`  // bytes relayed to the target; 0 after Seal
	Crashed     bool   `json:"crashed,omitempty"`      // sealed afterwards, without keys
	Cut         int64  `json:"cut,omitempty"`          // bytes of a torn tail that Seal cut off
}
