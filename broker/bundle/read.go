package bundle

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Code names the sort of a fault, for programs.
type Code string

// The codes.
const (
	NotABundle     Code = "not-a-bundle"      // no archive, or not one that a broker writes
	Layout         Code = "bundle-layout"     // bytes, names or sizes that a broker does not write
	BadManifest    Code = "bundle-manifest"   // the manifest does not say what a manifest says
	FileMissing    Code = "bundle-missing"    // a listed file is not there
	FileAdded      Code = "bundle-added"      // a file is there that the manifest does not list
	FileDiffers    Code = "bundle-differs"    // a file is not as listed
	FileUnreadable Code = "bundle-unreadable" // the archive could not be read

	directoryTooBig = "the directory of the archive is larger than %d bytes"
)

// Problem is the first place at which a bundle does not hold.
type Problem struct {
	Code   Code
	File   string // in the archive; empty: the archive as a whole
	JA, EN string
	Err    error // what lies behind it; nil: nothing
}

func (p *Problem) Error() string {
	if p.File == "" {
		return p.EN
	}
	return p.File + ": " + p.EN
}

func (p *Problem) Unwrap() error { return p.Err }

func problem(code Code, file, ja, en string) *Problem {
	return &Problem{Code: code, File: file, JA: ja, EN: en}
}

// Bundle is an opened bundle whose layout and manifest hold. The contents of its files have not been compared yet: Check does that.
type Bundle struct {
	Manifest Manifest
	in       map[string]*io.SectionReader
}

// Open reads the directory and the manifest of a bundle. Error: *Problem.
func Open(r io.ReaderAt, size int64) (*Bundle, error) {
	budget := &bounded{r: r, left: mostDirectory}
	archive, err := zip.NewReader(budget, size)
	switch {
	case budget.left < 0:
		return nil, problem(Layout, "", fmt.Sprintf("目録が %d バイトを超えています", mostDirectory), fmt.Sprintf(directoryTooBig, mostDirectory))
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		p := problem(NotABundle, "", "証拠一式(zip)として読めません", "it cannot be read as a bundle (a zip archive)")
		p.Err = err
		return nil, p
	case archive.Comment != "" || len(archive.File) > mostFiles:
		return nil, problem(Layout, "", "関守の書いたものではない目録です", "its directory is not one that a broker writes")
	}
	b := &Bundle{in: map[string]*io.SectionReader{}}
	if err := b.layout(r, size, archive.File); err != nil {
		return nil, err
	}
	return b, b.manifest(archive.File)
}

// bounded reads at most so many bytes in all.
type bounded struct {
	r    io.ReaderAt
	left int64
}

func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, fmt.Errorf(directoryTooBig, int64(mostDirectory))
	}
	return b.r.ReadAt(p, off)
}

// The signatures and fixed sizes of a zip archive (APPNOTE 4.3).
const (
	localSignature      = 0x04034b50
	descriptorSignature = 0x08074b50
	directorySignature  = 0x02014b50
	localSize           = 30
	descriptorSize      = 16
	descriptorSize64    = 24
	recordSize          = 46 // of the directory
	endSize             = 22 // of the archive's end
	endSize64           = 98 // of an end with offsets beyond 32 bits
	timeExtra           = 9  // the time of a file, as the writer adds it
	mostExtra           = timeExtra + 28
	max32               = 1<<32 - 1
)

// layout holds each file against the one way in which a Writer lays it out: stored, one right after the other from the first byte on, under
// the same name at both places. Two programs therefore read the same files from it, and nothing is hidden between them or behind them.
func (b *Bundle) layout(r io.ReaderAt, size int64, files []*zip.File) error {
	at, directory := int64(0), int64(0)
	for _, f := range files {
		directory += recordSize + int64(len(f.Name)+len(f.Extra))
		strange := func(ja, en string) error { return problem(Layout, f.Name, ja, en) }
		switch {
		case !known(f.Name):
			return strange("証拠一式にあるはずのない名前です", "a bundle has no file of this name")
		case b.in[f.Name] != nil:
			return strange("同じ名前が二つあります", "the name is there twice")
		case f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 || f.Comment != "" || f.Flags&^0x808 != 0 || len(f.Extra) > mostExtra:
			return strange("圧縮または変更された書き方です", "it is compressed, or not written as a broker does")
		case f.CompressedSize64 > uint64(size-at):
			return strange("大きさが合いません", "its size is impossible")
		}
		head := make([]byte, localSize)
		if err := readAt(r, head, at); err != nil {
			return unreadable(f.Name, err)
		}
		names, extra := int64(binary.LittleEndian.Uint16(head[26:])), int64(binary.LittleEndian.Uint16(head[28:]))
		name := make([]byte, names)
		if err := readAt(r, name, at+localSize); err != nil {
			return unreadable(f.Name, err)
		}
		start, err := f.DataOffset()
		if err != nil || binary.LittleEndian.Uint32(head) != localSignature || string(name) != f.Name || extra > timeExtra || start != at+localSize+names+extra {
			return strange("前のファイルの直後にありません", "it does not stand right behind the file before it")
		}
		end := start + int64(f.CompressedSize64)
		after := int64(descriptorSize)
		if f.CompressedSize64 > max32 {
			after = descriptorSize64
		}
		tail := make([]byte, 8)
		if err := readAt(r, tail, end); err != nil {
			return unreadable(f.Name, err)
		}
		if binary.LittleEndian.Uint32(tail) != descriptorSignature || binary.LittleEndian.Uint32(tail[4:]) != f.CRC32 {
			return strange("末尾の覚えが目録と違います", "the note behind it is not as in the directory")
		}
		b.in[f.Name] = io.NewSectionReader(r, start, int64(f.CompressedSize64))
		at = end + after
	}
	next := make([]byte, 4)
	if err := readAt(r, next, at); err != nil {
		return unreadable("", err)
	}
	rest := size - at - directory
	if len(files) == 0 || binary.LittleEndian.Uint32(next) != directorySignature || rest != endSize && rest != endSize64 {
		return problem(Layout, "", "ファイルの後に、余分な内容があります", "something stands behind the files that does not belong there")
	}
	return nil
}

func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return err
}

func unreadable(file string, err error) error {
	return &Problem{Code: FileUnreadable, File: file, JA: "読めません: " + err.Error(), EN: "cannot be read: " + err.Error(), Err: err}
}

// manifest reads the manifest and compares the names and sizes.
func (b *Bundle) manifest(files []*zip.File) error {
	last := files[len(files)-1]
	if last.Name != ManifestName {
		return problem(BadManifest, ManifestName, "最後のファイルではありません", "it is not the last file")
	}
	in := b.in[ManifestName]
	if in.Size() > mostManifest {
		return problem(BadManifest, ManifestName, "大きすぎます", "it is too large")
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return unreadable(ManifestName, err)
	}
	if crc32.ChecksumIEEE(text) != last.CRC32 { // finds damage only: the manifest is not signed
		return problem(BadManifest, ManifestName, "目録にある検査値と違います", "it does not have the checksum that the archive gives it")
	}
	if b.Manifest, err = parse(text); err != nil {
		return &Problem{Code: BadManifest, File: ManifestName, JA: "定められた形ではありません [" + err.Error() + "]", EN: err.Error(), Err: err}
	}
	listed := map[string]bool{ManifestName: true}
	for _, f := range b.Manifest.Files {
		listed[f.Name] = true
		switch in := b.in[f.Name]; {
		case in == nil:
			return problem(FileMissing, f.Name, "一覧にありますが、入っていません", "it is listed, and not there")
		case in.Size() != f.Size:
			return problem(FileDiffers, f.Name, fmt.Sprintf("大きさが一覧と違います [本来: %d / 実際: %d]", f.Size, in.Size()), fmt.Sprintf("its size is not as listed [due: %d / found: %d]", f.Size, in.Size()))
		}
	}
	for _, f := range files {
		if !listed[f.Name] {
			return problem(FileAdded, f.Name, "一覧にないファイルです", "it is there, and not listed")
		}
	}
	return nil
}

// File is a file of the bundle, from its beginning; nil: there is none.
func (b *Bundle) File(name string) *io.SectionReader {
	in := b.in[name]
	if in == nil {
		return nil
	}
	return io.NewSectionReader(in, 0, in.Size())
}

// Check compares every file with its digest in the manifest. seen hears of each file that was read; nil: no one does. Errors: *Problem; the
// context's cause.
func (b *Bundle) Check(ctx context.Context, seen func(n, of int)) error {
	buffer := make([]byte, 256<<10)
	for i, f := range b.Manifest.Files {
		if seen != nil {
			seen(i+1, len(b.Manifest.Files))
		}
		sum := sha256.New()
		for in := b.File(f.Name); ; {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n, err := in.Read(buffer)
			sum.Write(buffer[:n])
			if err == io.EOF {
				break
			}
			if err != nil {
				return unreadable(f.Name, err)
			}
		}
		if found := hex.EncodeToString(sum.Sum(nil)); found != f.SHA256 {
			return problem(FileDiffers, f.Name, fmt.Sprintf("検証値が一覧と違います [本来: %s / 実際: %s]", f.SHA256, found), fmt.Sprintf("its digest is not as listed [due: %s / found: %s]", f.SHA256, found))
		}
	}
	return nil
}
