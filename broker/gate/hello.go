package gate

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/wire"
)

// maxHello bounds how much the gate keeps of a client's first bytes: the version line (RFC 4253 section 4.2) and one packet of the
// largest size that must be taken (section 6.1).
const maxHello = 36 << 10

// helloConn is a connection that keeps a copy of its first bytes: the library gives neither version nor lists of a client with
// which it agrees on nothing. Once the key exchange has begun, a read costs one comparison more.
type helloConn struct {
	*wire.Conn
	began func() // called once, when the client's lists are there

	done bool   // set and read by the one goroutine that reads
	text []byte // so far

	hello  atomic.Pointer[clientHello] // nil until the lists are there
	proven atomic.Bool                 // encrypted from here on: the library's Close is final
}

// clientHello is the client's clear-text start, for the log. A stranger may have written every part of it.
type clientHello struct {
	version string
	lists   kexInit
}

// kexInit is SSH_MSG_KEXINIT (RFC 4253 section 7.1).
type kexInit struct {
	Cookie                  [16]byte `sshtype:"20"`
	KexAlgos                []string
	ServerHostKeyAlgos      []string
	CiphersClientServer     []string
	CiphersServerClient     []string
	MACsClientServer        []string
	MACsServerClient        []string
	CompressionClientServer []string
	CompressionServerClient []string
	LanguagesClientServer   []string
	LanguagesServerClient   []string
	FirstKexFollows         bool
	Reserved                uint32
}

// Read reads from the connection and copies the first bytes.
func (c *helloConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.done && n > 0 {
		c.listen(p[:n])
	}
	return n, err
}

// Close is called by the library where the handshake fails. Before the keys are in use the connection stays open, because the gate
// still has to tell the client why nothing was agreed. The library's caller closes it then.
func (c *helloConn) Close() error {
	if !c.proven.Load() {
		return nil
	}
	return c.Conn.Close()
}

func (c *helloConn) listen(b []byte) {
	c.text = append(c.text, b[:min(len(b), maxHello-len(c.text))]...)
	h, whole := parseHello(c.text)
	switch {
	case whole:
		c.done, c.text = true, nil
		if h != nil {
			c.hello.Store(h)
			c.began()
		}
	case len(c.text) >= maxHello:
		c.done, c.text = true, nil
	}
}

// parseHello parses the first bytes. whole is true once no more is needed; h is nil where they are not SSH.
func parseHello(text []byte) (h *clientHello, whole bool) {
	line, rest, ok := bytes.Cut(text, []byte("\n"))
	if !ok {
		return nil, len(text) > 255
	}
	if !bytes.HasPrefix(line, []byte("SSH-")) {
		return nil, true
	}
	if len(rest) < 5 {
		return nil, false
	}
	length, padding := int(binary.BigEndian.Uint32(rest)), int(rest[4])
	if length < padding+2 || length > maxHello {
		return nil, true
	}
	if len(rest) < 4+length {
		return nil, false
	}
	h = &clientHello{version: string(bytes.TrimRight(line, "\r"))}
	if ssh.Unmarshal(rest[5:4+length-padding], &h.lists) != nil {
		return nil, true
	}
	return h, true
}
