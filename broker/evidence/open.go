package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/recordings"
	"sekimori/recordings/search"
)

// readers bounds the simultaneous verifications. Each reads a whole file.
const readers = 4

// Options configure a Keeper. All but Live and Log are required.
type Options struct {
	DB    *store.DB
	Dir   string // directory of the recordings
	Clock func() time.Time
	// Live reports whether a session is under way, or over with its end not yet in the ledger. file is its recording below
	// Dir; empty: not begun. It must be the supervisor's own list, because rows and indexes can be edited by hand. Nil: no
	// session is live.
	Live func(session string) (file string, live bool)
	// Room tells whether the disk has room for files that can be made anew. Nil: it has.
	Room func() bool
	Zone *time.Location // of the days that people are told; nil: UTC
	Log  hclog.Logger   // nil: none

	Index   *search.Index             // the text of sealed recordings, for searches; nil: no index
	Viewing age.Identity              // opens the output of recordings for it, and for Traits
	CauseJA func(cause string) string // what an end's cause is called in Japanese
}

// Keeper opens recordings. It is safe for concurrent use.
type Keeper struct {
	o       Options
	reading chan struct{} // one place per running verification

	indexing    chan struct{}   // one place: an index is made
	unindexable map[string]bool // sessions without a possible index; used by MakeIndexes only, which is one goroutine

	// Used by the re-reading only, which is one goroutine:
	ends    []int64 // entries session.ended, in order, found by their headers
	scanned int64   // size of the ledger searched for them so far

	failed    atomic.Int64         // size of unindexed
	unindexed map[string]time.Time // used by the indexing only, which is one goroutine: sessions that could not be indexed, and when that was tried
}

// New makes a keeper on an open store.
func New(o Options) *Keeper {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Live == nil {
		o.Live = func(string) (string, bool) { return "", false }
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Keeper{o: o, reading: make(chan struct{}, readers), indexing: make(chan struct{}, 1), unindexable: map[string]bool{}, unindexed: map[string]time.Time{}}
}

// Recording is an opened recording. Close it.
type Recording struct {
	Session string
	Live    bool              // under way: only its session number can be checked yet
	Digest  recordings.Digest // from the ledger; for a damaged recording as found
	Bad     *BadError         // the fault; nil except from OpenDamaged
	Length  time.Duration     // from its start to its end; of a recording without an end, to now

	k    *Keeper
	p    pinned
	file *os.File
}

// Open opens a session's recording after checking it against the ledger. Errors: *BadError, after raising its alarm; *DisposedError; ErrNone;
// store.ErrNotFound.
func (k *Keeper) Open(ctx context.Context, session string) (*Recording, error) {
	r, err := k.OpenDamaged(ctx, session)
	if err != nil {
		return nil, err
	}
	if r.Bad != nil {
		return nil, errors.Join(r.Bad, r.Close())
	}
	return r, nil
}

// OpenDamaged is Open, but also opens an invalid recording and returns the fault in Bad. The alarm is raised all the same. A
// missing or irregular file is a *BadError here too.
func (k *Keeper) OpenDamaged(ctx context.Context, session string) (*Recording, error) {
	return k.opened(ctx, session, -1, func(r io.Reader) io.Reader { return r })
}

// opened opens and verifies. end is the session.ended entry if known; -1: opened searches it. pace may slow the reading down.
func (k *Keeper) opened(ctx context.Context, session string, end int64, pace func(io.Reader) io.Reader) (*Recording, error) {
	p, err := k.pin(ctx, session, end)
	if p.edited != nil {
		k.alarm(ctx, p, p.fail(RowDiffers, p.edited))
	}
	if err != nil {
		return nil, err
	}
	r := &Recording{Session: session, Live: p.live, k: k, p: p, Bad: p.bad}
	if r.file, err = k.open(p); err != nil {
		if gone := k.disposedNow(ctx, p); gone != nil {
			return nil, gone
		}
		return nil, k.notOpened(ctx, p, err)
	}
	if p.bad == nil && !p.live && p.digest == nil && isEmpty(r.file) {
		return nil, errors.Join(ErrNone, r.file.Close()) // the file was created and the broker died: nothing was relayed
	}
	report, err := k.verify(ctx, &p, pace(r.file))
	found := report.Digest
	if err != nil {
		return nil, errors.Join(err, r.file.Close())
	}
	if r.Bad == nil {
		r.Bad = p.bad
	}
	r.Digest, r.Length = found, k.length(report, p.ended)
	if r.Bad == nil && !p.live {
		r.Digest = *p.digest
	}
	if r.Bad != nil {
		if gone := k.disposedNow(ctx, p); gone != nil {
			return nil, errors.Join(gone, r.file.Close())
		}
		k.alarm(ctx, p, r.Bad)
	}
	return r, nil
}

// length is the time that a recording covers. Where damage hides its end, the ledger says when the session ended; one that is under way lasts until
// now.
func (k *Keeper) length(r recordings.Report, ended time.Time) time.Duration {
	end := r.End.At
	if end.IsZero() {
		end = ended
	}
	if end.IsZero() {
		end = k.o.Clock()
	}
	if r.Header.Started.IsZero() {
		return 0
	}
	return max(end.Sub(r.Header.Started), 0)
}

// disposedNow tells whether the recording was disposed of since the ledger was read: then it is no fault that the file is gone or holds no
// keys. Nil: it was not, or the ledger cannot be read.
func (k *Keeper) disposedNow(ctx context.Context, p pinned) (gone error) {
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		said, err := entriesOf(s, p.session)
		gone = k.disposed(s, p.session, said)
		return err
	})
	if err != nil {
		return nil
	}
	return gone
}

// disposed gives the *DisposedError for a session whose disposal was ordered by an entry of the signed ledger; nil: none was.
func (k *Keeper) disposed(s *store.Snap, session string, said []ledger.Entry) error {
	for _, e := range of(said, "recording.disposing") {
		if e.Subjects[0] == session && s.Prove(e) == nil {
			return &DisposedError{Session: session, At: e.Time.In(k.o.Zone)}
		}
	}
	return nil
}

// notOpened returns the error for a file that cannot be opened.
func (k *Keeper) notOpened(ctx context.Context, p pinned, err error) error {
	bad := p.fail(Unreadable, err)
	if errors.Is(err, fs.ErrNotExist) {
		if p.bad == nil && !p.live && p.digest == nil {
			return ErrNone // the ledger names no file, and there is none
		}
		bad = p.fail(Missing, nil)
	}
	if p.bad != nil {
		bad = p.bad // a fault of the ledger is graver
	}
	k.alarm(ctx, p, bad)
	return bad
}

// open opens the file. Only a regular file is accepted; a pipe, for example, would block
// the reader.
func (k *Keeper) open(p pinned) (*os.File, error) {
	f, err := os.OpenFile(k.path(p.file), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", p.file)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// path is where a file of the recordings lies. No name leads out of their directory.
func (k *Keeper) path(file string) string {
	return filepath.Join(k.o.Dir, filepath.FromSlash(filepath.Clean("/"+file)))
}

// Keys opens the keys file beside the recording. Errors: fs.ErrNotExist if there is none. No digest pins it; a reader tells whether it
// opens the recording.
func (r *Recording) Keys() (io.ReadCloser, error) {
	beside := r.p
	beside.file += recordings.KeysSuffix
	return r.k.open(beside)
}

func isEmpty(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Size() == 0
}

// verify reads the file to its end and puts a fault into p.bad. An error means that the caller has ended.
func (k *Keeper) verify(ctx context.Context, p *pinned, f io.Reader) (recordings.Report, error) {
	select {
	case k.reading <- struct{}{}:
		defer func() { <-k.reading }()
	case <-ctx.Done():
		return recordings.Report{}, context.Cause(ctx)
	}
	report, err := recordings.VerifyReader(untilDone{ctx, f})
	if ctx.Err() != nil {
		return report, context.Cause(ctx)
	}
	if p.bad == nil {
		p.bad = p.judge(report, err)
	}
	return report, nil
}

// judge compares the reading with the ledger.
func (p *pinned) judge(report recordings.Report, err error) *BadError {
	var corrupt *recordings.CorruptError
	var torn *recordings.TruncatedError
	switch {
	case errors.As(err, &torn) && p.live: // it is still being written
	case errors.As(err, &torn):
		return p.fail(CutShort, err)
	case errors.As(err, &corrupt):
		return p.fail(Corrupt, err)
	case err != nil:
		return p.fail(Unreadable, err)
	}
	switch {
	case err != nil && report.Header.Session == "": // live, and its header is incomplete
		return nil
	case report.Header.Session != p.session:
		return p.fail(OtherSession, fmt.Errorf("it says that it is of session %q", report.Header.Session))
	case p.live:
		return nil
	case p.digest == nil:
		return p.fail(Unledgered, nil)
	case report.Digest.Size != p.digest.Size || report.Digest.SHA256 != p.digest.SHA256:
		return p.fail(Differs, &recordings.DigestError{Want: *p.digest, Got: report.Digest})
	}
	return nil
}

// Reader reads the recording from its beginning. It invalidates an earlier Reader.
func (r *Recording) Reader(identities ...age.Identity) (*recordings.Reader, error) {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read recording of %s: %w", r.Session, err)
	}
	return recordings.NewReader(r.file, identities...)
}

// File returns the stored file from its beginning, and its size.
func (r *Recording) File() (io.Reader, int64, error) {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return nil, 0, fmt.Errorf("read recording of %s: %w", r.Session, err)
	}
	info, err := r.file.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("read recording of %s: %w", r.Session, err)
	}
	return r.file, info.Size(), nil
}

// Confirm compares the digest of a complete reading with the verified one, and so detects a file that changed meanwhile. For
// a live or damaged recording it does nothing. Errors: *BadError; *DisposedError.
func (r *Recording) Confirm(ctx context.Context, read recordings.Digest) error {
	if r.Live || r.Bad != nil || read.Size == r.Digest.Size && read.SHA256 == r.Digest.SHA256 {
		return nil
	}
	if gone := r.k.disposedNow(ctx, r.p); gone != nil {
		return gone
	}
	bad := r.p.fail(Differs, errors.New("the file changed while it was read"))
	r.k.alarm(ctx, r.p, bad)
	return bad
}

// Close releases the file.
func (r *Recording) Close() error { return r.file.Close() }

// untilDone ends reading when its caller ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(b []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(b)
}
