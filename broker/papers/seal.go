package papers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"sekimori/broker/keys"
)

// A copy lies sealed in segments, so that neither filing nor looking holds more than one in memory: the magic, then for each segment
// its sealed length (4 bytes, big endian) and the output of keys.Ring.Seal. The sealing purpose of a segment names the file, the
// segment's number and whether it is the last: a file that was cut short, reordered or moved to another's place does not open.

const (
	magic       = "sekimori paper 1\n"
	segmentSize = 64 << 10
	maxSealed   = segmentSize + 256 // version, nonce and tag are far less
)

// errSealed: the file differs from the one sealed under its name.
var errSealed = errors.New("the sealed copy does not open")

func segmentPurpose(name string, n int, last bool) string {
	return fmt.Sprintf("paper/%s/%d/%t", name, n, last)
}

// sealTo seals all bytes of plain under the name of its file. plain must return any error but io.EOF again.
func sealTo(w io.Writer, ring *keys.Ring, name string, plain io.Reader) error {
	if _, err := io.WriteString(w, magic); err != nil {
		return err
	}
	in := bufio.NewReaderSize(plain, segmentSize)
	segment := make([]byte, segmentSize)
	for n := 0; ; n++ {
		size, err := io.ReadFull(in, segment)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		_, ahead := in.Peek(1)
		if ahead != nil && !errors.Is(ahead, io.EOF) {
			return ahead
		}
		sealed, err := ring.Seal(segmentPurpose(name, n, ahead != nil), segment[:size])
		if err != nil {
			return err
		}
		if _, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(sealed))), sealed...)); err != nil {
			return err
		}
		if ahead != nil {
			return nil
		}
	}
}

// opener reads the output of sealTo. Its errors are errSealed, or the disk's.
type opener struct {
	ring *keys.Ring
	name string
	in   *bufio.Reader
	n    int
	left []byte
	end  bool
}

func open(r io.Reader, ring *keys.Ring, name string) (*opener, error) {
	o := &opener{ring: ring, name: name, in: bufio.NewReaderSize(r, segmentSize)}
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(o.in, head); err != nil || string(head) != magic {
		return nil, fmt.Errorf("%w: no copy begins so", errSealed)
	}
	return o, nil
}

// Read implements io.Reader.
func (o *opener) Read(p []byte) (int, error) {
	for len(o.left) == 0 {
		if o.end {
			return 0, io.EOF
		}
		if err := o.segment(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.left)
	o.left = o.left[n:]
	return n, nil
}

func (o *opener) segment() error {
	var size [4]byte
	if _, err := io.ReadFull(o.in, size[:]); err != nil {
		return fmt.Errorf("%w: segment %d is missing", errSealed, o.n)
	}
	length := binary.BigEndian.Uint32(size[:])
	if length > maxSealed {
		return fmt.Errorf("%w: segment %d has an impossible length", errSealed, o.n)
	}
	sealed := make([]byte, length)
	if _, err := io.ReadFull(o.in, sealed); err != nil {
		return fmt.Errorf("%w: segment %d is cut short", errSealed, o.n)
	}
	_, ahead := o.in.Peek(1)
	o.end = errors.Is(ahead, io.EOF)
	plain, err := o.ring.Unseal(segmentPurpose(o.name, o.n, o.end), sealed)
	if err != nil {
		return fmt.Errorf("%w: segment %d", errSealed, o.n)
	}
	o.left = plain
	o.n++
	return nil
}
