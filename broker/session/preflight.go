package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sekimori/recordings"
)

const (
	probeSize   = 64 << 10        // bytes: more than a recording's header and its first segments
	probeFresh  = time.Second     // how long a successful probe answers for later admissions
	probeWithin = 2 * time.Second // after which a disk that has not answered counts as failed
)

// errDiskSilent says that a disk did not answer a probe.
var errDiskSilent = errors.New("probe of the disk: it does not answer")

// preflight asks the disks of the evidence whether they take writes: a file system can be read-only, broken or beyond its quota and
// still report free space. It writes, syncs and removes a small file in each directory. Only one probe runs at a time. A probe that hangs
// is not repeated, so that a dead disk holds one goroutine. The zero value with places is ready.
type preflight struct {
	places []place
	clock  func() time.Time

	mu      sync.Mutex // guards the rest
	running *probe     // nil: none
	passed  time.Time  // begin of the last probe that succeeded
	failed  error      // of the last probe; nil: it succeeded, or there was none
}

// place is a directory in which evidence is written, and the file system through which that happens.
type place struct {
	dir string
	fs  recordings.FS
}

// probe is one probe under way.
type probe struct {
	done chan struct{}
	err  error // valid after done
}

// ask gives the reason why evidence could not be written now; nil: it can. It waits for the disks at most probeWithin or until ctx is over.
func (f *preflight) ask(ctx context.Context) error {
	f.mu.Lock()
	age := f.clock().Sub(f.passed)
	if f.running == nil && f.failed == nil && age >= 0 && age < probeFresh {
		f.mu.Unlock()
		return nil
	}
	p := f.running
	if p == nil {
		p = f.begin()
	} else if errors.Is(f.failed, errDiskSilent) { // it hangs already
		f.mu.Unlock()
		return errDiskSilent
	}
	f.mu.Unlock()
	limit := time.NewTimer(probeWithin)
	defer limit.Stop()
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("probe of the disk: %w", context.Cause(ctx))
	case <-limit.C:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != p { // it has answered at this moment
		return p.err
	}
	f.failed = errDiskSilent
	return errDiskSilent
}

// begin starts a probe. The caller holds mu.
func (f *preflight) begin() *probe {
	p, begun := &probe{done: make(chan struct{})}, f.clock()
	f.running = p
	go func() {
		p.err = f.write()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.running, f.failed = nil, p.err
		if p.err == nil {
			f.passed = begun
		}
		close(p.done)
	}()
	return p
}

// write probes the places in turn. A panic is a failure like any other: it admits no one and stops no broker.
func (f *preflight) write() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("probe of the disk: fault: %v", p)
		}
	}()
	for _, at := range f.places {
		if err := at.write(); err != nil {
			return err
		}
	}
	return nil
}

// last is the reason why the last probe failed. It asks no disk.
func (f *preflight) last() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// rest waits until no probe runs, or ctx is over.
func (f *preflight) rest(ctx context.Context) bool {
	f.mu.Lock()
	p := f.running
	f.mu.Unlock()
	return p == nil || until(ctx, p.done)
}

// write writes, syncs and removes the probe's file. A full disk or a used-up quota refuses its bytes.
func (p place) write() (err error) {
	path := filepath.Join(p.dir, ".probe")
	f, err := p.fs.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("probe of the disk: %w", err)
	}
	_, err = f.Write(make([]byte, probeSize))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close(), p.fs.Remove(path)); err != nil {
		return fmt.Errorf("probe of the disk: %s: %w", p.dir, err)
	}
	return nil
}

// Preflight asks the disks whether a recording and its entries could be written now. It comes before an admission, at most
// once a second, and waits at most two seconds. What it found counts in Facts and Runtime. A failure is told to staff with the next look at
// keeping.
func (s *Supervisor) Preflight(ctx context.Context) error {
	err := s.space.disks.ask(ctx)
	if err != nil && ctx.Err() == nil {
		s.o.Log.Error("disk_not_writable", "error", err)
		s.notKept(err)
	}
	return err
}
