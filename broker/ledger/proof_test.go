package ledger

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
)

func proofOf(t testing.TB, b *book, index int64) Proof {
	t.Helper()
	hashes, err := ProveEntry(int64(len(b.entries)), index, b.reader())
	if err != nil {
		t.Fatal(err)
	}
	return Proof{Entry: b.entries[index], Hashes: hashes, Checkpoint: b.checkpoint()}
}

// Each entry of a ledger has a proof, which another implementation of the format reads alike.
func TestProofLeadsToTheCheckpoint(t *testing.T) {
	b := disposed(t)
	for i := range b.entries {
		text := proofOf(t, b, int64(i)).Marshal()
		p, err := ParseProof(text)
		if err != nil {
			t.Fatalf("entry %d: %v\n%s", i, err, text)
		}
		if !bytes.Equal(p.Entry.Header, b.entries[i].Header) || !bytes.Equal(p.Entry.Payload, b.entries[i].Payload) {
			t.Errorf("entry %d came back as %s %s", i, p.Entry.Header, p.Entry.Payload)
		}
		var theirs proof.TLogProof
		if err := theirs.Unmarshal(text); err != nil || theirs.Index != uint64(i) || len(theirs.Hashes) != len(p.Hashes) ||
			!bytes.Equal(theirs.Checkpoint, b.checkpoint()) || !bytes.Equal(theirs.Marshal(), text) {
			t.Errorf("another implementation reads %+v, %v", theirs, err)
		}
	}
}

func TestProofRefuses(t *testing.T) {
	b := maintenance(t)
	good := proofOf(t, b, 4)
	text := string(good.Marshal())
	head, tail, _ := strings.Cut(text, "index ")
	line := base64.StdEncoding.EncodeToString(appendEntryLine(nil, b.entries[3]))
	other := proofOf(t, b, 3)
	moved := other
	moved.Entry = b.entries[2]
	for name, bad := range map[string]string{
		"nothing":                  "",
		"a checkpoint alone":       string(b.checkpoint()),
		"another version":          strings.Replace(text, "@v1", "@v2", 1),
		"no entry":                 proofLine + "\nindex " + tail,
		"another entry's bytes":    proofLine + "\nextra " + line + "\nindex " + tail,
		"another index":            head + "index 3" + tail[1:],
		"an index with a zero":     head + "index 0" + tail,
		"a line that is no hash":   head + "index " + strings.Replace(tail, "\n", "\nAAAA\n", 1),
		"cut within the hashes":    text[:strings.Index(text, "index ")+60],
		"the checkpoint cut short": text[:len(text)-20],
		"carriage returns":         strings.ReplaceAll(text, "\n", "\r\n"),
		"something behind it":      text + "\n",
		"endless":                  text + strings.Repeat("x", MaxProof),
	} {
		var form *FormError
		if _, err := ParseProof([]byte(bad)); !errors.As(err, &form) {
			t.Errorf("%s: got %v, want a *FormError", name, err)
		}
	}
	for name, bad := range map[string]Proof{
		"another entry's path":       moved,
		"a hash too few":             {good.Entry, good.Hashes[1:], good.Checkpoint},
		"a hash too many":            {good.Entry, append(good.Hashes[:len(good.Hashes):len(good.Hashes)], good.Hashes[0]), good.Checkpoint},
		"another checkpoint":         {good.Entry, good.Hashes, b.checkpointAt(3)},
		"a checkpoint of too few":    {good.Entry, nil, b.checkpointAt(4)},
		"a checkpoint of no entries": {good.Entry, nil, b.checkpointAt(0)},
	} {
		if _, err := ParseProof(bad.Marshal()); !errors.Is(err, ErrNotProved) {
			t.Errorf("%s: got %v, want ErrNotProved", name, err)
		}
	}
	changed := strings.Replace(string(appendEntryLine(nil, good.Entry)), `"size":1`, `"size":2`, 1)
	if _, err := ParseProof([]byte(proofLine + "\nextra " + base64.StdEncoding.EncodeToString([]byte(changed)) + "\nindex " + tail)); !errors.Is(err, ErrPayloadDigest) {
		t.Errorf("a changed payload: got %v", err)
	}
}

// One flipped bit anywhere in a proof is noticed, by the proof itself or by the signature of its checkpoint.
func TestAttackOneBitOfAProofFlipped(t *testing.T) {
	b := maintenance(t)
	text := proofOf(t, b, 1).Marshal()
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 1
		p, err := ParseProof(bad)
		if err == nil && signedBy(p.Checkpoint, b.key) {
			t.Fatalf("byte %d (%q) may be changed", i, text[i])
		}
	}
}

func TestCosignaturesOfAnAnswer(t *testing.T) {
	b := maintenance(t)
	checkpoint := b.checkpoint()
	one, keyOne := cosign(t, checkpoint, "w1.example", 1795482000)
	two, keyTwo := mldsaWitness(t, "w1.example", one)
	var keys []note.Verifier
	for _, k := range []string{keyOne, keyTwo} {
		v, err := ParseWitnessKey(k)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, v)
	}
	stranger, _ := cosign(t, checkpoint, "stranger.example", 1)
	answer := append(bytes.Clone(two[len(checkpoint):]), stranger[len(checkpoint):]...)
	list, err := ReadCosignatures(checkpoint, answer, keys)
	if err != nil || len(list) != 2 || list[0].At.Unix() != 1795482000 {
		t.Fatalf("%+v, %v", list, err)
	}
	whole := Cosigned(checkpoint, list)
	if !bytes.Equal(whole, two) {
		t.Errorf("the cosigned checkpoint is\n%s\nwant\n%s", whole, two)
	}
	if names := Cosigners(whole, keys); !slices.Equal(names, []string{"w1.example"}) {
		t.Errorf("cosigners %v", names)
	}
	forged := Cosigned(b.checkpointAt(2), list)
	for name, note := range map[string][]byte{"one of two keys": one, "a stranger's": stranger, "lines moved to another checkpoint": forged} {
		if names := Cosigners(note, keys); len(names) != 0 {
			t.Errorf("%s: cosigners %v", name, names)
		}
	}
	for name, bad := range map[string][]byte{
		"nothing":               nil,
		"one of two keys":       one[len(checkpoint):],
		"only a stranger":       stranger[len(checkpoint):],
		"no signature lines":    []byte("<html>\n"),
		"no newline at the end": answer[:len(answer)-1],
		"one line twice":        append(bytes.Clone(answer), answer...),
		"a signature of other entries": func() []byte {
			c, _ := cosign(t, b.checkpointAt(2), "w1.example", 1)
			return c[len(b.checkpointAt(2)):]
		}(),
		"endless": bytes.Repeat([]byte("— a.example AAAAAAAAAAAA\n"), 5000),
	} {
		if list, err := ReadCosignatures(checkpoint, bad, keys); err == nil {
			t.Errorf("%s: accepted as %+v", name, list)
		}
	}
}
