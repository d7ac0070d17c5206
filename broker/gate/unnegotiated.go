package gate

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy/text"
)

const (
	// toldOf bounds how many kinds of client are remembered as reported. Each is reported once in toldAgain.
	toldOf    = 256
	toldAgain = 24 * time.Hour
	// toldBurst bounds the alarms in tallyPeriod over clients of strangers. The log and the summary of failures hold the
	// rest.
	toldBurst = 5
)

// outdated remembers which clients were reported, so that a scan makes no flood of alarms.
type outdated struct {
	mu     sync.Mutex // guards what follows
	told   map[string]time.Time
	recent []time.Time
}

// first is true for a kind of client that the desks are to hear of now.
func (o *outdated) first(kind string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := func(t time.Time, d time.Duration) bool { return now.Sub(t) >= d || now.Before(t) }
	if t, ok := o.told[kind]; ok && !old(t, toldAgain) {
		return false
	}
	for len(o.recent) > 0 && old(o.recent[0], tallyPeriod) {
		o.recent = o.recent[1:]
	}
	if len(o.recent) >= toldBurst {
		return false
	}
	if len(o.told) >= toldOf {
		for k, t := range o.told {
			if old(t, toldAgain) {
				delete(o.told, k)
			}
		}
		if len(o.told) >= toldOf {
			return false
		}
	}
	if o.told == nil {
		o.told = map[string]time.Time{}
	}
	o.told[kind] = now
	o.recent = append(o.recent, now)
	return true
}

// unnegotiated tells why nothing was agreed. It tells the client, as far as SSH can before there are keys; the log, with both lists;
// and once a day for each kind of client the desks, whom its user will call.
func (c *caller) unnegotiated(hello *clientHello, why *ssh.AlgorithmNegotiationError, now time.Time) {
	client := name(hello.version, 80)
	theirs, ours := names(why.RequestedAlgorithms), names(why.SupportedAlgorithms)
	source := ""
	if c.source.IsValid() {
		source = c.source.Addr().String()
	}
	defer c.sayDisconnect("Sekimori: no common " + why.What + " algorithm. This gate offers: " + ours +
		". Update the client or its settings." + text.ASCII(contactASCII(c.s.o.Notice.Contact))) // after the entry is written
	c.s.tally.add(c.source.Addr(), failAlgorithms, now)
	c.log.Warn("no_common_algorithm", "client", client, "missing", why.What, "client_offers", theirs, "gate_offers", ours,
		"client_key_exchanges", names(hello.lists.KexAlgos), "client_host_keys", names(hello.lists.ServerHostKeyAlgos),
		"client_ciphers", names(hello.lists.CiphersClientServer), "client_macs", names(hello.lists.MACsClientServer))
	if !c.s.outdated.first(client+" "+why.What, now) {
		return
	}
	detail := map[string]any{"client": client, "missing": why.What, "client_offers": theirs, "gate_offers": ours, "source": source}
	// Only where the cipher or MAC is missing: no setting helps against a key exchange that is too old.
	if !c.s.o.ChaCha20 && (strings.HasSuffix(why.What, "cipher") || strings.HasSuffix(why.What, "MAC")) && slices.Contains(hello.lists.CiphersClientServer, ssh.CipherChaCha20Poly1305) {
		detail["remedy"] = "gate: chacha20_poly1305: true" // dropbear has this cipher and no other that is offered
	}
	err := c.s.o.Registry.ClientTooOld(context.Background(), detail)
	if err != nil {
		c.log.Error("alarm_not_raised", "error", err)
	}
}

// negotiationError reports whether an error of the handshake means that no algorithms were agreed.
func negotiationError(err error) *ssh.AlgorithmNegotiationError {
	var why *ssh.AlgorithmNegotiationError
	if errors.As(err, &why) {
		return why
	}
	return nil
}

func contactASCII(contact string) string {
	if contact == "" {
		return ""
	}
	return " Questions: " + contact
}

// Reason codes of SSH_MSG_DISCONNECT (RFC 4253 section 11.1).
const (
	msgDisconnect     = 1
	keyExchangeFailed = 3
)

// sayDisconnect sends a disconnection with its reason, before any keys are in use, and closes the connection once it has gone out.
func (c *caller) sayDisconnect(description string) {
	payload := ssh.Marshal(struct {
		Kind        byte
		Reason      uint32
		Description string
		Language    string
	}{msgDisconnect, keyExchangeFailed, description, "en"})
	padding := 8 - (5+len(payload))%8
	if padding < 4 {
		padding += 8
	}
	packet := make([]byte, 5+len(payload)+padding)
	binary.BigEndian.PutUint32(packet, uint32(len(packet)-4))
	packet[4] = byte(padding)
	copy(packet[5:], payload)
	rand.Read(packet[5+len(payload):])
	_, _ = c.conn.Write(packet) // a client that is gone hears nothing
	c.hangUp()
}

// name makes a stranger's word safe to print and to keep: printable ASCII without spaces, bounded.
func name(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s[:min(len(s), most)])
	return s
}

// names is a list of algorithms in one bounded word.
func names(list []string) string {
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if b.Len() > 500 {
			b.WriteString("...")
			break
		}
		b.WriteString(name(n, 64))
	}
	return b.String()
}
