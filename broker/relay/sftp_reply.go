package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"sekimori/policy"
	"sekimori/recordings"
)

// sftpReplies inspects the target's answers of a session.
type sftpReplies sftpSession

// need asks for the inspected part of an answer.
func (s *sftpReplies) need(head []byte) (int, error) {
	switch head[4] {
	case fxpVersion:
		return max(sizeOf(head), 9), nil // a shorter one is truncated
	case fxpHandle:
		return max(sizeOf(head), 13), nil
	case fxpStatus, fxpData:
		return 13, nil
	case fxpName, fxpAttrs, fxpExtendedReply:
		return 9, nil
	}
	return 0, fmt.Errorf("%w: an answer of type %d", errUnread, head[4])
}

// look pairs an answer with its request and records the operation that it ends.
func (s *sftpReplies) look(p []byte) (instead []byte, err error) {
	if p[4] == fxpVersion {
		return nil, s.version(p)
	}
	a, ended, ok, status, err := s.take(p)
	if a.turn {
		s.c.r.places.give()
	}
	if a.why != "" {
		if a.kind != awaitsRefusal {
			s.c.refuseFile("contents", a.why)
		}
		instead = denial(binary.BigEndian.Uint32(p[5:]), s.c.r.refusalLine(a.why))
	}
	if err == nil && ended != nil && !s.c.recordBefore(recordings.EventFileEnd, ended.ending(ok, status)) {
		err = errEnded
	}
	return instead, err
}

// version handles the target's first packet.
func (s *sftpReplies) version(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := fields{b: p[5:]}
	version := f.u32()
	switch {
	case f.bad || s.agreed || !s.begun:
		return fmt.Errorf("%w: a second, broken or early answer to the beginning", errUnread)
	case version > sftpVersion:
		return fmt.Errorf("%w: version %d, which was not asked for", errUnread, version)
	}
	s.agreed = true
	for len(f.b) > 0 && !f.bad {
		name := f.str()
		f.str()
		s.extended = s.extended || !f.bad && bytes.HasSuffix(name, []byte("@openssh.com"))
	}
	return nil
}

// take finds the request of the answer p. If the answer ends an operation, take returns it with its outcome.
func (s *sftpReplies) take(p []byte) (a sftpAwaited, ended *sftpFile, ok bool, status string, err error) {
	terms := s.c.r.terms()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := fields{b: p[5:]}
	id := f.u32()
	a, asked := s.pending[id]
	switch {
	case s.ended:
		return sftpAwaited{}, nil, false, "", errEnded
	case f.bad || !s.agreed || !asked:
		return sftpAwaited{}, nil, false, "", fmt.Errorf("%w: an answer to no request", errUnread)
	}
	delete(s.pending, id)
	if a.kind == awaitsRefusal {
		if p[4] != fxpAttrs && p[4] != fxpStatus {
			return a, nil, false, "", fmt.Errorf("%w: an answer of type %d to a request that has none such", errUnread, p[4])
		}
		if a.file == nil {
			return a, nil, false, "", nil
		}
		s.names -= a.file.named
		return a, a.file, false, string(a.why), nil
	}
	switch p[4] {
	case fxpData:
		n := f.u32()
		if f.bad || a.kind != awaitsRead || uint64(n)+13 > uint64(sizeOf(p)) {
			return a, nil, false, "", fmt.Errorf("%w: contents that were not asked for, or fewer than said", errUnread)
		}
		if why := pieceOut(terms, a.at, n); why != "" {
			a.why = why
			if a.file.failed == 0 {
				a.file.failed = 3
			}
			return a, nil, false, "", nil
		}
		a.file.read += uint64(n)
		a.file.reach(a.at, n)
		return a, nil, false, "", nil
	case fxpHandle:
		return a, nil, false, "", s.opened(a, f)
	case fxpStatus:
		code := f.u32()
		if f.bad {
			return a, nil, false, "", fmt.Errorf("%w: a status is cut short", errUnread)
		}
		ended, ok, status = s.finished(a, code)
		return a, ended, ok, status, nil
	}
	switch a.kind { // names, attributes, the answer of an extension
	case awaitsAny:
		return a, nil, false, "", nil
	case awaitsDone:
		s.names -= a.file.named
		return a, a.file, true, sftpStatus(0), nil
	}
	return a, nil, false, "", fmt.Errorf("%w: an answer of type %d to a request that has none such", errUnread, p[4])
}

// pieceOut rules on contents that the target has sent: how many there are is known only now.
func pieceOut(t *policy.FileTerms, at uint64, n uint32) policy.FileRefusal {
	if t.Free() {
		return ""
	}
	return t.Judge(policy.FileOperation{Act: policy.FileReadPiece, End: end(at, uint64(n))})
}

// opened stores a handle.
func (s *sftpReplies) opened(a sftpAwaited, f fields) error {
	handle := f.str()
	switch _, twice := s.files[string(handle)]; {
	case f.bad || len(f.b) != 0 || len(handle) > maxSFTPHandle:
		return fmt.Errorf("%w: a broken handle", errUnread)
	case a.kind != awaitsHandle || twice:
		return fmt.Errorf("%w: a handle that was not asked for or is given twice", errUnread)
	case len(s.files) == maxSFTPFiles:
		return fmt.Errorf("%w: more than %d open files", errUnread, maxSFTPFiles)
	}
	s.files[string(handle)] = a.file
	return nil
}

// finished handles the status of a request. If that ends an operation, finished returns it with its outcome.
func (s *sftpReplies) finished(a sftpAwaited, code uint32) (ended *sftpFile, ok bool, status string) {
	switch a.kind {
	case awaitsWrite:
		if code == 0 {
			a.file.written += uint64(a.n)
			a.file.reach(a.at, a.n)
			return nil, false, ""
		}
		fallthrough
	case awaitsRead:
		const endOfFile = 1
		if a.file.failed == 0 && code != endOfFile {
			a.file.failed = code
		}
		return nil, false, ""
	case awaitsAny:
		return nil, false, ""
	}
	s.names -= a.file.named
	if code == 0 {
		code = a.file.failed
	}
	return a.file, code == 0, sftpStatus(code)
}
