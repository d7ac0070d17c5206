package session

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// text is a session's recording as a reader has it.
func (v *visit) text() string {
	v.w.t.Helper()
	row, _ := v.stored("session.ended")
	r, err := recordings.Open(filepath.Join(v.w.dir, "recordings", filepath.FromSlash(row.Recording)), v.w.ring.ViewingIdentity())
	if err != nil {
		v.w.t.Fatal(err)
	}
	defer r.Close()
	var b strings.Builder
	if err := recordings.Text(context.Background(), &b, r, recordings.View{Lang: "en"}); err != nil {
		v.w.t.Fatal(err)
	}
	return b.String()
}

// inOrder finds each of the lines after the one before.
func inOrder(t *testing.T, text string, lines ...string) {
	t.Helper()
	rest := text
	for _, line := range lines {
		_, after, found := strings.Cut(rest, line)
		if !found {
			t.Fatalf("%q is not told, or not there, in\n%s", line, text)
		}
		rest = after
	}
}

// A recording told of a pause by the notice alone, and of an extension not at all: not who, not why.
func TestPausesAndExtensionsAreInTheRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 12*time.Minute)
		w.write("test.changed", func(tx *store.Tx) error {
			sys, err := tx.System("hr")
			if err != nil {
				return err
			}
			sys.Delegated = 15 * time.Minute
			return tx.PutSystem(sys)
		})
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		synctest.Wait()
		if err := w.sup.Pause(t.Context(), v.id, attendant, "電話する"); err != nil {
			t.Fatal(err)
		}
		screen.await(t, "Paused")
		if err := w.sup.Resume(t.Context(), v.id, attendant, ""); err != nil {
			t.Fatal(err)
		}
		screen.await(t, "Resumed")
		time.Sleep(time.Minute)
		x := w.asks(15 * time.Minute)
		screen.await(t, "Asked")
		w.answers(x, store.ExtensionGranted, "")
		screen.await(t, "Extended")
		// close records a pause in the very last moment, because no other goroutine comes to it.
		if err := w.sup.Pause(t.Context(), v.id, attendant, "last"); err != nil {
			t.Fatal(err)
		}
		if err := w.sup.End(v.id, policy.CutByAttendant, attendant, "over"); err != nil {
			t.Fatal(err)
		}
		<-v.over
		until := w.start.Add(27 * time.Minute).UTC().Format("15:04")
		inOrder(t, v.text(), "paused (U-001: 電話する)", "resumed (U-001)", "extended until "+until+" (U-001)", "paused (U-001: last)", "session ended: cut-by-attendant")
	})
}

// The broker's own pause says why.
func TestAPauseOfTheBrokersOwnIsInTheRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		w.attended()
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		time.Sleep(100 * time.Second)
		synctest.Wait()
		screen.await(t, "Paused")
		w.heard()
		screen.await(t, "Resumed")
		v.client.Close()
		<-v.over
		inOrder(t, v.text(), "paused (the gate: the attendant was not heard of)", "resumed (the gate)")
	})
}

// A session of two seconds was over before the attendant saw it in a list.
func TestASessionOfTwoSecondsIsSeenByTheAttendant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		seen := make(chan string, 1)
		go func() { // the attendant's console, waiting
			var all strings.Builder
			after := int64(0)
			for {
				list, _, err := w.sup.Operations(ctx, "R8-0001-1", after)
				if err != nil {
					seen <- all.String()
					return
				}
				for _, o := range list {
					if o.No <= after {
						t.Errorf("%d after %d", o.No, after)
					}
					after = o.No
					fmt.Fprintf(&all, "%s %s %s\n", o.Session, o.Person, o.EN)
				}
			}
		}()
		v := w.admit(w.engineer(0))
		v.run("print hello")
		v.client.Close()
		<-v.over
		synctest.Wait()
		cancel()
		p := v.id + " "
		inOrder(t, <-seen, p, "session begun", p, "command: print hello", p, "ended, status 0", p, "session ended [200] ")
		if _, _, err := w.sup.Operations(ctx, "R8-0001-1", 0); err == nil {
			return // kept operations are given without a waiting reader
		}
		t.Error("what was done is forgotten")
	})
}

func TestWhatIsKeptForAttendantsIsBounded(t *testing.T) {
	w := windows{all: map[string]*windowLog{}}
	at := time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)
	for i := range 3 * mostOperations {
		w.add("w", Told{At: at, Operation: recordings.Operation{EN: strings.Repeat("x", i%200)}})
	}
	list, missed, _ := w.since("w", 1)
	if len(list) != mostOperations || !missed {
		t.Errorf("%d kept, missed: %v", len(list), missed)
	}
	if again, missed, _ := w.since("w", list[len(list)-3].No); len(again) != 2 || missed {
		t.Errorf("%d after the last but two, missed: %v", len(again), missed)
	}
	for range 200 {
		w.add("w", Told{At: at, Operation: recordings.Operation{EN: strings.Repeat("x", 4096)}})
	}
	if got := w.all["w"]; got.bytes > mostOperationBytes {
		t.Errorf("%d bytes are kept", got.bytes)
	}
	for i := range 2 * mostWindows {
		id := fmt.Sprint(i)
		w.begin(id)
		w.add(id, Told{At: at})
		if i > 0 { // the first goes on
			w.end(id)
		}
	}
	if len(w.all) > mostWindows || w.all["0"] == nil {
		t.Errorf("%d windows are kept; the live one: %v", len(w.all), w.all["0"])
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	s := &Supervisor{}
	s.windows.all = map[string]*windowLog{}
	if _, _, err := s.Operations(ctx, "none", 0); err != gone {
		t.Error(err)
	}
}
