package recordings

import (
	"crypto/cipher"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// When compressing is tried. For input it is tried late only: the length of a segment must not tell how well typed text
// compresses.
const (
	leastOutput = 128
	leastInput  = 1024
	maxSkip     = 16 // segments written uncompressed after repeated attempts that gained nothing
)

// batch holds the frames of one write to the file, and the buffers to seal them with. The process owns the batches, so an
// idle recording holds none.
type batch struct {
	text   [2][]byte // frames of the output and of the input
	packed []byte
	wire   []byte
	frames uint64
	bytes  [2]int64
}

// batches and encoders hold spare buffers only; they carry no state. An encoder is large, so it is borrowed only while it
// runs.
var (
	batches  = sync.Pool{New: func() any { return new(batch) }}
	encoders = sync.Pool{New: func() any {
		// The fastest level: its tables fit into a core's own cache, so that small segments do
		// not pay for fetching larger ones. Literals are packed without a match, since short lines of
		// digits have few matches that are long enough for this level.
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithLowerEncoderMem(true),
			zstd.WithAllLitEntropyCompression(true))
		if err != nil {
			return (*zstd.Encoder)(nil) // pack then leaves the segment as it is
		}
		return z
	}}
)

func (b *batch) plain() int { return len(b.text[0]) + len(b.text[1]) }

// reset empties the batch, so that nothing of one recording stays for the next.
func (b *batch) reset() {
	clear(b.text[0])
	clear(b.text[1])
	clear(b.packed)
	for _, p := range []*[]byte{&b.text[0], &b.text[1], &b.packed, &b.wire} {
		if cap(*p) > 4*groupMost {
			*p = nil // one huge event must not hold memory
			continue
		}
		*p = (*p)[:0]
	}
	b.frames, b.bytes = 0, [2]int64{}
}

// each calls tap with the frames; order holds within each side.
func (b *batch) each(tap func(Frame)) {
	for i, t := range b.text {
		for {
			f, rest, more, _ := takeFrame(t, i == 1)
			if !more {
				break
			}
			tap(f)
			t = rest
		}
	}
}

// side is one of the two sealed streams of a file.
type side struct {
	typ    byte
	least  int // compressing is tried from this many bytes of frames
	aead   cipher.AEAD
	misses uint // attempts in a row that gained nothing
	skip   int  // segments left without an attempt
}

// pack compresses a segment's frames if that saves bytes. After repeated attempts without gain it tries only now and then.
func (s *side) pack(b *batch, text []byte) (body []byte, flag byte) {
	if len(text) < s.least {
		return text, 0
	}
	if s.skip > 0 {
		s.skip--
		return text, 0
	}
	z := encoders.Get().(*zstd.Encoder)
	if z == nil {
		return text, 0
	}
	b.packed = z.EncodeAll(text, b.packed[:0])
	encoders.Put(z)
	if len(b.packed) > len(text)-len(text)/16 {
		s.misses++
		s.skip = min(1<<min(s.misses, 8), maxSkip)
		return text, 0
	}
	s.misses = 0
	return b.packed, compressed
}

// write seals a batch and hands it to the kernel in one write. Only one call runs at a time. It returns the number of bytes
// written.
func (w *Writer) write(b *batch) (int64, error) {
	for i := range w.sides {
		if len(b.text[i]) > 0 {
			w.seal(b, i)
		}
	}
	return int64(len(b.wire)), writeAll(w.file, b.wire)
}

// seal appends one segment to the batch's wire and extends the chain over it.
func (w *Writer) seal(b *batch, i int) {
	s := &w.sides[i]
	body, flag := s.pack(b, b.text[i])
	if s.typ == segInput && flag == 0 {
		for len(b.text[i])%padTo != 0 {
			b.text[i] = append(b.text[i], kindPad)
		}
		body = b.text[i]
	}
	at, offset := len(b.wire), w.Size()+int64(len(b.wire))
	b.wire = putHead(b.wire, s.typ|flag, len(body)+tagLen)
	w.aad = w.pre.aad(w.aad[:0], offset, b.wire[at:])
	putNonce(w.nonce[:], w.index)
	b.wire = s.aead.Seal(b.wire, w.nonce[:], body, w.aad)
	w.chain.Write(b.wire[at:])
	b.wire = w.check(b.wire)
	w.next = tail{at: offset, size: len(b.wire) - at, index: w.index, side: i, check: [checkLen]byte(w.sum[:checkLen])}
	w.index++
}

// check appends the truncated chain to dst and extends the chain over it. The chain is the file's SHA-256 so far, so one pass
// gives both the checks and the digest of the whole file.
func (w *Writer) check(dst []byte) []byte {
	w.chain.Sum(w.sum[:0])
	w.chain.Write(w.sum[:checkLen])
	return append(dst, w.sum[:checkLen]...)
}

// writeAll treats a short write as an error.
func writeAll(f io.Writer, b []byte) error {
	n, err := f.Write(b)
	if err == nil && n != len(b) {
		err = io.ErrShortWrite
	}
	return err
}
