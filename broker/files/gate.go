package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/pkg/sftp"

	"sekimori/broker/inspect"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options configure a Gate. DB, Ring and Dir are required.
type Options struct {
	DB    *store.DB
	Ring  *keys.Ring
	Dir   string // of held contents, 0700
	Chain inspect.Chain
	Log   hclog.Logger // nil: silent
}

// Gate holds files for all sessions.
type Gate struct{ o Options }

// Open makes the directory of held contents.
func Open(o Options) (*Gate, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of held files: %w", err)
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Gate{o: o}, nil
}

// Passage is one session, as the gate needs to know it.
type Passage struct {
	Session   string
	Target    string
	Sanitised string // the sender's statement on 無害化 in the request
	Actor     ledger.Actor
	Subjects  []string
	Terms     func() *policy.FileTerms
	Resolve   func(path []byte, follow bool) (string, error) // on the target
	numbered  *atomic.Int64
}

// Number starts the numbering of a session's files.
func (p *Passage) Number() { p.numbered = new(atomic.Int64) }

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
	h := &handler{g: g, c: c, p: p, ctx: ctx}
	s := sftp.NewRequestServer(near, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h}, sftp.WithStartDirectory(home))
	if err := s.Serve(); err != nil && !errors.Is(err, io.EOF) {
		g.o.Log.Debug("held_channel_ended", "session", p.Session, "error", err)
	}
	_ = s.Close()
}

// The payload of both entries about a file.
type filePayload struct {
	Session   string            `json:"session_id"`
	File      string            `json:"file"` // number: the session's, and a count
	Direction string            `json:"direction"`
	Target    string            `json:"target"`
	Path      string            `json:"path"`
	PathRaw   []byte            `json:"path_raw,omitempty"`
	Size      int64             `json:"size"`
	Before    string            `json:"sha256"`
	After     string            `json:"sha256_delivered,omitempty"`
	Sanitised string            `json:"sanitised,omitempty"`
	Findings  []inspect.Finding `json:"findings"`
	Why       string            `json:"why,omitempty"`
	Detail    string            `json:"detail,omitempty"`
	Kept      []string          `json:"kept"` // contents in the directory held
}

// disposedPayload is the entry about contents whose time is over.
type disposedPayload struct {
	Kept []string `json:"kept"` // their names in the directory held
}

// Expire removes held contents that are older than keep, with one entry that names them. The entries about the files stay.
func (g *Gate) Expire(ctx context.Context, keep time.Duration) error {
	var now time.Time
	if err := g.o.DB.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return err
	}
	all, err := os.ReadDir(g.o.Dir)
	if err != nil {
		return fmt.Errorf("held contents: %w", err)
	}
	const atOnce = 500
	body := disposedPayload{}
	for _, e := range all {
		info, err := e.Info()
		if err != nil || keep <= 0 || now.Sub(info.ModTime()) < keep || len(body.Kept) == atOnce {
			continue
		}
		body.Kept = append(body.Kept, e.Name())
	}
	if len(body.Kept) == 0 {
		return nil
	}
	if err := g.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "file.disposed", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: body})
		return err
	}); err != nil {
		return err
	}
	for _, name := range body.Kept { // one that stays is named again at the next time
		if e := os.Remove(filepath.Join(g.o.Dir, name)); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// entryLimit bounds the writing of an entry.
const entryLimit = 10 * time.Second

func (g *Gate) entry(kind string, p Passage, body filePayload) error {
	ctx, cancel := context.WithTimeout(context.Background(), entryLimit)
	defer cancel()
	err := g.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: p.Actor, Subjects: p.Subjects, Payload: body})
		return err
	})
	if err != nil {
		g.o.Log.Error("file_not_ledgered", "file", body.File, "kind", kind, "error", err)
	}
	return err
}
