package broker_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// lying is the rule about one class of files. beyond says why a file of it must not be there now; empty: it may.
type lying struct {
	path   string // relative to the directory of the configuration; a regular expression
	until  string // until when a file of the class may lie
	beyond func(w *walk, name string, part []string) string
}

// The classes that a test counts.
const (
	heldFiles  = `data/(held|outbox)/([^/]+)`
	paperFiles = `data/papers/([0-9a-f]{32}\.paper)`
)

// kept are the classes of all files that a stopped broker leaves in its directories. A file of no class fails the walk.
var kept = []lying{
	{`data/sekimori\.db(-wal|-shm)?`, "as long as the broker; a payload that is disposed of is not in it", (*walk).database},
	{`data/lock`, "as long as the broker: the directory's lock", nil},
	{`data/keys/(check|host|ca|ledger|api)\.sealed|data/keys/api\.crt`, "as long as the broker: its keys", nil},
	{`data/keys/viewing(?:-(\d+))?\.sealed`, "until no recording is sealed to it", (*walk).viewingKey},
	{`data/(recordings/)?\.probe`, "until the next look at the disks: zeros", (*walk).zeros},
	{`data/(recordings/)?\.reserve`, "as long as the broker: room for the last frames and entries, without contents", nil},
	{`data/recordings/(\d{4}/\d{2}/(S-\d{8}-\d{2,})\.skr)(\.index|\.keys)?`, "until the recording's time is over", (*walk).recording},
	{`index/((S-\d{8}-\d{2,}))\.index`, "as long as the recording", (*walk).recording},
	{heldFiles, "until the file's time is over", (*walk).heldFile},
	{paperFiles, "until the paper has ended and the ledger's time is over", (*walk).paper},
	{`checkpoints/(latest|\d{4}-\d{2}-\d{2}\.checkpoint)`, "as long as the ledger: without contents, it proves the past", (*walk).checkpoint},
	{`secret/master\.key`, "as long as the broker", nil},
	{`run/sekimori\.sock`, "until the next start", nil},
}

// walk is one look at everything that a stopped broker left. It collects files that must not be there, and how many files of each class are.
type walk struct {
	t      testing.TB
	s      *store.Snap
	dir    string
	end    time.Time // of the office's window
	secret []byte    // the words of a payload; nil: it is not disposed of
	found  map[string]int
	sees   map[string]bool // sessions of which something lies there
	wrong  []string
}

// walked looks through the directories of the configuration. secret are the words of a payload that must not be in the database any more; nil: none.
func (o *office) walked(secret []byte) *walk {
	o.t.Helper()
	w := &walk{t: o.t, dir: o.dir, end: o.end, secret: secret, found: map[string]int{}, sees: map[string]bool{}}
	roots := []string{o.config.DataDir, o.config.Ledger.CheckpointDir, o.config.SearchDir(), filepath.Dir(o.config.MasterKeyFile), filepath.Dir(o.config.Socket)}
	var names []string // before the store is opened by the walk itself
	for _, root := range roots {
		if root != o.config.DataDir && strings.HasPrefix(root, o.config.DataDir) { // it was looked through with it
			continue
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, path)
			}
			return err
		})
		if err != nil {
			o.t.Fatal(err)
		}
	}
	o.read(func(s *store.Snap) error {
		w.s = s
		for _, path := range names {
			w.look(path)
		}
		return nil
	})
	return w
}

// look holds one file against its rule.
func (w *walk) look(path string) {
	name, err := filepath.Rel(w.dir, path)
	if err != nil {
		w.t.Fatal(err)
	}
	name = filepath.ToSlash(name)
	for _, rule := range kept {
		part := regexp.MustCompile("^(?:" + rule.path + ")$").FindStringSubmatch(name)
		if part == nil {
			continue
		}
		w.found[rule.path]++
		if rule.beyond == nil {
			return
		}
		if why := rule.beyond(w, path, part); why != "" {
			w.wrong = append(w.wrong, fmt.Sprintf("%s may lie %s: %s", name, rule.until, why))
		}
		return
	}
	w.wrong = append(w.wrong, name+" belongs to no class of files: say in this table what it is, and until when it may lie")
}

func (w *walk) database(path string, _ []string) string {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) { // the journal goes with the last connection
		return ""
	}
	if err != nil || w.secret != nil && bytes.Contains(b, w.secret) {
		return fmt.Sprintf("it holds a payload that was disposed of (%v)", err)
	}
	return ""
}

func (w *walk) zeros(path string, _ []string) string {
	b, err := os.ReadFile(path)
	if err != nil || len(bytes.Trim(b, "\x00")) > 0 {
		return fmt.Sprintf("it holds something (%v)", err)
	}
	return ""
}

func (w *walk) viewingKey(_ string, part []string) string {
	all, err := w.s.ViewingKeys()
	if err != nil {
		return err.Error()
	}
	for _, k := range all {
		if !k.Destroyed.IsZero() && (part[1] == "" && k.Number == 1 || part[1] == fmt.Sprint(k.Number)) {
			return "it is destroyed"
		}
	}
	return ""
}

// recording is the rule for a recording, for what was derived from it beside it, and for its text in the index of searches.
func (w *walk) recording(path string, part []string) string {
	v, err := w.s.Session(part[2])
	if err != nil {
		return "no session has this number"
	}
	w.sees[v.ID] = true
	at := filepath.ToSlash(path)
	if strings.Contains(at, ".skr") && part[1] != v.Recording {
		return "the session's row names another recording"
	}
	if v.Window == "" || v.Started.Before(w.end.Add(-time.Hour-time.Minute)) || v.Ended.After(w.end) {
		return fmt.Sprintf("it lies outside of its window: %s to %s", v.Started, v.Ended)
	}
	facts, err := w.s.RecordingFacts(v)
	if err != nil {
		return err.Error()
	}
	if why := facts.Stays(w.s.Now); why == policy.StaysNot || why == policy.StaysGone {
		return "its time is over"
	}
	return ""
}

func (w *walk) heldFile(_ string, part []string) string {
	all, err := w.s.Files(store.FileFilter{})
	if err != nil {
		return err.Error()
	}
	direction := map[string]string{"held": policy.FilesIn, "outbox": policy.FilesOut}[part[1]]
	for _, f := range all {
		if f.Direction != direction || !slices.Contains(f.Kept, part[2]) {
			continue
		}
		standard, err := w.s.RecordingsKept()
		if err != nil {
			return err.Error()
		}
		sys, err := w.s.System(f.System)
		if err != nil {
			return err.Error()
		}
		held, err := w.s.Held(f.Session)
		if err != nil || !f.Disposed.IsZero() || policy.MayDisposeFile(f.State, f.EndedAt, sys.KeepsFiles(standard), held, w.s.Now) {
			return fmt.Sprintf("its time is over (%v)", err)
		}
		if f.State.Waits() && !w.s.Now.Before(f.Until) {
			return "it waits beyond its time"
		}
		return ""
	}
	return "no file has these contents"
}

func (w *walk) paper(_ string, part []string) string {
	known, err := w.s.PaperFiles()
	if err != nil || !known[part[1]] {
		return fmt.Sprintf("no paper on file has this copy (%v)", err)
	}
	keep, err := w.s.LedgerKeptNow()
	if err != nil {
		return err.Error()
	}
	all, err := w.s.Papers(store.PaperFilter{Limit: -1})
	for _, p := range all {
		ended := p.Until
		if p.File == part[1] && !ended.IsZero() && keep > 0 && !w.s.Now.Before(ended.Add(keep)) {
			return "its time is over"
		}
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (w *walk) checkpoint(path string, _ []string) string {
	note, err := os.ReadFile(path)
	if err == nil {
		_, err = ledger.ReadCheckpoint(note)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
