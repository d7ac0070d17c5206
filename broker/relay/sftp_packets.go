package relay

import (
	"encoding/binary"
	"fmt"
)

// Limits of an SFTP packet. A request that names files is held until it is complete; contents are not held. No server accepts
// contents of more than 256 KiB, and the draft requires 34,000 bytes.
const (
	maxSFTPHeld   = 34000
	maxSFTPPacket = 1 << 20
	maxSFTPHandle = 256
)

// packetLook inspects the packets of one direction of an SFTP channel.
type packetLook interface {
	// need returns how many bytes of a packet look must see. head is the packet's beginning: 5 bytes (length and type), or
	// as many as need asked for before.
	need(head []byte) (int, error)
	// look gets that many bytes before any of them is relayed, and may change them. If it returns other bytes, those are relayed
	// in place of the whole packet.
	look(p []byte) (instead []byte, err error)
}

// packets splits one direction of an SFTP channel into packets. It holds back the beginning of a packet until it can be
// inspected, and passes the rest without copying.
type packets struct {
	held []byte // the beginning of a packet before its inspection
	skip int    // bytes of the inspected packet still to come
	drop bool   // they are not relayed, because other bytes took the packet's place
	now  bool   // look asks that the packet be relayed before the next one is inspected
}

// feed handles the next piece. ok is false if hand refuses more. err says that the peer sent an invalid packet; the valid
// bytes before it were relayed.
func (k *packets) feed(b []byte, l packetLook, hand func([]byte) bool) (ok bool, err error) {
	if len(k.held) > 0 {
		rest, instead, whole, err := k.fill(b, l)
		if err != nil || !whole {
			return err == nil, err
		}
		b = rest
		if instead == nil {
			instead = k.held
		}
		ok := hand(instead)
		if k.held = k.held[:0]; cap(k.held) > 1<<10 {
			k.held = nil
		}
		if !ok {
			return false, nil
		}
	}
	from, at := 0, 0 // b[from:at] was inspected and is to be relayed
	pass := func() bool {
		part := b[from:at]
		from = at
		return len(part) == 0 || hand(part)
	}
	for at < len(b) {
		if k.skip > 0 {
			n := min(k.skip, len(b)-at)
			k.skip -= n
			at += n
			if k.drop {
				from = at
			}
			continue
		}
		var n int
		if n, err = want(b[at:], l); err != nil || n > len(b)-at {
			break
		}
		var instead []byte
		if instead, err = k.judge(b[at:at+n], l); err != nil {
			break
		}
		if instead != nil {
			if !pass() {
				return false, nil
			}
			at += n
			from = at
			if !hand(instead) {
				return false, nil
			}
			continue
		}
		at += n
		if k.now {
			k.now = false
			if !pass() {
				return false, nil
			}
		}
	}
	if !pass() {
		return false, nil
	}
	if err == nil {
		k.held = append(k.held, b[at:]...)
	}
	return err == nil, err
}

// fill adds to the held packet and inspects it once enough has arrived.
func (k *packets) fill(b []byte, l packetLook) (rest, instead []byte, whole bool, err error) {
	for {
		n, err := want(k.held, l)
		if err != nil {
			return nil, nil, false, err
		}
		if n <= len(k.held) {
			instead, err = k.judge(k.held, l)
			return b, instead, true, err
		}
		if len(b) == 0 {
			return nil, nil, false, nil
		}
		take := min(n-len(k.held), len(b))
		k.held = append(k.held, b[:take]...)
		b = b[take:]
	}
}

func (k *packets) judge(p []byte, l packetLook) (instead []byte, err error) {
	k.skip = sizeOf(p) - len(p)
	instead, err = l.look(p)
	k.drop = instead != nil
	return instead, err
}

// want returns how many bytes of the packet at the start of p are needed to inspect it; at most len(p) once they are there.
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

// sizeOf is the size of the packet with its length field; p has its first 4 bytes. A length beyond a 32-bit int yields a
// value above the limit.
func sizeOf(p []byte) int { return int(min(binary.BigEndian.Uint32(p), 2*maxSFTPPacket)) + 4 }

// fields parses a packet. After the first truncated field all are empty.
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
