package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sekimori/policy"
	"sekimori/recordings"
)

// recordWithin bounds the creation of a recording: a disk that hangs right after its probe must not hold an engineer until the window ends.
const recordWithin = 10 * time.Second

// record creates the recording. Where the disk answers too late, nothing was relayed: the file is removed again, because the ledger
// names none.
func (l *session) record() error {
	ctx, cancel := context.WithTimeoutCause(l.ctx, recordWithin, errDiskSilent)
	defer cancel()
	made := make(chan *recordings.Writer, 1)
	err := within(ctx, func() error {
		rec, err := l.create()
		made <- rec // nil after an error
		return err
	})
	if err == nil {
		l.rec.Store(<-made)
		return nil
	}
	go func() { // ends with the disk's answer
		rec := <-made
		if rec == nil {
			return
		}
		_, cerr := rec.Close(recordings.End{Cause: string(policy.RecordingUnavailable), At: l.sup.o.Clock()})
		l.log.Warn("late_recording_removed", "error", errors.Join(cerr, cmp.Or(l.sup.o.FS, recordings.OS()).Remove(l.path)))
	}()
	return err
}

// create makes the file of the recording.
func (l *session) create() (*recordings.Writer, error) {
	s := l.sup
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return nil, err
	}
	clock, start := s.o.Clock, s.o.Clock()
	rec, err := recordings.Create(l.path, recordings.Header{
		Session: l.a.ID, Request: l.grant.Request, Window: l.grant.Window.ID, Grant: l.grant.ID,
		Person: l.a.Person.ID, Vendor: l.grant.Vendor, System: l.system.ID, Target: l.target.ID,
		Account: l.login, Source: l.a.Source.String(), Zone: s.o.Zone.String(), Notice: l.a.Notice,
		Started: l.opened,
	}, recordings.Options{
		FS: s.o.FS, OutputTo: s.o.OutputTo, InputTo: s.o.InputTo,
		Elapsed: func() time.Duration { return clock().Sub(start) },
		Tap:     l.tap,
		Syncer:  s.syncer, SyncFailed: func(err error) { l.end(l.recordingFailed(err)) },
		Slow: l.lags, SlowAfter: lagPauses,
	})
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	return rec, nil
}
