package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	cosignatures "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// The types of a witness's key in c2sp.org/tlog-cosignature.
const (
	algCosignature = 4 // Ed25519
	algMLDSA44     = 6 // ML-DSA-44, which stands against quantum computers
)

// ParseKey reads the ledger's public key, a verifier key of c2sp.org/signed-note ("name+hash+base64", Ed25519). White space
// around it is ignored.
func ParseKey(s string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("ledger: not the public key of a ledger (name+hash+base64): %w", err)
	}
	return v, nil
}

// ParseWitnessKey reads a witness's public key. A key of a cosignature type (Ed25519 or ML-DSA-44) verifies cosignatures; an
// ordinary Ed25519 key verifies ordinary signatures.
func ParseWitnessKey(s string) (note.Verifier, error) {
	s = strings.TrimSpace(s)
	name, rest, _ := strings.Cut(s, "+")
	hash, b64, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || len(raw) == 0 || checkOrigin(name) != nil {
		return ParseKey(s)
	}
	var v note.Verifier
	switch {
	case raw[0] == algCosignature && len(raw) == 1+ed25519.PublicKeySize:
		v = cosigner{name: name, hash: keyHash(name, raw), key: ed25519.PublicKey(raw[1:])}
	case raw[0] == algMLDSA44 && len(name) <= maxCosigner:
		if v, err = cosignatures.NewMLDSAVerifier(s); err != nil {
			return nil, fmt.Errorf("ledger: key of witness %s: %w", name, err)
		}
	default:
		return ParseKey(s)
	}
	if hash != fmt.Sprintf("%08x", v.KeyHash()) {
		return nil, fmt.Errorf("ledger: key of witness %s: its hash is %08x, not %s", name, v.KeyHash(), hash)
	}
	return v, nil
}

// maxCosigner bounds the bytes of the name of an ML-DSA-44 key and of the origin beside it: their lengths are signed in one byte each.
const maxCosigner = 255

// keyHash is the key's short identifier of c2sp.org/signed-note.
func keyHash(name string, typed []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosigner verifies cosignature/v1 of Ed25519: eight bytes of time, then the signature of CosignedText.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(c.key, CosignedText(binary.BigEndian.Uint64(sig), msg), sig[8:])
}

// CosignedText is what a witness signs with Ed25519: a header line, the time in Unix seconds, and the checkpoint's text.
func CosignedText(seconds uint64, text []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text)
}

// WitnessKeyText is the public key of a witness's Ed25519 key in one line.
func WitnessKeyText(name string, key ed25519.PublicKey) string {
	raw := append([]byte{algCosignature}, key...)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, raw), base64.StdEncoding.EncodeToString(raw))
}

// ReadKeys reads a file of public keys: one a line, empty lines and lines that begin with # ignored. parse is ParseKey or
// ParseWitnessKey.
func ReadKeys(file []byte, parse func(string) (note.Verifier, error)) ([]note.Verifier, error) {
	var keys []note.Verifier
	for line := range strings.Lines(string(file)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := parse(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, v)
	}
	return keys, nil
}
