package relay

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The arguments of SYMLINK are a link and what it points to. The draft puts the link first.
// OpenSSH's server has read them the other way round from its beginning, and so do most others.
// Clients follow OpenSSH; libssh and AsyncSSH do so only where the server's version says OpenSSH.
//
// The broker stands between a client that goes by the broker's version and a target that may be
// either, so it puts the arguments in the order that the target reads.

// banners are the software versions of both connections.
type banners struct {
	client   string // what the engineer's client says
	shown    string // what the broker says to the client
	toTarget string // what the broker says to the target
	target   string // what the target says
}

func (r *Relay) banners() banners {
	software := func(line []byte) string { return strings.TrimPrefix(string(line), "SSH-2.0-") }
	return banners{
		client: software(r.client.ClientVersion()), shown: software(r.client.ServerVersion()),
		toTarget: software(r.target.ClientVersion()), target: software(r.target.ServerVersion()),
	}
}

// clientTargetFirst reports whether the client puts first what the link points to.
func (b banners) clientTargetFirst() bool {
	goesByVersion := strings.Contains(b.client, "libssh_") || strings.HasPrefix(b.client, "libssh-") || strings.Contains(b.client, "AsyncSSH")
	return !goesByVersion || strings.Contains(b.shown, "OpenSSH")
}

// targetReadsTargetFirst reports whether the target reads first what the link points to. extended
// says that it announced extensions of OpenSSH's server: it is one, behind another program's SSH,
// or is built after it.
func (b banners) targetReadsTargetFirst(extended bool) bool {
	switch {
	case strings.HasPrefix(b.target, "AsyncSSH"): // goes by the version of its client
		return strings.Contains(b.toTarget, "OpenSSH")
	case strings.HasPrefix(b.target, "OpenSSH"), strings.Contains(b.target, "paramiko"):
		return true
	}
	return extended
}

// symlink reads the arguments of a SYMLINK and puts them, in p, in the order that the target reads.
func (s *sftpRequests) symlink(p []byte, f *fields) (link, to []byte, err error) {
	rest := f.b
	first, second := f.str(), f.str()
	if f.bad {
		return nil, nil, fmt.Errorf("%w: a symlink is cut short", errUnread)
	}
	extended := s.isExtended()
	link, to = first, second
	if s.banners.clientTargetFirst() {
		link, to = second, first
	}
	if s.banners.clientTargetFirst() != s.banners.targetReadsTargetFirst(extended) {
		// Both orders are of one length; what stands behind the arguments stays.
		swapped := make([]byte, 0, len(rest))
		for _, arg := range [][]byte{second, first} {
			swapped = append(binary.BigEndian.AppendUint32(swapped, uint32(len(arg))), arg...)
		}
		link, to = append([]byte(nil), link...), append([]byte(nil), to...)
		copy(rest, swapped)
	}
	return link, to, nil
}

func (s *sftpRequests) isExtended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.extended
}
