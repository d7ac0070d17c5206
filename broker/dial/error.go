package dial

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
)

// Error says why a target could not be reached.
type Error struct {
	Reason policy.Reason // one of 130, 131, 133, 134
	Target string        // id
	Err    error         // the cause, for the log; never shown to the engineer
	// Lists are the algorithms without agreement; nil except for policy.TargetTooOld.
	Lists *Lists
	// Refused: the target answered that it takes none of the broker's proofs. Without it a policy.TargetRefusedLogin is a connection that
	// ended in the login, which servers do to refuse, and networks too.
	Refused bool
}

// Lists are both sides' algorithms of a kind in which they have none in common.
type Lists struct {
	What   string   // "key exchange", "host key", "client to server cipher" …
	Broker []string // offered by us
	Target []string // offered by the target, made safe to show; bounded
}

// Error returns the attempt and its failure.
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// classify finds the reason for a failed handshake that did not end by its time limit. keyShown says that the target had
// shown the pinned key: then it is there and is the right one, so the login has failed. A server may refuse a login by
// hanging up.
func classify(t Target, err error, keyShown bool) *Error {
	e := &Error{Reason: policy.TargetUnreachable, Target: t.ID, Err: err}
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case errors.Is(err, errOtherKey):
		e.Reason = policy.TargetKeyChanged
	case errors.As(err, &negotiation) && negotiation.What == "host key" && !signs(negotiation.RequestedAlgorithms, t.HostKey.Type()):
		// The target no longer has a key of the registered kind, so it would show another one.
		e.Reason = policy.TargetKeyChanged
	case errors.As(err, &negotiation):
		e.Reason = policy.TargetTooOld
		e.Lists = &Lists{What: negotiation.What, Broker: shown(negotiation.SupportedAlgorithms), Target: shown(negotiation.RequestedAlgorithms)}
	case errors.Is(err, errBanner): // the login never began
	case keyShown:
		e.Reason = policy.TargetRefusedLogin
		e.Refused = answeredNo(err)
	}
	return e
}

// answeredNo tells whether a login ended with the target's answer, in the words of x/crypto/ssh, which has no type for it: all methods were
// refused, or SSH_MSG_USERAUTH_FAILURE (51, RFC 4252 section 6) came in the middle of one.
func answeredNo(err error) bool {
	return strings.Contains(err.Error(), "unable to authenticate") || strings.Contains(err.Error(), "unexpected message type 51 ")
}

// signs reports whether one of the host key algorithms belongs to a key of the type. An RSA key may sign over SHA-1 only; the
// type's own name means that.
func signs(algorithms []string, key string) bool {
	if key == ssh.KeyAlgoRSA {
		return slices.Contains(algorithms, ssh.KeyAlgoRSA) || slices.Contains(algorithms, ssh.KeyAlgoRSASHA256) || slices.Contains(algorithms, ssh.KeyAlgoRSASHA512)
	}
	return slices.Contains(algorithms, key)
}

// Bounds of the kept part of a target's lists.
const (
	mostNames = 64
	mostName  = 64
)

// shown returns one side's algorithms as names that are safe to show, without extension markers in the same list (RFC 8308
// section 2.1, OpenSSH's PROTOCOL section 1.9).
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
