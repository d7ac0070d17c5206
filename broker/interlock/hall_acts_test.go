package interlock

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestWhoMovesALine: the attendant of the window cuts and puts on, in this order. Any attendant of the section takes off and puts back, at
// any time. No one else does. A step out of order is refused with the step that comes first.
func TestWhoMovesALine(t *testing.T) {
	t.Parallel()
	h := lined(t)
	h.begin()
	for _, by := range []string{"ueki", "kato", "head", "mori", "admin", "E-0031", "abe"} {
		for name, what := range map[string]func(context.Context, string, act.Caller) error{"cut": h.s.CutOff, "on": h.s.PutOn} {
			if got := h.do(what, by); got != string(policy.Forbidden) {
				t.Errorf("%s by %s: %q", name, by, got)
			}
		}
	}
	for _, by := range []string{"ueki", "kato", "E-0031"} {
		if got := h.do(h.s.TakeOff, by) + h.do(h.s.PutBack, by); got != string(policy.Forbidden)+string(policy.Forbidden) {
			t.Errorf("off and back by %s: %q", by, got)
		}
		if err := h.s.Test(t.Context(), "hr", townhall.Caller(by)); townhall.Reason(err) != string(policy.Forbidden) {
			t.Errorf("a test by %s: %v", by, err)
		}
	}
	says := func(what func(context.Context, string, act.Caller) error, words string) {
		t.Helper()
		if got := h.do(what, "ito"); !strings.Contains(got, words) {
			t.Errorf("%q, want %q", got, words)
		}
	}
	says(h.s.PutOn, "line cut")
	says(h.s.TakeOff, "not connected")
	says(h.s.PutBack, "not cut")
	h.dev.change(func(d *device) { d.hand = true })
	says(h.s.CutOff, "the office network is not confirmed to be cut\n  internal tcp 192.0.2.1:9: connected")
	h.dev.change(func(d *device) { d.hand = false })
	if h.row().Open() {
		t.Errorf("the refused cut is on record: %+v", h.row())
	}
	h.opened()
	says(h.s.PutBack, "line off")
	if err := h.s.Test(t.Context(), "hr", townhall.Caller("ito")); err == nil || !strings.Contains(err.Error(), "the line is open") {
		t.Errorf("a test of a line in use: %v", err)
	}
	h.Pass(2 * time.Hour) // the window is over: the broker takes the line off and puts the office network back by itself
	h.eventually("the line is closed", func() bool { return h.row().RestoredBy == "broker" })
	if got := h.do(h.s.CutOff, "ito"); got == "" {
		t.Error("the office network is cut after the window")
	}
	// The row is the order: the watch puts the office network back after it.
	h.eventually("the office network is back", func() bool { return h.dev.is() == Reading{policy.SideUp, policy.SideDown} })
	if h.dev.wasJoined() {
		t.Error("both sides were up")
	}
	for kind, n := range map[string]int{"line.cut": 1, "line.on": 1, "line.off": 1, "line.restored": 1, "line.lost": 0} {
		if got := h.count(kind); got != n {
			t.Errorf("%d entries %s, want %d", got, kind, n)
		}
	}
}

// TestTwoAttendantsAtOnce: each step that several do at once is done once, with one entry, and the sides are never both up. The others are
// told that it is done.
func TestTwoAttendantsAtOnce(t *testing.T) {
	t.Parallel()
	h := lined(t, func(s *rules.System) {})
	h.write(func(tx *store.Tx) error { // no one has the post yet: each attendant of the section may move the line
		w, err := tx.Window(window1)
		w.State, w.Attendant, w.OpenedAt = policy.WindowScheduled, "", time.Time{}
		return errors.Join(err, tx.UpdateWindow(w))
	})
	h.begin()
	if err := h.s.Test(t.Context(), "hr", townhall.Caller("abe")); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		kind string
		what func(context.Context, string, act.Caller) error
	}{{"line.cut", h.s.CutOff}, {"line.on", h.s.PutOn}, {"line.off", h.s.TakeOff}, {"line.restored", h.s.PutBack}} {
		var all sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			all.Go(func() { errs[i] = one.what(t.Context(), window1, townhall.Caller([]string{"ito", "abe"}[i%2])) })
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !strings.Contains(err.Error(), "already") && !strings.Contains(err.Error(), "not connected") && !strings.Contains(err.Error(), "not cut"):
				t.Errorf("%s: %v", one.kind, err)
			}
		}
		if done != 1 || h.count(one.kind) != 1 {
			t.Fatalf("%s: %d succeeded, %d entries: %v", one.kind, done, h.count(one.kind), errs)
		}
	}
	// Opposite steps at once: whichever wins, the row and the device agree in the end.
	h.must(h.s.CutOff, "ito")
	var both sync.WaitGroup
	both.Go(func() { _ = h.s.PutOn(t.Context(), window1, townhall.Caller("ito")) })
	both.Go(func() { _ = h.s.PutBack(t.Context(), window1, townhall.Caller("abe")) })
	both.Wait()
	h.eventually("row and device agree", func() bool {
		row := h.row()
		want := Reading{policy.SideUp, policy.SideDown}
		if row.Open() {
			want.Internal = policy.SideDown
		}
		if row.Open() && row.On() {
			want.Maintenance = policy.SideUp
		}
		return h.dev.is() == want
	})
	if h.dev.wasJoined() {
		t.Error("both sides were up")
	}
}

// TestALossHasItsEntry: an office network that comes back while the maintenance line is on is a loss, with one entry and one alarm to the
// section's desk and the central one. A driven line goes off and stays so until it is cut and put on anew.
func TestALossHasItsEntry(t *testing.T) {
	t.Parallel()
	h := lined(t)
	h.begin()
	h.opened()
	h.dev.change(func(d *device) { d.hand = true })
	h.eventually("the loss has its entry", func() bool { return h.count("line.lost") == 1 })
	h.eventually("the maintenance line is off", func() bool { return h.dev.is().Maintenance == policy.SideDown })
	if row := h.row(); !row.Lost() || row.On() || row.OffBy != "broker" {
		t.Errorf("%+v", row)
	}
	if all := h.alarms(store.AlarmLineLost); len(all) != 1 || len(all[0].Desks) != 2 || all[0].Detail["state"] != string(policy.LineJoined) {
		t.Errorf("alarms %+v", all)
	}
	h.dev.change(func(d *device) { d.hand = false })
	h.eventually("the sides are known again", func() bool { return h.s.Lines()["hr"].Internal == policy.SideDown })
	if l := h.s.Lines()["hr"]; l.State == policy.LineSeparated || h.dev.is().Maintenance == policy.SideUp {
		t.Errorf("after the hand is gone: %+v, device %+v", l, h.dev.is())
	}
	if got := h.do(h.s.PutOn, "ito"); !strings.Contains(got, "line cut") {
		t.Errorf("the line is put on without a new cut: %q", got)
	}
	h.Pass(time.Second)
	h.must(h.s.CutOff, "ito")
	h.must(h.s.PutOn, "ito")
	if l := h.s.Lines()["hr"]; l.State != policy.LineSeparated || h.count("line.lost") != 1 {
		t.Errorf("%+v, %d losses", l, h.count("line.lost"))
	}
}

// TestAnOlderReadingDoesNotCount: what the watch knows of a row never goes back behind an act, however many read the store at once. A
// row that is on and is taken for off again would hide a loss.
func TestAnOlderReadingDoesNotCount(t *testing.T) {
	t.Parallel()
	h := lined(t, func(s *rules.System) { s.Line, s.LineDriver, s.LineProbes = policy.LineByHand, "", nil })
	h.begin()
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel()
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				_ = h.s.refresh(ctx)
			}
		})
	}
	for range 10 {
		for _, step := range []func(context.Context, string, act.Caller) error{h.s.CutOff, h.s.PutOn, h.s.TakeOff, h.s.PutBack} {
			h.must(step, "ito")
			row, l := h.row(), h.s.line("hr")
			for range 50 {
				l.mu.Lock()
				knows := l.st.row
				l.mu.Unlock()
				if row.Open() != knows.Open() || knows.Open() && row != knows {
					t.Fatalf("the watch knows %+v, the store has %+v", knows, row)
				}
				runtime.Gosched()
			}
		}
	}
}

// TestTheResultOfATest: a test is stored with its time and result, whichever it is, and counts from then on.
func TestTheResultOfATest(t *testing.T) {
	t.Parallel()
	h := lined(t)
	h.begin()
	test := func() {
		t.Helper()
		if err := h.s.Test(t.Context(), "hr", townhall.Caller("ito")); err != nil {
			t.Fatal(err)
		}
	}
	test()
	if l := h.s.Lines()["hr"]; !l.TestOK || !l.Tested.Equal(h.Now()) {
		t.Errorf("after a test: %+v", l)
	}
	h.Pass(24 * time.Hour)
	h.dev.change(func(d *device) { d.hand = true }) // the office network has another way, around the switch
	test()
	if l := h.s.Lines()["hr"]; l.TestOK || !l.Tested.Equal(h.Now()) {
		t.Errorf("after a test that failed: %+v", l)
	}
	h.eventually("the office network is back after a failed test", func() bool { return h.dev.is() == Reading{policy.SideUp, policy.SideDown} })
	kinds := h.Kinds(t, "hr")
	n := 0
	for _, k := range kinds {
		if k == "line.tested" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d tests in the ledger: %v", n, kinds)
	}
}
