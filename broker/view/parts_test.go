package view_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/recordings"
)

// long is a session of an hour with a line each ten seconds.
func long(t *testing.T) *archive {
	return newArchive(t, func(w *recordings.Writer, pass func(time.Duration)) {
		if err := errors.Join(w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}), w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 80, Rows: 24}),
			w.Event(0, recordings.EventShell, nil)); err != nil {
			t.Fatal(err)
		}
		for i := range 360 {
			pass(10 * time.Second)
			if err := w.Data(0, recordings.Stdout, fmt.Appendf(nil, "行 %d\r\n", i)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestAPartIsSentOnItsOwn: the list and the parts are as the player wants them, and the ledger has only the parts that were sent.
func TestAPartIsSentOnItsOwn(t *testing.T) {
	t.Parallel()
	a := long(t)
	by := a.reader("mori")
	name, err := a.views.BeginPlayback(t.Context(), by, "t1", a.id, view.Why{Purpose: string(policy.PeriodicReview)}, false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.views.PlaybackParts(t.Context(), by, "t1", a.id, name, "ja")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, squeeze := range []bool{true, false} {
		var reel struct {
			Duration float64
			Segments []struct{ Start float64 }
		}
		decode(t, p.Reel(squeeze, func(no int) string { return fmt.Sprint(no) }), &reel)
		if len(reel.Segments) != p.Count() || reel.Segments[0].Start != 0 || p.Count() < 5 {
			t.Fatalf("%d parts, %d in the list", p.Count(), len(reel.Segments))
		}
		for no := range p.Count() {
			part, err := p.Part(no, squeeze)
			if err != nil {
				t.Fatal(err)
			}
			var picture struct{ Events [][]any }
			decode(t, part, &picture)
			ends := reel.Duration
			if no+1 < p.Count() {
				ends = reel.Segments[no+1].Start
			}
			first, last := picture.Events[0][0].(float64), picture.Events[len(picture.Events)-1][0].(float64)
			if no > 0 && first != reel.Segments[no].Start || last >= ends && no+1 < p.Count() || no+1 == p.Count() && last != ends {
				t.Errorf("part %d has %v to %v of %v to %v", no, first, last, reel.Segments[no].Start, ends)
			}
		}
	}
	line, err := p.Timeline(t.Context(), true)
	if err != nil || len(line.Density) < 50 || line.PlayMS > line.LengthMS/4 {
		t.Errorf("%d bars, %d ms of %d, %v", len(line.Density), line.PlayMS, line.LengthMS, err)
	}
	p.Sent(0)
	p.Sent(2)
	a.note(true)
	one := a.covered().Of(by.ID)
	if len(one.Picture) != 2 || one.Picture[0][0] != 0 || one.Picture.Seconds() > 3600/2 || !slices.Equal(one.All, one.Picture) {
		t.Errorf("%+v", one)
	}
}

func decode(t *testing.T, from, to any) {
	t.Helper()
	b, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Each part is judged anew: a person who lost the role, whose look is over, or who has another one's name gets none.
func TestAttackAPartWithoutTheRight(t *testing.T) {
	t.Parallel()
	a := long(t)
	by := a.reader("mori")
	begin := func() string {
		name, err := a.views.BeginPlayback(t.Context(), by, "t1", a.id, view.Why{Purpose: string(policy.PeriodicReview)}, false)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	name := begin()
	for what, open := range map[string]func() (*view.Parts, error){
		"another person": func() (*view.Parts, error) {
			return a.views.PlaybackParts(t.Context(), a.reader("head"), "t1", a.id, name, "ja")
		},
		"another token": func() (*view.Parts, error) { return a.views.PlaybackParts(t.Context(), by, "t2", a.id, name, "ja") },
		"no look":       func() (*view.Parts, error) { return a.views.PlaybackParts(t.Context(), by, "t1", a.id, "", "ja") },
	} {
		if _, err := open(); !errors.Is(err, view.ErrNoPlayback) {
			t.Errorf("%s: %v", what, err)
		}
	}
	a.write(func(tx *store.Tx) error {
		p, err := tx.Person("mori")
		if err != nil {
			return err
		}
		p.Roles = []policy.Role{policy.Requester}
		_, err = tx.Append(townhall.Draft("test.act"))
		return errors.Join(tx.PutPerson(p), err)
	})
	var denied *policy.Denied
	if _, err := a.views.PlaybackParts(t.Context(), a.reader("mori"), "t1", a.id, name, "ja"); !errors.As(err, &denied) {
		t.Errorf("without the role: %v", err)
	}
}
