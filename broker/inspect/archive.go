package inspect

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
)

// Bounds of an archive. Zero values mean the defaults.
type Bounds struct {
	Depth   int   // archives in archives; 4
	Members int   // files in all; 10,000
	Bytes   int64 // of all contents together; 1 GiB
	Ratio   int64 // contents to archive, counted from the first MiB on; 200
}

// Archives looks into zip (and what is built on it), tar, gzip and bzip2, and asks Each about every file inside, because an engine may not
// look there itself. What cannot be looked into is not clean: other archives, encrypted members, damage, a bomb.
type Archives struct {
	Bounds Bounds
	Each   []Engine // must not sanitise: a copy of a member cannot be put back
}

// Name implements Engine.
func (Archives) Name() string { return "archive" }

// look is one look into an archive.
type look struct {
	a       Archives
	ctx     context.Context
	s       Subject
	size    int64 // of the outermost archive
	members int
	bytes   int64
}

// errMember says which engine found a member not clean.
type errMember struct{ name, detail string }

func (e *errMember) Error() string { return fmt.Sprintf("%q inside: %s", e.name, e.detail) }

// Inspect looks into the file if it is an archive. Any other file is clean to it.
func (a Archives) Inspect(ctx context.Context, s Subject) (f Finding, _ Content, err error) {
	b := &a.Bounds
	b.Depth, b.Members = orElse(b.Depth, 4), orElse(b.Members, 10_000)
	b.Bytes, b.Ratio = orElse(b.Bytes, 1<<30), orElse(b.Ratio, 200)
	l := &look{a: a, ctx: ctx, s: s, size: s.Content.Size()}
	if err := l.into(s.Content, 0); err != nil {
		return f, nil, err
	}
	f.Verdict = Clean
	if l.members > 0 {
		f.Detail = fmt.Sprintf("%d files inside, %d bytes", l.members, l.bytes)
	}
	return f, nil, nil
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// unopened are beginnings of archives that are not looked into.
var unopened = map[string]string{
	"7z\xbc\xaf\x27\x1c": "7z", "Rar!\x1a\x07": "rar", "\xfd7zXZ\x00": "xz", "\x28\xb5\x2f\xfd": "zstd", "MSCF": "cab", "\x60\xea": "arj", "\x1f\x9d": "compress", "LZIP": "lzip", "\x04\x22\x4d\x18": "lz4",
}

func (l *look) into(c Content, depth int) error {
	head := make([]byte, 512)
	n, err := c.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	for magic, name := range unopened {
		if bytes.HasPrefix(head, []byte(magic)) {
			return fmt.Errorf("%w: %s archives are not looked into", ErrLimit, name)
		}
	}
	if len(head) > 7 && string(head[2:5]) == "-lh" && head[6] == '-' {
		return fmt.Errorf("%w: lzh archives are not looked into", ErrLimit)
	}
	// A zip is found from its end, so that one behind other data is found as well.
	z, zipErr := zip.NewReader(c, c.Size())
	isZip := zipErr == nil && len(z.File) > 0 || bytes.HasPrefix(head, []byte("PK\x03\x04"))
	isTar := len(head) >= 262 && string(head[257:262]) == "ustar"
	isGzip, isBzip := bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("BZh"))
	if !isZip && !isTar && !isGzip && !isBzip {
		return nil
	}
	if depth++; depth > l.a.Bounds.Depth {
		return fmt.Errorf("%w: archives in archives, deeper than %d", ErrLimit, l.a.Bounds.Depth)
	}
	switch {
	case isZip && zipErr != nil:
		return fmt.Errorf("the archive is damaged: %w", zipErr)
	case isZip:
		err = l.zip(z, depth)
	case isTar:
		err = l.tar(Reader(c), depth)
	case isGzip:
		var g *gzip.Reader
		if g, err = gzip.NewReader(Reader(c)); err == nil {
			err = l.member(g.Name, g, depth)
		}
	default:
		err = l.member("", bzip2.NewReader(Reader(c)), depth)
	}
	return err
}

func (l *look) zip(z *zip.Reader, depth int) error {
	for _, f := range z.File {
		const encrypted = 1
		if f.Flags&encrypted != 0 {
			return fmt.Errorf("%w: %q is encrypted", ErrLimit, f.Name)
		}
		if f.FileInfo().IsDir() && f.UncompressedSize64 == 0 {
			if err := l.count(f.Name); err != nil {
				return err
			}
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("%q inside: %w", f.Name, err)
		}
		err = l.member(f.Name, r, depth)
		_ = r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *look) tar(r io.Reader, depth int) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the archive is damaged: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			if err := l.count(h.Name); err != nil {
				return err
			}
			continue
		}
		if err := l.member(h.Name, t, depth); err != nil {
			return err
		}
	}
}

func (l *look) count(name string) error {
	if l.members++; l.members > l.a.Bounds.Members {
		return fmt.Errorf("%w: more than %d files inside, at %q", ErrLimit, l.a.Bounds.Members, name)
	}
	return l.ctx.Err()
}

// member takes one file out, within the bounds, asks the engines about it, and looks into it.
func (l *look) member(name string, r io.Reader, depth int) error {
	if err := l.count(name); err != nil {
		return err
	}
	out, err := l.s.Scratch()
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		l.bytes += int64(n)
		switch {
		case l.bytes > l.a.Bounds.Bytes:
			return fmt.Errorf("%w: more than %d bytes inside, at %q", ErrLimit, l.a.Bounds.Bytes, name)
		case l.bytes > 1<<20 && l.bytes/max(l.size, 1) > l.a.Bounds.Ratio:
			return fmt.Errorf("%w: the contents are more than %d times the archive, at %q", ErrLimit, l.a.Bounds.Ratio, name)
		case l.ctx.Err() != nil:
			return context.Cause(l.ctx)
		}
		if _, err := out.Write(buf[:n]); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%q inside: %w", name, err)
		}
	}
	c, err := out.Content()
	if err != nil {
		return err
	}
	for _, e := range l.a.Each {
		f, _, err := e.Inspect(l.ctx, Subject{Name: name, Content: c, Scratch: l.s.Scratch})
		if err != nil {
			return &errMember{name, err.Error()}
		}
		if f.Verdict != Clean {
			return &errMember{name, e.Name() + ": " + f.Detail}
		}
	}
	return l.into(c, depth)
}
