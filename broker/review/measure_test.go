package review_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/internal/works"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// entriesOf gives the payloads of a kind's entries, in order.
func (g *generator) entriesOf(t *testing.T, kind string) (out []map[string]any) {
	t.Helper()
	err := g.h.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			var p map[string]any
			if err := json.Unmarshal(e.Payload, &p); err != nil {
				return err
			}
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// planted makes ordinary works of one vendor, and then one with an oddity.
func planted(t *testing.T, odd works.Oddity, before int) (*generator, string) {
	t.Helper()
	g := newGenerator(t, 7)
	at := time.Date(2026, 11, 30, 9, 0, 0, 0, townhall.Zone)
	for i := range before + 1 {
		w := generated{id: "S-" + at.Format("20060102") + "-01"}
		if i == before {
			w.odd = odd
		}
		g.work(t, w, at, 3*i)
		g.all = append(g.all, w)
		at = at.AddDate(0, 0, 1)
	}
	return g, g.all[before].id
}

func (g *generator) picksOf(t *testing.T, id string) []api.Pick {
	t.Helper()
	for _, w := range g.rank(t) {
		if w.id == id {
			return w.picks
		}
	}
	t.Fatalf("no work %s", id)
	return nil
}

// TestRecordingsSayWhyWorkStandsOut: each oddity of a recording is a reason; the entry has the figures and no words of the screen.
func TestRecordingsSayWhyWorkStandsOut(t *testing.T) {
	t.Parallel()
	for odd, want := range map[works.Oddity]api.Pick{works.OffScope: api.PickOffScope, works.MassRead: api.PickMoreOutput, works.NewTool: api.PickNewCommand, works.CopiedFile: api.PickCopied, works.IdleBurst: api.PickIdleBurst} {
		t.Run(string(odd), func(t *testing.T) {
			t.Parallel()
			g, id := planted(t, odd, 4)
			if picks := g.picksOf(t, id); !slices.Contains(picks, want) {
				t.Errorf("%v", picks)
			}
			all := g.entriesOf(t, "session.measured")
			if len(all) != 5 {
				t.Fatalf("%d entries", len(all))
			}
			last := all[4]
			reasons, _ := json.Marshal(last["reasons"])
			if last["session_id"] != id || last["earlier"] != 4.0 || !strings.Contains(string(reasons), string(want)) {
				t.Errorf("%v", last)
			}
			whole, _ := json.Marshal(all)
			for _, word := range []string{"nmap", "shokuin_kihon", "meisai", "psql", "scp"} {
				if strings.Contains(string(whole), word) {
					t.Errorf("the ledger has %q", word)
				}
			}
			if err := g.queue.Measure(t.Context()); err != nil || len(g.entriesOf(t, "session.measured")) != 5 {
				t.Errorf("a recording was measured twice: %v", err)
			}
		})
	}
}

// TestWithoutEarlierWorkNothingIsNew: with fewer than three earlier sessions no command is new and no output is much. The third makes the
// difference.
func TestWithoutEarlierWorkNothingIsNew(t *testing.T) {
	t.Parallel()
	for before, want := range map[int]bool{2: false, 3: true} {
		g, id := planted(t, works.NewTool, before)
		if picks := g.picksOf(t, id); slices.Contains(picks, api.PickNewCommand) != want {
			t.Errorf("after %d: %v", before, picks)
		}
	}
}

// TestATableOfAnEarlierRequestIsKnown: a request that names no table still allows the tables which an earlier request of the vendor on the system named and
// its work used. A table that was only used, and named by no request, is never usual, however often it is used.
func TestATableOfAnEarlierRequestIsKnown(t *testing.T) {
	t.Parallel()
	g := newGenerator(t, 7)
	at := time.Date(2026, 11, 30, 9, 0, 0, 0, townhall.Zone)
	for i, w := range []generated{
		{table: "kojo", asks: "表 kojo を直す"}, {table: "kojo", asks: "明細の画面を直す"}, {table: "zeimu", asks: "明細の画面を直す"}, {table: "zeimu", asks: "明細の画面を直す"}, {table: "zeimu", asks: "表 kojo を直す"},
	} {
		w.id = "S-" + at.Format("20060102") + "-01"
		g.work(t, w, at, 3*i)
		g.all = append(g.all, w)
		at = at.AddDate(0, 0, 1)
	}
	for i, want := range []bool{false, false, true, true, true} {
		if got := slices.Contains(g.picksOf(t, g.all[i].id), api.PickOffScope); got != want {
			t.Errorf("work %d (%s, %s): %v", i, g.all[i].table, g.all[i].asks, got)
		}
	}
	for i, p := range g.entriesOf(t, "session.measured") {
		if want := [][2]float64{{0, 0}, {1, 0}, {1, 1}, {1, 1}, {1, 1}}[i]; p["outside"] != want[0] || p["unfamiliar"] != want[1] {
			t.Errorf("entry %d: %v of %v", i, p["outside"], p["unfamiliar"])
		}
	}
}

// TestMeasuresGoWithTheRecording: the figures of a session are forgotten as its disposal ends, and are not made again.
func TestMeasuresGoWithTheRecording(t *testing.T) {
	t.Parallel()
	g, id := planted(t, works.CopiedFile, 0)
	measured := func() error {
		return g.h.DB.Read(t.Context(), func(s *store.Snap) error { _, err := s.Measure(id); return err })
	}
	if err := errors.Join(g.queue.Measure(t.Context()), measured()); err != nil {
		t.Fatal(err)
	}
	g.write(t, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.OrderDisposal(store.Disposal{Session: id, Names: []string{}}), tx.EndDisposal(id))
	})
	if err := g.queue.Measure(t.Context()); err != nil || !errors.Is(measured(), store.ErrNotFound) {
		t.Errorf("%v, %v", err, measured())
	}
	if n := len(g.entriesOf(t, "session.measured")); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// TestADamagedRecordingIsNotMeasured: it says nothing about the work; its fault has an alarm, and the others are measured. It is tried again
// after a day.
func TestADamagedRecordingIsNotMeasured(t *testing.T) {
	t.Parallel()
	g, id := planted(t, works.Ordinary, 1)
	first, path := g.all[0].id, filepath.Join(g.Dir, g.all[0].id+".skr")
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := append([]byte{}, sound...)
	cut[len(cut)/2] ^= 1
	measure := func(contents []byte) (sessions []string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, contents, 0o600), g.queue.Measure(t.Context())); err != nil {
			t.Fatal(err)
		}
		for _, p := range g.entriesOf(t, "session.measured") {
			sessions = append(sessions, p["session_id"].(string))
		}
		return sessions
	}
	if got := measure(cut); !slices.Equal(got, []string{id}) {
		t.Errorf("measured %v", got)
	}
	if got := measure(sound); !slices.Equal(got, []string{id}) {
		t.Errorf("tried again at once: %v", got)
	}
	g.h.Pass(24 * time.Hour)
	if got := measure(sound); !slices.Equal(got, []string{id, first}) {
		t.Errorf("a day later: %v", got)
	}
}
