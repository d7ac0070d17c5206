package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/pkg/sftp"

	"sekimori/broker/inspect"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Options configure a Gate. DB, Ring, Dir and Outbox are required.
type Options struct {
	DB      *store.DB
	Ring    *keys.Ring
	Dir     string // of contents that came in, 0700
	Outbox  string // of contents that wait to go out, 0700
	Chain   inspect.Chain
	MinFree uint64       // bytes that a new file must leave free on the disk; 0: all may be used
	Log     hclog.Logger // nil: silent
}

// Gate holds files for all sessions.
type Gate struct {
	o Options

	mu    sync.Mutex // guards what follows
	wakes map[chan struct{}]struct{}
	busy  map[string]work       // files that are being delivered, or asked for at the target
	fetch map[string]*Fetch     // the fetch of each file that is under way
	stays map[string]store.File // files whose contents are disposed of by their entry, and could not be removed yet

	ahead chan struct{} // slots of all sessions for files that are read ahead
}

// Open makes the directories of contents.
func Open(o Options) (*Gate, error) {
	for _, dir := range []string{o.Dir, o.Outbox} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("directory of held files: %w", err)
		}
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Gate{o: o, wakes: map[chan struct{}]struct{}{}, busy: map[string]work{}, fetch: map[string]*Fetch{}, stays: map[string]store.File{}, ahead: make(chan struct{}, mostAheadOfAll)}, nil
}

// Passage is one session, as the gate needs to know it.
type Passage struct {
	Session, Window, Request, Grant string
	System, Target, Account         string // Account is the login on the target
	Vendor, Person                  string
	Sanitised                       string // the sender's statement on 無害化 in the request
	Actor                           ledger.Actor
	Subjects                        []string
	Terms                           func() *policy.FileTerms
	Resolve                         func(path []byte, follow bool) (string, error) // on the target
	Say                             func(policy.Text)                              // to the engineer, beside the protocol; nil: they read nothing
	numbered                        *atomic.Int64
	ahead                           chan struct{} // slots of the session for files that are read ahead; nil: no file is
}

// Number starts the numbering of a session's files, and the count of those that are read ahead.
func (p *Passage) Number() { p.numbered, p.ahead = new(atomic.Int64), make(chan struct{}, mostAhead) }

func (p *Passage) nextNumber() string { return fmt.Sprintf("%s-%d", p.Session, p.numbered.Add(1)) }

func (p *Passage) say(t policy.Text) {
	if p.Say != nil {
		p.Say(t)
	}
}

// row is a new file of the session.
func (p *Passage) row(number, direction, path string) store.File {
	return store.File{ID: number, Direction: direction, Session: p.Session, Window: p.Window, Request: p.Request, Grant: p.Grant, System: p.System, Target: p.Target,
		Account: p.Account, Vendor: p.Vendor, Person: p.Person, Path: []byte(path), Kept: []string{number}, Content: number, Sanitised: p.Sanitised, Findings: json.RawMessage("[]")}
}

// Serve serves SFTP to near until that ends, with the target's server behind it. It closes target.
func (g *Gate) Serve(ctx context.Context, near, target io.ReadWriteCloser, p Passage) {
	defer target.Close()
	defer near.Close()
	c, err := sftp.NewClientPipe(target, target)
	if err != nil {
		g.o.Log.Warn("target_without_sftp", "session", p.Session, "error", err)
		return
	}
	defer c.Close()
	home, err := c.RealPath(".")
	if err != nil {
		home = "/"
	}
	h := &handler{g: g, c: c, p: p, ctx: ctx, ahead: g.slots(&p)}
	s := sftp.NewRequestServer(near, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h}, sftp.WithStartDirectory(home), sftp.WithRSAllocator())
	if err := s.Serve(); err != nil && !errors.Is(err, io.EOF) {
		g.o.Log.Debug("held_channel_ended", "session", p.Session, "error", err)
	}
	_ = s.Close()
}

// slots are those that a file of the session needs to be read ahead.
func (g *Gate) slots(p *Passage) []chan struct{} { return []chan struct{}{p.ahead, g.ahead} }

// directory is where the contents of a direction lie.
func (g *Gate) directory(direction string) string {
	if direction == policy.FilesOut {
		return g.o.Outbox
	}
	return g.o.Dir
}

// The payload of the entries about a file when it comes, is delivered or is stopped.
type filePayload struct {
	Session   string          `json:"session_id"`
	File      string          `json:"file"` // number: the session's, and a count
	Direction string          `json:"direction"`
	Target    string          `json:"target"`
	Path      string          `json:"path"`
	PathRaw   []byte          `json:"path_raw,omitempty"`
	Size      int64           `json:"size"`
	Before    string          `json:"sha256"`
	After     string          `json:"sha256_delivered,omitempty"`
	Sanitised string          `json:"sanitised,omitempty"`
	Findings  json.RawMessage `json:"findings"`
	Why       string          `json:"why,omitempty"`
	Detail    string          `json:"detail,omitempty"`
	Kept      []string        `json:"kept"` // contents in the directory of the direction
	Place     string          `json:"place,omitempty"`
	Settled   string          `json:"settled,omitempty"`
	Until     *time.Time      `json:"until,omitempty"`
}

func payloadOf(f store.File, session string) filePayload {
	p := filePayload{Session: session, File: f.ID, Direction: f.Direction, Target: f.Target, Size: f.Size, Before: f.SHA256, After: f.After, Sanitised: f.Sanitised, Findings: f.Findings, Kept: f.Kept}
	p.Path, p.PathRaw = recordings.Legible(f.Path)
	return p
}

// entryLimit bounds the writing of an entry.
const entryLimit = 10 * time.Second

// came writes a file that the gate has taken: its row, and the entry of this kind.
func (g *Gate) came(kind string, p *Passage, f store.File, body filePayload) error {
	ctx, cancel := context.WithTimeout(context.Background(), entryLimit)
	defer cancel()
	err := g.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.AddFile(f); err != nil {
			return fmt.Errorf("store file %s: %w", f.ID, err)
		}
		if f.State.Waits() {
			until := tx.Now.Add(policy.FileWait)
			body.Until = &until
		}
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: p.Actor, Subjects: append([]string{f.ID}, p.Subjects...), Payload: body})
		return err
	})
	if err != nil {
		g.o.Log.Error("file_not_ledgered", "file", f.ID, "kind", kind, "error", err)
	}
	return err
}
