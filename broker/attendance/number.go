package attendance

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"

	"sekimori/broker/keys"
	"sekimori/broker/store"
)

// NumberShown is the entry of a number that the gate shows to an engineer. The number itself is sealed, because many people
// read the ledger, and the attendant may be one of them.
type NumberShown struct {
	Session string `json:"session_id"`
	Person  string `json:"person"`
	Window  string `json:"window"`
	Source  string `json:"source,omitempty"` // where the connection comes from, for the attendant
	Sealed  []byte `json:"sealed_number"`
	Clear   string `json:"digits,omitempty"` // of entries that an earlier version wrote; it sealed nothing
}

// numberSize is how many digits a number has.
const numberSize = 3

// DrawNumber draws three digits that no other connection in the window's waiting room is shown: the digits read back must
// identify one connection.
func DrawNumber(ring *keys.Ring, s *store.Snap, window string) (string, error) {
	checks, err := IdentityChecks(s, window)
	if err != nil {
		return "", err
	}
	for range 1000 {
		n, err := rand.Int(rand.Reader, big.NewInt(1000))
		if err != nil {
			return "", fmt.Errorf("draw a number: %w", err)
		}
		digits, taken := fmt.Sprintf("%0*d", numberSize, n.Int64()), false
		for _, c := range checks {
			if c.waits() && !taken {
				taken, _ = c.number.reads(ring, digits) // one that cannot be opened is no number that anybody reads back
			}
		}
		if !taken {
			return digits, nil
		}
	}
	return "", errors.New("no number is left for an identity check")
}

// ShowNumber gives the entry for digits shown to an engineer who waits for a window. They are sealed for this session and match in no other.
func ShowNumber(ring *keys.Ring, window, session, person, digits string) (NumberShown, error) {
	n := NumberShown{Session: session, Person: person, Window: window}
	var err error
	if n.Sealed, err = ring.Seal(n.purpose(), []byte(digits)); err != nil {
		return NumberShown{}, fmt.Errorf("seal the number of an identity check: %w", err)
	}
	return n, nil
}

func (n NumberShown) purpose() string {
	return "identity/" + n.Window + "/" + n.Session + "/" + n.Person
}

// IsNumber reports whether the text can be a number of an identity check. Any other text was mistyped, and is no wrong answer.
func IsNumber(digits string) bool {
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) == numberSize
}

// reads reports whether digits are those that were shown.
func (n NumberShown) reads(ring *keys.Ring, digits string) (bool, error) {
	shown := []byte(n.Clear)
	if len(n.Sealed) > 0 {
		if ring == nil {
			return false, errors.New("no keys to open the number of an identity check")
		}
		var err error
		if shown, err = ring.Unseal(n.purpose(), n.Sealed); err != nil {
			return false, fmt.Errorf("number of an identity check: %w", err)
		}
	}
	return len(shown) > 0 && subtle.ConstantTimeCompare([]byte(digits), shown) == 1, nil
}
