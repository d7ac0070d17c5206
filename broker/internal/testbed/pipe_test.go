package testbed

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestPipeKnowsTheEnds(t *testing.T) {
	a, b := Pipe()
	if _, err := a.Write([]byte("last words")); err != nil {
		t.Fatal(err)
	}
	a.CloseWrite()
	if got, err := io.ReadAll(b); err != nil || string(got) != "last words" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := b.Write([]byte("answer")); err != nil {
		t.Errorf("the other direction after a half close: %v", err)
	}
	b.Close()
	if got, err := io.ReadAll(a); err != nil || string(got) != "answer" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	a2, b2 := Pipe()
	b2.Close()
	if _, err := a2.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write to a closed peer: %v", err)
	}
}

func TestPipeDeadlinesAndBackPressureInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		begun := time.Now()
		a.SetDeadline(begun.Add(time.Hour))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		a.SetDeadline(time.Time{})
		go func() {
			time.Sleep(time.Minute)
			io.Copy(io.Discard, b)
		}()
		begun = time.Now()
		if _, err := a.Write(make([]byte, 2*pipeBuffer)); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		a.Close()
		b.Close()
	})
}

func TestTargetOverAPipeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := NewTarget(t, TargetOptions{})
		near, far := Pipe()
		go target.ServeConn(far)
		c, chans, reqs, err := ssh.NewClientConn(near, "", &ssh.ClientConfig{
			User: "maint", Auth: []ssh.AuthMethod{ssh.PublicKeys(NewSigner(t))}, HostKeyCallback: ssh.FixedHostKey(target.HostKey),
		})
		if err != nil {
			t.Fatal(err)
		}
		client := ssh.NewClient(c, chans, reqs)
		defer client.Close()
		s, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte("x"), 3<<20)
		s.Stdin = bytes.NewReader(data)
		if got, err := s.Output("cat"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestClockCanBeSet(t *testing.T) {
	var c Clock
	before := c.Now()
	c.Step(-time.Hour)
	if got := before.Sub(c.Now()); got < 59*time.Minute || got > time.Hour {
		t.Errorf("an hour back is %v", got)
	}
}

func TestSSHDLetsAKeyIn(t *testing.T) {
	key := NewSigner(t)
	s := StartSSHD(t, SSHDOptions{Keys: []ssh.PublicKey{key.PublicKey()}})
	c, err := ssh.Dial("tcp", s.Addr, &ssh.ClientConfig{
		User: s.Login, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(s.HostKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := session.Output("echo it works"); err != nil || string(out) != "it works\n" {
		t.Errorf("%q, %v", out, err)
	}
}
