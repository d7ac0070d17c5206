package policy

import (
	"slices"
	"time"
)

// The defaults of a system (R4): how long the attendant may not be heard of before the engineer's input is held back, and before the
// session is cut.
const (
	defaultPauseAfter = 30 * time.Second
	defaultCutAfter   = 2 * time.Minute
)

// presenceAhead is how far in the future a heartbeat may lie. One further ahead was sent before the clock ran back; it would let the
// attendant be away until the clock has caught up. The next heartbeat corrects it.
const presenceAhead = 2 * time.Second

// presence tells whether the attendant of a window is there.
type presence int

const (
	lost    presence = iota // not heard of for so long that work ends; or never heard of
	away                    // not heard of for so long that work pauses
	present                 // heard of, or none is required
)

// presenceOf looks only where an attendant is required: on-call attendance is by telephone.
func presenceOf(w *Window, s *System, now time.Time) presence {
	if attendance(s) != AttendanceRequired {
		return present
	}
	pause, cut := patience(s)
	switch {
	case w.Present.IsZero(), !now.Before(w.Present.Add(cut)):
		return lost
	case !now.Before(w.Present.Add(pause)), w.Present.After(now.Add(presenceAhead)):
		return away
	}
	return present
}

// presenceChanges notes the instants at which presenceOf changes without a heartbeat.
func presenceChanges(next *earliest, w *Window, s *System) {
	if attendance(s) != AttendanceRequired || w.Present.IsZero() {
		return
	}
	pause, cut := patience(s)
	next.at(w.Present.Add(-presenceAhead))
	next.at(w.Present.Add(pause))
	next.at(w.Present.Add(cut))
}

// Patience tells how long the attendant may not be heard of before the engineer's input is held back, and before
// the session is cut (R4).
func (s System) Patience() (pause, cut time.Duration) { return patience(&s) }

func patience(s *System) (pause, cut time.Duration) {
	pause, cut = s.PauseAfter, s.CutAfter
	if pause <= 0 {
		pause = defaultPauseAfter
	}
	if cut <= 0 {
		cut = defaultCutAfter
	}
	return pause, cut
}

// followUpOf finds an emergency of the grant's vendor and system, other than the grant's own, that lacks its follow-up. If the window
// has an override for it, there is none (R22).
func followUpOf(f *Facts, g *Grant, s *System, now time.Time) *FollowUp {
	for i := range f.FollowUps {
		u := &f.FollowUps[i]
		if u.blocks(g.Vendor, s.ID, g.Request, now) && !slices.Contains(g.Window.Overrides, OverrideFollowUp) {
			return u
		}
	}
	return nil
}

// backedUp reports whether a backup no older than the system's rule was stated for the window, or the item was overridden with a
// reason (R19). A backup dated in the future does not count.
func backedUp(w *Window, s *System, now time.Time) bool {
	if s.BackupAge <= 0 || slices.Contains(w.Overrides, OverrideBackup) {
		return true
	}
	return !w.BackupAt.IsZero() && !w.BackupAt.After(now) && !backupTooOld(w.BackupAt, s.BackupAge, now)
}

// backupTooOld: a backup of exactly the age still counts.
func backupTooOld(at time.Time, age time.Duration, now time.Time) bool {
	return at.Add(age).Before(now)
}
