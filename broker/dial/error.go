package dial

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
)

// Error is why a target could not be reached.
type Error struct {
	Reason policy.Reason // one of 130, 131, 133, 134
	Target string        // id
	Err    error         // what happened, for the log; never shown to the engineer
	// Lists is what could not be agreed on; nil except for policy.TargetTooOld.
	Lists *Lists
}

// Lists are the algorithms of both sides where they have none in common.
type Lists struct {
	What   string   // "key exchange", "host key", "client to server cipher" …
	Broker []string // offered by us
	Target []string // offered by the target, made safe to show; bounded
}

// Error says what was attempted and what happened.
func (e *Error) Error() string {
	switch {
	case e.Lists != nil:
		return fmt.Sprintf("dial target %s: no common algorithm for %s; the broker offers %s; the target offers %s",
			e.Target, e.Lists.What, strings.Join(e.Lists.Broker, " "), strings.Join(e.Lists.Target, " "))
	case e.Reason == policy.TargetRefusedLogin:
		return fmt.Sprintf("dial target %s: it refused the broker's credential: %v", e.Target, e.Err)
	}
	return fmt.Sprintf("dial target %s: %v", e.Target, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// classify finds the reason for a failed handshake that did not end by its time limit. keyShown says
// that the target had shown the pinned key: from then on it is there and is the right one, and what
// fails is the login. A server may refuse one by hanging up.
func classify(t Target, err error, keyShown bool) *Error {
	e := &Error{Reason: policy.TargetUnreachable, Target: t.ID, Err: err}
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case errors.Is(err, errOtherKey):
		e.Reason = policy.TargetKeyChanged
	case errors.As(err, &negotiation) && negotiation.What == "host key" && !signs(negotiation.RequestedAlgorithms, t.HostKey.Type()):
		// It no longer has a key of the registered kind, so it would show another one.
		e.Reason = policy.TargetKeyChanged
	case errors.As(err, &negotiation):
		e.Reason = policy.TargetTooOld
		e.Lists = &Lists{What: negotiation.What, Broker: shown(negotiation.SupportedAlgorithms), Target: shown(negotiation.RequestedAlgorithms)}
	case errors.Is(err, errBanner): // it never came to the login
	case keyShown:
		e.Reason = policy.TargetRefusedLogin
	}
	return e
}

// signs reports whether one of the host key algorithms belongs to a key of the type. An RSA key may
// sign over SHA-1 only, which its type's own name stands for.
func signs(algorithms []string, key string) bool {
	if key == ssh.KeyAlgoRSA {
		return slices.Contains(algorithms, ssh.KeyAlgoRSA) || slices.Contains(algorithms, ssh.KeyAlgoRSASHA256) || slices.Contains(algorithms, ssh.KeyAlgoRSASHA512)
	}
	return slices.Contains(algorithms, key)
}

// Bounds of what is kept of a target's lists.
const (
	mostNames = 64
	mostName  = 64
)

// shown keeps what one side offers as names that are safe to show, without the marks of extensions
// that stand in the same list (RFC 8308 section 2.1, OpenSSH's PROTOCOL section 1.9).
func shown(names []string) []string {
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return strings.HasPrefix(n, "ext-info-") || strings.HasPrefix(n, "kex-strict-")
	})
	if len(names) > mostNames {
		names = append(slices.Clone(names[:mostNames]), "…")
	}
	out := make([]string, 0, len(names))
	for _, n := range names {
		if len(n) > mostName {
			n = n[:mostName] + "…"
		}
		out = append(out, strings.Map(func(r rune) rune {
			if r < '!' || r > '~' && r != '…' {
				return '?'
			}
			return r
		}, n))
	}
	return out
}
