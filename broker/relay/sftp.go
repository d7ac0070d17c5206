package relay

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"sekimori/policy"
	"sekimori/recordings"
)

// Limits of one SFTP channel. OpenSSH's client has 64 outstanding requests, rclone 64 per file.
const (
	maxSFTPPending = 4096    // outstanding requests
	maxSFTPFiles   = 4096    // handles
	maxSFTPNames   = 1 << 20 // bytes of the paths of open files and of outstanding operations
)

// Types of packets, draft-ietf-secsh-filexfer-02.
const (
	fxpInit          = 1
	fxpVersion       = 2
	fxpOpen          = 3
	fxpClose         = 4
	fxpRead          = 5
	fxpWrite         = 6
	fxpLstat         = 7
	fxpFstat         = 8
	fxpSetstat       = 9
	fxpFsetstat      = 10
	fxpOpendir       = 11
	fxpReaddir       = 12
	fxpRemove        = 13
	fxpMkdir         = 14
	fxpRmdir         = 15
	fxpRealpath      = 16
	fxpStat          = 17
	fxpRename        = 18
	fxpReadlink      = 19
	fxpSymlink       = 20
	fxpStatus        = 101
	fxpHandle        = 102
	fxpData          = 103
	fxpName          = 104
	fxpAttrs         = 105
	fxpExtended      = 200
	fxpExtendedReply = 201
)

// sftpVersion is the inspected protocol version. A client's later version is lowered to it before it reaches the target; all
// targets and clients speak it.
const sftpVersion = 3

// sftpSession inspects both directions of an SFTP channel. It pairs answers with requests, counts bytes read and written, and
// records each operation on a file. Data that it does not understand ends the channel.
type sftpSession struct {
	c        *channel
	banners  banners
	requests packets // owned by the caller of input
	replies  packets // owned by the caller of output

	mu       sync.Mutex           // guards what follows
	files    map[string]*sftpFile // open, by handle
	pending  map[uint32]sftpAwaited
	last     uint64 // number of the last operation
	names    int    // bytes of the paths of all unfinished operations
	begun    bool   // the client's first packet has passed
	agreed   bool   // the target's first packet has passed
	extended bool   // it announced extensions of OpenSSH's server
	ended    bool
}

// sftpFile is one operation: an open file, or a request that its answer finishes.
type sftpFile struct {
	id      uint64
	path    []byte // of an open file
	named   int    // bytes of its paths, counted until it has ended
	read    uint64
	written uint64
	size    uint64
	failed  uint32 // status of the first failed piece; 0: none

	place  string // of an open file: its path without links, where the terms name places
	reads  bool   // it was opened for reading
	writes bool
}

// sftpAwaited is an outstanding request.
type sftpAwaited struct {
	kind byte      // awaits…
	n    uint32    // bytes of a write
	at   uint64    // where a read or write begins
	file *sftpFile // nil: not recorded
	why  policy.FileRefusal
	turn bool // places.turn is given back with the answer

	reads, writes bool // of an open
}

// The effect of an answer.
const (
	awaitsAny    = iota // not recorded
	awaitsDone          // the end of file
	awaitsHandle        // a handle of file
	awaitsClose         // the end of file, because its handle was closed
	awaitsRead
	awaitsWrite
	awaitsRefusal // whatever the target answers is replaced
)

func newSFTP(c *channel, b banners) *sftpSession {
	return &sftpSession{c: c, banners: b, files: make(map[string]*sftpFile), pending: make(map[uint32]sftpAwaited)}
}

func (s *sftpSession) input(b []byte, hand func([]byte) bool) bool {
	ok, err := s.requests.feed(b, (*sftpRequests)(s), hand)
	if err != nil {
		s.c.endMalformed(clientSide, "sftp", err)
	}
	return ok
}

func (s *sftpSession) output(b []byte, hand func([]byte) bool) bool {
	ok, err := s.replies.feed(b, (*sftpReplies)(s), hand)
	if err != nil {
		s.c.endMalformed(targetSide, "sftp", err)
	}
	return ok
}

// end records the ends of everything left open.
func (s *sftpSession) end() {
	open := s.abandoned()
	slices.SortFunc(open, func(a, b *sftpFile) int { return cmp.Compare(a.id, b.id) })
	for _, f := range open {
		if !s.c.recordBefore(recordings.EventFileEnd, f.ending(false, "the channel ended")) {
			return
		}
	}
}

// abandoned ends the session and returns everything left open.
func (s *sftpSession) abandoned() []*sftpFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		for _, a := range s.pending {
			if a.turn {
				s.c.r.places.give()
			}
		}
	}
	s.ended = true
	open := make([]*sftpFile, 0, len(s.files)+len(s.pending))
	for _, f := range s.files {
		open = append(open, f)
	}
	for _, a := range s.pending {
		switch a.kind {
		case awaitsDone, awaitsHandle, awaitsClose:
			open = append(open, a.file)
		case awaitsRefusal:
			if a.file != nil {
				open = append(open, a.file)
			}
		}
	}
	return open
}

// ending is the body of the event for the end of f.
func (f *sftpFile) ending(ok bool, status string) recordings.FileEnd {
	return recordings.FileEnd{ID: f.id, OK: ok, Status: status, Read: f.read, Written: f.written, Size: f.size}
}

// reach notes that n bytes at an offset were read or written.
func (f *sftpFile) reach(at uint64, n uint32) {
	if end := at + uint64(n); end > at {
		f.size = max(f.size, end)
	}
}

// sftpStatus names a status code, draft-ietf-secsh-filexfer-02 section 7.
func sftpStatus(code uint32) string {
	names := [...]string{"ok", "end of file", "no such file", "permission denied", "failure", "bad message",
		"no connection", "connection lost", "unsupported"}
	if code < uint32(len(names)) {
		return names[code]
	}
	return fmt.Sprintf("status %d", code)
}
