package broker_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"sekimori/broker"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
)

// childConfig is the environment variable that makes this test binary a broker: the path of its
// configuration. A broker that is to be killed needs a process of its own.
const childConfig = "SEKIMORI_TEST_BROKER"

// childAhead is how far its clock is ahead of the machine's.
const childAhead = "SEKIMORI_TEST_AHEAD"

// TestMain also checks that nothing still runs once every broker was closed.
func TestMain(m *testing.M) {
	if file := os.Getenv(childConfig); file != "" {
		if err := serveChild(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testrun.Fast()
	// A client's OpenChannel never returns if its connection dies at the wrong moment: a fault of the library, which the relay works around.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("golang.org/x/crypto/ssh.(*mux).openChannel"))
}

// fatal ends the process at an entry outside the catalogue of kinds, which fails the parent's test. The rest of the log is dropped.
type fatal struct{}

func (fatal) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("entry_not_in_catalogue")) {
		os.Stderr.Write(line)
		os.Exit(1)
	}
	return len(line), nil
}

// serveChild starts a broker, says on one line where it listens and which sessions it ended after
// a crash, and runs until SIGTERM or the end of its input.
func serveChild(file string) error {
	c, err := broker.LoadConfig(file)
	if err != nil {
		return err
	}
	ahead, err := time.ParseDuration(os.Getenv(childAhead))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	b, err := broker.Start(ctx, c, broker.Options{Clock: testbed.Ahead(ahead).Now, Hash: cheap, Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: fatal{}})})
	if err != nil {
		return err
	}
	fmt.Println(b.SSHAddr(), strings.Join(b.EndedAfterCrash(), " "))
	go func() {
		// The parent holds the other end: a broker must not outlive a test that died. A line asks
		// for the memory in use.
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Println(m.HeapAlloc + m.StackInuse)
		}
		stop()
	}()
	<-ctx.Done()
	return b.Close(context.Background())
}
