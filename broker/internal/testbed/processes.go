package testbed

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Processes collects the arguments and the environment of each process that descends from this one, until the returned function is called,
// which gives them. Anyone on a machine can read the arguments of a process. A process that lives for less than some milliseconds is missed.
func Processes(tb testing.TB) (stop func() []byte) {
	tb.Helper()
	if _, err := os.ReadFile("/proc/thread-self/children"); err != nil {
		tb.Skipf("no lists of processes here: %v", err)
	}
	seen := map[string]bool{}
	over := make(chan struct{})
	var collecting sync.WaitGroup
	collecting.Go(func() {
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			descend(os.Getpid(), func(pid int) {
				for _, file := range []string{"cmdline", "environ"} {
					if b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + file); err == nil && len(b) > 0 {
						seen[string(b)] = true
					}
				}
			})
			select {
			case <-tick.C:
			case <-over:
				return
			}
		}
	})
	stop = sync.OnceValue(func() []byte {
		close(over)
		collecting.Wait()
		var all bytes.Buffer
		for text := range seen {
			all.WriteString(text + "\n")
		}
		return all.Bytes()
	})
	tb.Cleanup(func() { stop() })
	return stop
}

// descend visits the descendants of a process. One that ends meanwhile is left out.
func descend(pid int, visit func(pid int)) {
	dir := "/proc/" + strconv.Itoa(pid) + "/task/"
	tasks, _ := os.ReadDir(dir)
	for _, task := range tasks {
		text, _ := os.ReadFile(dir + task.Name() + "/children")
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				visit(child)
				descend(child, visit)
			}
		}
	}
}
