package broker_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/store"
	"sekimori/recordings/archive"
)

// standing are the files of the data directory that hold nothing of a session and stay as long as the broker does, each with what it is.
var standing = map[string]string{
	`sekimori\.db(-wal|-shm)?`:      "the database and its journal",
	`\.?lock(\..*)?|sekimori\.lock`: "the lock of the directory",
	`keys/[a-z-]+(\.sealed|\.pub)?`: "keys of the broker",
	`(recordings/)?\.probe`:         "a probe of the disk that a crash left; the next one replaces it",
	`recordings/\.reserve`:          "room kept for the last frames",
	`tls/.*|api\.(key|crt|pem)`:     "the certificate that the broker made",
}

var ofRecording = regexp.MustCompile(`^recordings/\d{4}/\d{2}/(S-\d{8}-\d{2,})\.skr(\..*)?$`)

// ofSearch is the text of a session in the index for searches, which is kept as long as the recording.
var ofSearch = regexp.MustCompile(`^search/(S-\d{8}-\d{2,})(\.index|\.part)$`)

// TestNothingLiesBeyondItsTime walks the whole data directory before and after the time of keeping. Every file belongs to a known class. A
// recording belongs to a session that ran inside its window; when its time is over, no file of it is left, and one on hold stays.
func TestNothingLiesBeyondItsTime(t *testing.T) {
	o := found(t, time.Hour, func(c *broker.Config) { c.Recordings.Retention = broker.Duration(30 * 24 * time.Hour) })
	people := o.engineers(2)
	b := o.start()
	for range 2 {
		for _, e := range people {
			c := e.mustDial(b.addr)
			if out, _, _, err := c.run("print figures"); err != nil || out != "figures" {
				t.Fatalf("%q, %v", out, err)
			}
			c.Close()
			<-c.gone
			o.awaitEnd(e.id)
		}
	}
	b.close()
	all := o.sessions("")
	if len(all) != 4 {
		t.Fatalf("%d sessions", len(all))
	}
	held := all[0].ID
	o.write(func(tx *store.Tx) error {
		return errors.Join(tx.AddHold(store.Hold{Session: held, By: "U-001", Reason: "照会"}), o.reviewed(tx, all))
	})
	if got := o.recordingsThere(all); len(got) != 4 {
		t.Fatalf("before: %v", got)
	}
	o.clock.Step(30*24*time.Hour + time.Minute)
	b = o.start()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(20 * time.Second); ; <-tick.C {
		open := 0
		o.read(func(s *store.Snap) error {
			for _, v := range all {
				d, err := s.Disposal(v.ID)
				if v.ID != held && (err != nil || d.Done.IsZero()) {
					open++
				}
			}
			return nil
		})
		if open == 0 {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("%d recordings are not disposed of", open)
		}
	}
	b.close()
	if got := o.recordingsThere(all); !slices.Equal(got, []string{held}) {
		t.Errorf("a month later recordings of %v are there, want %s", got, held)
	}
	o.verifyLedger()
}

// reviewed signs the reviews of the sessions' windows.
func (o *office) reviewed(tx *store.Tx, all []store.Session) error {
	for _, v := range all {
		r, err := tx.ReviewOf(v.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && r.Final() {
			continue
		}
		if err == nil {
			err = tx.SignReview(r.ID, "U-001", store.Signature{Verdict: "ok"})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recordingsThere walks the data directory. It fails for a file of no known class, and for a recording outside of its window, and gives the
// sessions whose recordings are there.
func (o *office) recordingsThere(all []store.Session) (there []string) {
	o.t.Helper()
	err := filepath.WalkDir(o.config.DataDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(o.config.DataDir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if m := ofRecording.FindStringSubmatch(name); m != nil {
			i := slices.IndexFunc(all, func(v store.Session) bool { return v.ID == m[1] })
			switch {
			case i < 0:
				o.t.Errorf("%s is of no session", name)
			case name != "recordings/"+all[i].Recording && !archive.Derived(name, "recordings/"+all[i].Recording):
				o.t.Errorf("%s is not what the session's row names", name)
			case all[i].Window == "" || all[i].Started.Before(o.end.Add(-time.Hour-time.Minute)) || all[i].Ended.After(o.end):
				o.t.Errorf("%s lies outside of the window: %s to %s", name, all[i].Started, all[i].Ended)
			}
			if !slices.Contains(there, m[1]) {
				there = append(there, m[1])
			}
			return nil
		}
		if m := ofSearch.FindStringSubmatch(name); m != nil {
			if !slices.ContainsFunc(all, func(v store.Session) bool { return v.ID == m[1] }) {
				o.t.Errorf("%s is of no session", name)
			}
			if !slices.Contains(there, m[1]) {
				there = append(there, m[1])
			}
			return nil
		}
		for pattern := range standing {
			if regexp.MustCompile("^(" + pattern + ")$").MatchString(name) {
				return nil
			}
		}
		o.t.Errorf("%s belongs to no class of files: say in this test what it is and how long it is kept", name)
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return there
}
