package files

import (
	"io"
	"os"

	"github.com/pkg/sftp"

	"sekimori/policy"
)

// passed is a file that is written straight to the target, because only the other direction is held.
type passed struct {
	h *handler
	f *sftp.File
}

// pass opens the target's file with the client's flags. The relay has judged the open and judges each piece.
func (h *handler) pass(at string, flags sftp.FileOpenFlags) (io.WriterAt, error) {
	how := os.O_WRONLY
	for _, one := range []struct {
		set  bool
		flag int
	}{{flags.Creat, os.O_CREATE}, {flags.Trunc, os.O_TRUNC}, {flags.Excl, os.O_EXCL}} {
		if one.set {
			how |= one.flag
		}
	}
	f, err := h.c.OpenFile(at, how)
	if err != nil {
		return nil, err
	}
	return &passed{h, f}, nil
}

// WriteAt implements io.WriterAt. The terms may have changed since the file was opened.
func (p *passed) WriteAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, refusedError{policy.RefusedSize}
	}
	t := p.h.p.Terms()
	if t.In.Held() {
		return 0, refusedError{policy.RefusedUnread}
	}
	if why := t.Judge(policy.FileOperation{Act: policy.FileWritePiece, End: uint64(at) + uint64(len(b))}); why != "" {
		return 0, refusedError{why}
	}
	return p.f.WriteAt(b, at)
}

// Close implements io.Closer; its error is the client's answer.
func (p *passed) Close() error { return p.f.Close() }

// passedOut is a file that is read straight from the target, because only the other direction is held.
type passedOut struct {
	h     *handler
	f     *sftp.File
	ahead *readAhead
}

// ReadAt implements io.ReaderAt. The terms may have changed since the file was opened.
func (p *passedOut) ReadAt(b []byte, at int64) (int, error) {
	t := p.h.p.Terms()
	if at < 0 || t.Out.Held() {
		return 0, refusedError{policy.RefusedUnread}
	}
	n, err := p.ahead.ReadAt(b, at)
	if why := t.Judge(policy.FileOperation{Act: policy.FileReadPiece, End: uint64(at) + uint64(n)}); why != "" {
		return 0, refusedError{why}
	}
	return n, err
}

// Close implements io.Closer.
func (p *passedOut) Close() error {
	p.ahead.close()
	return p.f.Close()
}
