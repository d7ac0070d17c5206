package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"sekimori/broker/inspect"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// aboutFile is the payload of an entry about an act on a file.
func aboutFile(f store.File, more map[string]any) map[string]any {
	body := map[string]any{"file": f.ID, "session_id": f.Session, "direction": f.Direction, "target": f.Target, "size": f.Length, "sha256": f.Digest()}
	path, raw := recordings.Legible(f.Path)
	body["path"] = path
	if len(raw) > 0 {
		body["path_raw"] = raw
	}
	for name, value := range more {
		body[name] = value
	}
	return body
}

func fileEntry(tx *store.Tx, kind string, by ledger.Actor, f store.File, more map[string]any) error {
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{f.ID, f.Session, f.Person, f.Request, f.System}, Payload: aboutFile(f, more)}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// changedFile is the refusal of contents that are not those which came.
func changedFile(number string) *policy.Denied {
	return &policy.Denied{Reason: policy.FileChanged, Args: map[string]string{"file": number}}
}

// verified opens the contents of a file after comparing all of them with the digest of the row and of the ledger's entry, and the
// place with the entry's: the disk and the row can be edited by hand. What is read afterwards is compared with this reading, segment by segment. Error: a *policy.Denied with FileChanged
// if they differ, and an alarm. The caller closes what it gets.
func (g *Gate) verified(ctx context.Context, f store.File) (*blocks, error) {
	b, err := g.compared(ctx, f)
	if isChanged(err) {
		g.alarm(f)
	}
	return b, err
}

// alarm tells that kept contents of a file are not those which came: once a day for each file.
func (g *Gate) alarm(f store.File) {
	ctx, cancel := context.WithTimeout(context.Background(), entryLimit)
	defer cancel()
	err := g.o.DB.Write(ctx, func(tx *store.Tx) error {
		sys, err := tx.System(f.System)
		if err != nil {
			return err
		}
		_, err = tx.RaiseAlarmOnce(store.Alarm{What: store.AlarmFile, About: f.ID, Detail: map[string]any{"file": f.ID, "direction": f.Direction, "system": f.System, "target": f.Target}},
			24*time.Hour, []string{sys.Section}, timer)
		return err
	})
	if err != nil {
		g.o.Log.Error("alarm_not_raised", "file", f.ID, "error", err)
	}
}

func (g *Gate) compared(ctx context.Context, f store.File) (*blocks, error) {
	changed := changedFile(f.ID)
	var first asItCame
	err := g.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		first, err = entryAtFirst(s, f.ID)
		return err
	})
	want := first.digest()
	path, raw := recordings.Legible(f.Path)
	switch {
	case err != nil:
		return nil, err
	case want == "", want != f.Digest() || f.After == "" && first.Size != f.Length, path != first.Path, !bytes.Equal(raw, first.PathRaw):
		return nil, changed
	}
	if !f.Disposed.IsZero() {
		return nil, &policy.Denied{Reason: policy.FileDisposed, Args: map[string]string{"file": f.ID}}
	}
	b, err := openBlocks(g.directory(f.Direction), f.Content, g.o.Ring, f.Length)
	if errors.Is(err, os.ErrNotExist) {
		return nil, changed
	}
	if err != nil {
		return nil, err
	}
	got, err := inspect.Sum(upTo{ctx, b})
	switch {
	case ctx.Err() != nil:
		b.close()
		return nil, context.Cause(ctx)
	case err != nil, got != want: // a segment that does not unseal is a change too
		g.o.Log.Error("kept_file_changed", "file", f.ID, "error", err)
		b.close()
		return nil, changed
	}
	b.pin(f.ID)
	return b, nil
}

// upTo ends a reading with its context.
type upTo struct {
	ctx context.Context
	*blocks
}

// ReadAt implements io.ReaderAt.
func (u upTo) ReadAt(p []byte, at int64) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.blocks.ReadAt(p, at)
}

// asItCame is what the entry about a file's coming says of it. An approval is given for these contents and this place.
type asItCame struct {
	File    string `json:"file"`
	Before  string `json:"sha256"`
	After   string `json:"sha256_delivered"`
	Size    int64  `json:"size"`
	Path    string `json:"path"`
	PathRaw []byte `json:"path_raw"`
}

func (a asItCame) digest() string {
	if a.After != "" {
		return a.After
	}
	return a.Before
}

// entryAtFirst reads that entry; the zero value: there is none.
func entryAtFirst(s *store.Snap, id string) (asItCame, error) {
	for _, kind := range []string{"file.held", "file.taken", "file.delivering", "file.released", "file.stopped"} {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind, Subject: id}) {
			if err != nil {
				return asItCame{}, fmt.Errorf("read the entry of %s: %w", id, err)
			}
			if e.Disposed() {
				continue
			}
			var said asItCame
			if err := json.Unmarshal(e.Payload, &said); err != nil {
				return asItCame{}, fmt.Errorf("entry %d: %w", e.Index, err)
			}
			if said.File == id {
				return said, nil
			}
		}
	}
	return asItCame{}, nil
}
