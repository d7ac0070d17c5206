package relay_test

import (
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// changing is a rig before a real sshd in which files move freely until the terms are changed.
func changing(t *testing.T) (*rig, *atomic.Pointer[policy.FileTerms]) {
	t.Helper()
	now := &atomic.Pointer[policy.FileTerms]{}
	now.Store(&policy.FileTerms{In: policy.FilePass, Out: policy.FilePass})
	signer := testbed.NewSigner(t)
	sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
	return newRig(t, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, now: now,
		hold: func(near, target io.ReadWriteCloser, _ func([]byte, bool) (string, error), _ func(policy.Text)) {
			near.Close()
			target.Close()
		}}), now
}

// A channel that was opened while files passed does not go around the inspection that is asked for meanwhile.
func TestAttackInspectionIsAskedForMeanwhile(t *testing.T) {
	t.Parallel()
	dir := realDir(t)
	file := put(t, dir+"/f", "own")
	r, now := changing(t)
	raw := newRawSFTP(t, r)
	raw.send(packetInit)
	raw.answer()
	raw.send(packet(3, uint32(1), file, uint32(3), uint32(0)))
	typ, body := raw.answer()
	if typ != 102 {
		t.Fatalf("answer %d", typ)
	}
	handle := string(body[8:])
	now.Store(&policy.FileTerms{In: policy.FileInspect, Out: policy.FilePass})
	for name, p := range map[string][]byte{
		"write by an open file": packet(6, uint32(2), handle, uint64(0), "evil"),
		"open for writing":      packet(3, uint32(2), dir+"/g", uint32(2|8), uint32(0)),
		"rename":                packet(18, uint32(2), file, dir+"/g"),
		"a length by the name":  packet(9, uint32(2), file, uint32(1), uint64(1)),
	} {
		raw.send(p)
		if typ, body := raw.answer(); typ != 101 || body[7] != 3 {
			t.Errorf("%s: answer %d, %q", name, typ, body)
		}
	}
	raw.ch.Close()
	r.kill()
	if b, _ := os.ReadFile(file); string(b) != "own" {
		t.Errorf("the file is %q", b)
	}
}

// The same for copies: the next file does not pass, and neither does anything of a copy that the relay cannot follow.
func TestAttackCopiesUnderChangedTerms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command string
		begin   string
		rest    string
		terms   policy.FileTerms
		why     policy.FileRefusal
	}{
		"the next file, inspected": {"scp -r -t DIR", "C0644 3 a\nown\x00", "C0644 4 b\nevil\x00", policy.FileTerms{In: policy.FileInspect, Out: policy.FilePass}, policy.RefusedUnread},
		"the next file, closed":    {"scp -r -t DIR", "C0644 3 a\nown\x00", "C0644 4 b\nevil\x00", policy.FileTerms{Out: policy.FilePass}, policy.RefusedIn},
		"the next file, too large": {"scp -r -t DIR", "C0644 3 a\nown\x00", "C0644 4 b\nevil\x00", policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 3}, policy.RefusedSize},
		"not followed":             {"true || rsync --server; cat >DIR/b", "", "evil", policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 1 << 20}, policy.RefusedUnread},
		"not a mere copy":          {"true || scp -t x; cat >DIR/b", "", "evil", policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 1 << 20}, policy.RefusedUnread},
	} {
		t.Run(name, func(t *testing.T) {
			dir := realDir(t)
			r, now := changing(t)
			s := session(t, r.client())
			in, err := s.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var errs strings.Builder
			s.Stderr = &errs
			if err := s.Start(strings.ReplaceAll(c.command, "DIR", dir)); err != nil {
				t.Fatal(err)
			}
			if c.begin != "" {
				if _, err := io.WriteString(in, c.begin); err != nil {
					t.Fatal(err)
				}
				within(t, "the answers", func() { _, _ = io.ReadFull(out, make([]byte, 3)) })
			}
			now.Store(&c.terms)
			_, _ = io.WriteString(in, c.rest)
			in.Close()
			within(t, "the end", func() { _ = s.Wait() })
			if got := errs.String(); strings.Count(got, "Sekimori: [117]") != 1 || !strings.Contains(got, c.why.Label().EN) {
				t.Errorf("the engineer reads %q", got)
			}
			r.kill()
			if b, _ := os.ReadFile(dir + "/b"); len(b) > 0 {
				t.Errorf("%q arrived", b)
			}
			if got := r.refusedFeatures(); len(got) != 1 || got[0] != string(c.why) {
				t.Errorf("refused %q", got)
			}
		})
	}
}
