package relay

import (
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/recordings"
)

// The bodies of requests, RFC 4254 section 6.
type (
	ptyPayload struct {
		Term                      string
		Cols, Rows, Width, Height uint32
		Modes                     string
	}
	sizePayload   struct{ Cols, Rows, Width, Height uint32 }
	envPayload    struct{ Name, Value string }
	stringPayload struct{ Value string }
	statusPayload struct{ Status uint32 }
)

// parsePTY reads a pty-req; ok is false where it is malformed or beyond a limit. The terminal's
// name reaches programs on the target as TERM, so it must be a plain word.
func parsePTY(payload []byte) (p ptyPayload, ok bool) {
	if len(payload) > maxPayload || ssh.Unmarshal(payload, &p) != nil {
		return p, false
	}
	return p, len(p.Term) <= maxTerm && len(p.Modes) <= maxModes && isPlain(p.Term)
}

func (p ptyPayload) recorded() recordings.PTY {
	return recordings.PTY{Term: p.Term, Cols: p.Cols, Rows: p.Rows, Width: p.Width, Height: p.Height, Modes: []byte(p.Modes)}
}

func (s sizePayload) recorded() recordings.PTY {
	return recordings.PTY{Cols: s.Cols, Rows: s.Rows, Width: s.Width, Height: s.Height}
}

// parseEnv reads an env request whose variable is on the list.
func parseEnv(payload []byte, allowed []string) (e envPayload, ok bool) {
	if len(payload) > maxPayload || ssh.Unmarshal(payload, &e) != nil {
		return e, false
	}
	return e, len(e.Value) <= maxEnvValue && isPlain(e.Value) && envAllowed(e.Name, allowed)
}

func envAllowed(name string, allowed []string) bool {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return false
	}
	for _, a := range allowed {
		if prefix, open := strings.CutSuffix(a, "*"); a == name || open && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
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

// parseSignal reads a signal request that names one of RFC 4254 section 6.10, or INFO as
// OpenSSH sends it.
func parseSignal(payload []byte) (name string, ok bool) {
	var s stringPayload
	if len(payload) > maxPayload || ssh.Unmarshal(payload, &s) != nil {
		return "", false
	}
	switch s.Value {
	case "ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM",
		"USR1", "USR2", "INFO@openssh.com":
		return s.Value, true
	}
	return s.Value, false
}

// ascii makes s fit for a place that takes printable ASCII only, such as the description of a
// channel open failure.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// clip shortens what a peer sent before it is recorded as an event or logged.
func clip(s string) string {
	const most = 256
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "?")
}
