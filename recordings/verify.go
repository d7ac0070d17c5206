package recordings

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Report is what can be said about a recording without a key. What it says of the
// end is authenticated by the digest in the ledger or by reading with the
// output's key, not by Verify alone.
type Report struct {
	Header Header
	End    End
	Digest Digest // after an error: Size and Segments, saying how far the recording held
}

// Verify walks the chain of a finished recording without a key. It returns
// *TruncatedError or *CorruptError naming the first place that does not hold.
//
// Whoever can rewrite the file can compute a chain that holds: Verify finds
// damage, VerifyDigest finds replacement.
func Verify(path string) (Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, fmt.Errorf("verify recording: %w", err)
	}
	defer f.Close() // read only: nothing can be lost
	r, err := VerifyReader(f)
	r.Digest.File = filepath.Base(path)
	return r, err
}

// VerifyReader is Verify for a recording that is no file.
func VerifyReader(src io.Reader) (Report, error) {
	var r Report
	s, err := newScanner(src)
	if s.pre != nil {
		r.Header = s.pre.header
	}
	for err == nil {
		_, err = s.next()
	}
	r.Digest = s.digest()
	r.End = s.end.end()
	if err != io.EOF {
		r.Digest.SHA256 = Sum{} // of half a recording: nothing to hold anything against
		return r, fmt.Errorf("verify recording: %w", err)
	}
	return r, nil
}

// VerifyDigest is Verify, and holds the file against the digest that the ledger
// has (*DigestError). SHA256 and Size are compared. A *TruncatedError or
// *CorruptError comes first, because it names the place.
func VerifyDigest(path string, want Digest) (Report, error) {
	r, err := Verify(path)
	if err != nil {
		return r, err
	}
	if r.Digest.Size != want.Size || r.Digest.SHA256 != want.SHA256 {
		return r, fmt.Errorf("verify recording: %w", &DigestError{Want: want, Got: r.Digest})
	}
	return r, nil
}
