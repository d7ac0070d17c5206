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

// FS is the file system of the copies.
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

// File names: of a copy being received, and of a whole one.
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

// ours tells whether newName made the name.
func ours(name string) bool {
	stem, ok := strings.CutSuffix(name, received)
	if !ok {
		stem, ok = strings.CutSuffix(name, receiving)
	}
	b, err := hex.DecodeString(stem)
	return ok && err == nil && len(b) == 16
}

// path is the file of a copy. The row is the broker's own, but the path is still kept inside the directory.
func (k *Keeper) path(file string) string {
	return filepath.Join(k.o.Dir, filepath.Base(filepath.Clean("/"+file)))
}

// NoSpaceError: a copy was not taken because the recordings need the room.
type NoSpaceError struct{ Free, Needed uint64 }

func (e *NoSpaceError) Error() string {
	return fmt.Sprintf("%d bytes are free and %d are needed", e.Free, e.Needed)
}

// room refuses a copy that would take the space reserved for the recordings, together with the copies coming in at the same moment.
// release gives the space back.
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
