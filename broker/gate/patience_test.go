package gate

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// An engineer who types a passphrase, or compares the host key, may be silent for as long as the key exchange allows. A
// connection that sends no byte at all ends much earlier.
func TestAPassphraseTakesItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits = Limits{Hello: 500 * time.Millisecond, Handshake: time.Hour} })
	e := w.engineer("sato", "en")
	silent, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	typed := false
	a := &answers{code: e.code}
	c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "sato", HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		Auth: []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
			// The silent one came first: once it is hung up on, this one is over that limit too.
			other, err := net.Dial("tcp", w.addr)
			if err != nil {
				return nil, err
			}
			defer other.Close()
			_, _ = io.Copy(io.Discard, other)
			typed = true
			return []ssh.Signer{e.key}, nil
		}), ssh.KeyboardInteractive(a.respond)}})
	if err != nil {
		t.Fatalf("hung up on while the passphrase was typed: %v", err)
	}
	c.Close()
	if !typed {
		t.Error("nothing was waited for")
	}
	if d := (Limits{}).withDefaults(); d.Handshake != 2*time.Minute || d.Hello != 30*time.Second {
		t.Errorf("defaults %v, %v", d.Hello, d.Handshake)
	}
}

// A client that begins the key exchange and then does nothing is cut at the end of that time.
func TestAttackHandshakeHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits = Limits{Hello: time.Hour, Handshake: 300 * time.Millisecond} })
	for name, hold := range map[string]func(nc net.Conn){
		"before the keys": func(nc net.Conn) {
			_, _ = nc.Write(append([]byte(putty070.version+"\r\n"), putty070.packet()...))
			_, _ = io.Copy(io.Discard, nc)
		},
		"before a method": func(nc net.Conn) {
			watched := &watchedConn{Conn: nc, gone: make(chan struct{})}
			_, _, _, err := ssh.NewClientConn(watched, w.addr, &ssh.ClientConfig{User: "sato", HostKeyCallback: ssh.InsecureIgnoreHostKey(),
				Auth: []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
					<-watched.gone
					return nil, io.EOF
				})}})
			if err == nil {
				t.Error("in without a key")
			}
		},
	} {
		nc, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { defer close(done); hold(nc) }()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Errorf("%s: still held", name)
		}
		nc.Close()
	}
	w.gate.Stop()
	w.gate.callers.Wait()
	if n := w.gate.limit.Waiting(); n != 0 {
		t.Errorf("%d still before the gate", n)
	}
}

// watchedConn tells when the gate has hung up: the library goes on reading while a method is thought about.
type watchedConn struct {
	net.Conn
	gone chan struct{}
	once sync.Once
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.once.Do(func() { close(c.gone) })
	}
	return n, err
}
