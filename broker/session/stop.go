package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sekimori/policy"
)

// lastWrites is how long Close may take, after its waiting, to write the kept entries, and as long again to stop: Supervisor.lastWrites, outside tests.
const lastWrites = 10 * time.Second

// writePendingEnds writes the ends that could not be written when they happened, for instance because
// the disk was full. An end whose recording is not sealed yet stays for the next time.
func (s *Supervisor) writePendingEnds(ctx context.Context) {
	s.mu.Lock()
	owed := maps.Clone(s.pendingEnds)
	s.mu.Unlock()
	for id, o := range owed {
		if o.ready() {
			s.writePendingEnd(ctx, id, o)
		}
	}
	if len(owed) == 0 {
		if err := s.space.keep(); err != nil {
			s.o.Log.Warn("reserve_not_kept", "error", err)
		}
	}
}

func (s *Supervisor) writePendingEnd(ctx context.Context, id string, o pendingEnd) {
	w := s.waits.begin("session " + id)
	defer w.over()
	w.at("write the kept end's entry")
	if err := o.write(ctx); err != nil {
		s.o.Log.Error("session_end_not_ledgered", "session", id, "error", err)
		return
	}
	s.mu.Lock()
	delete(s.pendingEnds, id)
	s.mu.Unlock()
}

// writeLast writes the kept ends, those of sealed recordings first, and waits for the disk to seal the others until ctx is over.
func (s *Supervisor) writeLast(ctx context.Context) {
	s.writePendingEnds(ctx)
	s.mu.Lock()
	owed := maps.Clone(s.pendingEnds)
	s.mu.Unlock()
	for id, o := range owed {
		if !o.ready() && until(ctx, o.sealed) {
			s.writePendingEnd(ctx, id, o)
		}
	}
}

// Close ends every session as a planned stop, waits until each is sealed and ledgered or ctx is
// over, and stops the supervisor. It returns within twice lastWrites after that, whatever the disk and the store do, and its
// error names the work that goes on and the ends that are not in the ledger.
func (s *Supervisor) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.trim.end()
	for _, l := range s.sessions() {
		l.end(Cause{Reason: policy.BrokerStopped, Actor: broker})
	}
	ended := make(chan struct{})
	go func() { s.running.Wait(); close(ended) }()
	var err error
	if !until(ctx, ended) {
		err = fmt.Errorf("sessions still ending: %w; still waiting for: %s", context.Cause(ctx), &s.waits)
	}
	// Kept entries of other sessions are written also where one did not end in time.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.lastWrites)
	defer cancel()
	entries := s.waits.begin("the supervisor's kept entries")
	if within(last, func() error { defer entries.over(); s.writeLast(last); s.writeNotes(last); return nil }) != nil {
		err = errors.Join(err, fmt.Errorf("kept entries: %w; still waiting for: %s", context.Cause(last), &s.waits))
	}
	s.stop()
	stopped, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.lastWrites)
	defer cancel()
	if !until(stopped, s.done) || !s.space.disks.rest(stopped) {
		err = errors.Join(err, fmt.Errorf("supervisor still working: %w; still waiting for: %s", context.Cause(stopped), &s.waits))
	}
	s.mu.Lock()
	left := slices.Sorted(maps.Keys(s.pendingEnds))
	s.mu.Unlock()
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("ends not in the ledger: %d, the first of session %s", len(left), left[0]))
	}
	return err
}
