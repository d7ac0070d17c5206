package recordings

import (
	"io"

	"filippo.io/age"
)

// Reader reads one recording.
type Reader struct{}

// Open opens what the identities allow. It returns ErrNoKey (wrapped) when that is nothing.
func Open(path string, identities ...age.Identity) (*Reader, error) { return nil, errNotYet }

// NewReader reads a recording from r.
func NewReader(r io.Reader, identities ...age.Identity) (*Reader, error) { return nil, errNotYet }

// Header returns the header.
func (r *Reader) Header() Header { return Header{} }

// Readable says which parts the identities opened.
func (r *Reader) Readable() (output, input bool) { return }

// Next returns the next frame that can be read. After the end it returns io.EOF;
// *TruncatedError or *CorruptError when the recording stops or does not hold.
func (r *Reader) Next() (Frame, error) { return Frame{}, io.EOF }

// End returns what the recording says about its end, and whether Next came that far.
func (r *Reader) End() (End, bool) { return End{}, false }

// Close releases the file.
func (r *Reader) Close() error { return nil }

// Report is what can be said about a recording without a key.
type Report struct {
	Header Header
	End    End
	Digest Digest // Frames and bytes are 0: they need a key
}

// Verify walks the chain without a key. It returns *TruncatedError or
// *CorruptError naming the first place that does not hold; the Report then says how far it held.
func Verify(path string) (Report, error) { return Report{}, errNotYet }

// VerifyDigest is Verify and holds the file against a digest from the ledger (*DigestError).
func VerifyDigest(path string, want Digest) (Report, error) { return Report{}, errNotYet }
