package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Reconcile ends what a crash left: each session that the store still holds as live gets its
// recording sealed as far as it reaches and its end, broker-crashed, in the ledger. It runs
// before any door opens and returns the numbers of the sessions it ended.
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
		now := s.o.Clock()
		c := Cause{Reason: policy.BrokerCrashed, Actor: broker}
		digest, err := recordings.Seal(filepath.Join(s.o.Dir, filepath.FromSlash(row.Recording)), s.o.FS,
			recordings.End{Cause: string(c.Reason), At: now})
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
		err = s.o.DB.Write(ctx, func(tx *store.Tx) error { return endSession(tx, row.ID, c, now, digest, nil) })
		if err != nil {
			return ended, fmt.Errorf("end session %s: %w", row.ID, err)
		}
		ended = append(ended, row.ID)
		s.o.Log.Warn("session_ended_after_crash", "session", row.ID)
	}
	return ended, nil
}
