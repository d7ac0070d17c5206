package interlock

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

var errStuck = errors.New("the relay is stuck")

// TestALineLeftOnOvernight: a line that people left on raises an alarm a quarter of an hour after the window, and again every quarter, all
// night; not a millisecond before. Once it is off there is no more.
func TestALineLeftOnOvernight(t *testing.T) {
	t.Parallel()
	h := lined(t, func(s *rules.System) { s.Line, s.LineDriver, s.LineProbes = policy.LineByHand, "", nil })
	looks := func() {
		t.Helper()
		if err := h.s.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	looks()
	t.Cleanup(func() {
		for _, l := range h.s.all() {
			l.stop()
			<-l.ended
		}
	})
	h.must(h.s.CutOff, "ito")
	h.must(h.s.PutOn, "ito")
	count := func() int { return len(h.alarms(store.AlarmLineLeft)) }
	expect := func(after time.Duration, n int) {
		t.Helper()
		h.Pass(h.end.Add(after).Sub(h.Now()))
		looks()
		if got := count(); got != n || h.count("line.left-on") != n {
			t.Fatalf("%v after the window: %d alarms, %d entries, want %d", after, got, h.count("line.left-on"), n)
		}
	}
	const quarter = 15 * time.Minute
	expect(0, 0)
	expect(quarter-time.Millisecond, 0)
	expect(quarter, 1)
	expect(quarter, 1)
	expect(2*quarter-time.Millisecond, 1)
	for n := 2; n <= 48; n++ { // until the next morning
		expect(time.Duration(n)*quarter, n)
	}
	if all := h.alarms(store.AlarmLineLeft); len(all[0].Desks) != 2 || all[0].About != "hr" {
		t.Errorf("%+v", all[0])
	}
	h.must(h.s.TakeOff, "abe") // any attendant of the section ends it
	expect(49*quarter, 48)
	h.must(h.s.PutBack, "abe")
	if row := h.row(); row.OffBy != "abe" || row.RestoredBy != "abe" {
		t.Errorf("%+v", row)
	}
}

// TestADrivenLineThatDoesNotGoOff: a driver that does not obey after the window leaves the line on; the alarm says so until it obeys.
func TestADrivenLineThatDoesNotGoOff(t *testing.T) {
	t.Parallel()
	h := lined(t)
	h.begin()
	h.opened()
	h.dev.change(func(d *device) { d.broken = errStuck })
	h.eventually("the loss has its entry", func() bool { return h.count("line.lost") == 1 })
	h.Pass(time.Hour + 15*time.Minute)
	h.eventually("the alarm is raised", func() bool { return len(h.alarms(store.AlarmLineLeft)) == 1 })
	if h.row().RestoredBy != "" {
		t.Error("the office network is put back although the maintenance line is not seen to be off")
	}
	h.dev.change(func(d *device) { d.broken = nil })
	h.eventually("the line is closed", func() bool {
		return h.row().RestoredBy == "broker" && h.dev.is() == Reading{policy.SideUp, policy.SideDown}
	})
}

// TestAStartTakesTheLineOff: a start takes a maintenance line off that the last run left on, and says so once, with how it was read back. A
// driver that does not obey is said to be unknown, with an alarm, and holds up no other line's start.
func TestAStartTakesTheLineOff(t *testing.T) {
	for _, c := range []struct {
		name   string
		broken error
		said   string
		alarms int
	}{{"its driver obeys", nil, "down", 0}, {"its driver does not obey", errStuck, "unknown", 1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := lined(t)
			row := store.WindowLine{Window: window1, System: "hr", How: policy.LineDriven, CutAt: h.Now(), CutBy: "ito"}
			h.write(func(tx *store.Tx) error {
				err := tx.AddWindowLine(row)
				row.OnAt, row.OnBy = h.Now(), "ito"
				return errors.Join(err, tx.UpdateWindowLine(row))
			})
			h.dev.change(func(d *device) { d.internal, d.maintenance, d.broken = policy.SideDown, policy.SideUp, c.broken })
			h.Pass(time.Minute)
			were, err := h.s.Reconcile(t.Context())
			if err != nil || !slices.Equal(were, []string{"hr"}) {
				t.Fatalf("%v, %v", were, err)
			}
			if c.broken == nil && h.dev.is() != (Reading{policy.SideDown, policy.SideDown}) {
				t.Errorf("%+v", h.dev.is())
			}
			if row := h.row(); row.On() || row.OffBy != "broker" || !row.Open() {
				t.Errorf("%+v", row)
			}
			if got := h.said("line.reconciled", "maintenance"); got != c.said || len(h.alarms(store.AlarmLineLeft)) != c.alarms {
				t.Errorf("the entry says %q, %d alarms", got, len(h.alarms(store.AlarmLineLeft)))
			}
			if were, err = h.s.Reconcile(t.Context()); err != nil || len(were) != 0 || h.count("line.reconciled") != 1 {
				t.Errorf("a second start: %v, %v, %d entries", were, err, h.count("line.reconciled"))
			}
			h.begin()
			if c.broken != nil {
				h.eventually("the line is looked at", func() bool { s, ok := h.s.Show("hr"); return ok && s.Why != "" })
				if l := h.s.Lines()["hr"]; l.State != policy.LineUnknown {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}

// TestHungDriversHoldUpAStartOnce: drivers that hang at a start hang at the same time.
func TestHungDriversHoldUpAStartOnce(t *testing.T) {
	t.Parallel()
	h := lined(t)
	h.write(func(tx *store.Tx) error {
		sys, err := tx.System("hr")
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			sys.ID = id
			err = errors.Join(err, tx.PutSystem(sys))
		}
		return err
	})
	h.dev.change(func(d *device) { d.hangs = make(chan struct{}) })
	started := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, err := h.s.Reconcile(ctx); started <- err }()
	h.eventually("six drivers hang at once", func() bool { return h.dev.waiting.Load() == 6 })
	cancel() // instead of the five seconds of each driver
	if err := <-started; err != nil {
		t.Fatal(err)
	}
}
