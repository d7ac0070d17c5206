package broker_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker"
	"sekimori/broker/wire"
)

// Both ends show the same version, and the configuration sets it.
func TestVersionSaidToEngineersAndTargets(t *testing.T) {
	for configured, want := range map[string]string{"": "SSH-2.0-" + wire.Version, "City-Gate_1": "SSH-2.0-City-Gate_1"} {
		seen := make(chan string, 1)
		o := foundAt(t, time.Hour, func(c *ssh.ServerConn) { seen <- string(c.ClientVersion()) }, func(c *broker.Config) {
			if configured != "" {
				c.Gate.Version = configured
			}
		})
		b := o.start()
		nc, err := net.Dial("tcp", b.addr)
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(nc).ReadString('\n')
		nc.Close()
		if strings.TrimRight(line, "\r\n") != want || err != nil {
			t.Errorf("the gate says %q, %v, want %q", line, err, want)
		}
		if _, _, _, err := o.engineers(1)[0].mustDial(b.addr).run("print x"); err != nil {
			t.Fatal(err)
		}
		if got := <-seen; got != want {
			t.Errorf("the target reads %q, want %q", got, want)
		}
		b.close()
	}
}
