package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/recordings"
)

// readBackWithin bounds the reading of one recording. Where the disk does not answer, lag ends the session.
const readBackWithin = 2 * time.Second

// NotAsWritten is a recording whose file differs from the bytes that were just written.
type NotAsWritten struct {
	Session string
	File    string // below the directory of recordings
	Err     error
}

// ReadBack reads the newest segment of each live session's recording back. Where that fails, the session ends, because the disk keeps no
// evidence of it; the caller raises the alarm.
func (s *Supervisor) ReadBack(ctx context.Context) (bad []NotAsWritten) {
	for _, l := range s.sessions() {
		if err := l.readBack(ctx); err != nil {
			bad = append(bad, NotAsWritten{Session: l.a.ID, File: l.file(), Err: err})
			_ = l.rec.Load().Fail(err)
			l.end(l.recordingFailed(err))
		}
	}
	return bad
}

// readBack compares the newest segment with its file; nil also while the disk does not answer.
func (l *session) readBack(ctx context.Context) error {
	rec := l.rec.Load()
	if rec == nil || l.ctx.Err() != nil || !l.reading.CompareAndSwap(false, true) {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readBackWithin, errDiskSilent)
	defer cancel()
	err := within(ctx, func() error {
		defer l.reading.Store(false)
		return rec.ReadBack()
	})
	if err == nil || ctx.Err() != nil && !errors.Is(err, recordings.ErrNotAsWritten) {
		return nil
	}
	return fmt.Errorf("session %s: %w", l.a.ID, err)
}
