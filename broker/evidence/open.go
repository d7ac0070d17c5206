package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/store"
	"sekimori/recordings"
)

// readers is how many recordings are verified at once. Verifying is reading a file to its end.
const readers = 4

// Options are what New needs. All but Live and Log are required.
type Options struct {
	DB    *store.DB
	Dir   string // of the recordings
	Clock func() time.Time
	// Live tells whether a session is under way, or over with its end not in the ledger yet, and the file of its recording below Dir;
	// empty: not begun. It is the supervisor's own list: a row or an index that says so can be edited by hand. Nil: none is.
	Live func(session string) (file string, live bool)
	Log  hclog.Logger // nil: none
}

// Keeper opens recordings. It is safe for concurrent use.
type Keeper struct {
	o       Options
	reading chan struct{} // holds a place for each verification

	// Of the re-reading alone, which is one goroutine:
	ends    []int64 // entries session.ended, in order, found by their headers
	scanned int64   // how far the ledger was searched for them
}

// New makes a keeper on an open store.
func New(o Options) *Keeper {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Live == nil {
		o.Live = func(string) (string, bool) { return "", false }
	}
	return &Keeper{o: o, reading: make(chan struct{}, readers)}
}

// Recording is an opened recording. Close it.
type Recording struct {
	Session string
	Live    bool              // under way: there is nothing to hold it against yet but its session number
	Digest  recordings.Digest // as the ledger has it; of a damaged one, as found
	Bad     *BadError         // what is wrong; nil unless it came from OpenDamaged

	k    *Keeper
	p    pinned
	file *os.File
}

// Open opens a session's recording after it was held against the ledger. Errors: *BadError, which has raised its alarm;
// ErrNone; store.ErrNotFound.
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

// OpenDamaged is Open that opens what does not hold too, and says in Bad what is wrong. The alarm is raised all the same.
// A file that is not there, or is none, is a *BadError here too.
func (k *Keeper) OpenDamaged(ctx context.Context, session string) (*Recording, error) {
	return k.opened(ctx, session, -1, func(r io.Reader) io.Reader { return r })
}

// opened opens and verifies; end is the entry session.ended where it is known, -1: it is to be found. pace may slow the reading down.
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
		return nil, k.notOpened(ctx, p, err)
	}
	if p.bad == nil && !p.live && p.digest == nil && isEmpty(r.file) {
		return nil, errors.Join(ErrNone, r.file.Close()) // it was made and the broker died: nothing was relayed
	}
	found, err := k.verify(ctx, &p, pace(r.file))
	if err != nil {
		return nil, errors.Join(err, r.file.Close())
	}
	if r.Bad == nil {
		r.Bad = p.bad
	}
	r.Digest = found
	if r.Bad == nil && !p.live {
		r.Digest = *p.digest
	}
	if r.Bad != nil {
		k.alarm(ctx, p, r.Bad)
	}
	return r, nil
}

// notOpened says what a file that cannot be opened means.
func (k *Keeper) notOpened(ctx context.Context, p pinned, err error) error {
	bad := p.fail(Unreadable, err)
	if errors.Is(err, fs.ErrNotExist) {
		if p.bad == nil && !p.live && p.digest == nil {
			return ErrNone // the ledger names none, and there is none
		}
		bad = p.fail(Missing, nil)
	}
	if p.bad != nil {
		bad = p.bad // what is wrong with the ledger is the graver thing
	}
	k.alarm(ctx, p, bad)
	return bad
}

// open opens the file. No name leaves the directory; what is no regular file, such as a pipe that would hold the reader, is none.
func (k *Keeper) open(p pinned) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(k.o.Dir, filepath.FromSlash(filepath.Clean("/"+p.file))), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
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

func isEmpty(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Size() == 0
}

// verify reads the file to its end and says in p.bad what does not hold. An error is the caller's end.
func (k *Keeper) verify(ctx context.Context, p *pinned, f io.Reader) (recordings.Digest, error) {
	select {
	case k.reading <- struct{}{}:
		defer func() { <-k.reading }()
	case <-ctx.Done():
		return recordings.Digest{}, context.Cause(ctx)
	}
	report, err := recordings.VerifyReader(untilDone{ctx, f})
	if ctx.Err() != nil {
		return report.Digest, context.Cause(ctx)
	}
	if p.bad == nil {
		p.bad = p.judge(report, err)
	}
	return report.Digest, nil
}

// judge holds what was read against what the ledger says.
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
	case err != nil && report.Header.Session == "": // live, and its header is not whole yet
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

// Reader reads the recording from its beginning. The reader before, if any, is of no use any more.
func (r *Recording) Reader(identities ...age.Identity) (*recordings.Reader, error) {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read recording of %s: %w", r.Session, err)
	}
	return recordings.NewReader(r.file, identities...)
}

// File is the file as it lies, from its beginning.
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

// Confirm holds what was read, to the end, against what was verified before: a file that is written to meanwhile is found
// here. Of a live or a damaged recording there is nothing to confirm. Error: *BadError.
func (r *Recording) Confirm(ctx context.Context, read recordings.Digest) error {
	if r.Live || r.Bad != nil || read.Size == r.Digest.Size && read.SHA256 == r.Digest.SHA256 {
		return nil
	}
	bad := r.p.fail(Differs, errors.New("the file changed while it was read"))
	r.k.alarm(ctx, r.p, bad)
	return bad
}

// Close releases the file.
func (r *Recording) Close() error { return r.file.Close() }

// untilDone ends reading with its caller.
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
