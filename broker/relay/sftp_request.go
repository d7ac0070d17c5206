package relay

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"sekimori/policy"
	"sekimori/recordings"
)

// sftpRequests inspects the client's requests of a session.
type sftpRequests sftpSession

var errEnded = errors.New("the channel has ended")

// need asks for whole requests, and for a write without its contents.
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

// sftpOp is a parsed request: its event, if it is an operation on a file, and the expected answer.
type sftpOp struct {
	sftpAwaited
	record recordings.FileOp // Op is empty if nothing is recorded
	path   []byte
	to     []byte
	handle []byte // closed by this request

	asks   policy.FileOperation // for the terms; unknown and without record: nothing of files
	places []place              // of asks.Path and asks.To
}

// look inspects a request and records its operation.
func (s *sftpRequests) look(p []byte) (instead []byte, err error) {
	f := fields{b: p[5:]}
	if p[4] == fxpInit {
		return nil, s.init(p, &f)
	}
	id := f.u32()
	op, err := s.parse(p, &f)
	if err != nil {
		return nil, err
	}
	if f.bad {
		return nil, fmt.Errorf("%w: a request of type %d is cut short", errUnread, p[4])
	}
	why := s.judge(&op)
	if why != "" {
		op.refuse(why)
		instead = harmless(id)
	}
	if err := s.await(id, &op); err != nil {
		if op.turn {
			s.c.r.places.give()
		}
		return nil, err
	}
	if why != "" {
		s.c.refuseFile(cmp.Or(op.record.Op, "contents"), why)
	}
	if op.record.Op == "" {
		return instead, nil
	}
	op.record.Path, op.record.PathRaw = recordings.Legible(op.path)
	op.record.To, op.record.ToRaw = recordings.Legible(op.to)
	if !s.c.recordBefore(recordings.EventFile, op.record) {
		return nil, errEnded
	}
	return instead, nil
}

// refuse makes op a request that awaits its refusal.
func (op *sftpOp) refuse(why policy.FileRefusal) {
	op.sftpAwaited = sftpAwaited{kind: awaitsRefusal, why: why, turn: op.turn}
	if op.record.Op != "" {
		op.record.Flags = append(op.record.Flags, "refused")
	}
	op.handle = nil
}

// init lowers the client's version to the inspected one. The client's further members are extensions.
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

// parse parses a request after its number.
func (s *sftpRequests) parse(p []byte, f *fields) (op sftpOp, err error) {
	named := func(name string, act policy.FileAct, path []byte, follow bool) sftpOp {
		return sftpOp{sftpAwaited: sftpAwaited{kind: awaitsDone}, record: recordings.FileOp{Op: name}, path: path,
			asks: policy.FileOperation{Act: act}, places: []place{{name: path, follow: follow}}}
	}
	switch p[4] {
	case fxpRead:
		op.kind = awaitsRead
		op.file, err = s.open(f.str())
		op.at = f.u64()
		f.u32()
		op.asks = policy.FileOperation{Act: policy.FileReadPiece, End: op.at}
	case fxpWrite:
		op.kind = awaitsWrite
		op.file, err = s.open(f.str())
		op.at, op.n = f.u64(), f.u32()
		op.asks = policy.FileOperation{Act: policy.FileWritePiece, End: end(op.at, uint64(op.n))}
		// The contents may be shorter than the packet: some releases of pkg/sftp, and so rclone, send their whole buffer
		// and give the valid length.
		if err == nil && uint64(len(p))+uint64(op.n) > uint64(sizeOf(p)) {
			err = fmt.Errorf("%w: a write of %d bytes in a packet that has fewer", errUnread, op.n)
		}
	case fxpOpen:
		op = named(recordings.FileOpen, policy.FileRead, f.str(), true)
		op.kind = awaitsHandle
		bits := f.u32()
		op.record.Flags = openFlags(bits)
		op.opens(bits)
		a := attributes(f)
		op.record.Mode = a.mode
	case fxpOpendir:
		op = named(recordings.FileOpenDir, policy.FileList, f.str(), true)
		op.kind = awaitsHandle
	case fxpClose:
		op.kind = awaitsClose
		op.handle = f.str()
		op.file, err = s.open(op.handle)
	case fxpFstat, fxpReaddir:
		_, err = s.open(f.str())
	case fxpLstat, fxpStat, fxpReadlink:
		op.asks.Act = policy.FileLook
		op.places = []place{{name: f.str(), follow: p[4] == fxpStat}}
	case fxpRealpath:
		f.str()
	case fxpSetstat:
		op = named(recordings.FileSetStat, policy.FileAttributes, f.str(), true)
		op.set(attributes(f))
	case fxpFsetstat:
		var file *sftpFile
		if file, err = s.open(f.str()); err == nil {
			op = named(recordings.FileSetStat, policy.FileAttributes, repeated(file.path), true)
			op.set(attributes(f))
			op.asks.Path, op.places = file.place, nil
		}
	case fxpRemove:
		op = named(recordings.FileRemove, policy.FileRemove, f.str(), false)
	case fxpMkdir:
		op = named(recordings.FileMkdir, policy.FileMake, f.str(), false)
		op.record.Mode = attributes(f).mode
	case fxpRmdir:
		op = named(recordings.FileRmdir, policy.FileRemove, f.str(), false)
	case fxpRename:
		op = named(recordings.FileRename, policy.FileMove, f.str(), false)
		op.moves(f.str(), false)
	case fxpSymlink:
		op = named(recordings.FileSymlink, policy.FileLink, nil, true)
		op.path, op.to, err = s.symlink(p, f)
		op.places = []place{{name: op.to, follow: true, near: op.path}, {name: op.path}}
	case fxpExtended:
		return s.extension(f)
	default:
		err = fmt.Errorf("%w: a request of type %d", errUnread, p[4])
	}
	if f.bad { // a missing handle would be reported as an unknown one
		err = nil
	}
	return op, err
}

// extension parses a request outside the draft. Permitted extensions are listed here with known arguments. The name of any
// other is overwritten, so that the target itself answers that it is unknown, as clients expect.
func (s *sftpRequests) extension(f *fields) (op sftpOp, err error) {
	name := f.str()
	named := func(op string, act policy.FileAct, path []byte, follow bool) sftpOp {
		return sftpOp{sftpAwaited: sftpAwaited{kind: awaitsDone}, record: recordings.FileOp{Op: op}, path: path,
			asks: policy.FileOperation{Act: act}, places: []place{{name: path, follow: follow}}}
	}
	switch string(name) {
	case "posix-rename@openssh.com":
		op = named(recordings.FileRename, policy.FileMove, f.str(), false)
		op.moves(f.str(), false)
	case "hardlink@openssh.com":
		op = named(recordings.FileLink, policy.FileLink, nil, false)
		op.to, op.path = f.str(), f.str()
		op.places = []place{{name: op.to, follow: true}, {name: op.path}}
	case "lsetstat@openssh.com":
		op = named(recordings.FileSetStat, policy.FileAttributes, f.str(), false)
		op.set(attributes(f))
	case "copy-data":
		var from, to *sftpFile
		from, err = s.open(f.str())
		f.u64()
		length := f.u64()
		if err == nil {
			to, err = s.open(f.str())
		}
		at := f.u64()
		if err == nil {
			op = named(recordings.FileCopy, policy.FileCopy, repeated(from.path), true)
			op.to = repeated(to.path)
			op.places = nil
			op.asks.Path, op.asks.To = from.place, to.place
			op.asks.End, op.asks.NoEnd = end(at, length), length == 0
			if !from.reads || !to.writes {
				op.asks.Act = policy.FileUnknown
			}
		}
	case "copy-file":
		op = named(recordings.FileCopy, policy.FileCopy, f.str(), true)
		op.moves(f.str(), true)
		op.asks.NoEnd = true
	case "fsync@openssh.com", "fstatvfs@openssh.com":
		_, err = s.open(f.str())
	case "statvfs@openssh.com", "space-available":
		op.asks.Act = policy.FileLook
		op.places = []place{{name: f.str(), follow: true}}
	case "expand-path@openssh.com", "home-directory":
		f.str()
	case "limits@openssh.com":
	case "users-groups-by-id@openssh.com":
		f.str()
		f.str()
	default:
		shown, _ := recordings.Legible(name)
		op = named(recordings.FileExtended+clip(shown), policy.FileLook, nil, false)
		op.places = nil // the target refuses it
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

// open finds the file of a handle. Only the target issues handles, and its answer passes here before the client can use one.
// So an unknown handle is a guess.
func (s *sftpRequests) open(handle []byte) (*sftpFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[string(handle)]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("%w: a handle that the target has not given", errUnread)
}

// await notes the expected answer to a request.
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
		op.file = &sftpFile{id: s.last, named: len(op.path) + len(op.to), place: op.asks.Path, reads: op.reads, writes: op.writes}
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

// sftpAttributes are the recorded attributes, draft-ietf-secsh-filexfer-02 section 5.
type sftpAttributes struct {
	flags []string
	size  *uint64
	mode  *uint32
}

// attributes parses a client's attributes for a file. Clients may leave them out.
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

// opens sets what an open asks for, as OpenSSH reads the flags: without the flag for writing the file is read.
func (op *sftpOp) opens(bits uint32) {
	const read, write, app = 1, 2, 4
	op.reads, op.writes = bits&read != 0 || bits&write == 0, bits&^read != 0
	switch {
	case op.reads && op.writes:
		op.asks.Act = policy.FileReadWrite
	case op.writes:
		op.asks.Act = policy.FileWrite
	}
	op.asks.Append = bits&app != 0
}

// moves adds the second path of an operation.
func (op *sftpOp) moves(to []byte, follow bool) {
	op.to = to
	op.places = append(op.places, place{name: to, follow: follow})
}

// end adds without overflow.
func end(at, n uint64) uint64 {
	if at+n < at {
		return math.MaxUint64
	}
	return at + n
}

func (op *sftpOp) set(a sftpAttributes) {
	if a.size != nil {
		op.asks.End = *a.size
	}
	op.record.Flags, op.record.Size, op.record.Mode = a.flags, a.size, a.mode
}
