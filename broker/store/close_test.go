package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// TestCloseWaitsForReaders: a look at the ledger that is under way when the broker stops ends before the file is closed. SQLite's last connection
// writes the log into the file, which may be another one by then.
func TestCloseWaitsForReaders(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sekimori.db")
	blank(t, path)
	db, err := Open(t.Context(), path, options(t, &clock{at: noon}))
	if err != nil {
		t.Fatal(err)
	}
	reading, goOn, read, closed := make(chan struct{}), make(chan struct{}), make(chan error, 1), make(chan error, 1)
	go func() {
		read <- db.Read(context.Background(), func(s *Snap) error {
			if _, err := s.LedgerSize(); err != nil {
				return err
			}
			close(reading)
			<-goOn
			_, err := s.LedgerSize()
			return err
		})
	}()
	<-reading
	go func() { closed <- db.Close() }()
	select {
	case err := <-closed:
		t.Fatalf("closed beside a reader: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	close(goOn)
	if err := <-read; err != nil {
		t.Errorf("the reader: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if n := db.r.Stats().OpenConnections + db.w.Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections are open after Close", n)
	}
}
