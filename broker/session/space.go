package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sekimori/broker/store"
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

// recordedOver is the time over which it is seen how much is recorded in a day.
const recordedOver = 30 * 24 * time.Hour

// SpaceDays is for how many days of recordings there is room, if as much is recorded as over the last thirty days: whole days until
// nobody is admitted any more. Below zero: not known, because nothing was recorded yet or it cannot be read. It is not looked up
// where the institution did not ask for it.
func (s *Supervisor) SpaceDays(snap *store.Snap) int {
	i, err := snap.Institution()
	if err == nil && i.SpaceDays == 0 {
		return -1
	}
	size, since, err2 := snap.Recorded(snap.Now.Add(-recordedOver))
	free, err3 := recordings.Space(s.o.Dir)
	if err := errors.Join(err, err2, err3); err != nil {
		s.o.Log.Warn("space_not_estimated", "error", err)
		return -1
	}
	return spaceDays(free, s.o.MinFree, size, snap.Now.Sub(since))
}

// spaceDays: what was recorded over a time that is shorter than a day counts as a day's.
func spaceDays(free, minFree, recorded uint64, over time.Duration) int {
	if recorded == 0 {
		return -1
	}
	if free <= minFree {
		return 0
	}
	day := float64(recorded) / max(over.Hours()/24, 1)
	return int(min(float64(free-minFree)/day, 36500))
}
