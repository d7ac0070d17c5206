package ledger

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proofLine is the first line of a proof of c2sp.org/tlog-proof.
const proofLine = "c2sp.org/tlog-proof@v1"

// MaxProof bounds the bytes of a proof: an entry's line in base64, at most 63 hashes, a checkpoint.
const MaxProof = (maxLine+2)/3*4 + 64*48 + maxCheckpoint + 256

// Proof (記載の証明) shows that an entry is in the ledger of a checkpoint. The entry itself is the proof's extra data, in the form of
// its line of an export, so that a reader needs nothing else: its leaf is hashed from those bytes, and the hashes lead from there to
// the signed root.
type Proof struct {
	Entry      Entry
	Hashes     tlog.RecordProof
	Checkpoint []byte // signed, and cosigned by the witnesses
}

// Marshal writes the proof.
func (p Proof) Marshal() []byte {
	var b bytes.Buffer
	b.WriteString(proofLine + "\nextra ")
	b.WriteString(base64.StdEncoding.EncodeToString(appendEntryLine(nil, p.Entry)))
	b.WriteString("\nindex " + strconv.FormatInt(p.Entry.Index, 10) + "\n")
	for _, h := range p.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a proof and checks that its hashes lead from the entry to the root of its checkpoint. Whose checkpoint it is, a Policy
// says. Errors: *FormError, ErrPayloadDigest, ErrNotProved.
func ParseProof(b []byte) (Proof, error) {
	if len(b) > MaxProof {
		return Proof{}, formErrorf("proof of %d bytes, at most %d", len(b), MaxProof)
	}
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) < 3 || lines[0] != proofLine {
		return Proof{}, formErrorf("this is no proof (its first line is not %s)", proofLine)
	}
	extra, ok := strings.CutPrefix(lines[1], "extra ")
	if !ok {
		return Proof{}, formErrorf("proof has no extra data, which holds the entry")
	}
	line, err := base64.StdEncoding.Strict().DecodeString(extra)
	if err != nil {
		return Proof{}, formErrorf("proof's extra data is not base64")
	}
	p := Proof{Checkpoint: checkpoint}
	var written tlog.Hash
	if p.Entry, written, err = parseEntryLine(line); err != nil {
		return Proof{}, err
	}
	if written != p.Entry.Leaf() {
		return Proof{}, formErrorf("the header of the proof's entry does not give the leaf hash beside it")
	}
	if lines[2] != "index "+strconv.FormatInt(p.Entry.Index, 10) {
		return Proof{}, formErrorf("the proof's index is not that of its entry, %d", p.Entry.Index)
	}
	for _, h := range lines[3:] {
		hash, err := tlog.ParseHash(h)
		if err != nil {
			return Proof{}, formErrorf("proof has a line that is no hash")
		}
		p.Hashes = append(p.Hashes, hash)
	}
	c, err := ReadCheckpoint(checkpoint)
	if err != nil {
		return Proof{}, err
	}
	if !bytes.Equal(p.Marshal(), b) {
		return Proof{}, formErrorf("proof is not in canonical form")
	}
	if p.Entry.Index >= c.Size || CheckEntry(p.Hashes, c, p.Entry.Index, p.Entry.Leaf()) != nil {
		return Proof{}, ErrNotProved
	}
	return p, nil
}
