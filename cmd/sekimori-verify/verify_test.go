package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// office is a directory in which everything lies that an auditor is given.
type office struct {
	t       *testing.T
	dir     string
	signer  note.Signer
	entries []ledger.Entry
	tree    ledger.Frontier
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, dir: t.TempDir()}
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
	at := time.Date(2026, 11, 24, 1, int(index), 0, 0, time.UTC)
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
		Payload: map[string]any{"session": session, "recording": digest},
	})
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

// export writes what is there now and returns the path.
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
	id, err := age.GenerateX25519Identity()
	if err != nil {
		o.t.Fatal(err)
	}
	path = o.path(session + ".skr")
	start := time.Now()
	w, err := recordings.Create(path, recordings.Header{Session: session, Started: start}, recordings.Options{
		FS: recordings.OS(), OutputTo: []age.Recipient{id.Recipient()}, InputTo: []age.Recipient{id.Recipient()},
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

// wantError wants this status and an error of two lines of which the first holds all of says.
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

func TestEverythingHolds(t *testing.T) {
	o := newOffice(t)
	witness, witnessKey := keyPair(t, "witness.example")
	o.write("witness.key", []byte(witnessKey))
	o.act("registry.applied")
	since := o.write("then.checkpoint", o.checkpoint())
	rec1, d1 := o.record("S-20261124-01")
	rec2, d2 := o.record("S-20261124-02")
	o.ended("S-20261124-01", d1)
	o.ended("S-20261124-02", d2)
	export := o.export("ledger.jsonl", o.checkpoint(witness))

	// Flags before and after the export, recordings one flag each or as a shell spreads them out.
	for _, args := range [][]string{
		{export, "--key", o.path("ledger.key"), "--witness-key", o.path("witness.key"), "--recording", rec1, "--recording", rec2, "--since", since},
		{"--since=" + since, "--key", o.path("ledger.key"), "--witness-key", o.path("witness.key"), export, "--recording", rec1, rec2, "--lang", "en"},
		{"--key", o.path("ledger.key"), "--recording", rec1, "--recording", rec2, "--since", since, "--witness-key", o.path("witness.key"), "--", export},
	} {
		got := verify(args...)
		got.wantHolds(t)
		for _, s := range []string{"3 entries", origin + ", verified", "witness.example, verified", "checkpoint of 1 entries", "session S-20261124-01", "session S-20261124-02", "all holds"} {
			if !strings.Contains(got.out, s) {
				t.Errorf("%q\n%s\ndoes not say %q", args, got.out, s)
			}
		}
	}
	got := verifyWith(bytes.NewReader(o.read("ledger.jsonl")), nil, "-", "--key", o.path("ledger.key"))
	got.wantHolds(t)
}

func TestWithoutKeyTheSignerIsNotVerified(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	export := o.export("ledger.jsonl", o.checkpoint())
	got := verify(export)
	got.wantError(t, 1, "signer not verified")
	if !strings.Contains(got.out, "NOT VERIFIED") || strings.Contains(got.out, "all holds") {
		t.Error(got.out)
	}
	verifyWith(nil, map[string]string{"LANG": "ja_JP.UTF-8"}, export).wantError(t, 1, "署名者が検証されていません")
}

// Every byte of an export, flipped, is found and its line named.
func TestEveryByteFlipped(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	o.act("b")
	good := o.read(filepath.Base(o.export("ledger.jsonl", o.checkpoint())))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		got := verifyWith(bytes.NewReader(bad), nil, "-", "--key", o.path("ledger.key"))
		if i < bytes.IndexByte(good, '\n')+1 {
			got.wantError(t, 1, "-: line 1: ")
			continue
		}
		line := bytes.Count(good[:i], []byte("\n")) + 1
		got.wantError(t, 1, "-: line "+string(rune('0'+line)))
	}
}

func TestLedgerProblems(t *testing.T) {
	o := newOffice(t)
	_, witnessKey := keyPair(t, "witness.example")
	o.write("witness.key", []byte(witnessKey))
	for range 3 {
		o.act("a")
	}
	shorter := o.export("shorter.jsonl", o.checkpoint())
	o.act("a")
	later := o.write("later.checkpoint", o.checkpoint())
	o.write("empty.checkpoint", nil)
	o.write("damaged.checkpoint", []byte("no checkpoint\n"))
	export := o.export("ledger.jsonl", o.checkpoint())
	lines := bytes.SplitAfter(o.read("ledger.jsonl"), []byte("\n"))
	missing := o.write("missing.jsonl", bytes.Join(slices.Delete(slices.Clone(lines), 2, 3), nil))
	swapped := slices.Clone(lines)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	order := o.write("order.jsonl", bytes.Join(swapped, nil))
	twice := o.write("twice.jsonl", bytes.Join(slices.Insert(slices.Clone(lines), 3, lines[2]), nil))
	cut := o.write("cut.jsonl", bytes.Join(lines[:4], nil))
	tail := o.write("tail.jsonl", append(o.read("ledger.jsonl"), "{}\n"...))
	nothing := o.write("nothing.jsonl", nil)
	other := newOffice(t)
	other.signer = o.signer
	other.act("b")
	since := o.write("rewritten.checkpoint", other.checkpoint())

	key := o.path("ledger.key")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"entry missing":        {[]string{missing, "--key", key}, "line 3 (entry 1): entries are missing"},
		"entries exchanged":    {[]string{order, "--key", key}, "line 3 (entry 1): entries are missing"},
		"entry twice":          {[]string{twice, "--key", key}, "line 4 (entry 2): the entry is out of order"},
		"cut short":            {[]string{cut, "--key", key}, "line 5 (entry 3): the export is cut short here"},
		"something at the end": {[]string{tail, "--key", key}, "line 7: something follows"},
		"empty file":           {[]string{nothing, "--key", key}, "line 1 (entry 0): the export is cut short"},
		"no export":            {[]string{key, "--key", key}, "line 1: this is no ledger export"},
		"another key":          {[]string{export, "--key", o.path("other.key")}, "line 6: the checkpoint carries no valid signature"},
		"witness missing":      {[]string{export, "--key", key, "--witness-key", o.path("witness.key")}, "line 6: the checkpoint carries no valid signature of the witness"},
		"cut at its end":       {[]string{shorter, "--key", key, "--since", later}, "line 5 (entry 3): the ledger is cut at its end"},
		"rewritten":            {[]string{export, "--key", key, "--since", since}, "line 2 (entry 0): the entries up to the older checkpoint"},
		"since is damaged":     {[]string{export, "--key", key, "--since", o.path("damaged.checkpoint")}, "damaged.checkpoint: the older checkpoint cannot be read"},
		"since is empty":       {[]string{export, "--key", key, "--since", o.path("empty.checkpoint")}, "empty.checkpoint: the older checkpoint is empty"},
		"no such export":       {[]string{o.path("none"), "--key", key}, "there is no such file"},
		"export is directory":  {[]string{o.dir, "--key", key}, "cannot be read: is a directory"},
		"no such key":          {[]string{export, "--key", o.path("none")}, "there is no such file"},
		"no such since":        {[]string{export, "--key", key, "--since", o.path("none")}, "there is no such file"},
		"key is none":          {[]string{export, "--key", export}, "ledger.jsonl: not a public key"},
		"no such recording":    {[]string{export, "--key", key, "--recording", o.path("none")}, "there is no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := verify(c.args...)
			got.wantError(t, 1, c.says)
			ja := verify(append(c.args, "--lang", "ja")...)
			ja.wantError(t, 1)
			if ja.err == got.err || strings.Contains(ja.out, "すべて合っています") {
				t.Errorf("in Japanese: %s%s", ja.out, ja.err)
			}
		})
	}
}

func TestPrivateKeyGiven(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	export := o.export("ledger.jsonl", o.checkpoint())
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	got := verify(export, "--key", o.write("private.key", []byte(private)))
	got.wantError(t, 1, "this is a private key")
	if strings.Contains(got.err, private) {
		t.Error("the private key was printed")
	}
	verify(export, "--key", o.write("two.key", []byte(public+"\n"+public+"\n"))).wantError(t, 1, "more than one key")
	verify(export, "--key", o.write("no.key", []byte("# nothing\n"))).wantError(t, 1, "holds no key")
}

func TestRecordingProblems(t *testing.T) {
	o := newOffice(t)
	good, d := o.record("S-20261124-01")
	o.ended("S-20261124-01", d)
	unknown, _ := o.record("S-20261124-02")
	unnamed, _ := o.record("S-20261124-03")
	o.ended("S-20261124-03", nil)
	longer, d4 := o.record("S-20261124-04")
	d4.Size++
	o.ended("S-20261124-04", d4)
	replaced, d5 := o.record("S-20261124-05")
	d5.SHA256[0] ^= 1
	o.ended("S-20261124-05", d5)
	disposed, d6 := o.record("S-20261124-06")
	o.ended("S-20261124-06", d6)
	o.entries[len(o.entries)-1] = o.entries[len(o.entries)-1].Dispose()
	file := o.read("S-20261124-01.skr")
	cut := o.write("cut.skr", file[:len(file)-1])
	file[len(file)/2] ^= 1
	damaged := o.write("damaged.skr", file)
	none := o.write("none.skr", []byte("no recording"))
	export := o.export("ledger.jsonl", o.checkpoint())
	key := o.path("ledger.key")

	verify(export, "--key", key, "--recording", good).wantHolds(t)
	for name, c := range map[string]struct{ file, says string }{
		"its session is not in the ledger":   {unknown, "no session.ended entry for session S-20261124-02"},
		"the entry names no recording":       {unnamed, "entry 1, the end of session S-20261124-03, names no recording"},
		"the entry has another size":         {longer, "size is not that in entry 2"},
		"the entry has another digest":       {replaced, "digest is not that in entry 3"},
		"the entry's payload is disposed of": {disposed, "payload of entry 4"},
		"a byte is flipped":                  {damaged, "damaged.skr: "},
		"its end is missing":                 {cut, "cut.skr: "},
		"it is none":                         {none, "none.skr: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := verify(export, "--key", key, "--recording", good, c.file)
			got.wantError(t, 1, c.says)
			if !strings.Contains(got.out, "session S-20261124-01") || !strings.Contains(got.out, "DOES NOT HOLD") {
				t.Error(got.out)
			}
		})
	}
	// Against a ledger that does not hold nothing is compared.
	got := verify(export, "--key", o.path("other.key"), "--recording", good)
	got.wantError(t, 1, "no valid signature")
	if !strings.Contains(got.err, "not held against its digest") {
		t.Error(got.err)
	}
}

// Every byte of a recording matters: the ledger's digest finds what its own chain would not.
func TestEveryByteOfARecordingFlipped(t *testing.T) {
	o := newOffice(t)
	path, d := o.record("S-20261124-01")
	o.ended("S-20261124-01", d)
	export := o.export("ledger.jsonl", o.checkpoint())
	good := o.read(filepath.Base(path))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		got := verify(export, "--key", o.path("ledger.key"), "--recording", o.write("bad.skr", bad))
		got.wantError(t, 1, "bad.skr: ")
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--json=maybe", "a"},
		{"--nonsense", "a"},
		{"a", "--nonsense"},
		{"a", "b"},
		{"a", "--key"},
		{"a", "--lang", "de"},
	} {
		verify(args...).wantError(t, 2)
		if got := verifyWith(nil, map[string]string{"LC_ALL": "ja_JP.UTF-8", "LANG": "C"}, args...); got.status != 2 || !strings.Contains(got.err, "ご覧ください") {
			t.Errorf("%q in Japanese: %d %s", args, got.status, got.err)
		}
	}
	got := verify("--nonsense", "--json")
	var said struct{ Error struct{ Code, Hint string } }
	if err := json.Unmarshal([]byte(got.err), &said); err != nil || said.Error.Code != "usage" || said.Error.Hint == "" || got.status != 2 {
		t.Errorf("%v: %s", err, got.err)
	}
	if got := verify("--help"); got.status != 0 || !strings.Contains(got.out, "--witness-key") {
		t.Error(got)
	}
}

func TestJSON(t *testing.T) {
	o := newOffice(t)
	rec, d := o.record("S-20261124-01")
	o.ended("S-20261124-01", d)
	export := o.export("ledger.jsonl", o.checkpoint())
	type sent struct {
		OK     bool
		Ledger struct {
			OK             bool
			Entries        int64
			Signer         string
			SignerVerified bool `json:"signer_verified"`
			Problem        *struct {
				Line, Index int64
				Code, Text  string
			}
		}
		Recordings []struct {
			OK      bool
			Session string
			Entry   int64
		}
		Errors []struct{ Code, Message, Hint string }
	}
	read := func(o outcome) (s sent) {
		t.Helper()
		if err := json.Unmarshal([]byte(o.out), &s); err != nil || o.err != "" {
			t.Fatalf("%v\n%s\n%s", err, o.out, o.err)
		}
		if s.OK != (o.status == 0) {
			t.Errorf("status %d, ok %v", o.status, s.OK)
		}
		return s
	}
	s := read(verify(export, "--json", "--key", o.path("ledger.key"), "--recording", rec))
	if !s.OK || !s.Ledger.SignerVerified || s.Ledger.Entries != 1 || s.Ledger.Signer != origin || len(s.Recordings) != 1 || !s.Recordings[0].OK || s.Recordings[0].Session != "S-20261124-01" || s.Recordings[0].Entry != 0 {
		t.Errorf("%+v", s)
	}
	s = read(verify(export, "--json"))
	if s.OK || !s.Ledger.OK || len(s.Errors) != 1 || s.Errors[0].Code != "signer-not-verified" {
		t.Errorf("%+v", s)
	}
	bad := o.read("ledger.jsonl")
	bad[80] ^= 1
	s = read(verify(o.write("bad.jsonl", bad), "--json", "--key", o.path("ledger.key")))
	if s.OK || s.Ledger.Problem == nil || s.Ledger.Problem.Line != 2 || s.Ledger.Problem.Index != 0 || len(s.Errors) != 1 {
		t.Errorf("%+v", s)
	}
}

// A forged file must not steer the auditor's terminal.
func TestNothingHostileIsPrinted(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	b := bytes.Replace(o.read(filepath.Base(o.export("ledger.jsonl", o.checkpoint()))), []byte(`"U-001"`), []byte("\"\x1b]0;owned\a\u202e\""), 1)
	got := verify(o.write("hostile\x1b[2J.jsonl", b), "--key", o.path("ledger.key"))
	got.wantError(t, 1, "line 2")
	if strings.ContainsAny(got.out+got.err, "\x1b\a\u202e") {
		t.Errorf("%q", got.out+got.err)
	}
}

func TestProgress(t *testing.T) {
	o := newOffice(t)
	for range 1500 {
		o.act("a")
	}
	export := o.export("ledger.jsonl", o.checkpoint())
	run := func(terminal bool) string {
		var out, errs bytes.Buffer
		now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
		p := program{
			out: &out, err: &errs, terminal: terminal, zone: time.UTC, getenv: func(string) string { return "" },
			now: func() time.Time { now = now.Add(time.Second); return now },
		}
		if status := p.run([]string{export, "--key", o.path("ledger.key")}); status != 0 {
			t.Fatal(errs.String())
		}
		return errs.String()
	}
	if got := run(true); !strings.Contains(got, "verifying, entry 1024") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("on a terminal: %q", got)
	}
	if got := run(false); got != "" {
		t.Errorf("elsewhere: %q", got)
	}
}

// A verdict that could not be written is no verdict.
func TestOutputCannotBeWritten(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	defer full.Close()
	for _, form := range []string{"--json=true", "--json=false"} {
		var errs bytes.Buffer
		p := program{out: full, err: &errs, now: time.Now, zone: time.UTC, getenv: func(string) string { return "" }}
		if status := p.run([]string{o.export("ledger.jsonl", o.checkpoint()), "--key", o.path("ledger.key"), form}); status != 1 {
			t.Errorf("%s: status %d", form, status)
		}
	}
}

// Who trusts the verifier need not trust the broker: of ours it holds the two formats only.
func TestImportsOfOurs(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for pkg := range strings.Lines(string(out)) {
		if pkg = strings.TrimSpace(pkg); strings.HasPrefix(pkg, "sekimori/") && pkg != "sekimori/cmd/sekimori-verify" {
			ours = append(ours, pkg)
		}
	}
	slices.Sort(ours)
	if want := []string{"sekimori/broker/ledger", "sekimori/recordings"}; !slices.Equal(ours, want) {
		t.Errorf("imports %q of ours, want %q", ours, want)
	}
}
