package broker_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// text exports as text a session of e that is over.
func (o *office) text(e *engineer) string {
	o.t.Helper()
	row := o.sessions(e.id)[0]
	r, err := recordings.Open(filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording)), o.ring.ViewingIdentity())
	if err != nil {
		o.t.Fatal(err)
	}
	defer r.Close()
	var text bytes.Buffer
	if err := recordings.Text(context.Background(), &text, r, recordings.View{Lang: "en"}); err != nil {
		o.t.Fatal(err)
	}
	return text.String()
}

// One connection, a target that never answers, names of 33 kB: the broker used to keep 177 MB for each channel.
func TestAttackUnansweredOperationsFillMemory(t *testing.T) {
	o := foundWith(t, time.Hour, testbed.TargetOptions{Session: func(ch *testbed.TargetSession) {
		ch.Read(make([]byte, 64<<10))
		ch.Write([]byte{0, 0, 0, 5, 2, 0, 0, 0, 3})
		io.Copy(io.Discard, ch)
	}})
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	heap := func() int {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc >> 20)
	}
	before := heap()
	name := bytes.Repeat([]byte{0xff}, 33_900)
	for range 4 {
		ch, reqs, err := c.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		go ssh.DiscardRequests(reqs)
		ch.SendRequest("subsystem", true, ssh.Marshal(struct{ N string }{"sftp"}))
		ch.Write([]byte{0, 0, 0, 5, 1, 0, 0, 0, 3})
		ch.Read(make([]byte, 64))
		for i := range uint32(1024) {
			p := binary.BigEndian.AppendUint32([]byte{13}, i)
			p = append(binary.BigEndian.AppendUint32(p, uint32(len(name))), name...)
			if _, err := ch.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...)); err != nil {
				break
			}
		}
		if _, err := io.Copy(io.Discard, ch); err != nil { // until the broker has ended it
			t.Log(err)
		}
	}
	if now := heap(); now > before+32 {
		t.Errorf("heap %d -> %d MB", before, now)
	}
	c.Close()
	<-c.gone
	b.close()
}

// A command that only looks like a copy, on a terminal and without: its output is shown.
func TestAttackShellThatNobodySees(t *testing.T) {
	o := foundWith(t, time.Hour, testbed.TargetOptions{Session: func(ch *testbed.TargetSession) {
		ch.Write([]byte("$ cat /etc/shadow\r\nroot:SECRET\r\n"))
		ch.SendRequest("exit-status", false, ssh.Marshal(struct{ S uint32 }{0}))
	}})
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	n := 0
	for _, command := range []string{"xscp -t ; exec bash -i", "true scp -f; exec bash -i", "scp -t x; exec bash -i"} {
		for _, terminal := range []bool{true, false} {
			s, err := c.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			if terminal {
				if err := s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
					t.Fatal(err)
				}
			}
			if out, err := s.Output(command); err != nil || !strings.Contains(string(out), "SECRET") {
				t.Fatalf("%q, %v", out, err)
			}
			n++
		}
	}
	c.Close()
	<-c.gone
	b.close()
	if text := o.text(e); strings.Count(text, "root:SECRET") != n {
		t.Errorf("of %d shells some are not seen:\n%s", n, text)
	}
}

// 1,100 channels opened and closed without a request: later file operations used to keep no names.
func TestAttackEmptyChannelsBlindThePlayers(t *testing.T) {
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	for range 1100 {
		ch, reqs, err := c.OpenChannel("session", nil)
		// The library tells the client of a closed channel before the broker has recorded it: on a busy machine 200 may wait for that.
		for shortage := new(ssh.OpenChannelError); errors.As(err, &shortage) && shortage.Reason == ssh.ResourceShortage; {
			runtime.Gosched()
			ch, reqs, err = c.OpenChannel("session", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		ch.Close()
		for range reqs {
		}
	}
	files, err := sftp.NewClient(c.Client)
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Create("/stolen.db")
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("abc"))
	f.Close()
	files.Rename("/stolen.db", "/evidence.db")
	files.Remove("/evidence.db")
	files.Close()
	c.Close()
	<-c.gone
	b.close()
	text := o.text(e)
	for _, want := range []string{"file /stolen.db written 3 bytes", "rename /stolen.db → /evidence.db", "remove /evidence.db"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// A shell whose lines look like complaints of scp: they are listed, and beyond a number the output is shown.
func TestAttackShellBehindComplaintsOfSCP(t *testing.T) {
	o := foundWith(t, time.Hour, testbed.TargetOptions{Session: func(ch *testbed.TargetSession) {
		ch.Read(make([]byte, 1))
		for i := range 1200 {
			fmt.Fprintf(ch, "\x01secret %d. and more words\n", i)
		}
		ch.SendRequest("exit-status", false, ssh.Marshal(struct{ S uint32 }{0}))
	}})
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	s.Stdin = strings.NewReader("\x00")
	if out, err := s.Output("scp -f x; exec sh"); err != nil || !strings.Contains(string(out), "secret 1199.") {
		t.Fatalf("%q, %v", out, err)
	}
	c.Close()
	<-c.gone
	b.close()
	text := o.text(e)
	for i := range 1200 {
		if !strings.Contains(text, fmt.Sprintf("secret %d.", i)) {
			t.Fatalf("line %d is not seen:\n%.3000s", i, text)
		}
	}
	if !strings.Contains(text, "message of scp failed: secret 3. and more words") {
		t.Errorf("%.1000s", text)
	}
}
