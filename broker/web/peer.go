package web

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Peer is the process at the other end of a Unix socket, as the kernel reports it.
type Peer struct {
	UID   uint32
	Known bool // false in the zero value, whose UID would be root's
}

// PeerOf asks the kernel. Commands check the server with it, and the server the commands.
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

// withPeer keeps the peer for the calls of a connection. A peer that the kernel cannot name is absent,
// and gets no right that depends on it.
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
