package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"sekimori/policy"
	"sekimori/recordings"
)

// reserveSize is what is kept back on the file system of the recordings, so that when it fills
// up the store can still write why the sessions ended.
const reserveSize = 16 << 20

// space guards the room for recordings: nobody is admitted without it, and a reserve is given up
// when it has run out.
type space struct {
	dir     string
	minFree uint64     // bytes below which nobody is admitted
	mu      sync.Mutex // guards the reserve file
}

func (s *space) path() string { return filepath.Join(s.dir, ".reserve") }

// state says whether a recording could be started now.
func (s *space) state() policy.RecorderState {
	free, err := recordings.Space(s.dir)
	if err != nil || free < s.minFree {
		return policy.RecorderFailed
	}
	return policy.RecorderReady
}

// keep allocates the reserve where there is room for it.
func (s *space) keep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Stat(s.path()); err == nil && info.Size() == reserveSize {
		return nil
	}
	if free, err := recordings.Space(s.dir); err != nil || free < s.minFree+reserveSize {
		return err
	}
	f, err := os.OpenFile(s.path(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	// Written, not truncated to size: a hole reserves nothing.
	_, err = f.Write(make([]byte, reserveSize))
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(s.path())
		return fmt.Errorf("reserve: %w", err)
	}
	return nil
}

// release gives the reserve up.
func (s *space) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	os.Remove(s.path())
}
