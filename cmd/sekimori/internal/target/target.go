package target

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Target is a running demonstration target.
type Target struct {
	listener net.Listener
	config   *ssh.ServerConfig
	hostKey  ssh.PublicKey
	home     string

	now     func() time.Time
	started time.Time

	mu     sync.Mutex        // guards what follows
	conns  map[net.Conn]bool // true: of the administrative connection
	open   map[string]bool   // of each account: the steward has opened it
	logins []login
	closed bool
	wg     sync.WaitGroup
}

// Start listens on a free port of loopback and accepts certificates of ca for any of the logins, once the holder of the steward's key has
// opened the account; without a steward all accounts are open. home is where shells start; now is the clock that certificates are held against.
func Start(ca, steward ssh.PublicKey, home string, now func() time.Time, logins ...string) (*Target, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("host key of the demonstration target: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, fmt.Errorf("host key of the demonstration target: %w", err)
	}
	t := &Target{home: home, now: now, started: now(), conns: map[net.Conn]bool{}, open: map[string]bool{}}
	for _, l := range logins {
		t.open[l] = steward == nil
	}
	checker := &ssh.CertChecker{Clock: now, IsUserAuthority: func(key ssh.PublicKey) bool {
		return string(key.Marshal()) == string(ca.Marshal())
	}}
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if steward != nil && c.User() == Steward {
				if string(key.Marshal()) != string(steward.Marshal()) {
					return nil, errors.New("not the steward's key")
				}
				return &ssh.Permissions{}, nil
			}
			t.mu.Lock()
			open := t.open[c.User()]
			t.mu.Unlock()
			if !open {
				return nil, errors.New("no such account, or it is closed")
			}
			return checker.Authenticate(c, key)
		},
	}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demonstration target: %w", err)
	}
	t.listener, t.config, t.hostKey = l, config, signer.PublicKey()
	t.wg.Add(1)
	go t.accept()
	return t, nil
}

// Addr is where the target listens.
func (t *Target) Addr() *net.TCPAddr { return t.listener.Addr().(*net.TCPAddr) }

// HostKey is what to register for it.
func (t *Target) HostKey() ssh.PublicKey { return t.hostKey }

// Open counts the connections that are open now, without those of the steward: the demonstration proves by it that the broker
// left none behind.
func (t *Target) Open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, steward := range t.conns {
		if !steward {
			n++
		}
	}
	return n
}

// Close ends the target with everything it started.
func (t *Target) Close() error {
	t.mu.Lock()
	t.closed = true
	for c := range t.conns {
		c.Close()
	}
	t.mu.Unlock()
	err := t.listener.Close()
	t.wg.Wait()
	return err
}

func (t *Target) accept() {
	defer t.wg.Done()
	for {
		c, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.mu.Lock()
		if t.closed {
			t.mu.Unlock()
			c.Close()
			return
		}
		t.conns[c] = false
		t.mu.Unlock()
		t.wg.Add(1)
		go func() {
			defer t.wg.Done()
			t.serve(c)
			t.mu.Lock()
			delete(t.conns, c)
			t.mu.Unlock()
		}()
	}
}

func (t *Target) serve(c net.Conn) {
	defer c.Close()
	conn, chans, reqs, err := ssh.NewServerConn(c, t.config)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(reqs)
	host, port, _ := net.SplitHostPort(c.RemoteAddr().String())
	t.mu.Lock()
	t.conns[c] = conn.User() == Steward
	t.logins = append(t.logins, login{t.now(), conn.User(), host, port})
	t.mu.Unlock()
	var channels sync.WaitGroup
	for nc := range chans {
		if nc.ChannelType() != "session" {
			nc.Reject(ssh.Prohibited, "sessions only")
			continue
		}
		ch, reqs, err := nc.Accept()
		if err != nil {
			continue
		}
		channels.Add(1)
		go func() {
			defer channels.Done()
			if conn.User() == Steward {
				t.serveSteward(ch, reqs)
				return
			}
			p := program{home: t.home, user: conn.User(), channel: ch}
			p.serve(reqs)
		}()
	}
	channels.Wait()
}

// shell is the program that stands for the target's login shell.
func shell() string {
	for _, s := range []string{"/bin/sh", "/bin/bash"} {
		if _, err := os.Stat(s); err == nil {
			return s
		}
	}
	return "sh"
}
