package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// markBytes is the length of a mark before its encoding.
const markBytes = 16

// Mark stands for a text without telling it: equal texts of one purpose have equal marks. Without the master key no one can try which text a
// mark stands for, and marks of different purposes cannot be compared.
func (r *Ring) Mark(purpose, text string) (string, error) {
	key, err := hkdf.Key(sha256.New, r.master, nil, "sekimori: marks of "+purpose, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("mark of %s: %w", purpose, err)
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:markBytes]), nil
}
