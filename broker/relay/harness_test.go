package relay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
	"sekimori/broker/wire"
	"sekimori/policy"
	"sekimori/recordings"
)

// patience bounds the wait for an expected event, also on a busy machine.
const patience = time.Minute

// cutWithin bounds the time from a cut's cause to the cut. Under the race detector it is larger.
const cutWithin = time.Second * slowness

// rig is one session: a client, a relay as the session package runs it, and a target.
type rig struct {
	tb      testing.TB
	disk    *testbed.Disk
	path    string
	keyOut  *age.X25519Identity
	keyIn   *age.X25519Identity
	writer  *recordings.Writer
	relay   *relay.Relay
	addr    string // of the gate, for real clients
	hostKey string // of the gate, its fingerprint
	near    *wire.Conn
	far     *dial.Conn
	ended   chan error   // result of Serve
	output  atomic.Int64 // bytes of stdout recorded

	mu      sync.Mutex
	frames  []recordings.Frame // copies
	refused []string
	closed  bool
}

type rigOptions struct {
	fs      recordings.FS // of the recording; nil: a disk with faults
	deny    map[policy.ChannelKind]bool
	forward []string                                 // destinations that are permitted
	decide  func(policy.ChannelKind) policy.Decision // nil: everything except deny is allowed
	auth    []ssh.AuthMethod
	target  *testbed.Target
	sshd    *testbed.SSHD
	context context.Context
	files   *policy.FileTerms                 // nil: everything moves
	now     *atomic.Pointer[policy.FileTerms] // terms that change; nil: they do not
	rules   *policy.LiveRules                 // live rules; nil: there are none
	onRule  func(context.Context, relay.RuleHit) policy.LiveAnswer
	numbers func(int) // called for masked numbers; nil: none are masked
	version string    // version of the gate and the dialer; empty: the broker's
	plain   bool      // SFTP is copied without inspection, for comparison
	hold    func(near, target io.ReadWriteCloser, resolve func([]byte, bool) (string, error), say func(policy.Text))
	large   bool // the rig keeps no data of frames, for transfers larger than the memory
}

func (o rigOptions) recordingFS(disk *testbed.Disk) recordings.FS {
	if o.fs != nil {
		return o.fs
	}
	return disk
}

// newRig starts a gate on loopback that admits one connection without any proof.
func newRig(tb testing.TB, o rigOptions) *rig {
	tb.Helper()
	r := &rig{tb: tb, disk: testbed.NewDisk(), ended: make(chan error, 1)}
	r.path = filepath.Join(tb.TempDir(), "S.skr")
	var err error
	if r.keyOut, err = age.GenerateX25519Identity(); err != nil {
		tb.Fatal(err)
	}
	if r.keyIn, err = age.GenerateX25519Identity(); err != nil {
		tb.Fatal(err)
	}
	started := time.Now()
	ro := recordings.Options{
		FS: o.recordingFS(r.disk), OutputTo: []age.Recipient{r.keyOut.Recipient()}, InputTo: []age.Recipient{r.keyIn.Recipient()},
		Elapsed: func() time.Duration { return time.Since(started) },
	}
	if _, bench := tb.(*testing.B); !bench {
		ro.Tap = r.tap
		if o.large {
			ro.Tap = func(f recordings.Frame) {
				if f.Event != "" {
					r.tap(f)
				}
			}
		}
	}
	r.writer, err = recordings.Create(r.path, recordings.Header{Session: "S-20261124-03", Started: started}, ro)
	if err != nil {
		tb.Fatal(err)
	}
	t := dial.Target{ID: "hr-db", Login: "maint"}
	if o.sshd != nil {
		t.Addr, t.Login, t.HostKey = o.sshd.Addr, o.sshd.Login, o.sshd.HostKey
	} else {
		if o.target == nil {
			o.target = testbed.StartTarget(tb, testbed.TargetOptions{})
		}
		t.Addr, t.HostKey = o.target.Addr, o.target.HostKey
	}
	if o.auth == nil {
		o.auth = []ssh.AuthMethod{ssh.PublicKeys(testbed.NewSigner(tb))}
	}
	if o.context == nil {
		o.context = context.Background()
	}
	if r.far, err = (&dial.Dialer{Version: o.version}).Dial(o.context, t, o.auth); err != nil {
		tb.Fatal(err)
	}
	r.relay = relay.New(relay.Config{
		Recorder: r.writer,
		Files:    o.terms, Hold: o.hold,
		Forwards: o.forward,
		Decide: func(_ context.Context, asked policy.Asked) policy.Decision {
			kind := asked.Kind
			if o.decide != nil {
				return o.decide(kind)
			}
			if o.deny[kind] {
				return policy.Decision{Reason: policy.FeatureNotGranted, Args: map[string]string{"feature": string(kind)}}
			}
			return policy.Decision{Allow: true}
		},
		Refuse: func(d policy.Decision) (string, int) {
			return "[117] 許可されていない機能\n記録: S-20261124-03\n", d.Reason.Exit()
		},
		OnNumbers: o.numbers,
		Rules:     o.rules, OnRule: o.onRule,
		OnRefused: func(feature string, _ policy.Reason) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.refused = append(r.refused, feature)
		},
	})
	if o.plain {
		r.relay.CopyFilesPlainly()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r.addr = l.Addr().String()
	config := &ssh.ServerConfig{NoClientAuth: true, ServerVersion: wire.VersionLine(o.version)}
	signer := testbed.NewSigner(tb)
	r.hostKey = ssh.FingerprintSHA256(signer.PublicKey())
	config.AddHostKey(signer)
	go func() {
		defer l.Close()
		c, err := l.Accept()
		if err != nil {
			r.ended <- err
			return
		}
		near := wire.Wrap(c, wire.Options{})
		r.relay.Govern(near, r.far.Wire)
		r.mu.Lock()
		r.near = near
		closed := r.closed
		r.mu.Unlock()
		if closed {
			near.Abort()
		}
		conn, chans, reqs, err := ssh.NewServerConn(near, config)
		if err != nil {
			near.Abort()
			r.ended <- err
			return
		}
		r.ended <- r.relay.Serve(o.context, conn, chans, reqs, r.far, r.far.Chans, r.far.Reqs)
	}()
	tb.Cleanup(func() { l.Close(); r.kill() })
	return r
}

// kill ends the session as the session package does: both connections by force, then Wait.
func (r *rig) kill() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	near := r.near
	r.mu.Unlock()
	if near != nil {
		near.Abort()
	}
	r.far.Abort()
	within(r.tb, "every goroutine of the relay ends", func() {
		if err := r.relay.Wait(context.Background()); err != nil {
			r.tb.Error(err)
		}
	})
}

// end waits for Serve.
func (r *rig) end() error {
	r.tb.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		r.tb.Fatal("Serve did not return")
		return nil
	}
}

func (r *rig) tap(f recordings.Frame) {
	f.Data = bytes.Clone(f.Data)
	if f.Stream == recordings.Stdout {
		r.output.Add(int64(len(f.Data)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, f)
}

// recorded returns the bytes of one stream over all channels.
func (r *rig) recorded(s recordings.Stream) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b []byte
	for _, f := range r.frames {
		if f.Stream == s {
			b = append(b, f.Data...)
		}
	}
	return b
}

// events returns the bodies of the events of a kind.
func (r *rig) events(kind string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, f := range r.frames {
		if f.Event == kind {
			all = append(all, string(f.Data))
		}
	}
	return all
}

// client connects with the library's client.
func (r *rig) client() *ssh.Client {
	r.tb.Helper()
	c, err := ssh.Dial("tcp", r.addr, &ssh.ClientConfig{User: "sato", HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		r.tb.Fatal(err)
	}
	r.tb.Cleanup(func() { c.Close() })
	return c
}

func session(tb testing.TB, c *ssh.Client) *ssh.Session {
	tb.Helper()
	s, err := c.NewSession()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func within(tb testing.TB, what string, f func()) {
	tb.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		tb.Fatalf("not within %s: %s", patience, what)
	}
}

func exitStatus(err error) int {
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitStatus()
	}
	return -1
}

// waitFor reads from rd until want has appeared.
func waitFor(tb testing.TB, rd io.Reader, want string) string {
	tb.Helper()
	var got []byte
	within(tb, "reading "+want, func() {
		b := make([]byte, 4096)
		for !bytes.Contains(got, []byte(want)) {
			n, err := rd.Read(b)
			got = append(got, b[:n]...)
			if err != nil {
				return
			}
		}
	})
	if !bytes.Contains(got, []byte(want)) {
		tb.Fatalf("got %q, want %q in it", got, want)
	}
	return string(got)
}

// terms are those of the grant.
func (o *rigOptions) terms() *policy.FileTerms {
	if o.now != nil {
		return o.now.Load()
	}
	if o.files == nil {
		return &policy.FileTerms{In: policy.FilePass, Out: policy.FilePass}
	}
	return o.files
}
