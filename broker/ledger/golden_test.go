package ledger

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Old exports verify for ever, and a new export of the same ledger has the same bytes. The files are never regenerated: if
// this fails, the code is wrong, or a new version is due.
func TestGolden(t *testing.T) {
	b := maintenance(t)
	b.entries[3] = b.entries[3].Dispose() // the file is older than disposals, and no entry authorises this one
	authorised := disposed(t)
	cosigned, _ := cosign(t, b.checkpoint(), "witness.example", 1795482000)
	empty := newBook(t)
	for name, made := range map[string][]byte{
		"v1.jsonl":          export(t, b.entries, cosigned),
		"v1-disposed.jsonl": authorised.export(),
		"v1-empty.jsonl":    empty.export(),
		"v1.checkpoint":     b.checkpointAt(3),
	} {
		if !bytes.Equal(golden(t, name), made) {
			t.Errorf("%s is made differently now:\n%s", name, made)
		}
	}
	key, err := ParseKey(string(golden(t, "v1.key")))
	if err != nil {
		t.Fatal(err)
	}
	// The first one is valid except for the missing payload.
	r, err := verify(golden(t, "v1.jsonl"), VerifyOptions{Key: key, Since: golden(t, "v1.checkpoint")})
	if p := new(Problem); !errors.As(err, &p) || p.Code != DisposedWithoutEntry || p.Index != 3 || r.Entries != 5 || r.SinceSize != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := verify(golden(t, "v1-disposed.jsonl"), VerifyOptions{Key: key, Since: golden(t, "v1.checkpoint")}); err != nil || r.Entries != 6 || r.Disposed != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := verify(golden(t, "v1-empty.jsonl"), VerifyOptions{Key: key}); err != nil || r.Entries != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
