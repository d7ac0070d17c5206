package relay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"sekimori/recordings"
)

// sftpRequests is a session as it sees what the client sends.
type sftpRequests sftpSession

var errEnded = errors.New("the channel has ended")

// need asks for whole requests, and of a write for all but the contents.
func (s *sftpRequests) need(head []byte) (int, error) {
	if head[4] != fxpWrite {
		return sizeOf(head), nil
	}
	if len(head) < 13 {
		return 13, nil
	}
	handle := binary.BigEndian.Uint32(head[9:])
	if handle > maxSFTPHandle {
		return 0, fmt.Errorf("%w: a handle of %d bytes", errUnread, handle)
	}
	return 13 + int(handle) + 8 + 4, nil
}

// sftpOp is what a request comes to: an event, where it is an operation on a file, and the answer
// to wait for.
type sftpOp struct {
	sftpAwaited
	record recordings.FileOp // Op is empty where nothing is recorded
	path   []byte
	to     []byte
	handle []byte // given back by this request
}

// look judges a request and records what it asks for.
func (s *sftpRequests) look(p []byte) error {
	f := fields{b: p[5:]}
	if p[4] == fxpInit {
		return s.init(p, &f)
	}
	id := f.u32()
	op, err := s.parse(p, &f)
	if err != nil {
		return err
	}
	if f.bad {
		return fmt.Errorf("%w: a request of type %d is cut short", errUnread, p[4])
	}
	if err := s.await(id, &op); err != nil {
		return err
	}
	if op.record.Op == "" {
		return nil
	}
	op.record.Path, op.record.PathRaw = recordings.Legible(op.path)
	op.record.To, op.record.ToRaw = recordings.Legible(op.to)
	if !s.c.precede(recordings.EventFile, op.record) {
		return errEnded
	}
	return nil
}

// init lowers the client's version to the one that is read. Its further members are extensions.
func (s *sftpRequests) init(p []byte, f *fields) error {
	version := f.u32()
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.bad || s.begun {
		return fmt.Errorf("%w: a second or broken beginning", errUnread)
	}
	s.begun = true
	if version > sftpVersion {
		binary.BigEndian.PutUint32(p[5:], sftpVersion)
	}
	return nil
}

// parse reads a request after its number.
func (s *sftpRequests) parse(p []byte, f *fields) (op sftpOp, err error) {
	named := func(name string, path []byte) sftpOp {
		return sftpOp{sftpAwaited: sftpAwaited{kind: awaitsDone}, record: recordings.FileOp{Op: name}, path: path}
	}
	switch p[4] {
	case fxpRead:
		op.kind = awaitsRead
		op.file, err = s.open(f.str())
		op.at = f.u64()
		f.u32()
	case fxpWrite:
		op.kind = awaitsWrite
		op.file, err = s.open(f.str())
		op.at, op.n = f.u64(), f.u32()
		// The contents may be less than what follows: some releases of pkg/sftp, and so rclone, send
		// their whole buffer and say how much of it counts.
		if err == nil && uint64(len(p))+uint64(op.n) > uint64(sizeOf(p)) {
			err = fmt.Errorf("%w: a write of %d bytes in a packet that has fewer", errUnread, op.n)
		}
	case fxpOpen:
		op = named(recordings.FileOpen, f.str())
		op.kind = awaitsHandle
		op.record.Flags = openFlags(f.u32())
		a := attributes(f)
		op.record.Mode = a.mode
	case fxpOpendir:
		op = named(recordings.FileOpenDir, f.str())
		op.kind = awaitsHandle
	case fxpClose:
		op.kind = awaitsClose
		op.handle = f.str()
		op.file, err = s.open(op.handle)
	case fxpFstat, fxpReaddir:
		_, err = s.open(f.str())
	case fxpLstat, fxpStat, fxpRealpath, fxpReadlink:
		f.str()
	case fxpSetstat:
		op = named(recordings.FileSetStat, f.str())
		op.set(attributes(f))
	case fxpFsetstat:
		var file *sftpFile
		if file, err = s.open(f.str()); err == nil {
			op = named(recordings.FileSetStat, repeated(file.path))
			op.set(attributes(f))
		}
	case fxpRemove:
		op = named(recordings.FileRemove, f.str())
	case fxpMkdir:
		op = named(recordings.FileMkdir, f.str())
		op.record.Mode = attributes(f).mode
	case fxpRmdir:
		op = named(recordings.FileRmdir, f.str())
	case fxpRename:
		op = named(recordings.FileRename, f.str())
		op.to = f.str()
	case fxpSymlink:
		op = named(recordings.FileSymlink, nil)
		op.path, op.to, err = s.symlink(p, f)
	case fxpExtended:
		return s.extension(f)
	default:
		err = fmt.Errorf("%w: a request of type %d", errUnread, p[4])
	}
	if f.bad { // a handle that is not there would be told of as one that is not known
		err = nil
	}
	return op, err
}

// extension reads a request outside the draft. Each that passes is on this list: its arguments are
// known. The name of any other is overwritten, so that the target itself answers that it does not
// know it, as a client expects of an extension that is missing.
func (s *sftpRequests) extension(f *fields) (op sftpOp, err error) {
	name := f.str()
	named := func(op string, path []byte) sftpOp {
		return sftpOp{sftpAwaited: sftpAwaited{kind: awaitsDone}, record: recordings.FileOp{Op: op}, path: path}
	}
	switch string(name) {
	case "posix-rename@openssh.com":
		op = named(recordings.FileRename, f.str())
		op.to = f.str()
	case "hardlink@openssh.com":
		op = named(recordings.FileLink, nil)
		op.to, op.path = f.str(), f.str()
	case "lsetstat@openssh.com":
		op = named(recordings.FileSetStat, f.str())
		op.set(attributes(f))
	case "copy-data":
		var from, to *sftpFile
		from, err = s.open(f.str())
		f.u64()
		f.u64()
		if err == nil {
			to, err = s.open(f.str())
		}
		f.u64()
		if err == nil {
			op = named(recordings.FileCopy, repeated(from.path))
			op.to = repeated(to.path)
		}
	case "copy-file":
		op = named(recordings.FileCopy, f.str())
		op.to = f.str()
	case "fsync@openssh.com", "fstatvfs@openssh.com":
		_, err = s.open(f.str())
	case "statvfs@openssh.com", "expand-path@openssh.com", "home-directory", "space-available":
		f.str()
	case "limits@openssh.com":
	case "users-groups-by-id@openssh.com":
		f.str()
		f.str()
	default:
		shown, _ := recordings.Legible(name)
		op = named(recordings.FileExtended+clip(shown), nil)
		op.record.Flags = []string{"refused"}
		for i := range name {
			name[i] = 'x'
		}
	}
	if f.bad {
		err = nil
	}
	return op, err
}

// open finds the file of a handle. Only the target gives handles, and its answer passes here before
// the client can use it. A client that uses another guesses.
func (s *sftpRequests) open(handle []byte) (*sftpFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[string(handle)]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("%w: a handle that the target has not given", errUnread)
}

// await makes room for the answer to a request.
func (s *sftpRequests) await(id uint32, op *sftpOp) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, twice := s.pending[id]; {
	case s.ended:
		return errEnded
	case !s.begun:
		return fmt.Errorf("%w: a request before the beginning", errUnread)
	case twice:
		return fmt.Errorf("%w: two requests of one number", errUnread)
	case len(s.pending) == maxSFTPPending:
		return fmt.Errorf("%w: more than %d requests without an answer", errUnread, maxSFTPPending)
	}
	if op.record.Op != "" {
		s.last++
		op.record.ID = s.last
		op.file = &sftpFile{id: s.last, named: len(op.path) + len(op.to)}
		if s.names += op.file.named; s.names > maxSFTPNames {
			return fmt.Errorf("%w: more than %d bytes of paths of open files and of requests without an answer", errUnread, maxSFTPNames)
		}
		if op.kind == awaitsHandle {
			op.file.path = bytes.Clone(op.path)
		}
	}
	if op.kind == awaitsClose {
		delete(s.files, string(op.handle))
	}
	s.pending[id] = op.sftpAwaited
	return nil
}

// openFlags names the flags of an open, draft-ietf-secsh-filexfer-02 section 6.3.
func openFlags(bits uint32) []string {
	var names []string
	for i, name := range [...]string{"read", "write", "append", "create", "truncate", "exclusive"} {
		if bits&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// sftpAttributes are those that are worth recording, draft-ietf-secsh-filexfer-02 section 5.
type sftpAttributes struct {
	flags []string
	size  *uint64
	mode  *uint32
}

// attributes reads what a client wants a file to have. Clients leave them out where they have none.
func attributes(f *fields) (a sftpAttributes) {
	if len(f.b) == 0 {
		return a
	}
	bits := f.u32()
	if bits&1 != 0 {
		size := f.u64()
		a.size, a.flags = &size, append(a.flags, "size")
	}
	if bits&2 != 0 {
		f.u32()
		f.u32()
		a.flags = append(a.flags, "owner")
	}
	if bits&4 != 0 {
		mode := f.u32()
		a.mode, a.flags = &mode, append(a.flags, "mode")
	}
	if bits&8 != 0 {
		f.u32()
		f.u32()
		a.flags = append(a.flags, "times")
	}
	if bits&^15 != 0 {
		a.flags = append(a.flags, "other")
	}
	return a
}

func (op *sftpOp) set(a sftpAttributes) {
	op.record.Flags, op.record.Size, op.record.Mode = a.flags, a.size, a.mode
}
