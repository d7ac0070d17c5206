package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// algCosignature is the key type of a witness's Ed25519 key in c2sp.org/tlog-cosignature.
const algCosignature = 4

// ParseKey reads the ledger's public key, a verifier key of c2sp.org/signed-note ("name+hash+base64", Ed25519). White space
// around it is ignored.
func ParseKey(s string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("ledger: not the public key of a ledger (name+hash+base64): %w", err)
	}
	return v, nil
}

// ParseWitnessKey reads a witness's public key. A key of the cosignature type verifies
// cosignatures; an ordinary Ed25519 key verifies ordinary signatures.
func ParseWitnessKey(s string) (note.Verifier, error) {
	s = strings.TrimSpace(s)
	name, rest, _ := strings.Cut(s, "+")
	hash, b64, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algCosignature || checkOrigin(name) != nil {
		return ParseKey(s)
	}
	c := cosigner{name: name, hash: keyHash(name, raw), key: ed25519.PublicKey(raw[1:])}
	if hash != fmt.Sprintf("%08x", c.hash) {
		return nil, fmt.Errorf("ledger: key of witness %s: its hash is %08x, not %s", name, c.hash, hash)
	}
	return c, nil
}

// keyHash is the key's short identifier of c2sp.org/signed-note.
func keyHash(name string, typed []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosigner verifies cosignature/v1: eight bytes of time, then the Ed25519 signature over a header line, that time and the
// checkpoint. (transparency-dev/formats has the same, but in one package with post-quantum keys, a dependency that this small
// verifier avoids.)
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
	said := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, said, sig[8:])
}
