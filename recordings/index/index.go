package index

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/klauspost/compress/zstd"

	"sekimori/recordings"
)

// Suffix is what the name of an index has behind that of its recording.
const Suffix = ".index"

const (
	magic    = "\x89SKI\r\n\x1a\n"
	version  = 2 // also to be raised when the picture of the same recording changes
	saltLen  = 32
	headLen  = len(magic) + 2 + sha256.Size + saltLen
	footLen  = 12
	label    = "index v1"
	tableNo  = math.MaxUint64
	viewNo   = tableNo - 1
	mostPart = 16 << 20 // of JSON
	mostDir  = 32 << 20
	mostSize = 4 << 30 // of the file
)

// ErrUnfit means that a file is no index of this recording as this program makes it: of another recording, version or encoding, or changed.
var ErrUnfit = errors.New("not a fit index of the recording")

// ErrTooLarge means that no index can be made: the terminal has too many cells to be followed, or a part would be too large.
var ErrTooLarge = errors.New("the session's picture is too large for an index")

// Idle is the length to which a shortened picture shortens quiet stretches.
const Idle = 2 * time.Second

// Directory is what is needed to read the parts.
type Directory struct {
	Encoding recordings.Encoding `json:"encoding"`
	Zone     string              `json:"zone"` // of the times in the picture
	Cols     uint32              `json:"cols"` // of the terminal at the beginning
	Rows     uint32              `json:"rows"`
	Length   int64               `json:"length"` // µs, of the session
	Played   int64               `json:"played"` // µs, of the shortened picture
	Parts    []Place             `json:"parts"`
	Overview Place               `json:"overview"`
}

// Overview is what an index says about the whole session.
type Overview struct {
	Timeline recordings.Timeline `json:"timeline"` // of the shortened picture
	Slot     time.Duration       `json:"slot"`     // length of the stretches of Output
	Output   []int64             `json:"output"`   // bytes that the target sent
}

// Place is where a part lies and where it begins.
type Place struct {
	Elapsed int64 `json:"elapsed"` // µs, in the session
	Played  int64 `json:"played"`  // µs, in the shortened picture
	Offset  int64 `json:"offset"`
	Length  int64 `json:"length"` // of the sealed part, in bytes
}

// Part is a stretch of the picture that can be shown on its own.
type Part struct {
	Cols   int     `json:"cols"`
	Rows   int     `json:"rows"`
	EN     string  `json:"en"` // draws the screen at the part's begin
	JA     string  `json:"ja,omitempty"`
	Events []Event `json:"events"`
}

// Event is one event of a part.
type Event struct {
	Elapsed int64 // µs, in the session
	Code    string
	EN, JA  string
}

// MarshalJSON writes an event as a list.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.JA == e.EN {
		return json.Marshal([]any{e.Elapsed, e.Code, e.EN})
	}
	return json.Marshal([]any{e.Elapsed, e.Code, e.EN, e.JA})
}

// UnmarshalJSON reads an event.
func (e *Event) UnmarshalJSON(b []byte) error {
	list := []any{&e.Elapsed, &e.Code, &e.EN, &e.JA}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	if len(parts) < 3 || len(parts) > 4 {
		return fmt.Errorf("an event of %d parts", len(parts))
	}
	for i, p := range parts {
		if err := json.Unmarshal(p, list[i]); err != nil {
			return err
		}
	}
	if len(parts) == 3 {
		e.JA = e.EN
	}
	return nil
}

// Screen is the text that draws the screen at the part's begin.
func (p Part) Screen(lang string) string {
	if lang == "ja" && p.JA != "" {
		return p.JA
	}
	return p.EN
}

// In is the event's text in a language.
func (e Event) In(lang string) string {
	if lang == "ja" {
		return e.JA
	}
	return e.EN
}

// sealer seals and opens the parts of one index.
type sealer struct {
	aead cipher.AEAD
	head []byte
}

func newSealer(secret, head []byte) (*sealer, error) {
	key, err := hkdf.Expand(sha256.New, secret, "part"+string(head[headLen-saltLen:]), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &sealer{aead, head}, err
}

func nonceOf(no uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 4, 12), no) }

func (s *sealer) seal(no uint64, plain []byte) []byte {
	return s.aead.Seal(nil, nonceOf(no), plain, s.head)
}

func (s *sealer) open(no uint64, sealed []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nonceOf(no), sealed, s.head)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return plain, nil
}

// Index is an opened index. It is safe for concurrent use as far as its file is.
type Index struct {
	Directory
	file io.ReaderAt
	s    *sealer
}

// Open opens an index of size bytes. rec is a reader of the recording, of which the header is enough; digest is that of the recording; v has the
// encoding and the start in its zone with which the index must have been made. Error: ErrUnfit (wrapped), or that of the file.
func Open(file io.ReaderAt, size int64, rec *recordings.Reader, digest recordings.Sum, v recordings.View) (*Index, error) {
	if size < int64(headLen+footLen) || size > mostSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrUnfit, size)
	}
	head, foot := make([]byte, headLen), make([]byte, footLen)
	for at, b := range map[int64][]byte{0: head, size - footLen: foot} {
		if _, err := file.ReadAt(b, at); err != nil {
			return nil, fmt.Errorf("read index: %w", err)
		}
	}
	if want := headOf(digest); !bytes.Equal(head[:len(want)], want) {
		return nil, fmt.Errorf("%w: another recording or version", ErrUnfit)
	}
	secret, err := rec.Derive(label)
	if err != nil {
		return nil, err
	}
	s, err := newSealer(secret, head)
	if err != nil {
		return nil, err
	}
	i := &Index{file: file, s: s}
	offset, length := binary.BigEndian.Uint64(foot), int64(binary.BigEndian.Uint32(foot[8:]))
	if offset > uint64(size) || int64(offset)+length+footLen != size {
		return nil, fmt.Errorf("%w: its directory is not at its end", ErrUnfit)
	}
	if err := i.read(tableNo, int64(offset), length, mostDir, &i.Directory); err != nil {
		return nil, err
	}
	if i.Encoding != v.Encoding || i.Zone != v.Started.Location().String() || len(i.Parts) == 0 {
		return nil, fmt.Errorf("%w: it was read as %q, in zone %s", ErrUnfit, i.Encoding, i.Zone)
	}
	return i, nil
}

// Part reads a part.
func (i *Index) Part(no int) (p Part, err error) {
	if no < 0 || no >= len(i.Parts) {
		return p, fmt.Errorf("part %d of %d", no, len(i.Parts))
	}
	at := i.Parts[no]
	return p, i.read(uint64(no), at.Offset, at.Length, mostPart, &p)
}

// Overview reads the overview.
func (i *Index) Overview() (o Overview, err error) {
	return o, i.read(viewNo, i.Directory.Overview.Offset, i.Directory.Overview.Length, mostDir, &o)
}

// Ends is where a part ends, in the session and in the shortened picture.
func (i *Index) Ends(no int) (elapsed, played int64) {
	if no+1 < len(i.Parts) {
		return i.Parts[no+1].Elapsed, i.Parts[no+1].Played
	}
	return i.Length, i.Played
}

func (i *Index) read(no uint64, offset, length int64, most int, to any) error {
	if length < 0 || length > int64(most) {
		return fmt.Errorf("%w: a part of %d bytes", ErrUnfit, length)
	}
	sealed := make([]byte, length)
	if _, err := i.file.ReadAt(sealed, offset); err != nil {
		return fmt.Errorf("read index: %w", err)
	}
	packed, err := i.s.open(no, sealed)
	if err != nil {
		return err
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(most)))
	if err != nil {
		return err
	}
	defer d.Close()
	plain, err := d.DecodeAll(packed, nil)
	if err == nil {
		err = json.Unmarshal(plain, to)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return nil
}

func headOf(digest recordings.Sum) []byte {
	return append(binary.BigEndian.AppendUint16([]byte(magic), version), digest[:]...)
}
