package recordings

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
)

// Identities of two kinds open recordings: the hybrid ones of age (ML-KEM-768 with X25519, age1pq1…), which stay closed to a
// quantum computer too, and the classic ones (X25519, age1…). Other kinds, such as SSH keys and plugins, are refused: a
// recording must open after decades with this format's description alone.

var errNotRecipient = errors.New("it is neither a hybrid (age1pq1…) nor a classic (age1…) public key of age")

// ParseRecipient reads the public half of an identity.
func ParseRecipient(s string) (age.Recipient, error) {
	if strings.HasPrefix(s, "age1pq1") {
		r, err := age.ParseHybridRecipient(s)
		if err != nil {
			return nil, errNotRecipient // age's error repeats the whole text, which may be a private key
		}
		return r, nil
	}
	r, err := age.ParseX25519Recipient(s)
	if err != nil {
		return nil, errNotRecipient
	}
	return r, nil
}

// PostQuantum reports whether keys that are wrapped to r stay closed to a quantum computer. A recipient of another package
// says it by a method of this name; without it the answer is no.
func PostQuantum(r age.Recipient) bool {
	if _, hybrid := r.(*age.HybridRecipient); hybrid {
		return true
	}
	said, ok := r.(interface{ PostQuantum() bool })
	return ok && said.PostQuantum()
}

// Fingerprint names a recipient in the ledger and in lists: SHA-256 of its public text, in OpenSSH's notation. A hybrid public
// key has 1,959 characters, which no person compares.
func Fingerprint(recipient string) string {
	return fingerprint(sha256.Sum256([]byte(recipient)))
}

func fingerprint(sum Sum) string { return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]) }

// wrapKey seals a key to recipients, in age's format.
//
// age refuses to mix hybrid and classic recipients, because the mixture is as weak as the classic ones. A change from classic
// keys to hybrid ones passes through such a mixture, so that the format allows it. `sekimori check` warns of it.
func wrapKey(key []byte, to []age.Recipient) ([]byte, error) {
	plain := make([]age.Recipient, len(to))
	for i, r := range to {
		plain[i] = unlabelled{r}
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, plain...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(key); err != nil {
		return nil, fmt.Errorf("wrap a key: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("wrap a key: %w", err)
	}
	return b.Bytes(), nil
}

// unlabelled hides the label by which age keeps hybrid recipients apart from classic ones.
type unlabelled struct{ to age.Recipient }

func (u unlabelled) Wrap(key []byte) ([]*age.Stanza, error) { return u.to.Wrap(key) }
