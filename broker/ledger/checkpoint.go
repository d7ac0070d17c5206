package ledger

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxCheckpoint bounds the bytes of a signed checkpoint: three short lines and some signatures.
const maxCheckpoint = 32 << 10

// maxSignatures bounds the signatures of a checkpoint; golang.org/x/mod reads no more.
const maxSignatures = 100

// Checkpoint (確定点) states the origin, the number of entries and the root of a ledger.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// ErrSignature says that a checkpoint carries no valid signature of the given key.
var ErrSignature = errors.New("ledger: checkpoint carries no valid signature of this key")

// ErrNotProved says that the hashes of a proof do not lead from its entry to the root of its checkpoint.
var ErrNotProved = errors.New("ledger: the proof does not lead from its entry to the root of its checkpoint")

// SignCheckpoint writes the checkpoint as a signed note (c2sp.org/tlog-checkpoint). Origin names the ledger: non-empty,
// without spaces and '+'. By custom it is the name of the signing key.
func SignCheckpoint(origin string, size int64, root tlog.Hash, s note.Signer) ([]byte, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, fmt.Errorf("ledger: checkpoint of size %d", size)
	}
	text := log.Checkpoint{Origin: origin, Size: uint64(size), Hash: root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, s)
	if err != nil {
		return nil, fmt.Errorf("ledger: sign checkpoint of %d entries: %w", size, err)
	}
	return signed, nil
}

// OpenCheckpoint reads a signed checkpoint and verifies that the key v signed it. For signatures of others (witnesses) it
// checks the form only. Errors: ErrSignature, *FormError.
func OpenCheckpoint(b []byte, v note.Verifier) (Checkpoint, error) {
	if v == nil {
		return Checkpoint{}, errors.New("ledger: no key to verify the checkpoint with (ReadCheckpoint reads without)")
	}
	c, err := ReadCheckpoint(b)
	if err != nil {
		return Checkpoint{}, err
	}
	if !signedBy(b, v) {
		return Checkpoint{}, ErrSignature
	}
	return c, nil
}

// ReadCheckpoint reads a checkpoint without verifying any signature, so its content is only a claim. The form is strict:
// bytes that a lenient reader would ignore are refused.
func ReadCheckpoint(b []byte) (Checkpoint, error) {
	if len(b) > maxCheckpoint {
		return Checkpoint{}, formErrorf("checkpoint of %d bytes, at most %d", len(b), maxCheckpoint)
	}
	if !utf8.Valid(b) {
		return Checkpoint{}, formErrorf("checkpoint is not UTF-8")
	}
	text, sigs, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		return Checkpoint{}, formErrorf("checkpoint has no blank line before its signatures")
	}
	text += "\n"
	var c log.Checkpoint
	rest, err := c.Unmarshal([]byte(text))
	if err != nil {
		return Checkpoint{}, formErrorf("checkpoint: %v", err)
	}
	if len(rest) != 0 {
		return Checkpoint{}, formErrorf("checkpoint has more than origin, size and root")
	}
	if len(c.Hash) != tlog.HashSize || c.Size > math.MaxInt64 || !bytes.Equal(c.Marshal(), []byte(text)) {
		return Checkpoint{}, formErrorf("checkpoint's size or root is not in canonical form")
	}
	if err := checkOrigin(c.Origin); err != nil {
		return Checkpoint{}, err
	}
	if _, err := signatures(sigs); err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Origin: c.Origin, Size: int64(c.Size), Root: tlog.Hash(c.Hash)}, nil
}

// signatures returns the signers' names of a signature block. x/mod's note.Open ignores unused bits of base64 and second
// signatures of a key; here a block has exactly one valid encoding.
func signatures(block string) ([]string, error) {
	if !strings.HasSuffix(block, "\n") {
		return nil, formErrorf("checkpoint's signatures do not end in a newline")
	}
	var names []string
	seen := map[string]bool{}
	for line := range strings.Lines(block) {
		name, b64, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "— "), "\n"), " ")
		if !ok || !strings.HasPrefix(line, "— ") || checkOrigin(name) != nil {
			return nil, formErrorf("checkpoint holds a line that is no signature")
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(b64)
		if err != nil || len(sig) < 5 || base64.StdEncoding.EncodeToString(sig) != b64 {
			return nil, formErrorf("checkpoint's signature of %s is not base64 in canonical form", name)
		}
		key := name + "+" + string(sig[:4])
		if seen[key] {
			return nil, formErrorf("checkpoint is signed twice by one key of %s", name)
		}
		seen[key] = true
		if names = append(names, name); len(names) > maxSignatures {
			return nil, formErrorf("checkpoint has more than %d signatures", maxSignatures)
		}
	}
	return names, nil
}

// signers returns the names under a checkpoint that ReadCheckpoint has accepted.
func signers(b []byte) []string {
	_, block, _ := strings.Cut(string(b), "\n\n")
	names, _ := signatures(block)
	return names
}

// Witnesses returns the names under a checkpoint that ReadCheckpoint has accepted, without the ledger's own. Nothing is verified: a witness
// is proved with its key.
func Witnesses(b []byte, origin string) []string {
	return slices.DeleteFunc(signers(b), func(name string) bool { return name == origin })
}

func signedBy(b []byte, v note.Verifier) bool {
	n, err := note.Open(b, note.VerifierList(v))
	return err == nil && len(n.Sigs) == 1
}

func checkOrigin(origin string) error {
	if origin == "" || strings.Contains(origin, "+") || strings.ContainsFunc(origin, unicode.IsSpace) {
		return formErrorf("origin %q is empty or holds a space or '+'", origin)
	}
	if err := checkText("origin", origin); err != nil {
		return &FormError{What: err.Error()}
	}
	return nil
}
