package faultfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"sekimori/recordings"
)

// Op names an operation that can fail.
type Op string

// The operations.
const (
	Open    Op = "open"
	Write   Op = "write"
	Sync    Op = "sync"
	Close   Op = "close"
	Trunc   Op = "truncate"
	SyncDir Op = "syncdir"
	Link    Op = "link"
	Rename  Op = "rename"
	Remove  Op = "remove"
)

// Fault is one injected failure.
type Fault struct {
	Op    Op
	After int64 // Write: bytes written through the FS before it fails; others: successful calls before it
	Err   error // syscall.EIO, syscall.ENOSPC; nil for a Write means a short write without an error
	Once  bool  // later calls succeed again
}

// FS is the operating system's file system with faults.
type FS struct {
	mu     sync.Mutex // guards the rest
	real   recordings.FS
	faults []Fault
	bytes  int64
	calls  map[Op]int64
	files  map[string]*state
}

// state is the part of a file that survives a power cut.
type state struct {
	size  int64 // durable bytes
	named bool  // its directory was synced after it was created
}

// New returns a file system with the given faults.
func New(faults ...Fault) *FS {
	return &FS{real: recordings.OS(), faults: faults, calls: map[Op]int64{}, files: map[string]*state{}}
}

// Calls returns how often op was called.
func (f *FS) Calls(op Op) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// PowerCut resets the files to their last synced state.
func (f *FS) PowerCut() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for name, s := range f.files {
		if !s.named {
			errs = append(errs, os.Remove(name))
			continue
		}
		errs = append(errs, os.Truncate(name, s.size))
	}
	return errors.Join(errs...)
}

// hit counts a call of op and returns its fault, if any.
func (f *FS) hit(op Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.calls[op]
	f.calls[op]++
	for i, x := range f.faults {
		if x.Op != op || before < x.After {
			continue
		}
		if x.Once {
			f.faults = append(f.faults[:i:i], f.faults[i+1:]...)
		}
		return x.Err
	}
	return nil
}

// OpenFile implements recordings.FS.
func (f *FS) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	if err := f.hit(Open); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	real, err := f.real.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.files[name]
	if s == nil {
		s = &state{named: flag&os.O_CREATE == 0}
		if info, err := real.Stat(); err == nil {
			s.size = info.Size()
		}
		f.files[name] = s
	}
	return &file{File: real, fs: f, state: s}, nil
}

// Link implements recordings.FS.
func (f *FS) Link(old, new string) error {
	if err := f.hit(Link); err != nil {
		return &os.LinkError{Op: "link", Old: old, New: new, Err: err}
	}
	if err := f.real.Link(old, new); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.files[old]; s != nil {
		f.files[new] = s
	}
	return nil
}

// Rename implements recordings.FS.
func (f *FS) Rename(old, new string) error {
	if err := f.hit(Rename); err != nil {
		return &os.LinkError{Op: "rename", Old: old, New: new, Err: err}
	}
	if err := f.real.Rename(old, new); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.files[old]; s != nil {
		f.files[new] = s
		delete(f.files, old)
	}
	return nil
}

// Remove implements recordings.FS.
func (f *FS) Remove(name string) error {
	if err := f.hit(Remove); err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	f.mu.Lock()
	delete(f.files, name)
	f.mu.Unlock()
	return f.real.Remove(name)
}

// SyncDir implements recordings.FS.
func (f *FS) SyncDir(dir string) error {
	if err := f.hit(SyncDir); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, s := range f.files {
		if filepath.Dir(name) == filepath.Clean(dir) {
			s.named = true
		}
	}
	return f.real.SyncDir(dir)
}

type file struct {
	recordings.File
	fs    *FS
	state *state
}

// Write writes as many bytes as the faults allow.
func (f *file) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	f.fs.calls[Write]++
	n, fail := int64(len(p)), (*Fault)(nil)
	for i := range f.fs.faults {
		x := f.fs.faults[i]
		if x.Op == Write && f.fs.bytes+n > x.After {
			n, fail = max(x.After-f.fs.bytes, 0), &x
			if x.Once {
				f.fs.faults = append(f.fs.faults[:i:i], f.fs.faults[i+1:]...)
			}
			break
		}
	}
	f.fs.bytes += n
	f.fs.mu.Unlock()
	m, err := f.File.Write(p[:n])
	if err == nil && fail != nil {
		err = fail.Err
	}
	return m, err
}

func (f *file) Sync() error {
	if err := f.fs.hit(Sync); err != nil {
		return err
	}
	if err := f.File.Sync(); err != nil {
		return err
	}
	info, err := f.File.Stat()
	if err != nil {
		return err
	}
	f.fs.mu.Lock()
	f.state.size = info.Size()
	f.fs.mu.Unlock()
	return nil
}

func (f *file) Truncate(size int64) error {
	if err := f.fs.hit(Trunc); err != nil {
		return err
	}
	f.fs.mu.Lock()
	f.state.size = min(f.state.size, size)
	f.fs.mu.Unlock()
	return f.File.Truncate(size)
}

func (f *file) Close() error {
	if err := f.fs.hit(Close); err != nil {
		return errors.Join(err, f.File.Close())
	}
	return f.File.Close()
}
