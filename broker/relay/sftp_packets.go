package relay

import (
	"encoding/binary"
	"fmt"
)

// Limits of an SFTP packet. A request that names files is held until it is whole; contents are
// not held. No server takes contents of more than 256 KiB, and the draft asks for 34,000 bytes.
const (
	maxSFTPHeld   = 34000
	maxSFTPPacket = 1 << 20
	maxSFTPHandle = 256
)

// packetLook judges the packets of one direction of an SFTP channel.
type packetLook interface {
	// need tells how many bytes of a packet look must see. head is the packet's beginning, 5
	// bytes (length and type) or as many as need asked for before.
	need(head []byte) (int, error)
	// look sees that many bytes, before any of them is handed on, and may change them.
	look(p []byte) error
}

// packets cuts one direction of an SFTP channel into packets. It holds back the beginning of a
// packet until enough has come to judge it, and lets the rest of the packet pass uncopied.
type packets struct {
	held []byte // the beginning of a packet that is not judged yet
	skip int    // bytes of the judged packet that are still to come
}

// feed takes the next piece. ok is false where hand does not take more; err says that the peer
// sent what is no packet. What stood before it was handed on.
func (k *packets) feed(b []byte, l packetLook, hand func([]byte) bool) (ok bool, err error) {
	if len(k.held) > 0 {
		rest, whole, err := k.fill(b, l)
		if err != nil || !whole {
			return err == nil, err
		}
		b = rest
		ok := hand(k.held)
		if k.held = k.held[:0]; cap(k.held) > 1<<10 {
			k.held = nil
		}
		if !ok {
			return false, nil
		}
	}
	at := 0
	for at < len(b) {
		if k.skip > 0 {
			n := min(k.skip, len(b)-at)
			k.skip -= n
			at += n
			continue
		}
		var n int
		if n, err = want(b[at:], l); err != nil || n > len(b)-at {
			break
		}
		if err = k.judge(b[at:at+n], l); err != nil {
			break
		}
		at += n
	}
	if at > 0 && !hand(b[:at]) {
		return false, nil
	}
	if err == nil {
		k.held = append(k.held, b[at:]...)
	}
	return err == nil, err
}

// fill adds to the packet that is held, and judges it once it is complete enough.
func (k *packets) fill(b []byte, l packetLook) (rest []byte, whole bool, err error) {
	for {
		n, err := want(k.held, l)
		if err != nil {
			return nil, false, err
		}
		if n <= len(k.held) {
			return b, true, k.judge(k.held, l)
		}
		if len(b) == 0 {
			return nil, false, nil
		}
		take := min(n-len(k.held), len(b))
		k.held = append(k.held, b[:take]...)
		b = b[take:]
	}
}

func (k *packets) judge(p []byte, l packetLook) error {
	k.skip = sizeOf(p) - len(p)
	return l.look(p)
}

// want tells how many bytes of the packet that p begins with must be there to judge it; at most
// len(p) where they are.
func want(p []byte, l packetLook) (int, error) {
	if len(p) < 5 {
		return 5, nil
	}
	size := sizeOf(p)
	if size < 5 || size > maxSFTPPacket {
		return 0, fmt.Errorf("%w: a packet of %d bytes, which begins %q", errUnread, size, p[:min(len(p), 40)])
	}
	for asked := 5; ; {
		n, err := l.need(p[:asked])
		switch {
		case err != nil:
			return 0, err
		case n > size:
			return 0, fmt.Errorf("%w: a packet of type %d is cut short", errUnread, p[4])
		case n > maxSFTPHeld:
			return 0, fmt.Errorf("%w: a packet of type %d has %d bytes", errUnread, p[4], size)
		case n <= asked || n > len(p):
			return n, nil
		}
		asked = n
	}
}

// sizeOf is the size of the packet with its length field; p has its first 4 bytes. A length
// beyond what an int of 32 bits takes comes out as too long.
func sizeOf(p []byte) int { return int(min(binary.BigEndian.Uint32(p), 2*maxSFTPPacket)) + 4 }

// fields reads the parts of a packet. After the first that is cut short all are empty.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n int) []byte {
	if f.bad || n > len(f.b) {
		f.bad = true
		return nil
	}
	p := f.b[:n]
	f.b = f.b[n:]
	return p
}

func (f *fields) u32() uint32 {
	if p := f.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (f *fields) u64() uint64 {
	if p := f.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

func (f *fields) str() []byte {
	n := f.u32()
	if f.bad || uint64(n) > uint64(len(f.b)) {
		f.bad = true
		return nil
	}
	return f.take(int(n))
}
