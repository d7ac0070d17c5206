package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Reconcile ends the sessions that a crash left live in the store: it seals each
// recording as far as it reaches and ledgers the end, broker-crashed. It runs
// before the gate opens and returns the numbers of the sessions it ended.
func (s *Supervisor) Reconcile(ctx context.Context) ([]string, error) {
	var left []store.Session
	err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		left, err = snap.Sessions(store.SessionFilter{Live: true, Limit: 100_000})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sessions left by a crash: %w", err)
	}
	var ended []string
	for _, row := range left {
		end := s.lastHeard(row)
		c := Cause{Reason: policy.BrokerCrashed, Actor: broker}
		digest, err := recordings.Seal(filepath.Join(s.o.Dir, filepath.FromSlash(row.Recording)), s.o.FS,
			recordings.End{Cause: string(c.Reason), At: end})
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// It fell between the opening and the recording's header: nothing was relayed.
			digest = recordings.Digest{}
		case errors.Is(err, recordings.ErrSealed):
			// It fell between the sealing and the entry, or the entry could not be written.
			digest.File = row.Recording
		case err != nil:
			// A recording that cannot be read must not keep the others from being sealed, nor the
			// gate shut for ever. The entry says why it has no end, and pins the bytes as they were found.
			c.Note = "recording not sealed: " + err.Error()
			s.o.Log.Error("recording_not_sealed", "session", row.ID, "error", err)
			digest.File = row.Recording
		default:
			digest.File = row.Recording
		}
		err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
			return endSession(tx, s.o.Zone, row.ID, c, time.Time{}, end, digest, ending{})
		})
		if err != nil {
			return ended, fmt.Errorf("end session %s: %w", row.ID, err)
		}
		ended = append(ended, row.ID)
		s.o.Log.Warn("session_ended_after_crash", "session", row.ID)
	}
	return ended, s.leaveRooms(ctx)
}

// longestWait is how far back a visit to the waiting room may have begun.
const longestWait = 24 * time.Hour

// leaveRooms refuses the people whom a crash found in the waiting room with a number of an identity check: otherwise the
// attendant would see them for as long as the window lasts.
func (s *Supervisor) leaveRooms(ctx context.Context) error {
	return s.o.DB.Write(ctx, func(tx *store.Tx) error {
		seen := map[string]bool{}
		for e, err := range tx.Entries(store.EntryFilter{Kind: "window.identity-number", Newest: true}) {
			if err != nil {
				return fmt.Errorf("numbers of identity checks: %w", err)
			}
			if e.Time.Before(tx.Now.Add(-longestWait)) {
				return nil
			}
			var n struct {
				Session string `json:"session_id"`
				Person  string `json:"person"`
				Window  string `json:"window"`
			}
			if len(e.Payload) == 0 || json.Unmarshal(e.Payload, &n) != nil || n.Session == "" || seen[n.Session] {
				continue
			}
			seen[n.Session] = true
			if _, err := tx.Session(n.Session); !errors.Is(err, store.ErrNotFound) {
				if err != nil {
					return fmt.Errorf("session %s: %w", n.Session, err)
				}
				continue
			}
			if err := tx.AddSession(store.Session{ID: n.Session, State: store.SessionRefused, Person: n.Person, Window: n.Window,
				Reason: policy.BrokerCrashed, Created: e.Time, Ended: tx.Now}); err != nil {
				return fmt.Errorf("refuse %s: %w", n.Session, err)
			}
			if _, err := tx.Append(ledger.Draft{Kind: "session.refused", Actor: broker, Subjects: []string{n.Session, n.Person}, Payload: refusedPayload{
				Session: n.Session, Reason: string(policy.BrokerCrashed), Number: policy.BrokerCrashed.Number()}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// lastHeard is the end of a session that a crash ended: the last recorded instant, for the
// broker may have been down for days. Where the file gives no instant within its life, it is now.
func (s *Supervisor) lastHeard(row store.Session) time.Time {
	now := s.o.Clock()
	info, err := os.Stat(filepath.Join(s.o.Dir, filepath.FromSlash(row.Recording)))
	if row.Recording == "" || err != nil {
		return now
	}
	if at := info.ModTime(); at.After(row.Created) && at.After(row.Started) && at.Before(now) {
		return at
	}
	return now
}
