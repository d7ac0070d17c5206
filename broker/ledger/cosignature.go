package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Cosignature is the signature line of a witness under a checkpoint.
type Cosignature struct {
	Witness string    // the key's name
	KeyHash uint32    // of the key; a witness with two keys writes two lines
	At      time.Time // when the witness signed, by its own clock
	Line    []byte    // with its newline, as it stands under the checkpoint
}

// maxAnswer bounds the lines of a witness's answer. A witness has two keys; more lines than this are no answer but an attempt to
// keep a reader busy.
const maxAnswer = 16

// ReadCosignatures reads the lines that a witness answered and verifies them against the checkpoint. Lines of other keys than the
// given ones are left out, as c2sp.org/tlog-witness asks. It fails unless each key has one valid line, and on bytes that are no
// signature lines.
func ReadCosignatures(checkpoint, answer []byte, keys []note.Verifier) ([]Cosignature, error) {
	if len(answer) > maxCheckpoint {
		return nil, formErrorf("answer of %d bytes, at most %d", len(answer), maxCheckpoint)
	}
	if _, err := ReadCheckpoint(checkpoint); err != nil {
		return nil, err
	}
	names, err := signatures(string(answer))
	if err != nil {
		return nil, err
	}
	if len(names) > maxAnswer {
		return nil, formErrorf("answer of %d lines, at most %d", len(names), maxAnswer)
	}
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	text = append(bytes.Clone(text), '\n')
	var out []Cosignature
	for _, key := range keys {
		c, ok := cosignatureOf(text, answer, key)
		if !ok {
			return nil, fmt.Errorf("%w: %s", ErrSignature, key.Name())
		}
		out = append(out, c)
	}
	return out, nil
}

// cosignatureOf finds the valid line of a key among signature lines whose form was checked.
func cosignatureOf(text, lines []byte, key note.Verifier) (c Cosignature, ok bool) {
	for line := range bytes.Lines(lines) {
		name, b64, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(string(line), "— "), "\n"), " ")
		sig, err := base64.StdEncoding.DecodeString(b64)
		if err != nil || name != key.Name() || len(sig) < 12 || binary.BigEndian.Uint32(sig) != key.KeyHash() {
			continue
		}
		seconds := binary.BigEndian.Uint64(sig[4:])
		if seconds > math.MaxInt64 || !key.Verify(text, sig[4:]) {
			return c, false
		}
		return Cosignature{Witness: name, KeyHash: key.KeyHash(), At: time.Unix(int64(seconds), 0).UTC(), Line: bytes.Clone(line)}, true
	}
	return c, false
}

// Cosigners are the names of the witnesses that have validly cosigned a checkpoint with each of their keys, in order.
func Cosigners(checkpoint []byte, keys []note.Verifier) []string {
	signed := map[string]bool{}
	for _, k := range keys {
		before, known := signed[k.Name()]
		signed[k.Name()] = (before || !known) && signedBy(checkpoint, k)
	}
	var names []string
	for name, all := range signed {
		if all {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Cosigned is the checkpoint with further signature lines below its own.
func Cosigned(checkpoint []byte, more []Cosignature) []byte {
	out := bytes.Clone(checkpoint)
	for _, c := range more {
		out = append(out, c.Line...)
	}
	return out
}
