package web

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Peer is who holds the other end of a Unix socket, as the kernel says.
type Peer struct {
	UID   uint32
	Known bool // false in the zero value, whose UID would be root's
}

// PeerOf asks the kernel. Commands use it on the server, the server on the commands.
func PeerOf(c net.Conn) (Peer, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, errors.New("not a Unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return Peer{}, fmt.Errorf("socket's descriptor: %w", err)
	}
	var p Peer
	var inner error
	if err := raw.Control(func(fd uintptr) {
		p.UID, inner = peerUID(int(fd))
	}); err != nil {
		return Peer{}, fmt.Errorf("socket's descriptor: %w", err)
	}
	if inner != nil {
		return Peer{}, fmt.Errorf("credentials of the peer: %w", inner)
	}
	p.Known = true
	return p, nil
}

type peerKey struct{}

// withPeer remembers the peer for the requests of a connection; a peer that cannot be told is
// nobody, and nobody is allowed nothing that depends on it.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	p, err := PeerOf(c)
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, p)
}

func peerFrom(ctx context.Context) (Peer, bool) {
	p, ok := ctx.Value(peerKey{}).(Peer)
	return p, ok
}
