package testbed

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// EICAR is the text that every virus scanner agrees to find.
const EICAR = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// Started starts a server and waits until a server answers at an address.
func Started(t testing.TB, network, addr string, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	for {
		c, err := net.DialTimeout(network, addr, time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case err := <-done:
			done <- err
			t.Fatalf("%s ended: %v\n%s", cmd.Path, err, out.String())
		case <-limit.C:
			t.Fatalf("%s does not answer\n%s", cmd.Path, out.String())
		}
	}
}

// StartClamd runs a real clamd that knows EICAR and nothing else. Its limit on streams is one MiB.
func StartClamd(t testing.TB) (socket string) {
	t.Helper()
	clamd := Need(t, "clamd")
	dir, err := os.MkdirTemp("/tmp", "clamd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	conf := fmt.Sprintf("DatabaseDirectory %s/db\nLocalSocket %s\nForeground yes\nStreamMaxLength 1M\n", dir, socket)
	for name, text := range map[string]string{"db/test.hdb": "44d88612fea8a8f36de82e1278abb02f:68:Test.EICAR\n", "clamd.conf": conf} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	Started(t, "unix", socket, exec.Command(clamd, "-c", filepath.Join(dir, "clamd.conf")))
	return socket
}
