package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// StewardSigner is the key with which the broker looks after accounts on targets (broker/accounts). It follows from the master key, so
// that a data directory of an older version has it too. Targets accept it for one forced command only.
func (r *Ring) StewardSigner() (ssh.Signer, error) {
	seed, err := hkdf.Key(sha256.New, r.master, nil, "sekimori: key for the care of accounts on targets", 32)
	if err != nil {
		return nil, fmt.Errorf("key for accounts on targets: %w", err)
	}
	return sshSigner(seed)
}
