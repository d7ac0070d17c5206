package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/files"
	"sekimori/broker/inspect"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// heldWorld is a door of the real client programs, a real sshd, and a gate that asks a real clamd.
type heldWorld struct {
	*openssh
	db   *store.DB
	held string
}

func newHeldWorld(t *testing.T, clamd string) *heldWorld {
	t.Helper()
	return newHeldWorldOf(t, clamd, policy.FileTerms{In: policy.FileInspect, Out: policy.FilePass})
}

func newHeldWorldOf(t testing.TB, clamd string, terms policy.FileTerms) *heldWorld {
	t.Helper()
	return newHeldWorldWith(t, clamd, terms, rigOptions{})
}

// newHeldWorldWith is newHeldWorldOf with further options of the rig.
func newHeldWorldWith(t testing.TB, clamd string, terms policy.FileTerms, o rigOptions) *heldWorld {
	t.Helper()
	testbed.Need(t, "ssh")
	dir := realDir(t)
	ring, err := keys.Create(filepath.Join(dir, "keys"), make([]byte, keys.MasterSize), "sekimori.test/ledger")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(dir, "sekimori.db"), store.Options{Clock: testbed.At, Signer: ring.LedgerSigner(), Origin: "sekimori.test/ledger"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &heldWorld{db: db, held: filepath.Join(dir, "held")}
	scanner := inspect.Clamd{Address: clamd}
	g, err := files.Open(files.Options{DB: db, Ring: ring, Dir: w.held, Outbox: w.held + "-out", Chain: inspect.Chain{Engines: []inspect.Engine{scanner, inspect.Archives{Each: []inspect.Engine{scanner}}}}})
	if err != nil {
		t.Fatal(err)
	}
	p := files.Passage{Session: "S-20261124-03", Target: "hr-db", Actor: ledger.Actor{Kind: "person", ID: "E-0001", Via: "ssh"}, Terms: func() *policy.FileTerms { return &terms }}
	p.Number()
	signer := testbed.NewSigner(t)
	sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
	o.sshd, o.auth, o.files = sshd, []ssh.AuthMethod{ssh.PublicKeys(signer)}, &terms
	o.hold = func(near, target io.ReadWriteCloser, resolve func([]byte, bool) (string, error), say func(policy.Text)) {
		p := p
		p.Resolve, p.Say = resolve, say
		g.Serve(context.Background(), near, target, p)
	}
	r := newRig(t, o)
	host, port, _ := net.SplitHostPort(r.addr)
	w.openssh = &openssh{rig: r, host: host, options: []string{"-F", "none", "-o", "Port=" + port, "-o", "User=sato", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"}}
	return w
}

func (w *heldWorld) entries(t *testing.T, kind string) (all []map[string]any) {
	t.Helper()
	err := w.db.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			var body map[string]any
			if err := errors.Join(err, json.Unmarshal(e.Payload, &body)); err != nil {
				return err
			}
			all = append(all, body)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// EICAR, bare and in an archive, does not reach the target by any of the clients; other files do, whole, with their names.
func TestAttackEICARUp(t *testing.T) {
	t.Parallel()
	clamd := testbed.StartClamd(t)
	dir := realDir(t)
	fine := bytes.Repeat([]byte("明細\x00\r\n"), 50_000)
	bad, good, sjis := put(t, dir+"/bad", testbed.EICAR), put(t, dir+"/good", string(fine)), put(t, dir+"/\x96\xbe\x8d\xd7", string(fine))
	for name, c := range map[string]struct {
		program string
		args    func(host, from, to string) []string
		stdin   func(from, to string) string
		from    string
		arrives bool
	}{
		"sftp":                   {"sftp", func(host, _, _ string) []string { return []string{"-b", "-", host} }, func(from, to string) string { return "put -p " + from + " " + to + "\nls -l " + to + "\n" }, good, true},
		"sftp, EICAR":            {"sftp", func(host, _, _ string) []string { return []string{"-b", "-", host} }, func(from, to string) string { return "put " + from + " " + to + "\n" }, bad, false},
		"scp":                    {"scp", func(host, from, to string) []string { return []string{from, host + ":" + to} }, nil, good, true},
		"scp, Shift_JIS":         {"scp", func(host, from, to string) []string { return []string{from, host + ":" + to} }, nil, sjis, true},
		"scp, EICAR":             {"scp", func(host, from, to string) []string { return []string{from, host + ":" + to} }, nil, bad, false},
		"scp -O, EICAR":          {"scp", func(host, from, to string) []string { return []string{"-O", from, host + ":" + to} }, nil, bad, false},
		"scp -O has no hold":     {"scp", func(host, from, to string) []string { return []string{"-O", from, host + ":" + to} }, nil, good, false},
		"sftp, resumed":          {"sftp", func(host, _, _ string) []string { return []string{"-b", "-", host} }, func(from, to string) string { return "reput " + from + " " + to + "\n" }, good, true},
		"sftp, renamed on there": {"sftp", func(host, _, _ string) []string { return []string{"-b", "-", host} }, func(from, to string) string { return "put " + from + " " + to + ".x\nrename " + to + ".x " + to + "\n" }, good, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newHeldWorld(t, clamd)
			to := filepath.Join(realDir(t), "there")
			if name == "sftp, resumed" {
				put(t, to, string(fine[:200_000]))
			}
			stdin := ""
			if c.stdin != nil {
				stdin = c.stdin(c.from, to)
			}
			_, errs, status := w.run(t, stdin, c.program, c.args(w.host, c.from, to)...)
			b, err := os.ReadFile(to)
			if c.arrives && (status != 0 || err != nil || !bytes.Equal(b, fine)) || !c.arrives && (status == 0 || err == nil) {
				t.Errorf("status %d, %q; the target has %d bytes, %v", status, errs, len(b), err)
			}
			if left, _ := filepath.Glob(filepath.Dir(to) + "/*.sekimori-*"); len(left) > 0 {
				t.Errorf("left on the target: %q", left)
			}
			w.kill()
			stopped, released := w.entries(t, "file.stopped"), w.entries(t, "file.released")
			switch {
			case c.arrives:
				if len(stopped) != 0 || len(released) == 0 {
					t.Errorf("released %v, stopped %v", released, stopped)
				}
			case !strings.Contains(name, "-O"):
				if len(released) != 0 || len(stopped) != 1 || stopped[0]["why"] != "not-clean" || !strings.Contains(stopped[0]["detail"].(string), "Test.EICAR") {
					t.Errorf("released %v, stopped %v", released, stopped)
				}
			}
		})
	}
}

// With clamd down a file is held and not passed.
func TestAttackClamdDown(t *testing.T) {
	t.Parallel()
	w := newHeldWorld(t, "/nonexistent/clamd")
	dir := realDir(t)
	_, errs, status := w.run(t, "", "scp", put(t, dir+"/good", "fine"), w.host+":"+dir+"/there")
	if _, err := os.Stat(dir + "/there"); err == nil || status == 0 {
		t.Errorf("it passed: %d, %q", status, errs)
	}
	w.kill()
	if e := w.entries(t, "file.stopped"); len(e) != 1 || e[0]["why"] != "not-clean" {
		t.Errorf("%v", e)
	}
}
