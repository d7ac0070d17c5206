package testrun

import (
	"flag"
	"os"
	"strconv"
	"syscall"
)

// How many parallel tests of a package run at a time, whatever the number of processors.
const (
	sideBySide = 4
	waiting    = 8 // where the tests need few processors and no bound of a promise: nearly all of their time is waiting
)

// Fast lets parallel tests run side by side, and puts temporary files into memory where the machine has room: a commit waits for the
// disk otherwise, which no test looks at. It comes before m.Run.
func Fast() { beside(sideBySide) }

// Waiting is Fast for a package whose parallel tests nearly only wait.
func Waiting() { beside(waiting) }

func beside(n int) {
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err) // this is no test binary
	}
	if os.Getenv("TMPDIR") == "" && roomy("/dev/shm") {
		os.Setenv("TMPDIR", "/dev/shm")
	}
}

// roomy tells that a directory lies in memory, has room for the files of tests, and lets programs run from it.
func roomy(dir string) bool {
	const (
		tmpfs  = 0x01021994
		noexec = 0x8
		room   = 2 << 30
	)
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) != nil || fs.Type != tmpfs || fs.Flags&noexec != 0 || fs.Bavail*uint64(fs.Bsize) < room {
		return false
	}
	probe, err := os.MkdirTemp(dir, "probe")
	if err == nil {
		err = os.Remove(probe)
	}
	return err == nil
}
