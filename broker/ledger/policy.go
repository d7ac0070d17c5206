package ledger

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Bounds of a policy. A policy within them is judged in a moment.
const (
	maxPolicy     = 256 << 10 // bytes
	maxComponents = 64        // witnesses and groups together
	maxLogs       = 32
)

// NoQuorum is the predefined name of a quorum that asks for no witness.
const NoQuorum = "none"

// Policy (信頼の方針) is a trust policy of c2sp.org/tlog-policy: the keys of the logs whose checkpoints count, the keys of the
// witnesses, and the quorum of witnesses that must have cosigned. The zero value accepts no checkpoint.
type Policy struct {
	logs   []note.Verifier
	names  []string // of witnesses and groups, in their order
	known  map[string]component
	quorum string
}

// component is a witness, or a group of components.
type component struct {
	key     note.Verifier // of a witness; nil: a group
	members []string
	needed  int // of the members
}

// ParsePolicy reads a policy file. Error: *FormError, which names the line.
func ParsePolicy(b []byte) (*Policy, error) {
	if len(b) > maxPolicy {
		return nil, formErrorf("policy of %d bytes, at most %d", len(b), maxPolicy)
	}
	p := &Policy{known: map[string]component{}}
	reading := policyReader{p: p, inGroup: map[string]bool{}}
	n := 0
	for line := range bytes.Lines(b) {
		n++
		if err := reading.line(string(line)); err != nil {
			return nil, &FormError{What: fmt.Sprintf("policy, line %d: %v", n, err)}
		}
	}
	if p.quorum == "" {
		return nil, formErrorf("policy has no quorum line")
	}
	return p, nil
}

// policyReader keeps what must be unique within a policy.
type policyReader struct {
	p       *Policy
	keys    []string        // key material of logs, then of witnesses, each with its word before it
	inGroup map[string]bool // names that are a member of a group already
}

func (r *policyReader) line(line string) error {
	if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(c rune) bool { return c < 0x20 && c != '\t' || c == 0x7F }); i >= 0 {
		return fmt.Errorf("control character U+%04X", line[i])
	}
	fields := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' || c == '\n' })
	if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
		return nil
	}
	switch word, rest := fields[0], fields[1:]; word {
	case "log":
		return r.log(rest)
	case "witness":
		return r.witness(rest)
	case "group":
		return r.group(rest)
	case "quorum":
		return r.quorum(rest)
	default:
		return fmt.Errorf("unknown word %q", word)
	}
}

// unique refuses a second line of the same word with the same key material, whatever name the key has there.
func (r *policyReader) unique(word, vkey string) error {
	material := strings.SplitN(vkey, "+", 3)[2] // base64, which may hold '+' itself
	if slices.Contains(r.keys, word+material) {
		return fmt.Errorf("this key stands twice")
	}
	r.keys = append(r.keys, word+material)
	return nil
}

func (r *policyReader) log(f []string) error {
	if len(f) < 1 || len(f) > 2 {
		return fmt.Errorf("a log line is: log KEY [URL]")
	}
	v, err := ParseKey(f[0])
	if err != nil {
		return err
	}
	if len(r.p.logs) == maxLogs {
		return fmt.Errorf("more than %d logs", maxLogs)
	}
	r.p.logs = append(r.p.logs, v)
	return r.unique("log ", f[0])
}

func (r *policyReader) witness(f []string) error {
	if len(f) < 2 || len(f) > 3 {
		return fmt.Errorf("a witness line is: witness NAME KEY [URL]")
	}
	v, err := ParseWitnessKey(f[1])
	if err != nil {
		return err
	}
	if _, plain := v.(cosigner); !plain {
		// An ordinary key signs any text: its signature under a checkpoint says nothing about consistency.
		if _, err := note.NewVerifier(f[1]); err == nil {
			return fmt.Errorf("the key of a witness is of a cosignature type")
		}
	}
	if err := r.unique("witness ", f[1]); err != nil {
		return err
	}
	return r.define(f[0], component{key: v})
}

func (r *policyReader) define(name string, c component) error {
	if _, known := r.p.known[name]; known || name == NoQuorum {
		return fmt.Errorf("the name %q is taken", name)
	}
	if len(r.p.names) == maxComponents {
		return fmt.Errorf("more than %d witnesses and groups", maxComponents)
	}
	r.p.names = append(r.p.names, name)
	r.p.known[name] = c
	return nil
}

func (r *policyReader) group(f []string) error {
	if len(f) < 3 {
		return fmt.Errorf("a group line is: group NAME all|any|NUMBER MEMBER…")
	}
	c := component{members: f[2:]}
	switch f[1] {
	case "all":
		c.needed = len(c.members)
	case "any":
		c.needed = 1
	default:
		k, err := strconv.Atoi(f[1])
		if err != nil || strconv.Itoa(k) != f[1] || k < 1 || k > len(c.members) {
			return fmt.Errorf("the threshold %q is none of all, any, 1 to %d", f[1], len(c.members))
		}
		c.needed = k
	}
	for _, m := range c.members {
		if _, known := r.p.known[m]; !known {
			return fmt.Errorf("no line before this one defines %q", m)
		}
		if r.inGroup[m] {
			return fmt.Errorf("%q is a member twice", m)
		}
		r.inGroup[m] = true
	}
	return r.define(f[0], c)
}

func (r *policyReader) quorum(f []string) error {
	if len(f) != 1 {
		return fmt.Errorf("a quorum line is: quorum NAME")
	}
	if r.p.quorum != "" {
		return fmt.Errorf("a second quorum line")
	}
	if _, known := r.p.known[f[0]]; !known && f[0] != NoQuorum {
		return fmt.Errorf("no line before this one defines %q", f[0])
	}
	r.p.quorum = f[0]
	return nil
}

// Log is the key of the log that a checkpoint claims to be of; nil: the policy has none of that origin that signed it.
func (p *Policy) Log(checkpoint []byte) note.Verifier {
	c, err := ReadCheckpoint(checkpoint)
	if err != nil {
		return nil
	}
	for _, v := range p.logs {
		if v.Name() == c.Origin && signedBy(checkpoint, v) {
			return v
		}
	}
	return nil
}

// Cosigners are the names, in the policy, of the witnesses that have validly cosigned a checkpoint, and whether they are a quorum.
func (p *Policy) Cosigners(checkpoint []byte) (names []string, quorum bool) {
	met := map[string]bool{NoQuorum: true}
	for _, name := range p.names { // members stand before their groups
		c := p.known[name]
		if c.key != nil {
			if met[name] = signedBy(checkpoint, c.key); met[name] {
				names = append(names, name)
			}
			continue
		}
		n := 0
		for _, m := range c.members {
			if met[m] {
				n++
			}
		}
		met[name] = n >= c.needed
	}
	return names, met[p.quorum]
}

// Quorum is the name of the policy's quorum, "none" where no witness is asked for.
func (p *Policy) Quorum() string { return p.quorum }

// WitnessKey is the key of a witness of the policy; nil: there is none of this name.
func (p *Policy) WitnessKey(name string) note.Verifier { return p.known[name].key }
