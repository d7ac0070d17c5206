package index

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"sekimori/recordings"
)

const (
	partLong  = time.Minute // of the shortened picture
	partBytes = 256 << 10   // of the events' texts
	dumpShare = 8           // a part has at least this part of its snapshot's size
)

// builder writes an index while a recording is read.
type builder struct {
	out     io.Writer
	at      int64
	s       *sealer
	pack    *zstd.Encoder
	dir     Directory
	part    Part
	bytes   int // of the part's events
	dump    int // bytes of its snapshot
	begun   time.Duration
	last    time.Duration
	screens [2]*recordings.Picture // en, ja
}

// Build reads a finished recording to its end and writes its index. r must be at the recording's beginning. digest is that of the whole recording in
// the ledger; a recording that turns out to have another one is an error. v gives the encoding, the start in its zone, and the names of causes. Error: ErrTooLarge
// (wrapped). What was written before an error is no index.
func Build(ctx context.Context, out io.Writer, r *recordings.Reader, digest recordings.Sum, v recordings.View) error {
	secret, err := r.Derive(label)
	if err != nil {
		return err
	}
	head := append(headOf(digest), make([]byte, saltLen)...)
	_, _ = rand.Read(head[headLen-saltLen:]) // never fails
	b := &builder{out: out}
	if b.s, err = newSealer(secret, head); err != nil {
		return err
	}
	if b.pack, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)); err != nil {
		return err
	}
	defer b.pack.Close()
	if err := b.write(head); err != nil {
		return err
	}
	v.Channel, v.Idle = nil, Idle
	film, err := recordings.Scenes(ctx, r, v, b.take)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if got := r.Digest().SHA256; got != digest {
		return fmt.Errorf("index: the recording has digest %s, not %s", got, digest)
	}
	return b.end(film, v)
}

// take adds a scene. A part begins only after a gap, because no two parts may begin at one time.
func (b *builder) take(f *recordings.Film, s recordings.Scene) error {
	switch {
	case b.screens[0] == nil:
		for i := range b.screens {
			b.screens[i] = recordings.NewPicture(int(f.Cols), int(f.Rows))
		}
		b.dir.Cols, b.dir.Rows = f.Cols, f.Rows
		if err := b.begin(0, 0); err != nil {
			return err
		}
	case s.Elapsed > b.last && b.full(s.Played):
		if err := b.flush(); err != nil {
			return err
		}
		if err := b.begin(s.Elapsed, s.Played); err != nil {
			return err
		}
	}
	b.last = s.Elapsed
	b.part.Events = append(b.part.Events, Event{s.Elapsed.Microseconds(), s.Code, s.EN, s.JA})
	if b.bytes += len(s.EN) + len(s.JA) + 16; b.bytes > mostPart/8 { // JSON may take six bytes for one
		return fmt.Errorf("%w: %d bytes at one moment", ErrTooLarge, b.bytes)
	}
	for i, text := range []string{s.EN, s.JA} {
		switch s.Code {
		case "o":
			b.screens[i].Feed([]byte(text))
		case "r":
			var cols, rows int
			if _, err := fmt.Sscanf(text, "%dx%d", &cols, &rows); err != nil {
				return fmt.Errorf("index: size %q: %w", text, err)
			}
			b.screens[i].Resize(cols, rows)
		}
	}
	return nil
}

func (b *builder) full(played time.Duration) bool {
	return b.bytes >= max(partBytes, b.dump) || played-b.begun >= partLong && b.bytes >= b.dump/dumpShare
}

// begin starts a part with a snapshot.
func (b *builder) begin(elapsed, played time.Duration) error {
	cols, rows := b.screens[0].Size()
	if cols == 0 {
		return fmt.Errorf("%w: its terminal", ErrTooLarge)
	}
	b.part = Part{Cols: cols, Rows: rows, EN: string(b.screens[0].Dump()), Events: b.part.Events[:0]}
	if ja := string(b.screens[1].Dump()); ja != b.part.EN {
		b.part.JA = ja
	}
	b.dump, b.bytes, b.begun = len(b.part.EN)+len(b.part.JA), 0, played
	b.dir.Parts = append(b.dir.Parts, Place{Elapsed: elapsed.Microseconds(), Played: played.Microseconds()})
	return nil
}

// flush writes the part.
func (b *builder) flush() error {
	no := len(b.dir.Parts) - 1
	at := &b.dir.Parts[no]
	at.Offset = b.at
	n, err := b.block(uint64(no), b.part, mostPart)
	at.Length = n
	return err
}

func (b *builder) end(film *recordings.Film, v recordings.View) error {
	if b.screens[0] == nil { // nothing was shown
		if err := b.take(film, recordings.Scene{Code: "o"}); err != nil {
			return err
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	t := film.Timeline
	b.dir.Encoding, b.dir.Zone, b.dir.Length, b.dir.Played = v.Encoding, v.Started.Location().String(), t.Elapsed.Microseconds(), t.Played.Microseconds()
	o := Overview{Timeline: *t}
	o.Slot, o.Output = film.Density()
	b.dir.Overview.Offset = b.at
	var err error
	if b.dir.Overview.Length, err = b.block(viewNo, o, mostDir); err != nil {
		return err
	}
	at := b.at
	n, err := b.block(tableNo, b.dir, mostDir)
	if err != nil {
		return err
	}
	return b.write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(at)), uint32(n)))
}

// block seals a part and returns its length.
func (b *builder) block(no uint64, v any, most int) (int64, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("index: %w", err)
	}
	if len(plain) > most {
		return 0, fmt.Errorf("%w: a part of %d bytes", ErrTooLarge, len(plain))
	}
	sealed := b.s.seal(no, b.pack.EncodeAll(plain, nil))
	return int64(len(sealed)), b.write(sealed)
}

func (b *builder) write(p []byte) error {
	if b.at += int64(len(p)); b.at > mostSize {
		return fmt.Errorf("%w: its index", ErrTooLarge)
	}
	if _, err := b.out.Write(p); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return nil
}
