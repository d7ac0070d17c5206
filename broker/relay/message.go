package relay

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"sekimori/recordings"
)

// message is a request about a channel in its relayed form: fields parsed from a peer's payload, each on its list and within
// its limit. The event and the payload are both built from these fields, so the other side receives nothing that the
// recording does not hold. A peer's own payload is never relayed.
type message struct {
	kind   string // of the request, and of the event
	fields any    // sent, through ssh.Marshal; nil: no payload
	event  any    // recorded; nil: no body
	sealed bool   // the event belongs to the input
}

// recorded is a message that is in the recording. send accepts nothing else.
type recorded struct{ message }

// record puts m into the recording. It returns false if the recorder failed, and the relay with it. A channel with a recorded
// end accepts nothing more.
func (c *channel) record(m message) (recorded, bool) {
	c.recording.RLock()
	defer c.recording.RUnlock()
	if c.closed.Load() {
		return recorded{}, false
	}
	event := c.r.cfg.Recorder.Event
	if m.sealed {
		event = c.r.cfg.Recorder.InputEvent
	}
	if err := event(c.id, m.kind, m.event); err != nil {
		c.r.fail(&RecordingError{Err: err})
		return recorded{}, false
	}
	return recorded{m}, true
}

// send relays a message. It is the only place that sends a request to a channel of the other side.
func send(to ssh.Channel, m recorded, wantReply bool) (bool, error) {
	var payload []byte
	if m.fields != nil {
		payload = ssh.Marshal(m.fields)
	}
	return to.SendRequest(m.kind, wantReply, payload)
}

// ownExit is the broker's own exit status for a channel. At the end of a session it has no event of its own: the end of the
// recording states the cause.
func ownExit(status int) recorded {
	return recorded{exitMessage(uint32(status))}
}

// Reasons of refused requests, for readers of the recording.
var (
	errMalformed = errors.New("malformed or too long")
	errTerm      = errors.New("TERM is too long or no plain word")
	errEnvName   = errors.New("the variable is not on the list")
	errEnvValue  = errors.New("the value is no UTF-8, has a zero byte, or is too long")
	errEnvMany   = errors.New("there are too many variables")
	errSignal    = errors.New("unknown signal")
)

// The payloads of requests, RFC 4254 section 6 and RFC 4335.
type (
	ptyPayload struct {
		Term                      string
		Cols, Rows, Width, Height uint32
		Modes                     string
	}
	sizePayload       struct{ Cols, Rows, Width, Height uint32 }
	envPayload        struct{ Name, Value string }
	stringPayload     struct{ Value string }
	statusPayload     struct{ Status uint32 }
	breakPayload      struct{ Milliseconds uint32 }
	exitSignalPayload struct {
		Signal  string
		Core    bool
		Message string
		Lang    string
	}
)

// parse reads a payload of at most most bytes into fields. Bytes after the fields are an error.
func parse(payload []byte, most int, fields any) error {
	if len(payload) > most || ssh.Unmarshal(payload, fields) != nil {
		return errMalformed
	}
	return nil
}

// readMain parses the main request: shell, exec or subsystem. Bytes after "shell" are dropped. A command may have any bytes.
func readMain(req *ssh.Request) (message, string, error) {
	if req.Type == recordings.EventShell {
		return message{kind: req.Type}, "", nil
	}
	var s stringPayload
	if err := parse(req.Payload, maxCommand, &s); err != nil {
		return message{}, "", err
	}
	return message{kind: req.Type, fields: s, event: recordings.NewCommand(s.Value)}, s.Value, nil
}

// readPTY parses a pty-req. The terminal's name reaches programs on the target as TERM, so it must be a plain word. Otherwise
// the error is errTerm, and p has another name.
func readPTY(payload []byte) (p ptyPayload, err error) {
	if err := parse(payload, maxPayload, &p); err != nil {
		return p, err
	}
	p.Modes = cleanModes(p.Modes)
	if len(p.Term) > maxTerm || !isPlain(p.Term) {
		p.Term = "dumb"
		return p, errTerm
	}
	return p, nil
}

func (p ptyPayload) message() message {
	return message{kind: recordings.EventPTY, fields: p, event: recordings.PTY{
		Term: p.Term, Cols: p.Cols, Rows: p.Rows, Width: p.Width, Height: p.Height, Modes: []byte(p.Modes),
	}}
}

func (s sizePayload) message() message {
	return message{kind: recordings.EventWindowChange, fields: s,
		event: recordings.PTY{Cols: s.Cols, Rows: s.Rows, Width: s.Width, Height: s.Height}}
}

// cleanModes keeps the terminal modes of RFC 4254 section 8 and RFC 8160, each once, and the end.
func cleanModes(modes string) string {
	const width = 5 // of a mode and its argument
	var out []byte
	var seen [256]bool
	for len(modes) >= width && modes[0] != 0 && modes[0] < 160 { // from 160 on the width is unknown
		if op := modes[0]; isMode(op) && !seen[op] {
			seen[op] = true
			out = append(out, modes[:width]...)
		}
		modes = modes[width:]
	}
	return string(append(out, 0))
}

func isMode(op byte) bool {
	switch {
	case op >= 1 && op <= 18, op >= 30 && op <= 42, op >= 50 && op <= 62, op >= 70 && op <= 75, op >= 90 && op <= 93, op == 128, op == 129:
		return true
	}
	return false
}

// readEnv parses an env request. The name must be on the list.
func readEnv(payload []byte, allowed []string) (e envPayload, err error) {
	if err := parse(payload, maxPayload, &e); err != nil {
		return e, err
	}
	switch {
	case !isEnvName(e.Name) || !envAllowed(e.Name, allowed):
		return e, errEnvName
	case len(e.Value) > maxEnvValue || !utf8.ValidString(e.Value) || strings.Contains(e.Value, "\x00"):
		return e, errEnvValue
	}
	return e, nil
}

func (e envPayload) message() message {
	return message{kind: recordings.EventEnv, fields: e, event: recordings.Env(e), sealed: true}
}

func isEnvName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c == '_', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return name != "" && len(name) <= maxEnvName
}

func envAllowed(name string, allowed []string) bool {
	for _, a := range allowed {
		if prefix, open := strings.CutSuffix(a, "*"); a == name || open && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// readAct parses a request that acts on the target like a key: signal or break.
func readAct(req *ssh.Request) (message, error) {
	if req.Type == recordings.EventBreak {
		var b breakPayload
		if err := parse(req.Payload, maxPayload, &b); err != nil {
			return message{}, err
		}
		return message{kind: req.Type, fields: b, event: recordings.Break{Length: b.Milliseconds}}, nil
	}
	var s stringPayload
	if err := parse(req.Payload, maxPayload, &s); err != nil {
		return message{}, err
	}
	switch s.Value { // RFC 4254 section 6.10, and INFO as OpenSSH sends it
	case "ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM", "USR1", "USR2", "INFO@openssh.com":
		return message{kind: req.Type, fields: s, event: recordings.Signal{Signal: s.Value}}, nil
	}
	return message{}, errSignal
}

// readExit parses the exit status or signal. The target's words about a signal are shortened and freed of control characters;
// the status is relayed even if they are odd.
func readExit(req *ssh.Request) (message, error) {
	if req.Type == recordings.EventExitStatus {
		var s statusPayload
		if err := parse(req.Payload, maxPayload, &s); err != nil {
			return message{}, err
		}
		return exitMessage(s.Status), nil
	}
	var s exitSignalPayload
	if err := parse(req.Payload, maxPayload, &s); err != nil {
		return message{}, err
	}
	s.Signal = cleanText(ascii(s.Signal), maxSignal)
	s.Message = cleanText(s.Message, maxMessage)
	s.Lang = cleanText(ascii(s.Lang), maxLang)
	return message{kind: recordings.EventExitSignal, fields: s, event: recordings.ExitSignal(s)}, nil
}

func exitMessage(status uint32) message {
	return message{kind: recordings.EventExitStatus, fields: statusPayload{status}, event: recordings.Exit{Status: status}}
}

// stopReading is a peer's message that it has stopped reading a stream.
func stopReading(s recordings.Stream) message {
	return message{kind: recordings.EventEOW, event: recordings.StreamEnd{Stream: s.String()}}
}

// cleanText returns s as UTF-8 without control characters, in at most most bytes.
func cleanText(s string, most int) string {
	s = printable(strings.ToValidUTF8(s, "?"))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// isPlain reports whether s is printable ASCII.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// ascii makes s fit for a field that allows printable ASCII only, such as the description of a channel open failure.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// clip shortens a peer's text for an event or the log.
func clip(s string) string {
	const most = 256
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "?")
}
