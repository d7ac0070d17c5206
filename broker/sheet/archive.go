package sheet

import (
	"archive/zip"
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"
)

// Proof is what an export says about itself: which state of the ledger it shows, when and by whom it was made.
type Proof struct {
	By         string
	At         time.Time // in the institution's zone
	Entries    int64     // of the ledger, as the checkpoint counts them
	Entry      int64     // number of the entry about the export; below 0: it is none
	Checkpoint string    // the signed note
}

func (p Proof) lines() [][2]string {
	out := [][2]string{{"書き出した人 / by", p.By}, {"日時 / time", p.At.Format(time.RFC3339)}, {"台帳の件数 / entries of the ledger", fmt.Sprint(p.Entries)}}
	if p.Entry >= 0 {
		out = append(out, [2]string{"この書き出しの記載 / entry about this export", fmt.Sprint(p.Entry)})
	}
	return out
}

// Losses tells what a CSV changes, apart from the originals.
type Losses struct {
	Replaced int // characters that became 〓
	Guarded  int // values with an apostrophe before them
}

// Archive writes the sheet as CSV within a ZIP: a file for the fields, one for each table, readme.txt, replaced.txt where characters became
// 〓, and verify.txt with the digests. Names are ASCII. It holds one row at a time in memory. year as for Sheet.FileName.
func Archive(w io.Writer, s *Sheet, o Options, year string, proof Proof) (string, Losses, error) {
	a := &archive{zip: zip.NewWriter(w), s: s, o: o, year: year, log: &losses{lost: map[rune]int{}}, digest: newDigest(s)}
	if err := a.parts(); err != nil {
		return "", Losses{}, fmt.Errorf("sheet: write an archive: %w", err)
	}
	sum := a.digest.String()
	err := a.add("readme", a.readme)
	if err == nil && len(a.log.lost) > 0 {
		err = a.add("replaced", a.replaced)
	}
	if err == nil {
		err = a.add("verify", func(w *bufio.Writer) error { return a.verify(w, sum, proof) })
	}
	if err == nil {
		err = a.zip.Close()
	}
	if err != nil {
		return "", Losses{}, fmt.Errorf("sheet: write an archive: %w", err)
	}
	return sum, Losses{a.log.total, a.log.guarded}, nil
}

// Lost counts what an archive would change, without writing it: people are told before they download.
func Lost(s *Sheet, o Options) (Losses, error) {
	_, l, err := Archive(io.Discard, s, o, "", Proof{})
	return l, err
}

type archive struct {
	zip    *zip.Writer
	s      *Sheet
	o      Options
	year   string
	log    *losses
	digest *Digest
	files  []summed
}

type summed struct {
	name string
	sum  hash.Hash
}

// create begins a file, and sums up its bytes.
func (a *archive) create(name string) (io.Writer, error) {
	f, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.s.Printed})
	if err != nil {
		return nil, err
	}
	one := summed{name, sha256.New()}
	a.files = append(a.files, one)
	return io.MultiWriter(f, one.sum), nil
}

// add writes a text file beside the CSV.
func (a *archive) add(name string, fill func(*bufio.Writer) error) error {
	f, err := a.create(name + ".txt")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	out.WriteString("\ufeff")
	if err := fill(out); err != nil {
		return err
	}
	return out.Flush()
}

func (a *archive) csv(part string) (*csvFile, error) {
	encoding := "utf8"
	if a.o.CP932 {
		encoding = "cp932"
	}
	name := a.s.FileName(a.year, encoding, "csv")
	if part != "" {
		name = strings.Replace(name, a.s.Key, a.s.Key+"-"+ascii(part), 1)
	}
	f, err := a.create(name)
	if err != nil {
		return nil, err
	}
	return newCSV(f, name, a.o, a.log), nil
}

// parts writes the file of the fields and those of the tables. The first table of a sheet without fields has the sheet's own name.
func (a *archive) parts() error {
	plain := !slices.ContainsFunc(a.s.Parts, func(p Part) bool { return len(p.Fields) > 0 })
	if !plain {
		if err := a.fields(); err != nil {
			return err
		}
	}
	for _, p := range a.s.Parts {
		for _, f := range p.Fields {
			a.digest.field(p.Key, f)
		}
		if p.Table == nil {
			continue
		}
		name := p.Key
		if plain {
			name, plain = "", false
		}
		if err := a.table(p, name); err != nil {
			return err
		}
	}
	a.digest.notes(a.s)
	return nil
}

func (a *archive) fields() error {
	f, err := a.csv("")
	if err != nil {
		return err
	}
	heads, row, number := a.o.flatTable(fieldColumns)
	if err := f.write(heads, nil); err != nil {
		return err
	}
	for _, p := range a.s.Parts {
		for _, field := range p.Fields {
			if err := f.write(row(fieldRow(p, field)), number); err != nil {
				return err
			}
		}
	}
	for _, n := range a.s.Notes {
		if err := f.write([]string{"", "note", "", n.EN, n.In(a.o.Lang)}, nil); err != nil {
			return err
		}
	}
	return f.end()
}

func (a *archive) table(p Part, name string) error {
	f, err := a.csv(name)
	if err != nil {
		return err
	}
	heads, row, number := a.o.flatTable(p.Table.Columns)
	if err := f.write(heads, nil); err != nil {
		return err
	}
	for cells, err := range p.Table.Rows {
		if err != nil {
			return err
		}
		a.digest.row(p.Key, cells)
		if err := f.write(row(cells), number); err != nil {
			return err
		}
	}
	return f.end()
}

func (a *archive) readme(w *bufio.Writer) error {
	s := a.s
	fmt.Fprintf(w, "%s / %s\r\n%s\r\n関守 / Sekimori %s\r\n\r\n", s.Name.JA, s.Name.EN, s.Scope.Slashed("ja"), s.Version)
	for _, m := range s.Marks {
		fmt.Fprintf(w, "%s / %s\r\n", m.JA, m.EN)
	}
	encoding := "UTF-8 (BOM)"
	if a.o.CP932 {
		encoding = "CP932"
	}
	fmt.Fprintf(w, "文字コード / encoding: %s\r\n区切り / separator: , CRLF\r\n", encoding)
	fmt.Fprintf(w, "= + - @(全角を含む)またはタブで始まる値には、空白や改行の後でも ' を付けました / a value that begins with = + - @ (wide ones too) or TAB, also behind spaces and line breaks, has ' before it: %d\r\n", a.log.guarded)
	fmt.Fprintf(w, "〓に置き換えた文字 / characters that became 〓: %d\r\n", a.log.total)
	_, err := fmt.Fprintf(w, "原本は変えていません / the originals are not altered\r\n")
	return err
}

func (a *archive) replaced(w *bufio.Writer) error {
	for _, r := range slices.SortedFunc(keysOf(a.log.lost), cmp.Compare[rune]) {
		fmt.Fprintf(w, "U+%04X\t%c\t×%d\r\n", r, r, a.log.lost[r])
	}
	fmt.Fprint(w, "\r\n")
	for _, p := range a.log.places {
		fmt.Fprintf(w, "U+%04X\t%s\t%d\r\n", p.r, p.file, p.row)
	}
	if n := a.log.total - len(a.log.places); n > 0 {
		fmt.Fprintf(w, "ほか%dか所 / and %d further places\r\n", n, n)
	}
	return nil
}

func (a *archive) verify(w *bufio.Writer, sum string, proof Proof) error {
	fmt.Fprintf(w, "%s / %s\r\n検証値 / digest: %s\r\n", a.s.Name.JA, a.s.Name.EN, sum)
	for _, l := range proof.lines() {
		fmt.Fprintf(w, "%s: %s\r\n", l[0], l[1])
	}
	fmt.Fprint(w, "\r\nSHA-256\r\n")
	for _, f := range a.files[:len(a.files)-1] { // the last is verify.txt itself
		fmt.Fprintf(w, "%s  %s\r\n", hex.EncodeToString(f.sum.Sum(nil)), f.name)
	}
	if proof.Checkpoint != "" {
		fmt.Fprintf(w, "\r\n確定点 / checkpoint\r\n%s", strings.ReplaceAll(proof.Checkpoint, "\n", "\r\n"))
	}
	return nil
}
