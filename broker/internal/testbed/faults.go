package testbed

import (
	"io/fs"
	"path/filepath"
	"sync"

	"sekimori/recordings"
)

// Disk is the operating system's file system for recordings until it is told to fail.
type Disk struct {
	recordings.FS
	mu    sync.Mutex    // guards the rest
	fail  error         // given to every write from now on
	after int64         // bytes that may still be written before fail counts
	open  error         // given to every opening
	sync  error         // given to every sync
	slow  chan struct{} // every sync waits until it is closed; nil: none waits
	probe error         // given to every write of a probe before an admission
	stall *stall        // of the next write; nil: none
}

type stall struct {
	begun chan struct{} // closed when the write has come
	goOn  chan struct{} // closed when it may go on
}

// NewDisk returns a disk without faults.
func NewDisk() *Disk { return &Disk{FS: recordings.OS()} }

// Fail makes writes fail with err, such as syscall.ENOSPC, once after further bytes have been
// written. A write that crosses the border is cut off there. A nil err mends the disk.
func (d *Disk) Fail(err error, after int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail, d.after = err, after
}

// Stall holds the next write up. begun is closed when it has come; goOn lets it go on.
func (d *Disk) Stall() (begun <-chan struct{}, goOn func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	st := &stall{make(chan struct{}), make(chan struct{})}
	d.stall = st
	return st.begun, sync.OnceFunc(func() { close(st.goOn) })
}

// FailOpen makes every opening of a file fail; nil mends it.
func (d *Disk) FailOpen(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = err
}

// FailSync makes every sync fail; nil mends it.
func (d *Disk) FailSync(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sync = err
}

// StallSync holds every sync up, until goOn.
func (d *Disk) StallSync() (goOn func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow = make(chan struct{})
	return sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		close(d.slow)
		d.slow = nil
	})
}

// FailProbe makes every write of the probe that comes before an admission fail; nil mends it. Other faults spare the probe: they are about
// the steps after it.
func (d *Disk) FailProbe(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.probe = err
}

// OpenFile implements recordings.FS.
func (d *Disk) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	if filepath.Base(name) == ".probe" {
		f, err := d.FS.OpenFile(name, flag, perm)
		if err != nil {
			return nil, err
		}
		return &probeFile{File: f, disk: d}, nil
	}
	d.mu.Lock()
	fail := d.open
	d.mu.Unlock()
	if fail != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fail}
	}
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, disk: d}, nil
}

type probeFile struct {
	recordings.File
	disk *Disk
}

// Write implements recordings.File.
func (f *probeFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	fail := f.disk.probe
	f.disk.mu.Unlock()
	if fail != nil {
		return 0, fail
	}
	return f.File.Write(p)
}

type diskFile struct {
	recordings.File
	disk *Disk
}

// Write implements recordings.File.
func (f *diskFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	held := f.disk.stall
	f.disk.stall = nil
	f.disk.mu.Unlock()
	if held != nil {
		close(held.begun)
		<-held.goOn
	}
	f.disk.mu.Lock()
	fail, room := f.disk.fail, f.disk.after
	if fail != nil {
		f.disk.after = max(room-int64(len(p)), 0)
	}
	f.disk.mu.Unlock()
	if fail == nil || int64(len(p)) <= room {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:room])
	if err != nil {
		return n, err
	}
	return n, fail
}

// Sync implements recordings.File.
func (f *diskFile) Sync() error {
	f.disk.mu.Lock()
	fail, slow := f.disk.sync, f.disk.slow
	f.disk.mu.Unlock()
	if slow != nil {
		<-slow
	}
	if fail != nil {
		return fail
	}
	return f.File.Sync()
}
