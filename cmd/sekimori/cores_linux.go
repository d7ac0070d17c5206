package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// withoutCores keeps the memory of this process, and of the programs that it starts, out of core dumps: passwords, keys and decrypted
// recordings pass through it. The limit holds for files; a dump that goes to a program ignores the limit, and gets no memory by the filter.
// A system that allows neither is left as it is: the operator's own settings still hold.
func withoutCores() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = os.WriteFile("/proc/self/coredump_filter", []byte("0"), 0)
}
