package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"
	"golang.org/x/mod/sumdb/note"
)

// The files of the directory. check holds no secret. It is opened first, to distinguish a wrong master key from a damaged
// file.
const (
	fileCheck   = "check.sealed"
	fileHost    = "host.sealed"
	fileCA      = "ca.sealed"
	fileLedger  = "ledger.sealed"
	fileViewing = "viewing.sealed"
)

const checkText = "sekimori keys"

// Ring holds the opened keys. Only its viewing keys change. It is safe for concurrent use.
type Ring struct {
	master   []byte
	host, ca ssh.Signer
	ledger   note.Signer
	verifier note.Verifier
	vkey     string
	viewing  viewing
}

// Create makes all keys in dir and opens them. dir is made with mode 0700 and must hold no keys yet. origin becomes the name
// of the ledger's key: the first line of every checkpoint, a name without space and '+'. Errors: ErrKeysExist. A failed
// Create removes its files.
func Create(dir string, master []byte, origin string) (_ *Ring, err error) {
	if origin == "" || strings.ContainsFunc(origin, func(r rune) bool { return r == '+' || unicode.IsSpace(r) }) {
		return nil, fmt.Errorf("create keys: %q is no name for a ledger (no space, no '+')", origin)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create keys: %w", err)
	}
	if err := checkDir(dir); err != nil {
		return nil, fmt.Errorf("create keys: %w", err)
	}
	files, err := newKeys(origin)
	if err != nil {
		return nil, fmt.Errorf("create keys: %w", err)
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.name)); err == nil {
			return nil, fmt.Errorf("create keys in %s: %w", dir, ErrKeysExist)
		}
	}
	var made []string
	defer func() {
		for _, name := range made {
			if err != nil {
				err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
			}
		}
	}()
	for _, f := range files {
		sealed, err := seal(master, "keys/"+f.name, f.plain)
		if err != nil {
			return nil, err
		}
		if err := writePrivate(filepath.Join(dir, f.name), sealed); err != nil {
			return nil, fmt.Errorf("create keys: %w", err)
		}
		made = append(made, f.name)
	}
	return Open(dir, master)
}

type keyFile struct {
	name  string
	plain []byte
}

func newKeys(origin string) ([]keyFile, error) {
	host, err := newSeed()
	if err != nil {
		return nil, err
	}
	ca, err := newSeed()
	if err != nil {
		return nil, err
	}
	ledger, err := newSeed()
	if err != nil {
		return nil, err
	}
	viewing, err := newViewing()
	if err != nil {
		return nil, err
	}
	return []keyFile{
		{fileCheck, []byte(checkText)},
		{fileHost, host},
		{fileCA, ca},
		// The name belongs to the key; signatures under another name do not verify.
		{fileLedger, append(ledger, origin...)},
		{fileViewing, viewing},
	}, nil
}

func newSeed() ([]byte, error) {
	seed := make([]byte, ed25519.SeedSize)
	_, err := rand.Read(seed)
	return seed, err
}

// Open opens the keys in dir. Errors: ErrNoKeys, ErrLooseMode, ErrWrongMaster, ErrKeyDamaged with the file's name.
func Open(dir string, master []byte) (*Ring, error) {
	if len(master) != MasterSize {
		return nil, fmt.Errorf("open keys: master key of %d bytes, not %d", len(master), MasterSize)
	}
	if err := checkDir(dir); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	r := &Ring{master: append([]byte{}, master...)}
	check, err := r.read(dir, fileCheck)
	if errors.Is(err, ErrUnseal) {
		err = fmt.Errorf("open keys in %s: %w (or %s was changed)", dir, ErrWrongMaster, fileCheck)
	}
	if err != nil {
		return nil, err
	}
	if string(check) != checkText {
		return nil, fmt.Errorf("open keys: %s: %w", fileCheck, ErrKeyDamaged)
	}
	for _, f := range []struct {
		name string
		use  func([]byte) error
	}{{fileHost, r.useHost}, {fileCA, r.useCA}, {fileLedger, r.useLedger}} {
		plain, err := r.read(dir, f.name)
		if errors.Is(err, ErrUnseal) {
			return nil, fmt.Errorf("open keys: %s: %w", filepath.Join(dir, f.name), ErrKeyDamaged)
		}
		if err != nil {
			return nil, err
		}
		if err := f.use(plain); err != nil {
			return nil, fmt.Errorf("open keys: %s: %w", filepath.Join(dir, f.name), err)
		}
	}
	if err := r.openViewing(dir); err != nil {
		return nil, err
	}
	return r, nil
}

// checkDir refuses a directory that other users may enter.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", dir, ErrNoKeys)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s has mode %04o: %w", dir, info.Mode().Perm(), ErrLooseMode)
	}
	return nil
}

func (r *Ring) read(dir, name string) ([]byte, error) {
	sealed, err := readPrivate(filepath.Join(dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open keys: %s: %w", filepath.Join(dir, name), ErrNoKeys)
	case err != nil:
		return nil, fmt.Errorf("open keys: %w", err)
	}
	return unseal(r.master, "keys/"+name, sealed)
}

func sshSigner(seed []byte) (ssh.Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("key of %d bytes: %w", len(seed), ErrKeyDamaged)
	}
	return ssh.NewSignerFromSigner(ed25519.NewKeyFromSeed(seed))
}

func (r *Ring) useHost(seed []byte) (err error) {
	r.host, err = sshSigner(seed)
	return err
}

func (r *Ring) useCA(seed []byte) (err error) {
	r.ca, err = sshSigner(seed)
	return err
}

func (r *Ring) useLedger(plain []byte) error {
	if len(plain) <= ed25519.SeedSize {
		return fmt.Errorf("key of %d bytes: %w", len(plain), ErrKeyDamaged)
	}
	key := ed25519.NewKeyFromSeed(plain[:ed25519.SeedSize])
	origin := string(plain[ed25519.SeedSize:])
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return err
	}
	if r.verifier, err = note.NewVerifier(vkey); err != nil {
		return err
	}
	r.vkey = vkey
	r.ledger = noteSigner{name: origin, hash: r.verifier.KeyHash(), key: key}
	return nil
}

// noteSigner signs notes with an Ed25519 key, in the form of c2sp.org/signed-note.
type noteSigner struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func (s noteSigner) Name() string                    { return s.name }
func (s noteSigner) KeyHash() uint32                 { return s.hash }
func (s noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// HostSigner is the broker's SSH host key (Ed25519).
func (r *Ring) HostSigner() ssh.Signer { return r.host }

// CAPublic is the public key that targets trust (TrustedUserCAKeys).
func (r *Ring) CAPublic() ssh.PublicKey { return r.ca.PublicKey() }

// LedgerSigner signs checkpoints; its name is the ledger's origin.
func (r *Ring) LedgerSigner() note.Signer { return r.ledger }

// LedgerVerifier verifies LedgerSigner's signatures.
func (r *Ring) LedgerVerifier() note.Verifier { return r.verifier }

// LedgerVerifierKey is the public key in the auditors' form: "name+hash+base64".
func (r *Ring) LedgerVerifierKey() string { return r.vkey }
