package keys

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"filippo.io/age"
)

func wrapped(t *testing.T, r *Ring) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r.ViewingRecipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "操作記録"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func opens(r *Ring, b []byte) bool {
	_, err := age.Decrypt(bytes.NewReader(b), r.ViewingIdentity())
	return err == nil
}

// only gives a ring that holds one viewing key of another ring.
func only(t *testing.T, r *Ring, number int) *Ring {
	t.Helper()
	return &Ring{viewing: viewing{keys: map[int]viewingPair{number: r.viewing.keys[number]}, seal: []int{number}}}
}

func TestANewViewingKeyIsWrappedToOnlyWhereItIsUsed(t *testing.T) {
	r, dir, master := newRing(t)
	before := wrapped(t, r)
	k, err := r.NewViewingKey(dir, 0)
	if err != nil || k.Number != 2 || !k.PostQuantum() {
		t.Fatalf("%+v, %v", k, err)
	}
	if made := wrapped(t, r); opens(only(t, r, 2), made) || !opens(only(t, r, 1), made) {
		t.Error("a key that was only made seals recordings")
	}
	if err := r.UseViewing(1, 2); err != nil {
		t.Fatal(err)
	}
	if both := wrapped(t, r); !opens(only(t, r, 1), both) || !opens(only(t, r, 2), both) {
		t.Error("both keys are in use, and one does not open")
	}
	if err := r.UseViewing(2); err != nil {
		t.Fatal(err)
	}
	if after := wrapped(t, r); opens(only(t, r, 1), after) || !opens(r, after) || !opens(r, before) {
		t.Error("the second key alone is in use")
	}
	if err := r.UseViewing(2, 3); !errors.Is(err, ErrNoViewing) {
		t.Errorf("a key that is not there: %v", err)
	}

	// Another run holds both keys and, until it is told which counts, seals nothing.
	again, err := Open(dir, master)
	if err != nil || !opens(again, before) || len(again.ViewingKeys()) != 2 {
		t.Fatalf("%v, %v", again, err)
	}
	if _, err := age.Encrypt(io.Discard, again.ViewingRecipient()); !errors.Is(err, ErrNoViewing) {
		t.Errorf("sealed with an unknown key: %v", err)
	}
}

func TestADestroyedViewingKeyOpensNothing(t *testing.T) {
	r, dir, master := newRing(t)
	before := wrapped(t, r)
	if _, err := r.NewViewingKey(dir, 7); err != nil {
		t.Fatal(err)
	}
	if err := r.DestroyViewingKey(dir, 1); err == nil {
		t.Fatal("the key in use was destroyed")
	}
	if err := r.UseViewing(8); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second call is that of a broker which crashed after the first
		if err := r.DestroyViewingKey(dir, 1); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Open(dir, master)
	if err != nil || opens(again, before) || opens(r, before) {
		t.Fatalf("it opens still, or the ring does not: %v", err)
	}
	if got := again.ViewingKeys(); len(got) != 1 || got[0].Number != 8 {
		t.Errorf("left: %+v", got)
	}
	wrapped(t, again) // the only key counts
}

// A crash while a key is made leaves either no key or a whole one. Its file in another's place does not open.
func TestViewingKeysAreWholeAndInTheirPlace(t *testing.T) {
	r, dir, master := newRing(t)
	if err := os.WriteFile(filepath.Join(dir, "viewing-2.sealed.new"), []byte{1, 2, 3}, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, master); err != nil {
		t.Fatalf("the remains of a crash: %v", err)
	}
	if _, err := r.NewViewingKey(dir, 0); err != nil {
		t.Fatalf("over the remains of a crash: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "viewing-2.sealed"))
	if err != nil {
		t.Fatal(err)
	}
	secret := r.viewing.keys[2].identity.(*age.HybridIdentity).String()
	if bytes.Contains(b, []byte(secret)) {
		t.Error("the key lies there in clear")
	}
	for name, content := range map[string][]byte{"viewing-3.sealed": b, "viewing-4.sealed": b[:len(b)-1], "viewing-1.sealed": b} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, master); !errors.Is(err, ErrKeyDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// Rings of earlier versions have a classic viewing key.
func TestAClassicViewingKeyStaysUsable(t *testing.T) {
	_, dir, master := newRing(t)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal(master, "keys/"+fileViewing, []byte(id.String()))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, fileViewing), sealed, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir, master)
	if err != nil || !opens(r, wrapped(t, r)) {
		t.Fatal(err)
	}
	if k := r.ViewingKeys(); k[0].PostQuantum() || (viewingRecipient{&r.viewing}).PostQuantum() {
		t.Error("it counts as hybrid")
	}
	if !slices.Equal(r.viewing.seal, []int{1}) {
		t.Errorf("in use: %v", r.viewing.seal)
	}
}
