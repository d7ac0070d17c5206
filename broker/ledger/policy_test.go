package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	cosignatures "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
)

// mldsaWitness is a witness's ML-DSA-44 key, and cosigns a checkpoint with it at 2026-11-24.
func mldsaWitness(t testing.TB, name string, checkpoint []byte) (cosigned []byte, key string) {
	t.Helper()
	private, key, err := cosignatures.GenerateMLDSAKey(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cosignatures.NewMLDSASigner(private)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(checkpoint, note.VerifierList())
	unverified := new(note.UnverifiedNoteError)
	if !errors.As(err, &unverified) {
		t.Fatal(n, err)
	}
	if cosigned, err = note.Sign(unverified.Note, s); err != nil {
		t.Fatal(err)
	}
	return cosigned, key
}

func TestPolicyJudgesACheckpoint(t *testing.T) {
	b := maintenance(t)
	one, keyOne := cosign(t, b.checkpoint(), "w1.example", 1795482000)
	two, keyTwo := mldsaWitness(t, "w2.example", one)
	_, keyThree := cosign(t, b.checkpoint(), "w3.example", 1795482000)
	_, keyOther := cosign(t, b.checkpoint(), "other.example", 1795482000)
	lines := fmt.Sprintf("# trust\nlog %s\n\nwitness W1 %s\n\twitness W2 %s https://w2.example/\nwitness W3 %s\n", keyText(b), keyOne, keyTwo, keyThree)
	for _, c := range []struct {
		name, quorum string
		note         []byte
		cosigners    []string
		met          bool
	}{
		{"none", "quorum none\n", b.checkpoint(), nil, true},
		{"one witness", "quorum W1\n", one, []string{"W1"}, true},
		{"one witness, missing", "quorum W3\n", two, []string{"W1", "W2"}, false},
		{"two of three", "group G 2 W1 W2 W3\nquorum G\n", two, []string{"W1", "W2"}, true},
		{"two of three, one there", "group G 2 W1 W2 W3\nquorum G\n", one, []string{"W1"}, false},
		{"all", "group G all W1 W2 W3\nquorum G\n", two, []string{"W1", "W2"}, false},
		{"any", "group G any W3 W2\nquorum G\n", two, []string{"W1", "W2"}, true},
		{"groups of groups", "group A all W1\ngroup B any W2 W3\ngroup G all A B\nquorum G\n", two, []string{"W1", "W2"}, true},
		{"groups of groups, one missing", "group A all W1\ngroup B any W2 W3\ngroup G all A B\nquorum G\n", one, []string{"W1"}, false},
	} {
		p, err := ParsePolicy([]byte(lines + c.quorum))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if names, met := p.Cosigners(c.note); !slices.Equal(names, c.cosigners) || met != c.met {
			t.Errorf("%s: %v %t, want %v %t", c.name, names, met, c.cosigners, c.met)
		}
		if v := p.Log(c.note); v == nil || v.Name() != testOrigin {
			t.Errorf("%s: the log's key was not found", c.name)
		}
		// Another implementation, which wants an address for each witness, decides alike.
		others := lines + c.quorum
		for _, k := range []string{keyOne, keyThree} {
			others = strings.ReplaceAll(others, k, k+" https://w.example/"+k[:2])
		}
		theirs, err := witness.ParsePolicy([]byte(others))
		if err != nil || theirs.Satisfied(c.note) != c.met {
			t.Errorf("%s: another implementation says %t, %v", c.name, theirs.Satisfied(c.note), err)
		}
	}
	none, err := ParsePolicy([]byte("quorum none\n"))
	if err != nil || none.Log(b.checkpoint()) != nil {
		t.Errorf("a policy without logs accepts a log, %v", err)
	}
	if zero := new(Policy); zero.Log(two) != nil {
		t.Error("the zero policy accepts a log")
	} else if _, met := zero.Cosigners(two); met {
		t.Error("the zero policy has a quorum")
	}
	if other, err := ParsePolicy([]byte(fmt.Sprintf("log %s\nwitness W %s\nquorum W\n", keyText(b), keyOther))); err != nil {
		t.Error(err)
	} else if _, met := other.Cosigners(two); met {
		t.Error("signatures of unknown witnesses make a quorum")
	}
}

// keyText is the ledger's public key as it stands in a policy.
func keyText(b *book) string {
	seed := sha256.Sum256([]byte("the ledger's key in tests"))
	text, err := note.NewEd25519VerifierKey(b.key.Name(), ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

func TestPolicyRefuses(t *testing.T) {
	b := maintenance(t)
	_, key := cosign(t, b.checkpoint(), "w1.example", 1)
	_, second := cosign(t, b.checkpoint(), "w2.example", 1)
	log, w1, w2 := "log "+keyText(b)+"\n", "witness W1 "+key+"\n", "witness W2 "+second+"\n"
	renamed := strings.Replace(key, "w1.example", "w9.example", 1)
	for name, text := range map[string]string{
		"nothing":                         "",
		"no quorum":                       log + w1,
		"two quorums":                     log + w1 + "quorum W1\nquorum W1\n",
		"quorum before its witness":       "quorum W1\n" + w1,
		"unknown word":                    log + "mirror " + key + "\nquorum none\n",
		"a key of another type for a log": "log " + key + "\nquorum none\n",
		"an ordinary key for a witness":   "witness W " + keyText(b) + "\nquorum W\n",
		"a hash that is not the key's":    "witness W " + renamed + "\nquorum W\n",
		"one key twice":                   w1 + "witness W9 " + key + "\nquorum W1\n",
		"one log twice":                   log + log + "quorum none\n",
		"one name twice":                  w1 + "witness W1 " + second + "\nquorum W1\n",
		"a witness called none":           "witness none " + key + "\nquorum none\n",
		"a threshold of zero":             w1 + "group G 0 W1\nquorum G\n",
		"a threshold with a zero":         w1 + "group G 01 W1\nquorum G\n",
		"a threshold beyond the members":  w1 + w2 + "group G 3 W1 W2\nquorum G\n",
		"a group without members":         w1 + "group G all\nquorum G\n",
		"a group of itself":               w1 + "group G any G\nquorum G\n",
		"a member twice":                  w1 + "group G 2 W1 W1\nquorum G\n",
		"a member of two groups":          w1 + w2 + "group A any W1\ngroup B any W1 W2\nquorum A\n",
		"none as a member":                w1 + "group G any none\nquorum G\n",
		"a carriage return":               log + "quorum none\r\n",
		"endless":                         strings.Repeat("# \n", maxPolicy),
	} {
		var form *FormError
		if _, err := ParsePolicy([]byte(text)); !errors.As(err, &form) {
			t.Errorf("%s: got %v, want a *FormError", name, err)
		}
	}
}
