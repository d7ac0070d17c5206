package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// endStep bounds each step of a session's end that waits for the disk or the store. What has not happened by then is kept and
// done later; the session's end goes on.
const endStep = 5 * time.Second

// close ends a session that was opened, at every stage. The order is a promise:
// no further byte is relayed; the engineer is told, for at most
// lastWords; both connections are closed; the recording is sealed; the ledger has the end.
// No step waits without a bound: a disk or a store that hangs has the end written later, by the supervisor.
func (l *session) close(c Cause) error {
	ended := l.sup.o.Clock()
	l.lagOver()
	l.end(c) // for the goroutines that wait on the context; the first cause stays
	l.hangUp(c)
	l.verified = l.connections()
	l.release(c)
	l.now.at("write the start's entry")
	started, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), endStep)
	if within(started, func() error { l.beside.Wait(); return nil }) != nil {
		l.log.Error("session_start_not_ledgered", "error", "the store does not answer")
	}
	cancel()
	l.now.at("seal the recording")
	s := l.seal(c, ended)
	l.tellEnd(c, ended)
	l.log.Info("session_ended", "reason", string(c.Reason))
	l.now.at("write the end's entry")
	return errors.Join(s.failed(), l.ledgerEnd(c, ended, s))
}

// sealing is a recording that is being sealed, or is.
type sealing struct {
	done   chan struct{} // closed when the disk has answered
	digest recordings.Digest
	err    error // valid after done, as digest is
}

func (s *sealing) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// failed is why the recording is not sealed; nil while the disk has not answered.
func (s *sealing) failed() error {
	if s.over() {
		return s.err
	}
	return nil
}

// seal records what is left and seals the recording. After endStep it returns while the disk still works.
func (l *session) seal(c Cause, ended time.Time) *sealing {
	s := &sealing{done: make(chan struct{})}
	rec := l.rec.Load()
	if rec == nil { // it ended before there was a recording
		close(s.done)
		return s
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), endStep)
	defer cancel()
	err := within(ctx, func() error {
		defer close(s.done)
		if err := l.writeMarks(); err != nil { // the recording has failed, which Close says
			l.log.Error("marks_not_recorded", "error", err)
		}
		s.digest, s.err = rec.Close(recordings.End{Cause: string(c.Reason), At: ended})
		if s.err != nil {
			s.err = fmt.Errorf("seal recording: %w", s.err)
			l.log.Error("recording_not_sealed", "error", s.err)
		}
		s.digest.File = l.file()
		return nil
	})
	if err != nil {
		l.log.Error("recording_not_sealed", "error", "the disk does not answer")
		l.sup.notKept(errors.New("seal recording: the disk does not answer"))
	}
	return s
}

// ledgerUnsealed appends that the session is over although its recording could not be sealed. The row changes with session.ended, which
// needs the recording's digest: it follows when the disk answers, or with the next start.
func (l *session) ledgerUnsealed(c Cause, ended time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), endStep)
	defer cancel()
	err := within(ctx, func() error {
		return l.sup.o.DB.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "session.unsealed", Actor: c.Actor, Subjects: l.subjects(), Payload: unsealedPayload{
				Session: l.a.ID, Window: l.grant.Window.ID, Ended: ended.UTC().Format(time.RFC3339Nano),
				Cause: string(c.Reason), Number: c.Reason.Number(), File: l.file(),
			}})
			return err
		})
	})
	if err != nil {
		l.log.Error("unsealed_end_not_ledgered", "error", err)
	}
}

// unsealedPayload is the entry of an end whose recording is not sealed yet.
type unsealedPayload struct {
	Session string `json:"session_id"`
	Window  string `json:"window"`
	Ended   string `json:"ended_at"`
	Cause   string `json:"end_cause"`
	Number  int    `json:"number"`
	File    string `json:"file"`
}

// pendingEnd is an end that is not in the ledger yet: the store could not write it, or the disk has not sealed the recording.
type pendingEnd struct {
	write  func(context.Context) error
	file   string          // of the recording; empty: there is none
	sealed <-chan struct{} // closed when the recording is sealed; nil: it is
	person string
	reason policy.Reason
}

// ready reports whether the recording is sealed.
func (o pendingEnd) ready() bool {
	select {
	case <-o.sealed:
		return true
	default:
		return o.sealed == nil
	}
}

// ledgerEnd writes the end: the row, the entry with the recording's digest, and the review that
// the session now needs. A failed write, or one that takes longer than endStep, is kept and tried again.
func (l *session) ledgerEnd(c Cause, ended time.Time, s *sealing) error {
	pay := func(ctx context.Context) error {
		return within(ctx, func() error {
			return l.sup.o.DB.Write(ctx, func(tx *store.Tx) error {
				return endSession(tx, l.sup.o.Zone, l.a.ID, c, l.reachedAt(), ended, s.digest, ending{l.refused.sums(), l.masked.Load(), l.found()})
			})
		})
	}
	err := errors.New("the recording is not sealed yet")
	if s.over() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), endStep)
		defer cancel()
		if err = pay(ctx); err != nil {
			l.sup.space.release()
			err = pay(ctx)
		}
	} else {
		l.ledgerUnsealed(c, ended)
	}
	if err != nil {
		l.log.Error("session_end_not_ledgered", "error", err)
		file := ""
		if l.rec.Load() != nil {
			file = l.file()
		}
		l.sup.mu.Lock()
		l.sup.pendingEnds[l.a.ID] = pendingEnd{write: pay, file: file, sealed: s.done, person: l.a.Person.ID, reason: c.Reason}
		l.sup.mu.Unlock()
	}
	return err
}
