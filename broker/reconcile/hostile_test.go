package reconcile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

func reasonOf(err error) string {
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return string(denied.Reason)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// answering is an office whose target answers the question for its logins with the output of these shell lines.
func answering(t *testing.T, lines string) *office {
	return newOffice(t, func(target *store.Target) {
		target.Steward = testbed.Hook(t, "#!/bin/sh\nwhile read -r w v; do :; done\nt='"+townhall.Start.UTC().Format(time.RFC3339)+"'\nl() { printf 'login\\t%s\\t%s\\t%s\\t%s\\taccepted\\n' \"$@\"; }\necho 'sekimori-target 1'\n"+lines+"\n")
	})
}

const begins = "printf 'clock\\t%s\\nrecord\\taccepted\\t2026-01-01T00:00:00Z\\n' \"$t\"\n"

// TestAttackATargetThatHangsLiesOrFloods: whatever it answers, the comparison ends, says what it has, and what was said before stays.
func TestAttackATargetThatHangsLiesOrFloods(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, lines string
		state       store.ReconciledState
		says        string
		unknown     int
	}{
		{"says nothing", "exit 0", store.ReconciledFailed, "no clear answer", 0},
		{"has no clock", "echo done", store.ReconciledFailed, "no clock", 0},
		{"has two clocks", begins + begins + "echo done", store.ReconciledFailed, "twice", 0},
		{"has an impossible clock", "printf 'clock\\t9999-01-01T00:00:00Z\\nrecord\\taccepted\\t\\n'; echo done", store.ReconciledFailed, "no time", 0},
		{"names no record", "printf 'clock\\t%s\\n' $t; echo done", store.ReconciledFailed, "no record", 0},
		{"has another record", "printf 'clock\\t%s\\nrecord\\tbtmp\\t\\n' $t; echo done", store.ReconciledFailed, "a record", 0},
		{"has a login of no record", "printf 'clock\\t%s\\nrecord\\tterminal\\t\\n' $t; l $t root 192.0.2.9 1; echo done", store.ReconciledFailed, "did not name", 0},
		{"has a login without a time", begins + "l yesterday root 192.0.2.9 1; echo done", store.ReconciledFailed, "no time", 0},
		{"has one field less", begins + "printf 'login\\t%s\\troot\\t192.0.2.9\\taccepted\\n' $t; echo done", store.ReconciledFailed, "no clear answer", 0},
		{"breaks off", begins + "l $t root 192.0.2.9 1", store.ReconciledFailed, "breaks off", 0},
		{"fails", "printf 'failed\\tno wtmp\\n'", store.ReconciledFailed, "no wtmp", 0},
		{"floods", begins + "yes", store.ReconciledFailed, "", 0},
		{"floods within the bounds", begins + "i=0; while [ $i -lt 1000 ]; do l $t root 192.0.2.9 $i; i=$((i+1)); done; echo done", store.ReconciledUnknown, "", 200},
		{"writes to the reader's terminal", begins + "l $t \"$(printf 'ro\\033[2Jot')\" \"$(printf '\\033]0;x\\007')\" 1; echo done", store.ReconciledUnknown, "", 1},
		{"is honest", begins + "echo done", store.ReconciledAgrees, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := answering(t, c.lines)
			if err := w.ask("mori"); err != nil {
				t.Fatal(err)
			}
			r := w.last()
			if r.State != c.state || !strings.Contains(r.Found.Error, c.says) || (r.Found.Error != "") != (c.state == store.ReconciledFailed) {
				t.Fatalf("%+v", r)
			}
			if r.Until.IsZero() != (c.state == store.ReconciledFailed) {
				t.Errorf("compared until %s", r.Until)
			}
			all := w.unknown()
			if len(all) != c.unknown {
				t.Errorf("%d unknown logins", len(all))
			}
			if c.unknown == 200 && (r.Found.New != 200 || r.Found.Beyond != 800 || len(w.alarms()) != 1) {
				t.Errorf("%+v", r.Found)
			}
			for _, u := range all {
				if strings.ContainsAny(u.Login+u.Source, "\x1b\x07") {
					t.Errorf("%q %q", u.Login, u.Source)
				}
			}
		})
	}
}

// TestEveryHourByRule: without the rule the clock asks no target. With it each target is asked once an hour; one that cannot be compared
// raises one alarm a day.
func TestEveryHourByRule(t *testing.T) {
	t.Parallel()
	w := answering(t, "exit 0")
	ctx := t.Context()
	if err := w.Hourly(ctx); err != nil {
		t.Fatal(err)
	}
	w.read(func(s *store.Snap) error {
		if _, err := s.Reconciliation("hr-db"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it was asked without the rule: %v", err)
		}
		return nil
	})
	w.write(func(tx *store.Tx) error {
		y, err := tx.System("hr")
		if err != nil {
			return err
		}
		y.ReconcileHourly = true
		return tx.PutSystem(y)
	})
	first := w.Now()
	for _, c := range []struct {
		pass   time.Duration
		asked  bool
		alarms int
	}{{0, true, 1}, {54 * time.Minute, false, 1}, {time.Minute, true, 1}, {55 * time.Minute, true, 1}, {24 * time.Hour, true, 2}} {
		w.Pass(c.pass)
		if err := w.Hourly(ctx); err != nil {
			t.Fatal(err)
		}
		if asked := w.last().At.Equal(w.Now().Truncate(time.Millisecond)); asked != c.asked || len(w.alarms()) != c.alarms {
			t.Errorf("%s after the first: asked %v, %d alarms", w.Now().Sub(first), asked, len(w.alarms()))
		}
	}
	if w.last().Found.By != "" {
		t.Errorf("%+v", w.last())
	}
}

// TestARecordThatWasShortenedRaisesAnAlarm: a log that begins after the last comparison was rotated away, or emptied.
func TestARecordThatWasShortenedRaisesAnAlarm(t *testing.T) {
	t.Parallel()
	w := answering(t, begins+"echo done")
	if err := w.ask("mori"); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Hour)
	later := w.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	w.write(func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		target.Steward = testbed.Hook(t, fmt.Sprintf("#!/bin/sh\ncat >/dev/null\necho 'sekimori-target 1'\nprintf 'clock\\t%s\\nrecord\\taccepted\\t%s\\ndone\\n'\n", w.Now().UTC().Format(time.RFC3339), later))
		return tx.PutTarget(target)
	})
	if err := w.ask("mori"); err != nil {
		t.Fatal(err)
	}
	if r := w.last(); r.Found.Gap.IsZero() || r.State != store.ReconciledAgrees || len(w.alarms()) != 1 {
		t.Errorf("%+v, %d alarms", r, len(w.alarms()))
	}
}

// TestATargetWithoutAProgramIsNotAsked: the answer says that a file is needed.
func TestATargetWithoutAProgramIsNotAsked(t *testing.T) {
	t.Parallel()
	w := newOffice(t, func(*store.Target) {})
	var wrong *forms.Invalid
	if err := w.ask("mori"); !errors.As(err, &wrong) || wrong.Problems[0].Code != "no-steward" {
		t.Errorf("%v", err)
	}
	if err := w.Ask(t.Context(), "nowhere", w.by("mori")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
