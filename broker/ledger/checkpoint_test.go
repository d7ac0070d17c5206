package ledger

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
)

// Other implementations of the checkpoint format read ours.
func TestCheckpointIsReadByOthers(t *testing.T) {
	b := maintenance(t)
	c, rest, _, err := log.ParseCheckpoint(b.checkpoint(), testOrigin, b.key)
	if err != nil || len(rest) != 0 {
		t.Fatal(err, rest)
	}
	root := mustRoot(t, b, 5)
	if c.Size != 5 || !bytes.Equal(c.Hash, root[:]) {
		t.Errorf("%+v", c)
	}
	got, err := OpenCheckpoint(b.checkpoint(), b.key)
	if err != nil || got != (Checkpoint{testOrigin, 5, root}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCheckpointRefuses(t *testing.T) {
	b := maintenance(t)
	good := string(b.checkpoint())
	lines := strings.SplitAfter(good, "\n") // origin, size, root, blank, signature, ""
	for name, c := range map[string]string{
		"empty":                 "",
		"no signature":          strings.Join(lines[:4], ""),
		"no blank line":         lines[0] + lines[1] + lines[2] + lines[4],
		"extension line":        lines[0] + lines[1] + lines[2] + "more\n\n" + lines[4],
		"size with zero":        lines[0] + "0" + lines[1] + lines[2] + "\n" + lines[4],
		"size with sign":        lines[0] + "+" + lines[1] + lines[2] + "\n" + lines[4],
		"size beyond int64":     lines[0] + "9223372036854775808\n" + lines[2] + "\n" + lines[4],
		"short root":            lines[0] + lines[1] + "AAAA\n\n" + lines[4],
		"origin of two words":   "two " + good,
		"bits beyond signature": strings.Replace(good, "=\n", "=\n", 1)[:len(good)-3] + "B=\n",
		"no newline at end":     strings.TrimSuffix(good, "\n"),
		"line after signature":  good + "\n",
		"signature twice":       good + lines[4],
		"carriage return":       strings.ReplaceAll(good, "\n", "\r\n"),
		"return in signature":   strings.TrimSuffix(good, "=\n") + "\r=\n",
		"no UTF-8":              good + "— a\xff AAAAAAAA\n",
		"endless":               good + strings.Repeat("— a AAAAAAAA\n", 4000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenCheckpoint([]byte(c), b.key)
			var form *FormError
			if !errors.As(err, &form) {
				t.Errorf("%q\ngot %v, want a *FormError", c, err)
			}
		})
	}
	forged := strings.Replace(good, "\n5\n", "\n6\n", 1)
	if _, err := OpenCheckpoint([]byte(forged), b.key); !errors.Is(err, ErrSignature) {
		t.Errorf("another size: %v", err)
	}
	if _, err := OpenCheckpoint([]byte(good), nil); err == nil {
		t.Error("opened without a key")
	}
	for _, origin := range []string{"", "two words", "a+b", "a\nb", "全角　空白"} {
		if _, err := SignCheckpoint(origin, 0, mustRoot(t, b, 0), b.signer); err == nil {
			t.Errorf("origin %q was signed", origin)
		}
	}
	if _, err := SignCheckpoint(testOrigin, -1, mustRoot(t, b, 0), b.signer); err == nil {
		t.Error("a negative size was signed")
	}
}

func TestKeys(t *testing.T) {
	_, text := cosign(t, newBook(t).checkpoint(), "cosigner.example", 1)
	if _, err := ParseWitnessKey(" " + text + "\n"); err != nil {
		t.Error(err)
	}
	name, rest, _ := strings.Cut(text, "+")
	for _, bad := range []string{"", "words", "a+b+c", name + "+00000000" + rest[8:], text[:len(text)-4], "other" + text} {
		if _, err := ParseWitnessKey(bad); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
	if _, err := ParseKey(text); err == nil {
		t.Error("a witness's key was taken for the ledger's")
	}
}

// A cosignature made by transparency-dev/formats v0.1.1 (NewSignerForCosignatureV1) is valid here.
func TestCosignatureOfAnotherMaker(t *testing.T) {
	cosigned, err := os.ReadFile("testdata/cosigned.checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/cosigner.key")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseWitnessKey(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckpoint(cosigned, key); err != nil {
		t.Error(err)
	}
	if _, err := note.Open(bytes.Replace(cosigned, []byte("\n5\n"), []byte("\n4\n"), 1), note.VerifierList(key)); err == nil {
		t.Error("the cosignature holds for another size")
	}
}
