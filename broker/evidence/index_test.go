package evidence

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"sekimori/recordings"
)

var seenAs = recordings.View{Encoding: recordings.UTF8, Started: dawn}

// shows opens a recording's index and gives the text of its first part.
func (r *room) shows(session string) string {
	r.t.Helper()
	held, err := r.k.Open(r.t.Context(), session)
	if err != nil {
		r.t.Fatal(err)
	}
	defer held.Close()
	i, err := held.Index(r.t.Context(), seenAs, r.id)
	if err != nil {
		r.t.Fatal(err)
	}
	defer i.Close()
	part, err := i.Part(0)
	if err != nil {
		r.t.Fatal(err)
	}
	text := part.EN
	for _, e := range part.Events {
		text += e.EN
	}
	return text
}

// An index that is missing, of another recording, changed, cut, a pipe or a link is made anew and never believed.
func TestAttackAnIndexInPlaceOfAnother(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "rm -rf /srv/evidence\n")
	r.session(others, "ls\n")
	if !strings.Contains(r.shows(others), "ls") {
		t.Fatal("the index shows nothing")
	}
	name := r.file(mine) + ".index"
	for what, spoil := range map[string]func() error{
		"missing": func() error { return nil },
		"another recording's": func() error {
			b, err := os.ReadFile(r.file(others) + ".index")
			return errors.Join(err, os.WriteFile(name, b, 0o600))
		},
		"empty":               func() error { return os.WriteFile(name, nil, 0o600) },
		"a link to another's": func() error { return os.Symlink(r.file(others)+".index", name) },
		"a directory":         func() error { return os.Mkdir(name, 0o700) },
		"one byte was changed": func() error {
			r.shows(mine)
			b, err := os.ReadFile(name)
			b[len(b)/2] ^= 1
			return errors.Join(err, os.WriteFile(name, b, 0o600))
		},
		"an unfinished one is there": func() error { return os.WriteFile(name+".new", []byte("half"), 0o600) },
	} {
		if err := errors.Join(os.RemoveAll(name), spoil()); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if what == "a directory" { // no file can take its place: no index, and no belief
			held, err := r.k.Open(t.Context(), mine)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := held.Index(t.Context(), seenAs, r.id); err == nil {
				t.Errorf("%s: opened", what)
			}
			held.Close()
			continue
		}
		if text := r.shows(mine); !strings.Contains(text, "rm -rf /srv/evidence") {
			t.Errorf("%s: shows %q", what, text)
		}
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", what, info, err)
		}
		if _, err := os.Lstat(name + ".new"); err == nil {
			t.Errorf("%s: an unfinished index is left", what)
		}
	}
	b, err := os.ReadFile(name)
	if err == nil && bytes.Contains(b, []byte("evidence")) {
		t.Error("the index holds the output in the clear")
	}
}

// A look that goes on opens the recording without reading it whole, but notices another file at once.
func TestAttackARecordingReplacedDuringALook(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "rm -rf /srv/evidence\n")
	r.session(others, "ls\n")
	held, err := r.k.Open(t.Context(), mine)
	if err != nil {
		t.Fatal(err)
	}
	seen := held.Seen()
	held.Close()
	again, err := r.k.Again(t.Context(), seen)
	if err != nil || again.Digest.SHA256 != held.Digest.SHA256 {
		t.Fatal(err)
	}
	again.Close()
	r.write(mine, r.read(others))
	var bad *BadError
	if _, err := r.k.Again(t.Context(), seen); !errors.As(err, &bad) {
		t.Errorf("opened: %v", err)
	}
	if err := os.Remove(r.file(mine)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.k.Again(t.Context(), seen); !errors.As(err, &bad) || bad.Finding != Missing {
		t.Errorf("%v", err)
	}
	if len(r.alarms()) == 0 {
		t.Error("no alarm")
	}
}

// TestIndexesAreMadeAfterTheSession: the chore makes what is missing, leaves a recording that is gone to the re-reading, and makes nothing where the
// disk has no room.
func TestIndexesAreMadeAfterTheSession(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "rm -rf /srv/evidence\n")
	r.session(others, "ls\n")
	if err := os.Remove(r.file(others)); err != nil {
		t.Fatal(err)
	}
	reading := func(_ context.Context, _ string, started time.Time) (recordings.View, error) {
		return recordings.View{Encoding: recordings.UTF8, Started: started}, nil
	}
	room := false
	r.k.o.Room = func() bool { return room }
	if err := r.k.MakeIndexes(t.Context(), reading, r.id); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.file(mine) + ".index"); err == nil {
		t.Error("made on a full disk")
	}
	room = true
	clear(r.k.unindexable)
	for range 2 {
		if err := r.k.MakeIndexes(t.Context(), reading, r.id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(r.file(mine) + ".index"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(r.file(others) + ".index"); err == nil || len(r.alarms()) != 0 {
		t.Errorf("%v, %v", err, r.alarms())
	}
}
