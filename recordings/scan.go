package recordings

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// scanner walks the segments of a recording and checks the chain, without keys. Reader, Verify and Seal share it, so that
// they agree where a file stops being whole.
type scanner struct {
	in      *bufio.Reader
	pre     *prelude
	chain   hash.Hash // of all bytes read so far
	sum     [sha256.Size]byte
	offset  int64  // after the last whole segment
	index   uint64 // of the next segment
	body    []byte
	ended   bool
	end     endBody
	crashed bool
	before  Sum   // the chain before the end segment
	badLen  int64 // length of the first segment with a wrong check; 0: none
}

// segment is one whole segment. body is valid until the next one.
type segment struct {
	typ    byte
	head   [headLen]byte
	body   []byte
	offset int64
	index  uint64
}

// newScanner reads the prelude.
func newScanner(r io.Reader) (*scanner, error) {
	s := &scanner{in: bufio.NewReaderSize(r, 64<<10), chain: sha256.New()}
	p, b, err := readPrelude(s.in)
	s.chain.Write(b)
	if err != nil {
		return s, err
	}
	s.pre, s.offset = p, p.size
	return s, nil
}

// next returns the next whole segment; io.EOF after the end segment.
func (s *scanner) next() (segment, error) {
	g := segment{offset: s.offset, index: s.index}
	if s.ended {
		if _, err := s.in.ReadByte(); err == nil {
			return g, s.corrupt("bytes follow the end")
		} else if err != io.EOF {
			return g, fmt.Errorf("read recording: %w", err)
		}
		return g, io.EOF
	}
	if n, err := io.ReadFull(s.in, g.head[:]); err != nil {
		return g, s.short(int64(n), err)
	}
	g.typ = g.head[0]
	n := int(g.head[1])<<16 | int(g.head[2])<<8 | int(g.head[3])
	switch g.typ {
	case segOutput, segInput, segOutput | compressed, segInput | compressed, segEnd:
		if n < tagLen || n > maxBody {
			return g, s.corrupt(fmt.Sprintf("length %d out of range", n))
		}
	case segCrashed:
		if n > maxBody {
			return g, s.corrupt(fmt.Sprintf("length %d out of range", n))
		}
	default:
		return g, s.corrupt(fmt.Sprintf("no segment begins with %#02x", g.typ))
	}
	if err := s.fill(n + checkLen); err != nil {
		return g, err
	}
	g.body = s.body[:n]
	s.chain.Sum(s.sum[:0])
	before := Sum(s.sum)
	s.chain.Write(g.head[:])
	s.chain.Write(g.body)
	s.chain.Sum(s.sum[:0])
	if !bytes.Equal(s.sum[:checkLen], s.body[n:]) {
		s.badLen = int64(headLen + n + checkLen)
		return g, s.corrupt("the chain does not hold")
	}
	if g.typ == segEnd || g.typ == segCrashed {
		plain := g.body
		if g.typ == segEnd {
			plain = g.body[:n-tagLen]
		}
		if err := s.end.read(plain); err != nil {
			return g, s.corrupt("the end: " + err.Error())
		}
		s.ended, s.crashed, s.before = true, g.typ == segCrashed, before
	}
	s.chain.Write(s.body[n:])
	s.offset += int64(headLen + n + checkLen)
	s.index++
	return g, nil
}

// fill reads n bytes into body. It grows body as bytes arrive, so that a false length costs no memory.
func (s *scanner) fill(n int) error {
	s.body = s.body[:0]
	for len(s.body) < n {
		step := min(n-len(s.body), 256<<10)
		at := len(s.body)
		if cap(s.body) < at+step {
			s.body = append(s.body, make([]byte, step)...)
		} else {
			s.body = s.body[:at+step]
		}
		m, err := io.ReadFull(s.in, s.body[at:])
		if err != nil {
			return s.short(int64(headLen+at+m), err)
		}
	}
	return nil
}

func (s *scanner) short(torn int64, err error) error {
	if !isShort(err) {
		return fmt.Errorf("read recording at offset %d: %w", s.offset, err)
	}
	return &TruncatedError{Offset: s.offset, Segment: s.index, Torn: torn}
}

func (s *scanner) corrupt(what string) error {
	return &CorruptError{Offset: s.offset, Segment: s.index, What: what}
}

// digest covers the bytes read so far: the whole file once next has returned io.EOF.
func (s *scanner) digest() Digest {
	var d Digest
	if s.ended {
		d = s.end.digest()
		d.Chain, d.Crashed = s.before, s.crashed
	}
	d.Size, d.Segments = s.offset, s.index
	s.chain.Sum(d.SHA256[:0])
	return d
}
