package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// reserveSize is kept free on the file system of the recordings, and on that of the database where it is another, so that on a full
// disk the store can still write a freeze, an alarm, and why the sessions ended.
const reserveSize = 16 << 20

// space guards the room for recordings: without it no one is admitted. It gives up the reserves
// when the room has run out.
type space struct {
	dir      string
	database string // directory of the database; empty: not looked at
	minFree  uint64 // bytes below which no one is admitted
	disks    preflight
	mu       sync.Mutex // guards the files of the reserves
}

// reserved are the directories in which a reserve lies: one for each file system.
func (s *space) reserved() []string {
	var a, b unix.Stat_t
	if s.database == "" || unix.Stat(s.dir, &a) == nil && unix.Stat(s.database, &b) == nil && a.Dev == b.Dev {
		return []string{s.dir}
	}
	return []string{s.dir, s.database}
}

// state says whether a recording could be started now, by the free space and by the last probe of the disks.
func (s *space) state() policy.RecorderState {
	free, err := recordings.Space(s.dir)
	if err != nil || free < s.minFree || s.disks.last() != nil {
		return policy.RecorderFailed
	}
	return policy.RecorderReady
}

// keep allocates each reserve where there is room for it.
func (s *space) keep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failed error
	for _, dir := range s.reserved() {
		failed = errors.Join(failed, s.allocate(dir))
	}
	return failed
}

// allocate makes one reserve. The caller holds mu.
func (s *space) allocate(dir string) error {
	path := filepath.Join(dir, ".reserve")
	if info, err := os.Stat(path); err == nil && info.Size() == reserveSize {
		return nil
	}
	if free, err := recordings.Space(dir); err != nil || free < s.minFree+reserveSize {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	// Written, not truncated to size: a hole reserves nothing.
	_, err = f.Write(make([]byte, reserveSize))
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("reserve: %w", err)
	}
	return nil
}

// release gives the reserves up, and reports whether there was one.
func (s *space) release() (some bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, dir := range s.reserved() {
		some = os.Remove(filepath.Join(dir, ".reserve")) == nil || some
	}
	return some
}

// errNoRoom says that a transaction found the disk of the database full.
var errNoRoom = errors.New("the disk of the database is full; the reserve is given up")

// giveRoom gives the reserves up for the store (store.DB.WhenFull).
func (s *Supervisor) giveRoom() bool {
	given := s.space.release()
	if given {
		s.notKept(errNoRoom)
	}
	return given
}

// recordedOver is the period over which the daily amount of recordings is measured.
const recordedOver = 30 * 24 * time.Hour

// SpaceDays is the whole days of recordings for which there is room, at the rate of the last thirty days, until
// no one is admitted any more. Below zero: not known, because nothing was recorded yet or the rate cannot be read. It is not
// computed where the institution did not ask for it.
func (s *Supervisor) SpaceDays(snap *store.Snap) int {
	i, err := snap.Institution()
	if err == nil && i.SpaceDays == 0 {
		return -1
	}
	if err != nil {
		s.o.Log.Warn("space_not_estimated", "error", err)
		return -1
	}
	return s.RoomDays(snap)
}

// RoomDays is SpaceDays whether the institution asked for it or not.
func (s *Supervisor) RoomDays(snap *store.Snap) int {
	days, err := RoomDays(snap, s.o.Dir, s.o.MinFree)
	if err != nil {
		s.o.Log.Warn("space_not_estimated", "error", err)
	}
	return days
}

// RoomDays is the one figure of the room for recordings in dir, for alarms, check items, pages and the check of a configuration: whole days at
// the rate of the last thirty, until less than minFree bytes are left. Below zero: not known.
func RoomDays(snap *store.Snap, dir string, minFree uint64) (int, error) {
	size, since, err := snap.Recorded(snap.Now.Add(-recordedOver))
	free, err2 := recordings.Space(dir)
	if err := errors.Join(err, err2); err != nil {
		return -1, err
	}
	return spaceDays(free, minFree, size, snap.Now.Sub(since)), nil
}

// spaceDays counts recordings over less than a day as a day's.
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
