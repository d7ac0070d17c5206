package papers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// MaxSize is the largest accepted copy, in bytes.
const MaxSize = 20 << 20

// Options are the arguments of New. DB, Acts, Ring and Dir are required.
type Options struct {
	DB      *store.DB
	Acts    *act.Runner
	Ring    *keys.Ring
	Dir     string         // papers/, made with mode 0700
	FS      FS             // nil: the operating system's; tests inject faults
	MinFree uint64         // bytes that filing leaves to the recordings
	Zone    *time.Location // of the institution: days. Nil: UTC
	Log     hclog.Logger   // nil: none
	// Refused counts a refused look and tells whether it is the first of its like, which gets an entry of its own
	// (refusals.Tally.First). Nil: each gets one.
	Refused func(ctx context.Context, by ledger.Actor, kind, what, reason string, subjects ...string) (first bool, err error)
}

// Keeper is safe for concurrent use.
type Keeper struct {
	o Options

	mu     sync.Mutex // guards the fields below
	next   time.Time  // when Due has work; zero: look
	coming int64      // bytes of the copies that are being received
}

// New opens the directory of copies and removes the leftovers of a crash.
func New(ctx context.Context, o Options) (*Keeper, error) {
	if o.FS == nil {
		o.FS = OS()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Refused == nil {
		o.Refused = func(context.Context, ledger.Actor, string, string, string, ...string) (bool, error) { return true, nil }
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of papers: %w", err)
	}
	k := &Keeper{o: o}
	if err := k.sweep(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// sweep removes files without a paper: a crash between the file and the commit leaves one that was never filed. It runs before any
// door is open, so no filing is under way.
func (k *Keeper) sweep(ctx context.Context) error {
	entries, err := os.ReadDir(k.o.Dir)
	if err != nil {
		return fmt.Errorf("directory of papers: %w", err)
	}
	var known map[string]bool
	if err := k.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		known, err = s.PaperFiles()
		return err
	}); err != nil {
		return fmt.Errorf("read the papers on file: %w", err)
	}
	for _, e := range entries {
		if known[e.Name()] || !ours(e.Name()) {
			continue // files of another origin are for `check` and their owner
		}
		if err := k.o.FS.Remove(filepath.Join(k.o.Dir, e.Name())); err != nil {
			return fmt.Errorf("remove an unfiled copy: %w", err)
		}
		k.o.Log.Warn("unfiled_copy_removed", "file", e.Name())
	}
	return nil
}

// stale makes the next Due look again.
func (k *Keeper) stale() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next = time.Time{}
}
