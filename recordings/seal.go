package recordings

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Seal adds the missing end to a recording after a crash, without any key, and returns its digest. Every whole segment stays.
// A torn tail (a segment not written to its end) is cut off, and the end states its length in bytes. fsys nil: OS().
//
// Seal does not touch a file that is damaged anywhere else: it returns the *CorruptError together with the digest of the
// bytes as found, so that the ledger can pin them. For a recording that already has its end it returns the digest and
// ErrSealed.
func Seal(path string, fsys FS, end End) (Digest, error) {
	if fsys == nil {
		fsys = OS()
	}
	// A crash before the header was durable leaves this name; nothing can have been relayed.
	if err := fsys.Remove(beginning(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Digest{}, fmt.Errorf("seal recording: %w", err)
	}
	f, err := fsys.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return Digest{}, fmt.Errorf("seal recording: %w", err)
	}
	d, err := seal(f, end)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		if d.Size == 0 {
			d = asFound(path, fsys)
		}
		err = fmt.Errorf("seal recording: %w", err)
	}
	d.File = filepath.Base(path)
	return d, err
}

func seal(f File, end End) (Digest, error) {
	info, err := f.Stat()
	if err != nil {
		return Digest{}, err
	}
	s, err := newScanner(f)
	for err == nil {
		_, err = s.next()
	}
	if err == io.EOF {
		// The end may have reached the kernel only, so it is synced.
		return s.digest(), errors.Join(ErrSealed, f.Sync())
	}
	cut := info.Size() - s.offset
	if s.pre == nil {
		return Digest{}, err // damaged: a recording gets its name with its whole header
	}
	offset := s.offset
	isTorn, serr := torn(f, err, s, cut)
	if serr != nil {
		return Digest{}, serr
	}
	if !isTorn {
		return Digest{}, err
	}
	if cut > 0 {
		// The scanner's chain includes the torn bytes, so it is computed again over the whole segments before anything is
		// cut.
		if s, err = rescan(f, offset); err != nil {
			return Digest{}, err
		}
		if err := f.Truncate(offset); err != nil {
			return Digest{}, err
		}
	}
	end = end.said(s.pre.header)
	return sealAt(f, s, endBody{Cause: end.Cause, At: end.At, Cut: cut})
}

// sealAt appends the end to a file that s has read to its last whole segment.
func sealAt(f File, s *scanner, end endBody) (Digest, error) {
	text, err := json.Marshal(end)
	if err != nil {
		return Digest{}, err
	}
	s.chain.Sum(s.before[:0])
	b := append(putHead(nil, segCrashed, len(text)), text...)
	s.chain.Write(b)
	var sum Sum
	s.chain.Sum(sum[:0])
	s.chain.Write(sum[:checkLen])
	b = append(b, sum[:checkLen]...)
	if err := writeAll(f, b); err != nil {
		// A partial end would be a torn tail for the next attempt: cut it off now if possible.
		return Digest{}, errors.Join(err, f.Truncate(s.offset))
	}
	if err := f.Sync(); err != nil {
		return Digest{}, err
	}
	s.ended, s.crashed, s.end = true, true, end
	s.offset += int64(len(b))
	s.index++
	return s.digest(), nil
}

// torn distinguishes a crash's tail from damage. A crash leaves a last segment that stops early. A power failure may leave
// one of full length, or zeros, if the file's length became durable before its bytes.
func torn(f File, why error, s *scanner, cut int64) (bool, error) {
	var short *TruncatedError
	if errors.As(why, &short) {
		return true, nil
	}
	var bad *CorruptError
	if !errors.As(why, &bad) {
		return false, nil
	}
	if s.badLen > 0 && s.badLen == cut {
		return true, nil
	}
	if _, err := f.Seek(s.offset, io.SeekStart); err != nil {
		return false, err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		for _, c := range buf[:n] {
			if c != 0 {
				return false, nil
			}
		}
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// rescan reads a file again up to offset, where its last whole segment ends.
func rescan(f File, offset int64) (*scanner, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	s, err := newScanner(io.LimitReader(f, offset))
	for err == nil {
		_, err = s.next()
	}
	var short *TruncatedError
	if !errors.As(err, &short) || short.Torn != 0 || s.offset != offset {
		return nil, fmt.Errorf("the file changed while it was read: %w", err)
	}
	return s, nil
}

// asFound returns the digest of a file that cannot be sealed.
func asFound(path string, fsys FS) Digest {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return Digest{}
	}
	defer f.Close() // read only: closing loses nothing
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return Digest{}
	}
	d := Digest{Size: n}
	h.Sum(d.SHA256[:0])
	return d
}
