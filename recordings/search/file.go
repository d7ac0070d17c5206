package search

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// The file of a session:
//
//	magic, length of the sealed key (2 bytes), sealed key
//	of each chunk: length of the filter (4), length of the lines (4), filter, lines
//	at the end:    0 (4), length of the summary (4), summary
//
// Filter, lines and summary are sealed with AES-256-GCM under the file's key. The nonce is their number in the file; the session's
// number is authenticated with each.
const magic = "sekimori search 1\n"

const (
	keySize   = 32
	suffix    = ".index"
	mostPiece = 8 << 20 // of a sealed piece
)

// ErrDamaged says that a file of the index cannot be read as it was written.
var ErrDamaged = errors.New("the file is not as it was written")

// summary is the end of a file.
type summary struct {
	Lines  int   `json:"lines"`
	Bytes  int64 `json:"bytes"`         // of text
	UntilM int64 `json:"until_ms"`      // time of the last line
	Cut    bool  `json:"cut,omitempty"` // the recording has more text than an index takes
}

// sealing seals or opens the pieces of one file in their order.
type sealing struct {
	aead    cipher.AEAD
	session []byte
	n       uint64 // of pieces so far
}

func newSealing(key []byte, session string) (*sealing, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	a, err := cipher.NewGCM(b)
	return &sealing{aead: a, session: []byte(session)}, err
}

func (s *sealing) nonce(n uint64) []byte {
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[4:], n)
	return nonce[:]
}

func (s *sealing) seal(plain []byte) []byte {
	s.n++
	return s.aead.Seal(nil, s.nonce(s.n), plain, s.session)
}

// open opens the piece with a number, counted from 1.
func (s *sealing) open(to []byte, n uint64, sealed []byte) ([]byte, error) {
	plain, err := s.aead.Open(to[:0], s.nonce(n), sealed, s.session)
	if err != nil {
		return nil, errDamaged
	}
	return plain, nil
}

// validSession accepts the number of a session, which becomes a file's name.
func validSession(id string) bool {
	if id == "" || len(id) > 64 || id[0] == '.' {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-'
	}) < 0
}

// opened is a session's file under reading.
type opened struct {
	f     *os.File
	s     *sealing
	at    int64  // of the next chunk
	n     uint64 // pieces before it
	buf   []byte // of sealed bytes
	plain []byte
}

// openFile opens a session's file. Errors: ErrDamaged, fs.ErrNotExist.
func (x *Index) openFile(session string) (*opened, error) {
	f, err := x.root.Open(session + suffix)
	if err != nil {
		return nil, err
	}
	o := &opened{f: f, buf: make([]byte, 32<<10)}
	if err := o.begin(x, session); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return o, nil
}

func (o *opened) begin(x *Index, session string) error {
	head, err := o.bytes(0, len(magic)+2)
	if err != nil || string(head[:len(magic)]) != magic {
		return errors.Join(errDamaged, err)
	}
	size := int(binary.BigEndian.Uint16(head[len(magic):]))
	sealed, err := o.bytes(int64(len(magic)+2), size)
	if err != nil {
		return err
	}
	key, err := x.o.Unseal(purpose+session, sealed)
	if err != nil || len(key) != keySize {
		return errors.Join(errDamaged, err)
	}
	o.s, err = newSealing(key, session)
	clear(key)
	o.at = int64(len(magic) + 2 + size)
	return err
}

// bytes reads n bytes of the file; valid until the next call.
func (o *opened) bytes(at int64, n int) ([]byte, error) {
	if n > mostPiece {
		return nil, errDamaged
	}
	if n > len(o.buf) {
		o.buf = make([]byte, n)
	}
	if _, err := o.f.ReadAt(o.buf[:n], at); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errDamaged
		}
		return nil, fmt.Errorf("read index: %w", err)
	}
	return o.buf[:n], nil
}

// chunk is a chunk's place in the file.
type chunk struct {
	filter, lines int // lengths; filter 0: the end of the file, and lines is the summary's
	at            int64
	n             uint64
}

// next finds the next chunk.
func (o *opened) next() (chunk, error) {
	head, err := o.bytes(o.at, 8)
	if err != nil {
		return chunk{}, err
	}
	f, l := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
	if f > mostPiece || l > mostPiece {
		return chunk{}, errDamaged
	}
	c := chunk{filter: int(f), lines: int(l), at: o.at + 8, n: o.n}
	o.at += 8 + int64(f) + int64(l)
	o.n += 2
	return c, nil
}

// filterOf opens a chunk's filter; valid until the next call.
func (o *opened) filterOf(c chunk) ([]byte, error) {
	sealed, err := o.bytes(c.at, c.filter)
	if err != nil {
		return nil, err
	}
	o.plain, err = o.s.open(o.plain, c.n+1, sealed)
	return o.plain, err
}

// linesOf opens a chunk's packed lines, or at the end the summary; valid until the next call.
func (o *opened) linesOf(c chunk) ([]byte, error) {
	sealed, err := o.bytes(c.at+int64(c.filter), c.lines)
	if err != nil {
		return nil, err
	}
	n := c.n + 2
	if c.filter == 0 {
		n = c.n + 1
	}
	o.plain, err = o.s.open(o.plain, n, sealed)
	return o.plain, err
}

func (o *opened) close() error { return o.f.Close() }
