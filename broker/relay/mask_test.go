package relay_test

import (
	"encoding/json"
	"io"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// TestNumbersAreMasked: the engineer and the output of the recording have the mask, the sealed input has the digits. What waits because
// a number could be beginning comes although nothing follows it.
func TestNumbersAreMasked(t *testing.T) {
	var found atomic.Int64
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		for _, piece := range []string{"a 1234-56", "78-90", "18 b 12", "3456789018"} {
			_, _ = io.WriteString(s, piece)
		}
		_, _ = io.WriteString(s.Stderr(), "e 123456789018")
		_, _ = io.Copy(io.Discard, s) // the output does not end: only the time passes it on
	}})
	r := newRig(t, rigOptions{target: target, numbers: func(n int) { found.Add(int64(n)) }})
	session, err := r.client().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, _ := session.StdinPipe()
	out, _ := session.StdoutPipe()
	errors, _ := session.StderrPipe()
	if err := session.Start("list"); err != nil {
		t.Fatal(err)
	}
	const want, wantErrors = "a ****-****-**** b ************", "e ************"
	b := make([]byte, len(want))
	e := make([]byte, len(wantErrors))
	within(t, "what waited comes", func() {
		_, _ = io.ReadFull(out, b)
		_, _ = io.ReadFull(errors, e)
	})
	if string(b) != want || string(e) != wantErrors {
		t.Errorf("shown are %q and %q", b, e)
	}
	_ = in.Close()
	_ = session.Wait()
	if got := string(r.recorded(recordings.Stdout)); got != want {
		t.Errorf("recorded is %q", got)
	}
	byStream := map[string]string{}
	for _, text := range r.events(recordings.EventMasked) {
		var m recordings.Masked
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		byStream[m.Stream] += m.Digits
	}
	if byStream["stdout"] != "123456789018123456789018" || byStream["stderr"] != "123456789018" || found.Load() != 3 {
		t.Errorf("sealed are %v, %d were told", byStream, found.Load())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.frames {
		if f.Event == recordings.EventMasked && !f.Input {
			t.Error("the digits are not sealed with the input")
		}
	}
}

// TestFilesAreNotMasked: a transfer carries bytes, which stay.
func TestFilesAreNotMasked(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) { _, _ = io.WriteString(s, "123456789018") }})
	r := newRig(t, rigOptions{target: target, numbers: func(int) { t.Error("a number was masked in a transfer") }})
	client := r.client()
	var session *ssh.Session
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := session.StdoutPipe()
	if err := session.Start("rsync --server --sender . /x"); err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(out); string(b) != "123456789018" {
		t.Errorf("shown is %q", b)
	}
}
