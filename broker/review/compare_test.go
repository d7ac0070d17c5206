package review_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestApprovedIsHeldAgainstActual: each row is within scope for the work as approved, and differs after one departure.
func TestApprovedIsHeldAgainstActual(t *testing.T) {
	t.Parallel()
	plain := func(*world, *store.Session) {}
	released := func(w *world) {
		act(w.T, w.h, func(tx *store.Tx) error {
			return tx.AddFile(store.File{ID: w.s.ID + "-1", Direction: policy.FilesIn, State: policy.FileReleased, Session: w.s.ID, Window: w.s.Window, Request: w.s.Request, System: "map",
				Path: []byte("/srv/in/patch.tar"), Size: 10, SHA256: "ab", Findings: json.RawMessage("[]"), At: tx.Now, Until: tx.Now})
		})
	}
	allowed := &api.ReviewedFiles{Allowed: string(policy.FilesAllowed)}
	for _, c := range []struct {
		name   string
		change func(*world, *store.Session)
		after  func(*world)
		files  *api.ReviewedFiles
		differ string
	}{
		{"as approved", plain, nil, &api.ReviewedFiles{Allowed: string(policy.FilesNone)}, ""},
		{"after the end", func(_ *world, s *store.Session) { s.Ended = s.Until.Add(3 * time.Second) }, nil, nil, "time"},
		{"another engineer", func(_ *world, s *store.Session) { s.Person = "E-0040" }, nil, nil, "engineers"},
		{"another account", func(_ *world, s *store.Session) { s.Account = "map-web/root" }, nil, nil, "accounts"},
		{"another target", func(_ *world, s *store.Session) { s.Target = "hr-db" }, nil, nil, "targets"},
		{"a command rule acted", func(_ *world, s *store.Session) { s.Ruled = true }, nil, nil, "commands"},
		{"a file that no report names", plain, released, allowed, "files"},
		{"a file that a report names", plain, released, &api.ReviewedFiles{Allowed: string(policy.FilesAllowed), Reported: []api.ReportFile{{Name: "patch.tar", Size: 10, SHA256: "ab"}}}, ""},
		{"a file although none is allowed", plain, nil, &api.ReviewedFiles{Allowed: string(policy.FilesNone), Reported: []api.ReportFile{{Name: "x"}}}, "files"},
		{"an attempt on another target", plain, func(w *world) {
			act(w.T, w.h, func(tx *store.Tx) error {
				s := w.s
				s.ID, s.State, s.Target, s.Reason = "S-20261124-77", store.SessionRefused, "hr-db", policy.TargetNotGranted
				return tx.AddSession(s)
			})
		}, nil, "targets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := opened(t)
			s := w.s
			s.Ended, s.State, s.Started, s.Reason, s.RecordingSum = w.h.Now().Add(time.Minute), store.SessionEnded, s.Created, policy.EndedByEngineer, "00"
			c.change(w, &s)
			act(t, w.h, func(tx *store.Tx) error { return errors.Join(tx.UpdateSession(s), review.Owe(tx, s.ID)) })
			if c.after != nil {
				c.after(w)
			}
			w.read(func(snap *store.Snap) error {
				r, err := snap.ReviewOf(s.ID)
				if err != nil {
					return err
				}
				rows, err := review.Compare(snap, r, c.files, townhall.Zone)
				var differ []string
				for _, row := range rows {
					if !row.Within {
						differ = append(differ, string(row.What))
					}
					if row.Approved.JA == "" || row.Actual.EN == "" {
						t.Errorf("%s says nothing: %+v", row.What, row)
					}
				}
				if got := strings.Join(differ, " "); got != c.differ {
					t.Errorf("%q differ, want %q", got, c.differ)
				}
				return err
			})
		})
	}
}
