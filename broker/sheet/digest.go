package sheet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"strings"
)

// Digest is over all values of a sheet: 検証値. It does not depend on format, language or moment of printing, so that paper, workbook and
// CSV of the same state carry the same.
type Digest struct{ h hash.Hash }

func newDigest(s *Sheet) *Digest {
	d := &Digest{sha256.New()}
	d.add("sheet", s.Key, s.No.EN, s.Scope.EN)
	return d
}

// add hashes the texts as a JSON array and a newline: no two lists of texts have one encoding.
func (d *Digest) add(parts ...string) {
	b, _ := json.Marshal(parts) // texts always have an encoding
	d.h.Write(append(b, '\n'))
}

func (d *Digest) field(part string, f Field) {
	d.add("field", part, f.Key, f.Code, f.Text.JA, f.Text.EN)
}

func (d *Digest) row(part string, cells []Cell) {
	all := []string{"row", part}
	for _, c := range cells {
		all = append(all, c.Code, c.Text.JA, c.Text.EN)
	}
	d.add(all...)
}

func (d *Digest) notes(s *Sheet) {
	for _, n := range s.Notes {
		d.add("note", n.JA, n.EN)
	}
}

// String is the digest in hexadecimal.
func (d *Digest) String() string { return hex.EncodeToString(d.h.Sum(nil)) }

// short is a digest as it stands at the foot of a page: two groups of eight digits.
func short(digest string) string {
	if len(digest) < 16 {
		return digest
	}
	return strings.ToUpper(digest[:8] + "-" + digest[8:16])
}

// whole reads all rows of a sheet. more: a table had further rows than most, and they were not read.
func whole(s *Sheet, most int) (rows [][][]Cell, digest string, more bool, err error) {
	d := newDigest(s)
	left := most
	for _, p := range s.Parts {
		var part [][]Cell
		for _, f := range p.Fields {
			d.field(p.Key, f)
		}
		if p.Table != nil {
			for row, err := range p.Table.Rows {
				if err != nil {
					return nil, "", false, err
				}
				if left--; left < 0 {
					return nil, "", true, nil
				}
				d.row(p.Key, row)
				part = append(part, row)
			}
		}
		rows = append(rows, part)
	}
	d.notes(s)
	return rows, d.String(), false, nil
}
