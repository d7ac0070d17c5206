package keys

import (
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// version is the first byte of all sealed data.
const version = 1

// ErrUnseal says that sealed bytes cannot be opened: another master key, another purpose, or changed bytes.
var ErrUnseal = errors.New("sealed bytes do not open with this key and purpose: they were changed, or are another's")

// seal writes version ‖ nonce ‖ XChaCha20-Poly1305 of plain. The purpose is authenticated but not stored, so a piece in
// another's place does not open.
func seal(master []byte, purpose string, plain []byte) ([]byte, error) {
	a, err := chacha20poly1305.NewX(master)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", purpose, err)
	}
	out := make([]byte, 1+a.NonceSize(), 1+a.NonceSize()+len(plain)+a.Overhead())
	out[0] = version
	if _, err := rand.Read(out[1:]); err != nil {
		return nil, fmt.Errorf("seal %s: %w", purpose, err)
	}
	return a.Seal(out, out[1:], plain, bound(purpose)), nil
}

func unseal(master []byte, purpose string, sealed []byte) ([]byte, error) {
	a, err := chacha20poly1305.NewX(master)
	if err != nil {
		return nil, fmt.Errorf("unseal %s: %w", purpose, err)
	}
	if len(sealed) < 1+a.NonceSize()+a.Overhead() {
		return nil, fmt.Errorf("unseal %s: %d bytes are too few: %w", purpose, len(sealed), ErrUnseal)
	}
	if sealed[0] != version {
		return nil, fmt.Errorf("unseal %s: written by version %d, this program knows %d: %w", purpose, sealed[0], version, ErrUnseal)
	}
	body := sealed[1:]
	plain, err := a.Open(nil, body[:a.NonceSize()], body[a.NonceSize():], bound(purpose))
	if err != nil {
		return nil, fmt.Errorf("unseal %s: %w", purpose, ErrUnseal)
	}
	return plain, nil
}

func bound(purpose string) []byte { return []byte("sekimori sealed v1\x00" + purpose) }

// Seal seals bytes for storage elsewhere, for example under the purpose "secret/hr-db/maint" or "totp/E-0031". Only the same
// purpose opens them again.
func (r *Ring) Seal(purpose string, plain []byte) ([]byte, error) {
	return seal(r.master, "store/"+purpose, plain)
}

// Unseal opens bytes that Seal sealed for this purpose. Errors: ErrUnseal.
func (r *Ring) Unseal(purpose string, sealed []byte) ([]byte, error) {
	return unseal(r.master, "store/"+purpose, sealed)
}
