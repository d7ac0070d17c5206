package relay

import (
	"bytes"
	"fmt"

	"sekimori/recordings"
)

// sftpReplies is a session as it sees what the target sends.
type sftpReplies sftpSession

// need asks for as much of an answer as is looked at.
func (s *sftpReplies) need(head []byte) (int, error) {
	switch head[4] {
	case fxpVersion:
		return max(sizeOf(head), 9), nil // a shorter one is cut short
	case fxpHandle:
		return max(sizeOf(head), 13), nil
	case fxpStatus, fxpData:
		return 13, nil
	case fxpName, fxpAttrs, fxpExtendedReply:
		return 9, nil
	}
	return 0, fmt.Errorf("%w: an answer of type %d", errUnread, head[4])
}

// look pairs an answer with its request and records what it ends.
func (s *sftpReplies) look(p []byte) error {
	if p[4] == fxpVersion {
		return s.version(p)
	}
	ended, ok, status, err := s.take(p)
	if err == nil && ended != nil && !s.c.precede(recordings.EventFileEnd, ended.ending(ok, status)) {
		err = errEnded
	}
	return err
}

// version takes the target's first packet.
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

// take finds the request that p answers. Where that ends an operation, it is returned with its
// outcome.
func (s *sftpReplies) take(p []byte) (ended *sftpFile, ok bool, status string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := fields{b: p[5:]}
	id := f.u32()
	a, asked := s.pending[id]
	switch {
	case s.ended:
		return nil, false, "", errEnded
	case f.bad || !s.agreed || !asked:
		return nil, false, "", fmt.Errorf("%w: an answer to no request", errUnread)
	}
	delete(s.pending, id)
	switch p[4] {
	case fxpData:
		n := f.u32()
		if f.bad || a.kind != awaitsRead || uint64(n)+13 > uint64(sizeOf(p)) {
			return nil, false, "", fmt.Errorf("%w: contents that were not asked for, or fewer than said", errUnread)
		}
		a.file.read += uint64(n)
		a.file.reach(a.at, n)
		return nil, false, "", nil
	case fxpHandle:
		return nil, false, "", s.opened(a, f)
	case fxpStatus:
		code := f.u32()
		if f.bad {
			return nil, false, "", fmt.Errorf("%w: a status is cut short", errUnread)
		}
		ended, ok, status = s.finished(a, code)
		return ended, ok, status, nil
	}
	switch a.kind { // names, attributes, the answer of an extension
	case awaitsAny:
		return nil, false, "", nil
	case awaitsDone:
		s.names -= a.file.named
		return a.file, true, sftpStatus(0), nil
	}
	return nil, false, "", fmt.Errorf("%w: an answer of type %d to a request that has none such", errUnread, p[4])
}

// opened keeps a handle.
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

// finished takes the status of a request. Where that ends an operation, it is returned with its
// outcome.
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
