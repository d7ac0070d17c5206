package witness

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/ledger"
)

// The files of a witness's directory.
const (
	secretFile = "witness.key" // private keys, 0600
	publicFile = "witness.pub"
	lockFile   = "lock"
	ledgers    = "ledgers"     // for each ledger NAME.pub, its public keys, and NAME.checkpoint, the last checkpoint cosigned
	pubEnd     = ".pub"        // of the file of a ledger's keys
	lastEnd    = ".checkpoint" // of the file of a ledger's last checkpoint; empty before the first
)

// ErrInUse says that another process holds the witness's directory.
var ErrInUse = errors.New("witness: another process uses this directory")

// Witness is an open witness. Close ends it. Its methods may be called at the same time.
type Witness struct {
	dir   string
	clock func() time.Time
	keys  []key
	texts []string // the public keys, one line each
	lock  *os.File
	logs  map[string]*log // by origin; fixed once open
}

// log is a ledger that the witness follows.
type log struct {
	origin string
	keys   []note.Verifier
	file   string

	mu   sync.Mutex // guards last, and makes comparing, storing and answering one step
	last []byte     // the last checkpoint that was cosigned; empty: none yet
}

// Init makes a new witness's directory with its keys, and returns the public ones. The directory must be empty or missing.
func Init(dir, name string) (public []string, err error) {
	secret, public, err := makeKeys(name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, ledgers), 0o700); err != nil {
		return nil, fmt.Errorf("witness: make its directory: %w", err)
	}
	if err := create(filepath.Join(dir, secretFile), lines(secret), 0o600); err != nil {
		return nil, err
	}
	return public, create(filepath.Join(dir, publicFile), lines(public), 0o644)
}

func lines(list []string) []byte { return []byte(strings.Join(list, "\n") + "\n") }

// create writes a file that is not there yet.
func create(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("witness: write %s: %w", path, err)
	}
	return nil
}

// Add makes the witness follow a ledger, from its first checkpoint on. key is the ledger's public key; its name is the origin. A ledger that the
// witness follows already is refused: its last checkpoint must not be forgotten.
func Add(dir, key string) (origin string, err error) {
	v, err := ledger.ParseKey(key)
	if err != nil {
		return "", err
	}
	base := fileOf(dir, v.Name())
	if _, err := os.Lstat(base + pubEnd); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("witness: %s is followed already: %w", v.Name(), cmp.Or(err, fs.ErrExist))
	}
	// The empty file of an earlier attempt that ended here may stay; one that holds a checkpoint is not taken over.
	if info, err := os.Lstat(base + lastEnd); err != nil || info.Size() > 0 {
		if err := create(base+lastEnd, nil, 0o600); err != nil {
			return "", err
		}
	}
	return v.Name(), create(base+pubEnd, []byte(strings.TrimSpace(key)+"\n"), 0o644)
}

// fileOf is the path of a ledger's files without their ends. Origins hold slashes, so the name is a digest.
func fileOf(dir, origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(dir, ledgers, hex.EncodeToString(sum[:16]))
}

// Open opens the witness of a directory and holds it alone. Errors: ErrInUse, and what is wrong with the files.
func Open(dir string, clock func() time.Time) (_ *Witness, err error) {
	w := &Witness{dir: dir, clock: clock, logs: map[string]*log{}}
	if w.lock, err = os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := syscall.Flock(int(w.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, ErrInUse
	}
	secret := filepath.Join(dir, secretFile)
	info, err := os.Stat(secret)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("witness: others may read %s (mode %#o, must be 0600)", secret, info.Mode().Perm())
	}
	secrets, err := os.ReadFile(secret)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	public, err := os.ReadFile(filepath.Join(dir, publicFile))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	if w.keys, err = readKeys(secrets, public); err != nil {
		return nil, err
	}
	w.texts = strings.Fields(string(public))
	files, err := filepath.Glob(filepath.Join(dir, ledgers, "*"+pubEnd))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	for _, file := range files {
		l, err := openLog(dir, file)
		if err != nil {
			return nil, err
		}
		w.logs[l.origin] = l
	}
	return w, nil
}

// openLog reads a ledger's keys and the last checkpoint. A missing or damaged last checkpoint is an error: beginning anew would
// let the ledger be rewritten.
func openLog(dir, pub string) (*log, error) {
	text, err := os.ReadFile(pub)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	l := &log{file: strings.TrimSuffix(pub, pubEnd) + lastEnd}
	if l.keys, err = ledger.ReadKeys(text, ledger.ParseKey); err != nil || len(l.keys) == 0 {
		return nil, fmt.Errorf("witness: %s holds no key of a ledger: %w", pub, err)
	}
	l.origin = l.keys[0].Name()
	for _, k := range l.keys {
		if k.Name() != l.origin || fileOf(dir, l.origin)+pubEnd != pub {
			return nil, fmt.Errorf("witness: %s holds a key of another ledger, %s", pub, k.Name())
		}
	}
	if l.last, err = os.ReadFile(l.file); err != nil {
		return nil, fmt.Errorf("witness: the last checkpoint of %s: %w", l.origin, err)
	}
	if len(l.last) > 0 {
		if c, err := l.opened(l.last); err != nil || c.Origin != l.origin {
			return nil, fmt.Errorf("witness: the last checkpoint of %s in %s is damaged: %w", l.origin, l.file, err)
		}
	}
	return l, nil
}

// opened reads a checkpoint and requires that one of the ledger's keys signed it.
func (l *log) opened(checkpoint []byte) (c ledger.Checkpoint, err error) {
	for _, k := range l.keys {
		if c, err = ledger.OpenCheckpoint(checkpoint, k); !errors.Is(err, ledger.ErrSignature) {
			return c, err
		}
	}
	return c, err
}

// state is the last checkpoint that was cosigned; of no entries before the first. The caller holds l.mu.
func (l *log) state() (ledger.Checkpoint, error) {
	if len(l.last) == 0 {
		return ledger.Checkpoint{Origin: l.origin}, nil
	}
	return ledger.ReadCheckpoint(l.last)
}

// keep stores a checkpoint as the last one. When it returns nil, the checkpoint outlives a power cut. The caller holds l.mu.
func (l *log) keep(checkpoint []byte) error {
	if bytes.Equal(checkpoint, l.last) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(l.file), ".new-")
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	_, err = f.Write(checkpoint)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), l.file)
	}
	if err != nil {
		return fmt.Errorf("witness: store the checkpoint: %w", errors.Join(err, os.Remove(f.Name())))
	}
	if err := syncDir(filepath.Dir(l.file)); err != nil {
		return fmt.Errorf("witness: store the checkpoint: %w", err)
	}
	l.last = checkpoint
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// PublicKeys are the witness's public keys, one line each, for policies and the broker's configuration.
func (w *Witness) PublicKeys() []string { return w.texts }

// Close gives the directory back. A child process that is just being started holds the lock's file too; unlocking gives it back for both.
func (w *Witness) Close() error {
	return errors.Join(syscall.Flock(int(w.lock.Fd()), syscall.LOCK_UN), w.lock.Close())
}
