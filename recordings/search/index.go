package search

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// purpose begins the purpose under which the key of a session's file is sealed.
const purpose = "search/"

// partial ends the name of a file that is being written.
const partial = ".part"

// Options are the needs of Open. MostText may be left out.
type Options struct {
	Dir string // of the index alone; made with mode 0700
	// Seal and Unseal keep the keys of the files (keys.Ring). The purpose names the session.
	Seal, Unseal func(purpose string, b []byte) ([]byte, error)
	MostText     int64 // of one session, in bytes; 0: 256 MiB
}

// Index is the index of all sessions. It is safe for concurrent use; one goroutine at a time may Build.
type Index struct {
	o    Options
	root *os.Root

	mu  sync.Mutex
	has map[string]bool // sessions with a file; guarded by mu
}

// Open opens the index, and makes its directory. Files that a stop left unfinished are removed.
func Open(o Options) (*Index, error) {
	o.MostText = cmp.Or(o.MostText, mostText)
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open search index: %w", err)
	}
	info, err := os.Stat(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open search index: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("open search index: mode of %s is %04o: others may read it; it must be 0700", o.Dir, info.Mode().Perm())
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open search index: %w", err)
	}
	x := &Index{o: o, root: root, has: map[string]bool{}}
	names, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open search index: %w", err), root.Close())
	}
	for _, n := range names {
		if session, ok := strings.CutSuffix(n.Name(), suffix); ok && validSession(session) {
			x.has[session] = true
		}
		if strings.HasSuffix(n.Name(), partial) {
			if err := root.Remove(n.Name()); err != nil {
				return nil, errors.Join(fmt.Errorf("open search index: %w", err), root.Close())
			}
		}
	}
	return x, nil
}

// Close releases the directory.
func (x *Index) Close() error { return x.root.Close() }

// Holds reports whether a session is indexed.
func (x *Index) Holds(session string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.has[session]
}

// Sessions lists the indexed sessions, in the order of their numbers as text.
func (x *Index) Sessions() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]string, 0, len(x.has))
	for s := range x.has {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// Forget removes all that the index holds of a session: its lines, its filters and the key that opens them. A session that is
// not indexed is no error.
func (x *Index) Forget(session string) error {
	if !validSession(session) {
		return fmt.Errorf("forget %q: no number of a session", session)
	}
	x.note(session, false)
	for _, name := range []string{session + suffix, session + partial} {
		if err := notThere(x.root.Remove(name)); err != nil {
			x.note(session, true)
			return fmt.Errorf("forget the index of %s: %w", session, err)
		}
	}
	return nil
}

// Clear removes the index of all sessions, so that it is built anew.
func (x *Index) Clear() error {
	var errs []error
	for _, s := range x.Sessions() {
		errs = append(errs, x.Forget(s))
	}
	return errors.Join(errs...)
}

func (x *Index) note(session string, has bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if has {
		x.has[session] = true
		return
	}
	delete(x.has, session)
}
