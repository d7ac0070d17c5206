package relay_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
	"sekimori/policy"
	"sekimori/recordings"
)

// bubble is one session inside testing/synctest, with a clock that the test moves: a client and a target joined by pipes. All
// of it ends with the test.
func bubble(t *testing.T, script func(s *testbed.TargetSession), change ...func(*relay.Config)) (*ssh.Client, *relay.Relay) {
	t.Helper()
	target := testbed.NewTarget(t, testbed.TargetOptions{Session: script})
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	rec, err := recordings.Create(filepath.Join(t.TempDir(), "S.skr"), recordings.Header{Session: "S-20261124-03", Started: started}, recordings.Options{
		OutputTo: []age.Recipient{key.Recipient()}, InputTo: []age.Recipient{key.Recipient()},
		Elapsed: func() time.Duration { return time.Since(started) },
	})
	if err != nil {
		t.Fatal(err)
	}
	toTarget, atTarget := testbed.Pipe()
	go target.ServeConn(atTarget)
	far, farChans, farReqs, err := ssh.NewClientConn(toTarget, "", &ssh.ClientConfig{
		User: "maint", Auth: []ssh.AuthMethod{ssh.PublicKeys(testbed.NewSigner(t))}, HostKeyCallback: ssh.FixedHostKey(target.HostKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	toGate, atGate := testbed.Pipe()
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(testbed.NewSigner(t))
	cfg := relay.Config{
		Files:    (&rigOptions{}).terms,
		Recorder: rec,
		Decide:   func(context.Context, policy.Asked) policy.Decision { return policy.Decision{Allow: true} },
		Refuse:   func(d policy.Decision) (string, int) { return string(d.Reason), d.Reason.Exit() },
	}
	for _, f := range change {
		f(&cfg)
	}
	r := relay.New(cfg)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, chans, reqs, err := ssh.NewServerConn(atGate, config)
		if err != nil {
			t.Error(err)
			return
		}
		_ = r.Serve(ctx, conn, chans, reqs, far, farChans, farReqs)
		_ = conn.Close()
		_ = far.Close()
		if err := r.Wait(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	conn, chans, reqs, err := ssh.NewClientConn(toGate, "", &ssh.ClientConfig{User: "sato", HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(conn, chans, reqs)
	t.Cleanup(func() {
		client.Close()
		stop()
		<-done
		if _, err := rec.Close(recordings.End{Cause: "session-ended", At: time.Now()}); err != nil {
			t.Error(err)
		}
	})
	return client, r
}
