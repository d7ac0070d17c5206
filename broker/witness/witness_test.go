package witness_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cosignatures "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
	"sekimori/broker/testrun"
	"sekimori/broker/witness"
)

const origin = "ledger.example/city"

// tree is a ledger's tree in memory, with its key.
type tree struct {
	t      testing.TB
	signer note.Signer
	public string
	size   int64
	rows   []tlog.Hash
}

func newTree(t testing.TB, origin string) *tree {
	t.Helper()
	private, public, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return &tree{t: t, signer: s, public: public}
}

func (l *tree) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.rows[x]
	}
	return out, nil
}

// grow appends entries up to this size. seed makes their contents.
func (l *tree) grow(size int64, seed string) *tree {
	for ; l.size < size; l.size++ {
		rows, err := ledger.Rows(l.size, tlog.RecordHash(fmt.Appendf(nil, "%s %d", seed, l.size)), tlog.HashReaderFunc(l.read))
		if err != nil {
			l.t.Fatal(err)
		}
		for _, r := range rows {
			l.rows = append(l.rows, r.Hash)
		}
	}
	return l
}

func (l *tree) checkpoint(size int64) []byte {
	root, err := ledger.Root(size, tlog.HashReaderFunc(l.read))
	if err != nil {
		l.t.Fatal(err)
	}
	c, err := ledger.SignCheckpoint(l.signer.Name(), size, root, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

func (l *tree) proof(size, old int64) tlog.TreeProof {
	p, err := ledger.ProvePrefix(size, old, tlog.HashReaderFunc(l.read))
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// fork is another ledger with the same key that shares the first entries.
func (l *tree) fork(size int64) *tree {
	return (&tree{t: l.t, signer: l.signer, public: l.public}).grow(size, "entry")
}

func at() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }

// served is a witness that follows the ledger, its directory, and its keys as another implementation reads them.
type served struct {
	t    testing.TB
	dir  string
	w    *witness.Witness
	http *httptest.Server
	keys []note.Verifier
}

func serve(t testing.TB, l *tree) *served {
	t.Helper()
	s := &served{t: t, dir: filepath.Join(t.TempDir(), "witness")}
	public, err := witness.Init(s.dir, "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range public {
		v, err := cosignatures.NewVerifierForCosignatureV1(k)
		if err != nil {
			t.Fatal(err)
		}
		s.keys = append(s.keys, v)
	}
	if got, err := witness.Add(s.dir, l.public); err != nil || got != l.signer.Name() {
		t.Fatal(got, err)
	}
	s.open()
	t.Cleanup(s.close)
	return s
}

func (s *served) open() {
	s.t.Helper()
	w, err := witness.Open(s.dir, at)
	if err != nil {
		s.t.Fatal(err)
	}
	s.w, s.http = w, httptest.NewServer(w.Handler())
}

func (s *served) close() {
	s.http.Close()
	if err := s.w.Close(); err != nil {
		s.t.Error(err)
	}
}

func (s *served) ask(l *tree, old, size int64) ([]ledger.Cosignature, error) {
	c := witness.Client{HTTP: s.http.Client()}
	return c.Ask(context.Background(), s.http.URL, s.keys, old, l.proof(size, old), l.checkpoint(size))
}

func (s *served) must(l *tree, old, size int64) {
	s.t.Helper()
	list, err := s.ask(l, old, size)
	if err != nil || len(list) != 2 {
		s.t.Fatalf("%d after %d: %v, %v", size, old, list, err)
	}
	for _, c := range list {
		if !c.At.Equal(at()) || c.Witness != "witness.example/w1" {
			s.t.Errorf("%+v", c)
		}
	}
}

func (s *served) refuses(name string, l *tree, old, size int64, status int, known int64) {
	s.t.Helper()
	list, err := s.ask(l, old, size)
	var r *witness.Refusal
	if !errors.As(err, &r) || r.Status != status || r.Size != known {
		s.t.Errorf("%s: %v, %v; want HTTP %d and size %d", name, list, err, status, known)
	}
}

// A witness cosigns with both keys, which another implementation verifies, and goes on from its last checkpoint after a restart.
func TestWitnessCosignsWhatContinues(t *testing.T) {
	l := newTree(t, origin).grow(40, "entry")
	s := serve(t, l)
	s.must(l, 0, 7)
	s.must(l, 7, 7)
	s.must(l, 7, 12)
	s.close()
	s.open()
	s.refuses("forgotten size", l, 0, 20, http.StatusConflict, 12)
	s.must(l, 12, 40)
}

func TestAttackLedgerRestoredFromAnOlderCopy(t *testing.T) {
	l := newTree(t, origin).grow(40, "entry")
	s := serve(t, l)
	s.must(l, 0, 30)
	s.refuses("an older copy", l, 0, 20, http.StatusConflict, 30)
	s.refuses("an older copy that knows the size", l, 20, 20, http.StatusConflict, 30)
	fork := l.fork(20).grow(50, "forged")
	s.refuses("a rewritten past", fork, 30, 50, http.StatusUnprocessableEntity, -1)
	same := l.fork(29).grow(30, "forged")
	s.refuses("another entry at the end", same, 30, 30, http.StatusConflict, 30)
	s.must(l, 30, 31) // the honest ledger goes on
}

func TestWitnessRefuses(t *testing.T) {
	l := newTree(t, origin).grow(40, "entry")
	s := serve(t, l)
	s.must(l, 0, 7)
	other := newTree(t, "other.example/ledger").grow(9, "entry")
	s.refuses("an unknown origin", other, 0, 9, http.StatusNotFound, -1)
	thief := newTree(t, origin).grow(9, "entry")
	s.refuses("the origin under another key", thief, 7, 9, http.StatusForbidden, -1)
	good := fmt.Sprintf("old 7\n%s\n\n%s", strings.Join(hashes(l.proof(9, 7)), "\n"), l.checkpoint(9))
	for name, body := range map[string]string{
		"nothing":                        "",
		"no old size":                    string(l.checkpoint(9)),
		"an old size with a zero":        strings.Replace(good, "old 7", "old 07", 1),
		"an old size with a sign":        strings.Replace(good, "old 7", "old +7", 1),
		"a negative old size":            strings.Replace(good, "old 7", "old -7", 1),
		"an old size beyond the new one": strings.Replace(good, "old 7", "old 10", 1),
		"a line that is no hash":         strings.Replace(good, "old 7\n", "old 7\nAAAA\n", 1),
		"carriage returns":               strings.ReplaceAll(good, "\n", "\r\n"),
		"64 hashes":                      strings.Replace(good, "old 7\n", "old 7\n"+strings.Repeat(l.checkpointRoot(), 64), 1),
		"endless":                        good + strings.Repeat("x", 1<<20),
	} {
		resp, err := s.http.Client().Post(s.http.URL+witness.AddPath, "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d", name, resp.StatusCode)
		}
	}
	first := serve(t, l)
	if _, err := (witness.Client{HTTP: first.http.Client()}).Ask(t.Context(), first.http.URL, first.keys, 0, l.proof(9, 7), l.checkpoint(9)); err == nil {
		t.Error("a proof at a first checkpoint was accepted")
	}
	s.must(l, 7, 9) // no refusal has changed what it holds
}

func (l *tree) checkpointRoot() string { return strings.SplitAfter(string(l.checkpoint(9)), "\n")[2] }

func hashes(p tlog.TreeProof) (out []string) {
	for _, h := range p {
		out = append(out, h.String())
	}
	return out
}

// Requests at the same time cannot roll the witness back: the last one that it answered is the largest.
func TestAttackTwoSubmissionsAtOnceRollTheWitnessBack(t *testing.T) {
	l := newTree(t, origin).grow(64, "entry")
	s := serve(t, l)
	var all sync.WaitGroup
	for size := int64(1); size <= 64; size++ {
		all.Go(func() {
			old := int64(0)
			for {
				_, err := s.ask(l, old, size)
				var r *witness.Refusal
				if !errors.As(err, &r) {
					return
				}
				if r.Size < 0 || r.Size > size {
					return // a larger one was first
				}
				old = r.Size
			}
		})
	}
	all.Wait()
	s.refuses("after all", l, 0, 64, http.StatusConflict, 64)
}

// Without room for its state the witness gives no signature: a signature that it could forget would be worth nothing.
func TestNoCosignatureThatIsNotOnDisk(t *testing.T) {
	l := newTree(t, origin).grow(9, "entry")
	s := serve(t, l)
	s.must(l, 0, 5)
	held := filepath.Join(s.dir, "ledgers")
	if err := os.Rename(held, held+".away"); err != nil {
		t.Fatal(err)
	}
	s.refuses("a state that cannot be written", l, 5, 9, http.StatusInternalServerError, -1)
	if err := os.Rename(held+".away", held); err != nil {
		t.Fatal(err)
	}
	s.refuses("the size that was not stored", l, 9, 9, http.StatusConflict, 5)
	s.must(l, 5, 9)
}

// TestAWitnessGivesItsDirectoryBack while a child process that is just being started still has the lock's file open.
func TestAWitnessGivesItsDirectoryBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	if _, err := witness.Init(dir, "witness.example/w1"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w, err := witness.Open(dir, at)
		if err != nil {
			t.Fatal(err)
		}
		testrun.HeldByAChild(t, filepath.Join(dir, "lock"))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWitnessDoesNotBeginAnew(t *testing.T) {
	l := newTree(t, origin).grow(9, "entry")
	s := serve(t, l)
	s.must(l, 0, 5)
	if _, err := witness.Open(s.dir, at); !errors.Is(err, witness.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := witness.Add(s.dir, l.public); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a ledger added twice: %v", err)
	}
	if _, err := witness.Init(s.dir, "witness.example/w1"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("keys made twice: %v", err)
	}
	for _, name := range []string{"", "two words", "a+b"} {
		if _, err := witness.Init(filepath.Join(t.TempDir(), "w"), name); err == nil {
			t.Errorf("a witness was named %q", name)
		}
	}
	other := newTree(t, "other.example/x").grow(1, "x")
	for name, damage := range map[string]func(dir, last string) error{
		"the last checkpoint removed": func(_, last string) error { return os.Remove(last) },
		"one byte of it changed": func(_, last string) error {
			b, err := os.ReadFile(last)
			if err != nil {
				return err
			}
			b[len(origin)+1] ^= 1
			return os.WriteFile(last, b, 0o600)
		},
		"the checkpoint of another ledger": func(_, last string) error { return os.WriteFile(last, other.checkpoint(1), 0o600) },
		"the key of another ledger": func(_, last string) error {
			return os.WriteFile(strings.TrimSuffix(last, ".checkpoint")+".pub", []byte(other.public), 0o600)
		},
		"keys that others can read": func(dir, _ string) error { return os.Chmod(filepath.Join(dir, "witness.key"), 0o644) },
		"a public key of another": func(dir, _ string) error {
			elsewhere := filepath.Join(t.TempDir(), "w")
			if _, err := witness.Init(elsewhere, "witness.example/w1"); err != nil {
				return err
			}
			return os.Rename(filepath.Join(elsewhere, "witness.pub"), filepath.Join(dir, "witness.pub"))
		},
	} {
		dir := filepath.Join(t.TempDir(), "witness")
		if _, err := witness.Init(dir, "witness.example/w1"); err != nil {
			t.Fatal(err)
		}
		if _, err := witness.Add(dir, l.public); err != nil {
			t.Fatal(err)
		}
		w, err := witness.Open(dir, at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Cosign([]byte("old 0\n\n" + string(l.checkpoint(5)))); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		last, err := filepath.Glob(filepath.Join(dir, "ledgers", "*.checkpoint"))
		if err != nil || len(last) != 1 {
			t.Fatal(last, err)
		}
		if err := damage(dir, last[0]); err != nil {
			t.Fatal(name, err)
		}
		if w, err := witness.Open(dir, at); err == nil {
			t.Errorf("%s: opened", name)
			_ = w.Close()
		}
	}
}

// Answers of a hostile witness are no cosignatures, and end within their bounds.
func TestAttackHostileWitness(t *testing.T) {
	l := newTree(t, origin).grow(9, "entry")
	s := serve(t, l)
	mine, err := s.ask(l, 0, 5)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		size   int64 // of the *Refusal; -2: ErrAnswer
	}{
		"nothing":                      {func(http.ResponseWriter, *http.Request) {}, -2},
		"a page":                       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, -2},
		"one of two keys":              {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(mine[0].Line) }, -2},
		"cosignatures of another size": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(mine[0].Line, mine[1].Line...)) }, -2},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte("— a AAAAAAAA\n"), 1<<16))
		}, -2},
		"a conflict without its type":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409); fmt.Fprint(w, "7\n") }, -1},
		"a conflict of a negative size": {conflictOf("-7\n"), -1},
		"a conflict of no number":       {conflictOf("many\n"), -1},
		"a conflict beyond int64":       {conflictOf("9223372036854775808\n"), -1},
		"a conflict":                    {conflictOf("9223372036854775807\n"), 1<<63 - 1},
		"a refusal of control characters": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			_, _ = w.Write(bytes.Repeat([]byte{0x1b, 0xff}, 4096))
		}, -1},
	} {
		hostile := httptest.NewServer(c.answer)
		list, err := (witness.Client{HTTP: hostile.Client()}).Ask(t.Context(), hostile.URL, s.keys, 0, nil, l.checkpoint(9))
		hostile.Close()
		var r *witness.Refusal
		switch {
		case c.size == -2 && !errors.Is(err, witness.ErrAnswer), c.size > -2 && (!errors.As(err, &r) || r.Size != c.size || len(r.Said) > 600):
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

func conflictOf(size string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, size)
	}
}

// The page of a witness shows its keys and the last checkpoint of each ledger, which an auditor compares with paper.
func TestPageOfAWitness(t *testing.T) {
	l := newTree(t, origin).grow(9, "entry")
	s := serve(t, l)
	s.must(l, 0, 5)
	resp, err := s.http.Client().Get(s.http.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Contains(page, l.checkpoint(5)) || !bytes.Contains(page, []byte(s.w.PublicKeys()[1])) {
		t.Errorf("%s, %v", page, err)
	}
}
