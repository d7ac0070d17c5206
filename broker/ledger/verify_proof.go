package ledger

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/mod/sumdb/tlog"
)

// VerifyProof checks a proof as Verify checks an export, and gives its one entry to o.Entry. The report's Entries is the size of the
// checkpoint. o.Since must be empty: a proof has no other entries that it could continue.
func VerifyProof(proof []byte, o VerifyOptions) (Report, error) {
	v := verifier{o: o, report: Report{FirstDisposed: -1, SinceSize: -1, TextSize: -1, Witnesses: []string{}, Unverified: []string{}}}
	if len(o.Since) > 0 {
		return v.report, errors.New("ledger: a proof cannot be compared with an older checkpoint")
	}
	p, err := ParseProof(proof)
	var form *FormError
	switch {
	case errors.Is(err, ErrPayloadDigest):
		return v.report, v.problem(-1, PayloadDiffers, "", "")
	case errors.Is(err, ErrNotProved):
		return v.report, v.problem(-1, ProofPath, "", "")
	case errors.As(err, &form):
		return v.report, v.problem(-1, ProofDamaged, "", form.What)
	case err != nil:
		return v.report, err
	}
	c, err := ReadCheckpoint(p.Checkpoint)
	if err != nil {
		return v.report, err
	}
	v.report.Origin, v.report.Root, v.report.Unverified = c.Origin, c.Root.String(), signers(p.Checkpoint)
	v.report.First, v.report.Last = p.Entry.Time, p.Entry.Time
	if err := v.signed(p.Checkpoint); err != nil {
		return v.report, err
	}
	if o.Text != nil {
		if *o.Text != c.Root {
			return v.report, v.problem(-1, TextDiffers, o.Text.String(), c.Root.String())
		}
		v.report.TextSize = c.Size
	}
	v.report.Entries = c.Size
	if p.Entry.Disposed() {
		v.report.Disposed, v.report.FirstDisposed = 1, p.Entry.Index
	}
	if o.Entry != nil {
		return v.report, o.Entry(p.Entry)
	}
	return v.report, nil
}

// CheckpointText is a root as people write it on paper: 64 digits in 8 groups of 8.
func CheckpointText(root tlog.Hash) []string {
	digits := hex.EncodeToString(root[:])
	var out []string
	for i := 0; i < len(digits); i += 8 {
		out = append(out, digits[i:i+8])
	}
	return out
}

// PaperText is a checkpoint for paper and for a QR code: origin, number of entries, and the groups of its root, each on a line.
func PaperText(c Checkpoint) string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, strings.Join(CheckpointText(c.Root), " "))
}

// ParseCheckpointText reads a root that a person has typed from paper. White space, '-' and the case of letters do not matter.
func ParseCheckpointText(s string) (root tlog.Hash, err error) {
	digits := strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	b, err := hex.DecodeString(strings.ToLower(digits))
	if err != nil || len(b) != tlog.HashSize {
		return root, formErrorf("the text of a checkpoint is 8 groups of 8 digits 0-9 and a-f; this has %d characters", len([]rune(digits)))
	}
	return tlog.Hash(b), nil
}
