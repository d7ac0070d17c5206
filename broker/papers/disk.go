package papers

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sekimori/recordings"
)

// FS is where copies are kept.
type FS interface {
	// OpenFile is os.OpenFile.
	OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error)
	// Remove is os.Remove.
	Remove(name string) error
	// Rename is os.Rename.
	Rename(from, to string) error
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
}

// OS is the operating system's file system.
func OS() FS { return osFS{recordings.OS()} }

type osFS struct{ recordings.FS }

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }

// Names of files: what is being received, and what was received whole.
const (
	receiving = ".part"
	received  = ".paper"
)

func newName() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("name of a copy: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// ours tells whether a name is one that newName gave.
func ours(name string) bool {
	stem, ok := strings.CutSuffix(name, received)
	if !ok {
		stem, ok = strings.CutSuffix(name, receiving)
	}
	b, err := hex.DecodeString(stem)
	return ok && err == nil && len(b) == 16
}

// path is where a copy lies. The row is the broker's own, and still no path leaves the directory.
func (k *Keeper) path(file string) string {
	return filepath.Join(k.o.Dir, filepath.Base(filepath.Clean("/"+file)))
}

// NoSpaceError says that a copy was not taken because the recordings need the room.
type NoSpaceError struct{ Free, Needed uint64 }

func (e *NoSpaceError) Error() string {
	return fmt.Sprintf("%d bytes are free and %d are needed", e.Free, e.Needed)
}

// room refuses what would take the space that the recordings of sessions keep free, together with the copies that are coming in at
// the same moment. release gives the place back.
func (k *Keeper) room(size int64) (release func(), err error) {
	free, err := recordings.Space(k.o.Dir)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if needed := k.o.MinFree + uint64(k.coming) + uint64(size); free < needed {
		return nil, &NoSpaceError{Free: free, Needed: needed}
	}
	k.coming += size
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.coming -= size
	}, nil
}
