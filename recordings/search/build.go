package search

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"sekimori/recordings"
)

// mostText bounds the text of one session in the index. What comes after it is in the recording, and searches of the session say so.
const mostText = 256 << 20

// Built is what Build has made.
type Built struct {
	Lines int
	Bytes int64 // of text
	Cut   bool  // the recording has more text; only the beginning is indexed
}

// Build indexes a session from the lines of its recording. An index that the session has already is replaced. If the lines end with
// an error, or ctx ends, nothing is changed.
func (x *Index) Build(ctx context.Context, session string, lines iter.Seq2[recordings.TextLine, error]) (Built, error) {
	if !validSession(session) {
		return Built{}, fmt.Errorf("index %q: no number of a session", session)
	}
	name := session + partial
	f, err := x.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Built{}, fmt.Errorf("index %s: %w", session, err)
	}
	b := &builder{w: f, most: x.o.MostText}
	err = b.build(ctx, x, session, lines)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = x.root.Rename(name, session+suffix)
	}
	if err != nil {
		return Built{}, errors.Join(fmt.Errorf("index %s: %w", session, err), notThere(x.root.Remove(name)))
	}
	x.note(session, true)
	return Built{Lines: b.sum.Lines, Bytes: b.sum.Bytes, Cut: b.sum.Cut}, nil
}

func notThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// builder writes one file.
type builder struct {
	w    io.Writer
	s    *sealing
	enc  *zstd.Encoder
	most int64

	grams  grams
	text   []byte
	packed []byte
	last   Line
	sum    summary
}

func (b *builder) build(ctx context.Context, x *Index, session string, lines iter.Seq2[recordings.TextLine, error]) error {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	sealed, err := x.o.Seal(purpose+session, key)
	if err != nil {
		return err
	}
	if b.s, err = newSealing(key, session); err != nil {
		return err
	}
	clear(key)
	if b.enc, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)); err != nil {
		return err
	}
	defer b.enc.Close()
	head := append(binary.BigEndian.AppendUint16([]byte(magic), uint16(len(sealed))), sealed...) //nolint:gosec // a sealed key has less than 100 bytes
	if _, err := b.w.Write(head); err != nil {
		return err
	}
	no := 0
	for l, err := range lines {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := b.line(Line{No: no, Elapsed: l.Elapsed.Truncate(time.Millisecond), Kind: l.Kind, JA: l.JA, EN: l.EN}); err != nil {
			return err
		}
		if b.sum.Cut {
			break
		}
		no++
	}
	if err := b.chunk(); err != nil {
		return err
	}
	end, err := json.Marshal(b.sum)
	if err != nil {
		return err
	}
	return b.write(nil, b.s.seal(end))
}

func (b *builder) line(l Line) error {
	if b.sum.Bytes >= b.most {
		b.sum.Cut = true
		return nil
	}
	b.grams.add(Fold(l.JA))
	if l.EN != l.JA {
		b.grams.add(Fold(l.EN))
	}
	b.text = appendLine(b.text, b.last, l)
	b.last = l
	b.sum.Lines++
	b.sum.Bytes += int64(len(l.JA))
	b.sum.UntilM = l.Elapsed.Milliseconds()
	if len(b.text) >= chunkBytes {
		return b.chunk()
	}
	return nil
}

// chunk writes the lines so far as a chunk. Each chunk begins with a whole number and time.
func (b *builder) chunk() error {
	if len(b.text) == 0 {
		return nil
	}
	b.packed = b.enc.EncodeAll(b.text, b.packed[:0])
	err := b.write(b.s.seal(b.grams.filter()), b.s.seal(b.packed))
	b.text, b.last = b.text[:0], Line{}
	return err
}

func (b *builder) write(filter, lines []byte) error {
	if len(filter) > mostPiece || len(lines) > mostPiece {
		return fmt.Errorf("a chunk of %d and %d bytes", len(filter), len(lines))
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(filter))) //nolint:gosec // bounded above
	head = binary.BigEndian.AppendUint32(head, uint32(len(lines)))  //nolint:gosec // bounded above
	for _, p := range [][]byte{head, filter, lines} {
		if _, err := b.w.Write(p); err != nil {
			return err
		}
	}
	return nil
}
