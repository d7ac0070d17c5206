package recordings

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Report is everything that can be stated about a recording without a key. Verify alone does not authenticate the stated end;
// the ledger's digest does, or reading with the output's key.
type Report struct {
	Header Header
	End    End
	Digest Digest // after an error Size and Segments only: how far the recording is valid
}

// Verify walks the chain of a finished recording without a key. It returns *TruncatedError or *CorruptError naming the first
// invalid place.
//
// A person who can rewrite the file can compute a valid chain: Verify finds damage, VerifyDigest finds replacement.
func Verify(path string) (Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, fmt.Errorf("verify recording: %w", err)
	}
	defer f.Close() // read only: closing loses nothing
	r, err := VerifyReader(f)
	r.Digest.File = filepath.Base(path)
	return r, err
}

// VerifyReader is Verify for a recording that is not a file.
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
		r.Digest.SHA256 = Sum{} // the sum of half a recording can be compared with nothing
		return r, fmt.Errorf("verify recording: %w", err)
	}
	return r, nil
}

// VerifyDigest is Verify, and compares SHA256 and Size with the ledger's digest (*DigestError). A *TruncatedError or
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
