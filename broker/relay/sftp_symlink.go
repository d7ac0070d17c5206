package relay

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The arguments of SYMLINK are a link and its target path. The draft puts the link first. OpenSSH's server has always read
// them the other way round, and so do most others. Clients follow OpenSSH; libssh and AsyncSSH do so only if the server's
// version says OpenSSH.
//
// The client follows the broker's version, and the target may be of either sort, so the broker puts the arguments in the
// order that the target reads.

// banners are the software versions of both connections.
type banners struct {
	client   string // sent by the engineer's client
	shown    string // sent by the broker to the client
	toTarget string // sent by the broker to the target
	target   string // sent by the target
}

func (r *Relay) banners() banners {
	software := func(line []byte) string { return strings.TrimPrefix(string(line), "SSH-2.0-") }
	return banners{
		client: software(r.client.ClientVersion()), shown: software(r.client.ServerVersion()),
		toTarget: software(r.target.ClientVersion()), target: software(r.target.ServerVersion()),
	}
}

// clientTargetFirst reports whether the client puts the link's target path first.
func (b banners) clientTargetFirst() bool {
	goesByVersion := strings.Contains(b.client, "libssh_") || strings.HasPrefix(b.client, "libssh-") || strings.Contains(b.client, "AsyncSSH")
	return !goesByVersion || strings.Contains(b.shown, "OpenSSH")
}

// targetReadsTargetFirst reports whether the target reads the link's target path first. extended says that it announced
// extensions of OpenSSH's server: then it is that server behind another program's SSH, or modelled on it.
func (b banners) targetReadsTargetFirst(extended bool) bool {
	switch {
	case strings.HasPrefix(b.target, "AsyncSSH"): // follows its client's version
		return strings.Contains(b.toTarget, "OpenSSH")
	case strings.HasPrefix(b.target, "OpenSSH"), strings.Contains(b.target, "paramiko"):
		return true
	}
	return extended
}

// symlink parses the arguments of a SYMLINK and puts them, in p, in the order that the target reads.
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
		// Both orders have the same length; bytes after the arguments stay.
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
