package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
	"sekimori/recordings"
)

const origin = "sekimori.example/ledger"

// office is a directory with everything that an auditor gets.
type office struct {
	later   time.Duration // than a minute after the entry before it
	t       *testing.T
	dir     string
	signer  note.Signer
	entries []ledger.Entry
	tree    ledger.Frontier
	viewing *age.X25519Identity // opens the recordings
}

func newOffice(t *testing.T) *office {
	viewing, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, dir: t.TempDir(), viewing: viewing}
	var public string
	o.signer, public = keyPair(t, origin)
	o.write("ledger.key", []byte("# the ledger's public key\n"+public+"\n"))
	_, other := keyPair(t, origin)
	o.write("other.key", []byte(other+"\n"))
	return o
}

func keyPair(t *testing.T, name string) (note.Signer, string) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s, public
}

func (o *office) path(name string) string { return filepath.Join(o.dir, name) }

func (o *office) write(name string, b []byte) string {
	o.t.Helper()
	if err := os.WriteFile(o.path(name), b, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return o.path(name)
}

func (o *office) read(name string) []byte {
	o.t.Helper()
	b, err := os.ReadFile(o.path(name))
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *office) add(d ledger.Draft) {
	o.t.Helper()
	var salt [ledger.SaltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		o.t.Fatal(err)
	}
	index := int64(len(o.entries))
	at := time.Date(2026, 11, 24, 1, int(index), 0, 0, time.UTC).Add(o.later)
	e, err := ledger.Seal(d, index, at, at, salt)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.tree.Append(e.Leaf()); err != nil {
		o.t.Fatal(err)
	}
	o.entries = append(o.entries, e)
}

func (o *office) act(kind string) {
	o.add(ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}})
}

// ended writes the end of a session as the broker does.
func (o *office) ended(session string, digest any) {
	o.add(ledger.Draft{
		Kind: "session.ended", Actor: ledger.Actor{Kind: "broker"}, Subjects: []string{session},
		Payload: map[string]any{"session_id": session, "recording": digest},
	})
}

// dispose removes a payload, with the entry that authorises it.
func (o *office) dispose(index int) {
	gone := o.entries[index]
	o.entries[index] = gone.Dispose()
	o.add(ledger.Draft{Kind: ledger.KindDisposed, Actor: ledger.Actor{Kind: "broker"}, Payload: ledger.NewDisposal("retention of 1825 days", "U-001", gone)})
}

func (o *office) checkpoint(signers ...note.Signer) []byte {
	o.t.Helper()
	root, err := o.tree.Root()
	if err != nil {
		o.t.Fatal(err)
	}
	return o.sign(o.tree.Size(), root, signers...)
}

func (o *office) sign(size int64, root tlog.Hash, others ...note.Signer) []byte {
	o.t.Helper()
	c, err := ledger.SignCheckpoint(origin, size, root, o.signer)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, s := range others {
		text, _, _ := strings.Cut(string(c), "\n\n")
		signed, err := note.Sign(&note.Note{Text: text + "\n"}, s)
		if err != nil {
			o.t.Fatal(err)
		}
		c = append(c, signed[strings.Index(string(signed), "\n\n")+2:]...)
	}
	return c
}

// export writes the current ledger and returns the path.
func (o *office) export(name string, checkpoint []byte) string {
	o.t.Helper()
	var b bytes.Buffer
	all := func(yield func(ledger.Entry, error) bool) {
		for _, e := range o.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
	if err := ledger.WriteExport(&b, all, checkpoint); err != nil {
		o.t.Fatal(err)
	}
	return o.write(name, b.Bytes())
}

// record makes a real recording of a session.
func (o *office) record(session string) (path string, d recordings.Digest) {
	o.t.Helper()
	path = o.path(session + ".skr")
	start := time.Now()
	w, err := recordings.Create(path, recordings.Header{Session: session, Started: start}, recordings.Options{
		FS: recordings.OS(), OutputTo: []age.Recipient{o.viewing.Recipient()}, InputTo: []age.Recipient{o.viewing.Recipient()},
		Elapsed: func() time.Duration { return time.Since(start) },
	})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := w.Data(0, recordings.Stdout, []byte("hello\r\n")); err != nil {
		o.t.Fatal(err)
	}
	d, err = w.Close(recordings.End{Cause: "client-lost", At: start})
	if err != nil {
		o.t.Fatal(err)
	}
	return path, d
}

type outcome struct {
	status   int
	out, err string
}

func verify(args ...string) outcome { return verifyWith(strings.NewReader(""), nil, args...) }

func verifyWith(in io.Reader, env map[string]string, args ...string) outcome {
	var out, errs bytes.Buffer
	p := program{
		in: in, out: &out, err: &errs, now: time.Now, zone: time.UTC,
		getenv: func(name string) string { return env[name] },
	}
	status := p.run(args)
	return outcome{status, out.String(), errs.String()}
}

// wantError requires this status and a two-line error whose first line contains all of says.
func (o outcome) wantError(t *testing.T, status int, says ...string) {
	t.Helper()
	lines := strings.SplitAfter(o.err, "\n")
	if o.status != status || len(lines) < 3 || !strings.HasPrefix(lines[0], "sekimori-verify: error: ") ||
		!strings.HasPrefix(lines[1], "sekimori-verify: hint: ") {
		t.Fatalf("status %d\n%s\n%s", o.status, o.out, o.err)
	}
	for _, s := range says {
		if !strings.Contains(lines[0], s) {
			t.Errorf("%q does not say %q", lines[0], s)
		}
	}
}

func (o outcome) wantHolds(t *testing.T) {
	t.Helper()
	if o.status != 0 || o.err != "" {
		t.Fatalf("status %d\n%s\n%s", o.status, o.out, o.err)
	}
}
