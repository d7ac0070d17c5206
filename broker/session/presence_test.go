package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

var attendant = ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}

// attended makes the system require an attendant, heard of now.
func (w *world) attended() {
	w.t.Helper()
	w.write("test.changed", func(tx *store.Tx) error {
		s, err := tx.System("hr")
		if err != nil {
			return err
		}
		s.Attendance, s.Delegated, s.Idle = policy.AttendanceRequired, 30*time.Minute, 5*time.Minute
		return tx.PutSystem(s)
	})
	w.heard()
}

// heard is a heartbeat of the attendant's.
func (w *world) heard() {
	w.t.Helper()
	err := w.db.Keep(context.Background(), store.KeepPresence, func(k *store.KeepTx) error { return k.NotePresent("R8-0001-1", "U-001") })
	if err != nil {
		w.t.Fatal(err)
	}
	w.sup.Heard("R8-0001-1")
}

// kinds are the kinds of the session's entries in order, with who acted.
func (v *visit) kinds() []string {
	v.w.t.Helper()
	var out []string
	err := v.w.db.Read(context.Background(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Subject: v.id}) {
			if err != nil {
				return err
			}
			out = append(out, strings.TrimPrefix(e.Kind, "session.")+" "+e.Actor.Kind+" "+e.Actor.ID)
		}
		return nil
	})
	if err != nil {
		v.w.t.Fatal(err)
	}
	return out
}

// echoed types a line and tells whether the target has answered it by the time the bubble is quiet.
func echoed(t *testing.T, in interface{ Write([]byte) (int, error) }, screen *screen, line string) bool {
	t.Helper()
	if _, err := in.Write([]byte(line + "\n")); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return strings.Contains(screen.String(), line)
}

// R4: the attendant is not heard of: paused after 30 s, cut after 120 s, within a second of each.
func TestAnAttendantWhoIsGonePausesAndCutsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		w.attended()
		heard := time.Now()
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "Started")
		time.Sleep(30*time.Second - time.Millisecond - time.Since(heard)) // the bubble's time
		synctest.Wait()
		if w.sup.Live()[0].Paused != "" || !echoed(t, in, screen, "before") {
			t.Errorf("1 ms before: %+v\n%s", w.sup.Live(), screen)
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if got := w.sup.Live()[0].Paused; got != policy.PausedUnattended {
			t.Errorf("after 30 s: %q", got)
		}
		if echoed(t, in, screen, "while away") {
			t.Error("input passes while nobody attends")
		}
		if !strings.Contains(screen.String(), "Paused; keys are not delivered.") {
			t.Errorf("the engineer saw:\n%s", screen)
		}
		if row, _ := v.stored("session.paused"); row.Paused.IsZero() || row.PausedBy != "" {
			t.Errorf("stored as paused %v by %q", row.Paused, row.PausedBy)
		}
		<-v.over
		if late := v.endedAt.Sub(heard) - 2*time.Minute; late < 0 || late > cutWithin {
			t.Errorf("cut %s after two minutes", late)
		}
		row, payload := v.stored("session.ended")
		if row.Reason != policy.AttendantLost || payload["number"] != float64(209) || strings.Contains(v.recorded(), "while away") {
			t.Errorf("ended as %s: %v", row.Reason, payload)
		}
		if got := v.kinds(); !slices.Equal(got, []string{"opening person E-0001", "started broker broker", "paused broker broker", "ended broker broker"}) {
			t.Errorf("the ledger tells %v", got)
		}
	})
}

// Nothing waits for a commit: a heartbeat that comes back lets the work go on at once, and holds off the cut.
func TestAHeartbeatThatComesBackResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		w.attended()
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "Started")
		for range 20 { // ten minutes of heartbeats: longer than the idle limit, and no one is cut for being held back
			time.Sleep(29 * time.Second)
			w.heard()
			if !echoed(t, in, screen, fmt.Sprint("beat ", time.Now().UnixMilli())) {
				t.Fatal("paused although heard of")
			}
		}
		time.Sleep(119 * time.Second)
		synctest.Wait()
		if echoed(t, in, screen, "held back") {
			t.Error("input passes while nobody attends")
		}
		w.heard()
		synctest.Wait()
		if got := w.sup.Live(); len(got) != 1 || got[0].Paused != "" {
			t.Fatalf("%+v", got)
		}
		screen.await(t, "Resumed, ")
		screen.await(t, "held back") // the input typed meanwhile arrives now
		if row, _ := v.stored("session.resumed"); !row.Paused.IsZero() {
			t.Errorf("stored as paused since %v", row.Paused)
		}
		v.client.Close()
		<-v.over
		if got := v.kinds(); !slices.Contains(got, "resumed broker broker") {
			t.Errorf("the ledger tells %v", got)
		}
	})
}

// The one who presses pause is named; input is held back, output and clock go on, and new channels wait.
func TestPauseAndResumeByAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "Started")
		synctest.Wait() // its entry is written beside the relay
		if err := w.sup.Pause(t.Context(), v.id, attendant, "電話する"); err != nil {
			t.Fatal(err)
		}
		if err := w.sup.Pause(t.Context(), v.id, ledger.Actor{Kind: "person", ID: "U-002"}, "again"); err != nil {
			t.Fatal(err)
		}
		screen.await(t, "Paused; keys are not delivered. Wait for a call.")
		if echoed(t, in, screen, "rm -rf") {
			t.Error("input passes while paused")
		}
		ran := make(chan string, 1)
		go func() { // a second channel is input too
			out, _, _ := v.run("print hello")
			ran <- out
		}()
		time.Sleep(20 * time.Minute) // longer than the idle limit
		synctest.Wait()
		select {
		case <-ran:
			t.Error("a command ran while paused")
		default:
		}
		row, payload := v.stored("session.paused")
		if row.PausedBy != "U-001" || payload["note"] != "電話する" || payload["cause"] != "attendant" {
			t.Errorf("stored as paused by %q: %v", row.PausedBy, payload)
		}
		if err := w.sup.Resume(t.Context(), v.id, attendant, ""); err != nil {
			t.Fatal(err)
		}
		screen.await(t, "Resumed, 39 min left.")
		screen.await(t, "rm -rf")
		if out := <-ran; out != "hello" {
			t.Errorf("the command that waited printed %q", out)
		}
		if err := w.sup.Resume(t.Context(), v.id, attendant, ""); err != nil {
			t.Fatal(err) // nothing is held back: nothing is written
		}
		v.client.Close()
		<-v.over
		if got := v.kinds(); !slices.Equal(got[2:4], []string{"paused person U-001", "resumed person U-001"}) || len(got) != 5 {
			t.Errorf("the ledger tells %v", got)
		}
		if err := w.sup.Pause(t.Context(), v.id, attendant, ""); !errors.Is(err, store.ErrNotLive) {
			t.Errorf("paused after the end: %v", err)
		}
	})
}

// A person's pause outlasts the attendant's return, and lifting it does not end the pause over the attendant's absence.
func TestAPauseOfEachKindHoldsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		w.attended()
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		is := func(what string, cause policy.PauseCause) {
			t.Helper()
			synctest.Wait()
			if got := w.sup.Live()[0].Paused; got != cause {
				t.Errorf("%s: %q, want %q", what, got, cause)
			}
		}
		if err := w.sup.Pause(t.Context(), v.id, attendant, ""); err != nil {
			t.Fatal(err)
		}
		is("pressed", policy.PausedByAttendant)
		time.Sleep(40 * time.Second)
		is("and nobody attends", policy.PausedByAttendant)
		if err := w.sup.Resume(t.Context(), v.id, ledger.Actor{Kind: "person", ID: "U-009", Via: "cli"}, ""); err != nil {
			t.Fatal(err)
		}
		is("lifted while nobody attends", policy.PausedUnattended)
		if err := w.sup.Pause(t.Context(), v.id, attendant, ""); err != nil {
			t.Fatal(err)
		}
		w.heard()
		is("attended again, but pressed", policy.PausedByAttendant)
		if err := w.sup.Resume(t.Context(), v.id, attendant, ""); err != nil {
			t.Fatal(err)
		}
		is("lifted", "")
		v.client.Close()
		<-v.over
	})
}

// A session that no one else pauses or judges still ends by itself.
func TestAStoreThatHangsProlongsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, func(o *Options) { o.Recheck = time.Hour }) // the supervisor's own look is far off
		w.attended()
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		heard := time.Now()
		w.heard()
		synctest.Wait()
		l := w.sup.sessions()[0]
		l.next.Store(0) // the supervisor does not know when to look
		<-v.over
		if late := v.endedAt.Sub(heard) - 2*time.Minute; late < 0 || late > cutWithin {
			t.Errorf("cut %s after two minutes", late)
		}
		if row, _ := v.stored("session.ended"); row.Reason != policy.AttendantLost {
			t.Errorf("ended as %s", row.Reason)
		}
	})
}

// A window opened before the upgrade that began to keep presence has no heartbeat, which counts as no attendant. It admits no one
// until a first heartbeat, and then nothing else is asked for.
func TestAWindowFromBeforePresenceWasKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		w.write("test.changed", func(tx *store.Tx) error {
			s, err := tx.System("hr")
			s.Attendance = policy.AttendanceRequired
			return errors.Join(err, tx.PutSystem(s))
		})
		p := w.engineer(0)
		early := w.admit(p)
		_, problems, exit := early.run("print never")
		if exit != policy.AttendantAbsent.Exit() || !strings.Contains(problems, "[118]") {
			t.Errorf("exit %d: %s", exit, problems)
		}
		<-early.over
		w.heard()
		v := w.admit(p)
		_, _, screen := v.shell()
		screen.await(t, "Started")
		synctest.Wait()
		if live := w.sup.Live(); len(live) != 1 || live[0].Paused != "" {
			t.Errorf("%+v", live)
		}
		v.client.Close()
		<-v.over
	})
}
