package recordings

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"sekimori/recordings/exactjson"
)

// Version is the version of the format that Create writes. Older versions stay readable; the golden files hold that.
const Version = 1

// The bytes of FORMAT.md. A change of any of them needs a new Version.
const (
	magic     = "\x89SKR\r\n\x1a\n" // like PNG's: a transfer that converts line ends visibly breaks it
	fixedLen  = 22                  // magic, version, three lengths
	maxPart   = 64 << 10            // of the header and of each wrapped key
	headLen   = 4                   // type and length of a segment
	checkLen  = 8                   // truncated chain after each segment
	tagLen    = 16                  // of AES-GCM
	keyLen    = 32
	maxPlain  = 2 << 20 // bytes of frames in one segment
	maxBody   = maxPlain + tagLen
	padTo     = 16        // uncompressed input is padded to a multiple of this
	maxChunk  = 64 << 10  // data of one frame as written; readers accept up to maxPlain
	groupMost = 128 << 10 // frames that the writer gathers for one segment
)

// Types of segments. compressed is a flag on the first two.
const (
	segOutput  byte = 0x01
	segInput   byte = 0x02
	segEnd     byte = 0x04 // closed by the writer, authenticated with the output key
	segCrashed byte = 0x05 // closed by Seal, which has no key
	compressed byte = 0x80
)

// Kinds of frames. A data frame's kind is its Stream.
const (
	kindPad   byte = 0
	kindEvent byte = 0x10
)

// prelude is the part of the file before the first segment.
type prelude struct {
	header            Header
	outputKey, inpKey []byte // wrapped with age
	digest            Sum    // SHA-256 of the prelude's other bytes; every segment is bound to it
	size              int64  // bytes, digest included
}

// encode renders the prelude and fills in digest and size.
func (p *prelude) encode() ([]byte, error) {
	h, err := json.Marshal(p.header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	b := make([]byte, 0, fixedLen+len(h)+len(p.outputKey)+len(p.inpKey)+sha256.Size)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint16(b, Version)
	for _, part := range [][]byte{h, p.outputKey, p.inpKey} {
		if len(part) > maxPart {
			return nil, fmt.Errorf("header: a part has %d bytes, more than %d", len(part), maxPart)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
	}
	b = append(append(append(b, h...), p.outputKey...), p.inpKey...)
	p.digest = sha256.Sum256(b)
	b = append(b, p.digest[:]...)
	p.size = int64(len(b))
	return b, nil
}

// readPrelude reads a prelude. It returns the bytes as well, for the chain.
func readPrelude(r io.Reader) (*prelude, []byte, error) {
	b := make([]byte, fixedLen)
	if n, err := io.ReadFull(r, b); err != nil {
		if !isShort(err) {
			return nil, b[:n], err
		}
		if !bytes.HasPrefix([]byte(magic), b[:min(n, len(magic))]) {
			return nil, b[:n], &CorruptError{What: notRecording}
		}
		return nil, b[:n], &TruncatedError{Torn: int64(n)}
	}
	if string(b[:len(magic)]) != magic {
		return nil, b, &CorruptError{What: notRecording}
	}
	if v := binary.BigEndian.Uint16(b[8:]); v != Version {
		return nil, b, &CorruptError{What: fmt.Sprintf("format version %d is unknown to this program (it knows %d)", v, Version)}
	}
	var n [3]int
	total := sha256.Size
	for i := range n {
		v := binary.BigEndian.Uint32(b[10+4*i:])
		if v > maxPart {
			return nil, b, &CorruptError{What: fmt.Sprintf("length %d in the header is more than %d", v, maxPart)}
		}
		n[i] = int(v)
		total += n[i]
	}
	b = append(b, make([]byte, total)...)
	if m, err := io.ReadFull(r, b[fixedLen:]); err != nil {
		if isShort(err) {
			err = &TruncatedError{Torn: int64(fixedLen + m)}
		}
		return nil, b[:fixedLen+m], err
	}
	end := len(b) - sha256.Size
	p := &prelude{digest: sha256.Sum256(b[:end]), size: int64(len(b))}
	if !bytes.Equal(p.digest[:], b[end:]) {
		return nil, b, &CorruptError{What: "the header's digest does not hold"}
	}
	rest := b[fixedLen:]
	if err := p.header.read(rest[:n[0]]); err != nil {
		return nil, b, &CorruptError{What: "the header: " + err.Error()}
	}
	p.outputKey = rest[n[0] : n[0]+n[1]]
	p.inpKey = rest[n[0]+n[1] : n[0]+n[1]+n[2]]
	return p, b, nil
}

// read parses the header strictly: each member appears once, under its exact name; version, session and started are required.
func (h *Header) read(b []byte) error {
	if err := exactjson.Decode(b, h); err != nil {
		return err
	}
	switch {
	case h.Version != Version:
		return fmt.Errorf("it says version %d in a file of version %d", h.Version, Version)
	case h.Session == "":
		return errors.New("it names no session")
	case h.Started.IsZero():
		return errors.New("it does not say when the session started")
	}
	return nil
}

func isShort(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// aad returns the additional data that every sealed segment is bound to: the header, the segment's place in the file, its
// type and its length.
func (p *prelude) aad(dst []byte, offset int64, head []byte) []byte {
	dst = append(dst, p.digest[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(offset))
	return append(dst, head...)
}

// putHead appends type and length of a segment.
func putHead(b []byte, typ byte, length int) []byte {
	return append(b, typ, byte(length>>16), byte(length>>8), byte(length))
}

// putNonce writes the nonce of a segment: its number in the file. A key serves one file, and seals each number at most once.
func putNonce(dst []byte, index uint64) {
	clear(dst[:4])
	binary.BigEndian.PutUint64(dst[4:], index)
}

// endBody is the body of an end segment. It is plain: it holds nothing of the session, and the end must be known without a
// key.
type endBody struct {
	Cause       string    `json:"cause"`
	At          time.Time `json:"at"`
	Frames      uint64    `json:"frames,omitempty"`
	OutputBytes int64     `json:"output_bytes,omitempty"`
	InputBytes  int64     `json:"input_bytes,omitempty"`
	Cut         int64     `json:"cut,omitempty"` // bytes of a torn tail that Seal cut off
}

// said makes an end readable by filling in a missing cause or time: the evidence must not be lost over a caller's mistake.
func (e End) said(h Header) End {
	if e.Cause == "" {
		e.Cause = "unknown"
	}
	if e.At.IsZero() {
		e.At = h.Started
	}
	return e
}

// read parses an end strictly.
func (e *endBody) read(b []byte) error {
	if err := exactjson.Decode(b, e); err != nil {
		return err
	}
	if e.Cause == "" || e.At.IsZero() {
		return errors.New("it says no cause, or not when")
	}
	return nil
}

func (e endBody) end() End { return End{Cause: e.Cause, At: e.At} }

func (e endBody) digest() Digest {
	return Digest{Frames: e.Frames, OutputBytes: e.OutputBytes, InputBytes: e.InputBytes, Cut: e.Cut}
}

// unwrapKey opens a file key. It returns nil, nil if the identities do not open it.
func unwrapKey(wrapped []byte, ids []age.Identity) ([]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	r, err := age.Decrypt(bytes.NewReader(wrapped), ids...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := io.ReadAll(io.LimitReader(r, keyLen+1))
	if err != nil {
		return nil, err
	}
	if len(key) != keyLen {
		return nil, fmt.Errorf("the file key has %d bytes, not %d", len(key), keyLen)
	}
	return key, nil
}

// newAEAD returns AES-256-GCM with a file key.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
