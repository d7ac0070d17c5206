package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Errors about the data directory.
var (
	ErrInUse     = errors.New("another sekimori serve uses this data directory")
	ErrLooseMode = errors.New("others than the owner may get at it")
)

// LockDir takes the data directory for this process, by a lock on DATA/lock that the kernel gives
// back when the process ends, however it ends. Errors: ErrInUse with the holder's process id.
func LockDir(dir string) (unlock func() error, err error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock data directory %s: %w", dir, err)
		}
		pid := make([]byte, 32)
		n, _ := f.ReadAt(pid, 0) // the content is short; without a number the message still holds
		if who := string(bytes.TrimSpace(pid[:n])); who != "" {
			return nil, fmt.Errorf("%s: %w (process %s)", dir, ErrInUse, who)
		}
		return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("lock data directory: %w", err), f.Close())
	}
	// The file stays: removing it would let two processes lock two different files of one name.
	// A child process that is just being started holds the file too until it runs its program; unlocking gives the lock back for both.
	return func() error { return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close()) }, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(fmt.Sprintf("%d\n", os.Getpid())), 0)
	return err
}

// CheckModes refuses a data directory in which anyone but the owner may read, write or enter:
// directories need 0700, files 0600. Recordings are checked down to their directories and not file
// by file: there are too many, and the directory's mode already bars access. Sockets are skipped;
// their access is configured separately. Errors: ErrLooseMode with the first path.
func CheckModes(dir string) error {
	recordings := filepath.Join(dir, "recordings") + string(filepath.Separator)
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != dir {
			return nil // gone during the walk: SQLite's -wal and -shm come and go
		}
		if err != nil {
			return fmt.Errorf("check data directory: %w", err)
		}
		if d.Type()&fs.ModeSocket != 0 || (!d.IsDir() && strings.HasPrefix(path, recordings)) {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("check data directory: %w", err)
		}
		if info.Mode()&fs.ModeSymlink == 0 && info.Mode().Perm()&0o077 != 0 {
			want := 0o600
			if d.IsDir() {
				want = 0o700
			}
			return fmt.Errorf("%s has mode %04o, must be %04o: %w", path, info.Mode().Perm(), want, ErrLooseMode)
		}
		return nil
	})
}
