package files

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/sftp"

	"sekimori/broker/keys"
)

// TestAttackRequestsThatAreCutShort: a request whose bytes the library cannot read is refused. A panic on the library's goroutine would end the
// broker with all sessions.
func TestAttackRequestsThatAreCutShort(t *testing.T) {
	h := &handler{}
	for _, flags := range []uint32{1, 2, 4, 8, 15, 0x80000000, 0xffffffff} {
		r := sftp.NewRequest("Setstat", "/srv/in/a")
		r.Flags = flags
		if err := h.Filecmd(r); !errors.Is(err, sftp.ErrSSHFxBadMessage) {
			t.Errorf("flags %#x without bytes: %v", flags, err)
		}
	}
}

// TestAttackOffsetsOfAFetch: offsets are 64 bits without a sign, and the library passes them on with one.
func TestAttackOffsetsOfAFetch(t *testing.T) {
	b := newTestBlocks(t, "held")
	for _, c := range []struct {
		at   int64
		n    int
		want error
	}{{-1, 0, io.EOF}, {math.MinInt64, 0, io.EOF}, {math.MaxInt64, 0, io.EOF}, {math.MaxInt64 - 2, 0, io.EOF}, {4, 0, io.EOF}, {3, 1, io.EOF}, {0, 4, nil}} {
		p := make([]byte, 4)
		if n, err := b.ReadAt(p, c.at); n != c.n || !errors.Is(err, c.want) {
			t.Errorf("at %d: %d %v", c.at, n, err)
		}
	}
	f := &Fetch{b: b}
	if _, err := f.ReadAt(make([]byte, 1), -1); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("a fetch at -1: %v", err)
	}
	for i := range int64(2 * mostPieces) {
		f.handed(2*i, 2*i+1)
	}
	if len(f.pieces) > mostPieces || !f.broken {
		t.Errorf("%d pieces are kept", len(f.pieces))
	}
}

// TestTheDiskKeepsItsReserve: the free space is looked at while a file grows, not only where it begins.
func TestTheDiskKeepsItsReserve(t *testing.T) {
	b := newTestBlocks(t, "")
	full := errors.New("full")
	b.room = func() error { return full }
	piece := make([]byte, segment)
	piece[0] = 1
	var err error
	for i := int64(0); err == nil && i < 4*roomEvery; i++ {
		_, err = b.WriteAt(piece, i*segment)
	}
	if !errors.Is(err, full) {
		t.Errorf("a file that fills the disk: %v", err)
	}
}

// newTestBlocks makes contents that hold a text.
func newTestBlocks(t *testing.T, text string) *blocks {
	t.Helper()
	dir := t.TempDir()
	master, err := keys.CreateMaster(filepath.Join(dir, "master"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Create(filepath.Join(dir, "keys"), master, "gate.example")
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBlocks(dir, "F-1", ring, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	if _, err := b.WriteAt([]byte(text), 0); err != nil {
		t.Fatal(err)
	}
	return b
}
