package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	cosignatures "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/ledger"
)

// private begins the line of a private key, as in c2sp.org/signed-note's Go implementation.
const private = "PRIVATE+KEY+"

// signer makes the signature of one key of the witness, with its time in front.
type signer func(at time.Time, c ledger.Checkpoint, text []byte) ([]byte, error)

// key is one key of the witness.
type key struct {
	verifier note.Verifier
	sign     signer
}

// makeKeys makes the two keys of a witness: Ed25519, which every client understands, and ML-DSA-44, which stands against quantum computers.
// A line of secret belongs to the line of public at the same place.
func makeKeys(name string) (secret, public []string, err error) {
	pub, sec, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("witness: make a key: %w", err)
	}
	plain := ledger.WitnessKeyText(name, pub)
	if _, err := ledger.ParseWitnessKey(plain); err != nil {
		return nil, nil, fmt.Errorf("witness: the name %q is no name of a key: %w", name, err)
	}
	fields := strings.SplitN(plain, "+", 3) // name, hash, base64, which may hold '+' itself
	raw, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return nil, nil, err
	}
	quantumSecret, quantum, err := cosignatures.GenerateMLDSAKey(name)
	if err != nil {
		return nil, nil, fmt.Errorf("witness: make a key: %w", err)
	}
	seed := base64.StdEncoding.EncodeToString(append(raw[:1:1], sec.Seed()...))
	return []string{private + fields[0] + "+" + fields[1] + "+" + seed, quantumSecret}, []string{plain, quantum}, nil
}

// readKeys reads the keys and tries each one, so that a witness whose keys do not belong together does not start.
func readKeys(secret, public []byte) ([]key, error) {
	verifiers, err := ledger.ReadKeys(public, ledger.ParseWitnessKey)
	if err != nil {
		return nil, err
	}
	lines := strings.Fields(string(secret))
	if len(lines) != len(verifiers) || len(lines) == 0 {
		return nil, fmt.Errorf("witness: %d private keys, %d public ones", len(lines), len(verifiers))
	}
	var keys []key
	trial, err := ledger.SignCheckpoint("trial", 0, [32]byte{}, trialSigner{})
	if err != nil {
		return nil, err
	}
	c, err := ledger.ReadCheckpoint(trial)
	if err != nil {
		return nil, err
	}
	for i, line := range lines {
		sign, err := readSigner(line)
		if err != nil {
			return nil, fmt.Errorf("witness: private key %d: %w", i+1, err)
		}
		sig, err := sign(time.Unix(0, 0), c, textOf(trial))
		if err != nil || !verifiers[i].Verify(textOf(trial), sig) {
			return nil, fmt.Errorf("witness: private key %d is not that of the public key %s", i+1, verifiers[i].Name())
		}
		keys = append(keys, key{verifiers[i], sign})
	}
	return keys, nil
}

// trialSigner gives a checkpoint the form that readKeys signs on trial. Its signature is valid nowhere.
type trialSigner struct{}

func (trialSigner) Name() string                { return "trial" }
func (trialSigner) KeyHash() uint32             { return 0 }
func (trialSigner) Sign([]byte) ([]byte, error) { return []byte{0}, nil }

func readSigner(line string) (signer, error) {
	fields := strings.SplitN(strings.TrimPrefix(line, private), "+", 3)
	if !strings.HasPrefix(line, private) || len(fields) != 3 {
		return nil, errors.New("not a private key")
	}
	raw, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(raw) == 0 {
		return nil, errors.New("not a private key")
	}
	if raw[0] == 4 && len(raw) == 1+ed25519.SeedSize {
		secret := ed25519.NewKeyFromSeed(raw[1:])
		return func(at time.Time, _ ledger.Checkpoint, text []byte) ([]byte, error) {
			seconds := uint64(at.Unix())
			return append(binary.BigEndian.AppendUint64(nil, seconds), ed25519.Sign(secret, ledger.CosignedText(seconds, text))...), nil
		}, nil
	}
	quantum, err := cosignatures.NewMLDSASigner(line)
	if err != nil {
		return nil, err
	}
	return func(at time.Time, c ledger.Checkpoint, _ []byte) ([]byte, error) {
		return quantum.SignSubtree(uint64(at.Unix()), c.Origin, 0, uint64(c.Size), c.Root[:])
	}, nil
}

// textOf is the signed text of a checkpoint that has been read.
func textOf(checkpoint []byte) []byte {
	text, _, _ := strings.Cut(string(checkpoint), "\n\n")
	return []byte(text + "\n")
}

// cosignature is the signature line of a key.
func (k key) cosignature(at time.Time, c ledger.Checkpoint, text []byte) ([]byte, error) {
	sig, err := k.sign(at, c, text)
	if err != nil {
		return nil, fmt.Errorf("witness: cosign %d entries of %s: %w", c.Size, c.Origin, err)
	}
	// A key that signs and does not verify is noticed here and not by the ledger.
	if !k.verifier.Verify(text, sig) {
		return nil, fmt.Errorf("witness: the key %s made a signature that is not valid", k.verifier.Name())
	}
	sig = append(binary.BigEndian.AppendUint32(nil, k.verifier.KeyHash()), sig...)
	return fmt.Appendf(nil, "— %s %s\n", k.verifier.Name(), base64.StdEncoding.EncodeToString(sig)), nil
}
