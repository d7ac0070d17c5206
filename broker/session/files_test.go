package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"sekimori/broker/files"
	"sekimori/broker/inspect"
	"sekimori/broker/store"
	"sekimori/policy"
)

// words is an inspector that knows three words.
type words struct{}

func (words) Name() string { return "words" }

func (words) Inspect(_ context.Context, s inspect.Subject) (f inspect.Finding, _ inspect.Content, err error) {
	f.Version = "words/2026-11-24"
	b, err := io.ReadAll(inspect.Reader(s.Content))
	switch {
	case err != nil:
		return f, nil, err
	case bytes.Contains(b, []byte("dies")):
		return f, nil, errors.New("the inspector died in mid-file")
	case bytes.Contains(b, []byte("evil")):
		f.Verdict, f.Detail = inspect.NotClean, "evil"
		return f, nil, nil
	case bytes.Contains(b, []byte("macro")):
		out, err := s.Scratch()
		if err != nil {
			return f, nil, err
		}
		if _, err := out.Write(bytes.ReplaceAll(b, []byte("macro"), nil)); err != nil {
			return f, nil, err
		}
		c, err := out.Content()
		f.Verdict = inspect.Sanitised
		return f, c, err
	}
	f.Verdict = inspect.Clean
	return f, nil, nil
}

// holding is a world whose system holds the files that come in.
func holding(t *testing.T) (w *world, held string) {
	t.Helper()
	held = filepath.Join(t.TempDir(), "held")
	w = newWorld(t, time.Hour, func(o *Options) {
		g, err := files.Open(files.Options{DB: o.DB, Ring: o.Ring, Dir: held, Outbox: held + "-out", Chain: inspect.Chain{Engines: []inspect.Engine{words{}}}})
		if err != nil {
			t.Fatal(err)
		}
		o.Files = g
	})
	w.files = policy.FilesAllowed
	w.write("test.registered", func(tx *store.Tx) error {
		s, err := tx.System("hr")
		if err != nil {
			return err
		}
		s.FilesIn = policy.FileInspect
		r, err := tx.Request("R8-0001")
		if err != nil {
			return err
		}
		r.Body.Files, r.Body.FileDirection, r.Body.Sanitised, r.Body.FileLimitMiB = policy.FilesAllowed, policy.FilesBoth, "CDR 1.0, 2026-11-20", 1
		return errors.Join(tx.PutSystem(s), tx.UpdateRequest(r))
	})
	return w, held
}

// entries are the payloads of a kind.
func (w *world) entries(kind string) (all []map[string]any) {
	w.t.Helper()
	err := w.db.Read(context.Background(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			var body map[string]any
			if err := errors.Join(err, json.Unmarshal(e.Payload, &body)); err != nil {
				return err
			}
			all = append(all, body)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// A held file reaches the target only as the inspectors let it go. What is stopped is kept, sealed, and its entry says why.
func TestAttackFilesPastTheGate(t *testing.T) {
	w, held := holding(t)
	v := w.admit(w.engineer(1))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send := func(name, data string) error {
		t.Helper()
		f, err := c.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
		if err != nil {
			return err
		}
		_, err = f.Write([]byte(data))
		return errors.Join(err, f.Close())
	}
	there := func(name string) string {
		t.Helper()
		f, err := c.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return "(nothing)"
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	const shiftJIS = "/\x96\xbe\x8d\xd7.csv"
	for name, step := range map[string]struct{ data, want, said string }{
		"/clean":     {"fine", "fine", ""},
		"/sanitised": {"with a macro", "with a ", ""},
		"/evil":      {"evil", "(nothing)", "[214]"},
		"/dies":      {"dies", "(nothing)", "[214]"},
		"/empty":     {"", "", ""},
		"/large":     {strings.Repeat("x", 1<<20+1), "(nothing)", ""},
		shiftJIS:     {"fine", "fine", ""},
	} {
		err := send(name, step.data)
		if got := there(name); got != step.want {
			t.Errorf("%q: the target has %.40q", name, got)
		}
		if refused := step.want == "(nothing)"; refused != (err != nil) || refused && !strings.Contains(err.Error(), step.said) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// A resumed transfer is inspected whole, with what is on the target already.
	f, err := c.OpenFile("/clean", os.O_WRONLY)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(", ev"), 4); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if f, err = c.OpenFile("/clean", os.O_WRONLY); err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte("il"), 8)
	if err := errors.Join(err, f.Close()); err == nil || there("/clean") != "fine, ev" {
		t.Errorf("%v: the target has %q", err, there("/clean"))
	}
	// An interrupted one is stopped.
	if f, err = c.OpenFile("/half", os.O_WRONLY|os.O_CREATE|os.O_TRUNC); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	v.client.Close()
	<-v.over
	why := map[string]int{}
	for _, e := range w.entries("file.stopped") {
		why[e["why"].(string)]++
		name := e["kept"].([]any)[0].(string)
		b, err := os.ReadFile(filepath.Join(held, name))
		if err != nil || bytes.Contains(b, []byte("evil")) || bytes.Contains(b, []byte("half")) {
			t.Errorf("%s is not kept sealed: %v", name, err)
		}
	}
	if why["not-clean"] != 3 || why["interrupted"] != 2 && why["interrupted"] != 1 {
		t.Errorf("stopped: %v", why)
	}
	released := w.entries("file.released")
	if len(released) != 5 {
		t.Errorf("%d released", len(released))
	}
	for _, e := range released {
		if e["sanitised"] != "CDR 1.0, 2026-11-20" || len(e["sha256"].(string)) != 64 || (e["sha256"] != e["sha256_delivered"]) != (e["path"] == "/sanitised") {
			t.Errorf("%v", e)
		}
		if e["path"] == "/sanitised" && len(e["kept"].([]any)) != 2 {
			t.Errorf("the original and the copy are kept: %v", e["kept"])
		}
	}
}

// Without a gate nothing passes in place of being held.
func TestAttackHeldFilesWithoutAGate(t *testing.T) {
	w, _ := holding(t)
	w.sup.o.Files = nil
	v := w.admit(w.engineer(1))
	if c, err := sftp.NewClient(v.client); err == nil {
		c.Close()
		t.Error("an SFTP channel opened")
	}
	v.client.Close()
	<-v.over
}
