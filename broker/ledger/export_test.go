package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"iter"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const testOrigin = "sekimori.example/ledger"

// testKey makes the same key pair in every run, so that exports can be compared.
func testKey(t testing.TB, name, seed string) (note.Signer, note.Verifier) {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	public := append([]byte{1}, ed25519.NewKeyFromSeed(sum[:]).Public().(ed25519.PublicKey)...)
	hash := keyHash(name, public)
	b64 := base64.StdEncoding.EncodeToString
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, hash, b64(append([]byte{1}, sum[:]...))))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ParseKey(fmt.Sprintf("%s+%08x+%s\n", name, hash, b64(public)))
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// book is a ledger in memory.
type book struct {
	t       testing.TB
	entries []Entry
	rows    []tlog.Hash
	signer  note.Signer
	key     note.Verifier
}

func newBook(t testing.TB) *book {
	b := &book{t: t}
	b.signer, b.key = testKey(t, testOrigin, "the ledger's key in tests")
	return b
}

func (b *book) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(b.rows)) {
			return nil, fmt.Errorf("no row %d", x)
		}
		out[i] = b.rows[x]
	}
	return out, nil
}

func (b *book) reader() tlog.HashReader { return tlog.HashReaderFunc(b.read) }

func (b *book) add(d Draft, now, clock time.Time) Entry {
	b.t.Helper()
	index := int64(len(b.entries))
	salt := sha256.Sum256(fmt.Appendf(nil, "salt %d", index))
	e, err := Seal(d, index, now, clock, salt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.push(e)
	return e
}

// push adds an entry unchecked.
func (b *book) push(e Entry) {
	b.t.Helper()
	rows, err := Rows(int64(len(b.entries)), e.Leaf(), b.reader())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range rows {
		if r.Index != int64(len(b.rows)) {
			b.t.Fatalf("row %d where %d was due", r.Index, len(b.rows))
		}
		b.rows = append(b.rows, r.Hash)
	}
	b.entries = append(b.entries, e)
}

func (b *book) checkpointAt(size int64) []byte {
	b.t.Helper()
	root, err := Root(size, b.reader())
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := SignCheckpoint(testOrigin, size, root, b.signer)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *book) checkpoint() []byte { return b.checkpointAt(int64(len(b.entries))) }

func all(entries []Entry) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func export(t testing.TB, entries []Entry, checkpoint []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := WriteExport(&out, all(entries), checkpoint); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (b *book) export() []byte { return export(b.t, b.entries, b.checkpoint()) }

// maintenance is the ledger of a small maintenance, with every form of an entry.
func maintenance(t testing.TB) *book {
	b := newBook(t)
	at := time.Date(2026, 11, 24, 1, 0, 0, 123456789, time.UTC)
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	b.add(Draft{Kind: "registry.applied", Actor: Actor{"person", "U-001", "cli"}}, minute(0), time.Time{})
	b.add(Draft{
		Kind: "request.approved", Actor: Actor{"person", "U-002", "web"}, OnBehalf: "U-003",
		Subjects: []string{"R8-0124", "W-0007"}, Payload: map[string]any{"条件": "<なし> & \"無\"", "stage": 1},
	}, minute(1), minute(1))
	b.add(Draft{
		Kind: "session.opening", Actor: Actor{"person", "E-0031", "ssh"},
		Subjects: []string{"S-20261124-03", `odd "id" \ 関守`}, Payload: map[string]any{"source": "192.0.2.7:51234"},
	}, minute(1), minute(-30)) // the clock ran back
	b.add(Draft{Kind: "session.notice", Actor: Actor{"broker", "", "timer"}, Subjects: []string{"S-20261124-03"}, Payload: map[string]string{"text": "10 分前"}}, minute(2), time.Time{})
	b.add(Draft{
		Kind: "session.ended", Actor: Actor{"broker", "", "timer"}, Subjects: []string{"S-20261124-03"},
		Payload: map[string]any{"session": "S-20261124-03", "recording": map[string]any{"sha256": "00", "size": 1}},
	}, minute(90), time.Time{})
	return b
}

// disposed is the same after the retention of entry 3: its payload is gone, and an entry authorises that.
func disposed(t testing.TB) *book {
	b := maintenance(t)
	b.dispose("U-001", 3)
	return b
}

// dispose removes payloads as the broker does.
func (b *book) dispose(by string, indexes ...int64) {
	var gone []Entry
	for _, i := range indexes {
		gone = append(gone, b.entries[i])
		b.entries[i] = b.entries[i].Dispose()
	}
	last := b.entries[len(b.entries)-1]
	b.add(Draft{Kind: KindDisposed, Actor: Actor{"broker", "", "timer"}, Payload: NewDisposal("retention of 1825 days", by, gone...)}, last.Time.Add(time.Minute), time.Time{})
}

// cosign adds the signature of a witness to a checkpoint, in the form of c2sp.org/tlog-cosignature.
func cosign(t testing.TB, checkpoint []byte, name string, at uint64) (cosigned []byte, key string) {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	private := ed25519.NewKeyFromSeed(seed[:])
	typed := append([]byte{algCosignature}, private.Public().(ed25519.PublicKey)...)
	hash := keyHash(name, typed)
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	said := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at, text)
	sig := binary.BigEndian.AppendUint32(nil, hash)
	sig = binary.BigEndian.AppendUint64(sig, at)
	sig = append(sig, ed25519.Sign(private, said)...)
	cosigned = fmt.Appendf(bytes.Clone(checkpoint), "— %s %s\n", name, base64.StdEncoding.EncodeToString(sig))
	return cosigned, fmt.Sprintf("%s+%08x+%s", name, hash, base64.StdEncoding.EncodeToString(typed))
}

func TestTheFirstLineSaysTheVersionOfTheFormat(t *testing.T) {
	if want := fmt.Sprintf(`{"format":"sekimori-ledger-export","version":%d}`, ExportVersion); formatLine != want {
		t.Errorf("%s, want %s", formatLine, want)
	}
}
