package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MasterSize is the length of the master key in bytes.
const MasterSize = 32

// Errors with hints in the commands.
var (
	ErrNoMaster     = errors.New("there is no master key")
	ErrMasterForm   = errors.New("the file is not a master key (32 bytes in base64 on one line)")
	ErrLooseMode    = errors.New("others than the owner may read or write it")
	ErrWrongMaster  = errors.New("this is not the master key that sealed the keys")
	ErrKeyDamaged   = errors.New("the sealed key was changed")
	ErrNoKeys       = errors.New("there are no keys yet")
	ErrKeysExist    = errors.New("there are keys already")
	errMasterExists = errors.New("there is a file already; a master key is never overwritten")
)

// LoadMaster reads the master key from its file outside the data directory. Errors: ErrNoMaster, ErrLooseMode, ErrMasterForm.
func LoadMaster(path string) ([]byte, error) {
	b, err := readPrivate(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("master key %s: %w", path, ErrNoMaster)
	case err != nil:
		return nil, fmt.Errorf("master key: %w", err)
	}
	master, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(b)))
	if err != nil || len(master) != MasterSize {
		return nil, fmt.Errorf("master key %s: %w", path, ErrMasterForm)
	}
	return master, nil
}

// CreateMaster makes a new master key in a file of mode 0600 and returns it. The directory must exist; an existing file is
// never overwritten.
func CreateMaster(path string) ([]byte, error) {
	master := make([]byte, MasterSize)
	if _, err := rand.Read(master); err != nil {
		return nil, fmt.Errorf("create master key: %w", err)
	}
	line := base64.StdEncoding.EncodeToString(master) + "\n"
	if err := writePrivate(path, []byte(line)); err != nil {
		if errors.Is(err, fs.ErrExist) {
			err = errMasterExists
		}
		return nil, fmt.Errorf("create master key %s: %w", path, err)
	}
	return master, nil
}

// maxFile bounds the bytes read from a key file; real ones are much smaller.
const maxFile = 64 << 10

// readPrivate reads a small regular file that only its owner may access. It checks the mode of the open file, so that the
// checked file is the one it reads.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: %w", path, m, ErrLooseMode)
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// writePrivate creates a new file of mode 0600 and syncs it to disk.
func writePrivate(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
