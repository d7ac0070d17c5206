package relay

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
)

// steady is output in pieces of 2 KiB, one each 100 µs, independent of reads.
type steady struct {
	now   time.Duration
	given int
	left  int
}

const steadyPiece = 2 << 10

func (s *steady) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	ready := int(s.now/(100*time.Microsecond))*steadyPiece - s.given
	if ready <= 0 { // the reader waits for the next piece
		s.now += 100 * time.Microsecond
		ready = steadyPiece
	}
	n := min(ready, len(p), s.left)
	s.given += n
	s.left -= n
	return n, nil
}

// piecesOf counts the pieces in which 1 MiB of steady output is relayed. typing presses a key before each.
func piecesOf(t *testing.T, typing bool) (pieces int) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	to := []age.Recipient{identity.Recipient()}
	src := &steady{left: 1 << 20}
	rec, err := recordings.Create(filepath.Join(t.TempDir(), "x.skr"), recordings.Header{Session: "S-20261124-01", Started: time.Unix(0, 0)},
		recordings.Options{OutputTo: to, InputTo: to, Elapsed: func() time.Duration { return src.now }})
	if err != nil {
		t.Fatal(err)
	}
	c := &channel{r: New(Config{Recorder: rec})}
	p := pump{c: c, stream: recordings.Stdout, count: func(int) {}, wait: func(d time.Duration) { src.now += d }, write: func(b []byte) error {
		pieces++
		if typing {
			c.unasked.Store(0) // as copyInput does for each key
		}
		return nil
	}}
	p.run(src, make([]byte, smallOutput))
	if _, err := rec.Close(recordings.End{Cause: "x", At: time.Unix(1, 0)}); err != nil {
		t.Error(err)
	}
	return pieces
}

func TestAFloodOfSmallPiecesGathers(t *testing.T) {
	all := (1 << 20) / steadyPiece
	if n := piecesOf(t, false); n > all/4 {
		t.Errorf("%d pieces for %d that came", n, all)
	}
	if n := piecesOf(t, true); n < all*9/10 {
		t.Errorf("%d pieces for %d that came, though keys were pressed: an echo would wait", n, all)
	}
}
