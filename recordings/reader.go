package recordings

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Reader reads one recording. It is for one goroutine.
type Reader struct {
	scan   *scanner
	file   io.Closer
	aeads  [2]cipher.AEAD // output, input; nil: not readable
	decode *zstd.Decoder  // nil until a segment is compressed
	plain  []byte
	unpack []byte
	rest   []byte           // unread frames of the current segment
	input  bool             // the current segment is of the input
	last   [2]time.Duration // of output and input: never decreasing
	at     segment
	aad    []byte
	shared bool   // the output key comes from a keys file, and has opened nothing yet
	secret []byte // from which keys of derived files are made; nil: the output is not readable
	err    error
}

// Open opens the parts that the identities allow: the output, the input or both, also by the keys file beside the recording. It
// returns ErrNoKey (wrapped) if they open neither, and *TruncatedError or *CorruptError if the header is invalid.
func Open(path string, identities ...age.Identity) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	r, err := openBeside(f, path+KeysSuffix, identities)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.file = f
	return r, nil
}

func openBeside(f io.Reader, keysName string, identities []age.Identity) (*Reader, error) {
	keys, err := os.Open(keysName)
	if errors.Is(err, fs.ErrNotExist) {
		return NewReader(f, identities...)
	}
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	defer keys.Close() // read only: closing loses nothing
	return NewReaderWithKeys(f, keys, identities...)
}

// NewReader reads a recording from src. Its memory does not grow with the recording.
func NewReader(src io.Reader, identities ...age.Identity) (*Reader, error) {
	return NewReaderWithKeys(src, nil, identities...)
}

// NewReaderWithKeys is NewReader with the recording's keys file; nil: there is none. keys is read before NewReaderWithKeys returns,
// and only if the recording's own header does not open the output. A keys file that does not hold is an error (*KeysError) only
// if nothing else opens.
func NewReaderWithKeys(src, keys io.Reader, identities ...age.Identity) (*Reader, error) {
	s, err := newScanner(src)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	r := &Reader{scan: s}
	var damaged error
	for i, wrapped := range [][]byte{s.pre.outputKey, s.pre.inpKey} {
		key, err := unwrapKey(wrapped, identities)
		if err != nil {
			return nil, fmt.Errorf("open recording: file key: %w", err)
		}
		if key == nil && i == 0 {
			key, damaged = sharedKeyOf(keys, s.pre.digest, identities)
			r.shared = key != nil
		}
		if key == nil {
			continue
		}
		if r.aeads[i], err = newAEAD(key); err != nil {
			return nil, fmt.Errorf("open recording: %w", err)
		}
		if i == 0 {
			if r.secret, err = hkdf.Extract(sha256.New, key, s.pre.digest[:]); err != nil {
				return nil, fmt.Errorf("open recording: %w", err)
			}
		}
		clear(key)
	}
	if r.aeads == [2]cipher.AEAD{} {
		return nil, fmt.Errorf("open recording %s: %w", s.pre.header.Session, errors.Join(ErrNoKey, damaged))
	}
	return r, nil
}

// Header returns the header.
func (r *Reader) Header() Header { return r.scan.pre.header }

// Readable reports the parts that the identities opened.
func (r *Reader) Readable() (output, input bool) { return r.aeads[0] != nil, r.aeads[1] != nil }

// OutputOnly gives up the input, also where the identities opened it. It must come before the first Next.
func (r *Reader) OutputOnly() { r.aeads[1] = nil }

// Next returns the next readable frame and skips segments that cannot be opened. It returns io.EOF after the end, and
// *TruncatedError or *CorruptError if the recording stops or is invalid; the frames before are sound then. Every later call
// returns the same. The frame's Data is valid until the next call.
func (r *Reader) Next() (Frame, error) {
	for r.err == nil {
		f, rest, more, what := takeFrame(r.rest, r.input)
		if what != "" {
			r.err = r.corrupt(what)
			break
		}
		if r.rest = rest; more {
			side := 0
			if r.input {
				side = 1
			}
			if f.Elapsed < r.last[side] {
				r.err = r.corrupt("the time of a frame is before that of the frame before it")
				break
			}
			r.last[side] = f.Elapsed
			return f, nil
		}
		r.err = r.advance()
	}
	return Frame{}, r.err
}

// advance opens the next readable segment.
func (r *Reader) advance() error {
	for {
		before := r.scan.offset
		g, err := r.scan.next()
		if err != nil {
			return err
		}
		r.at = g
		var nonce [12]byte
		putNonce(nonce[:], g.index)
		r.aad = r.scan.pre.aad(r.aad[:0], before, g.head[:])
		switch g.typ &^ compressed {
		case segOutput, segInput:
			which := int(g.typ&^compressed - segOutput)
			if r.aeads[which] == nil {
				continue
			}
			r.plain, err = r.aeads[which].Open(r.plain[:0], nonce[:], g.body, r.aad)
			if err != nil {
				return r.notSealed(which, "it was not sealed with this recording's key")
			}
			r.shared = r.shared && which == 1
			r.input, r.rest = which == 1, r.plain
			if g.typ&compressed != 0 {
				return r.inflate()
			}
			return nil
		case segEnd:
			if r.aeads[0] == nil {
				continue // only the output's key authenticates the end
			}
			text := g.body[:len(g.body)-tagLen]
			r.aad = append(append(r.aad, r.scan.before[:]...), text...)
			if _, err := r.aeads[0].Open(nil, nonce[:], g.body[len(text):], r.aad); err != nil {
				return r.notSealed(0, "the end was not sealed with this recording's key")
			}
		}
	}
}

// notSealed is the fault of a segment that the key does not open. A key from the keys file that has opened nothing may itself be
// the false one: a person who can write that file can wrap a key of their own.
func (r *Reader) notSealed(side int, what string) error {
	if side == 0 && r.shared {
		return fmt.Errorf("read recording: %w", &KeysError{What: "its key does not open the recording"})
	}
	return r.corrupt(what)
}

// inflate unpacks r.plain into r.rest.
func (r *Reader) inflate() error {
	if r.decode == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain),
			zstd.WithDecoderMaxWindow(maxPlain))
		if err != nil {
			return fmt.Errorf("read recording: %w", err)
		}
		r.decode = d
	}
	out, err := r.decode.DecodeAll(r.plain, r.unpack[:0])
	if err != nil {
		return r.corrupt("it does not decompress: " + err.Error())
	}
	if len(out) > maxPlain {
		return r.corrupt("it decompresses to more than the format allows")
	}
	r.unpack, r.rest = out, out
	return nil
}

func (r *Reader) corrupt(what string) error {
	return &CorruptError{Offset: r.at.offset, Segment: r.at.index, What: what}
}

// End returns the end that the recording states, and whether Next has reached it.
func (r *Reader) End() (End, bool) { return r.scan.end.end(), r.scan.ended }

// Digest covers the bytes read so far: the whole recording once Next has returned io.EOF.
func (r *Reader) Digest() Digest { return r.scan.digest() }

// Close releases the file.
func (r *Reader) Close() error {
	if r.decode != nil {
		r.decode.Close()
	}
	clear(r.secret)
	r.secret = nil
	if r.err == nil {
		r.err = ErrClosed
	}
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
