package policy

import "time"

// NextChange is the earliest instant after now at which a decision or a recheck may come out differently although nothing is written:
// a waiting room opens, a window starts or ends, a paper begins or runs out, a backup grows too old, an attendant has not been heard
// of for too long, maintenance is over, another's session must end. Zero: none known. Idleness is left out, because every key moves
// it.
func NextChange(f Facts, now time.Time) time.Time {
	next := earliest{after: now}
	for _, r := range f.requirements() {
		for _, term := range r.Terms {
			next.at(term.Start)
			next.at(term.End)
		}
	}
	for i := range f.FollowUps {
		next.at(f.FollowUps[i].Ended)
	}
	next.at(f.Runtime.MaintenanceUntil)
	room := waitingRoom(&f)
	for i := range f.Grants {
		w := &f.Grants[i].Window
		if w.Start.IsZero() {
			continue
		}
		next.at(w.Start.Add(-room))
		next.at(w.Start)
		next.at(w.end())
		if w.BackupAt.IsZero() && w.Present.IsZero() || !now.Before(w.end()) {
			continue
		}
		s := f.Systems[w.System]
		presenceChanges(&next, w, &s)
		if s.BackupAge > 0 && !w.BackupAt.IsZero() {
			next.at(w.BackupAt)
			next.at(w.BackupAt.Add(s.BackupAge + 1)) // at exactly that age it still counts
		}
	}
	for i := range f.Live {
		next.at(f.Live[i].Until)
	}
	return next.found
}

// earliest keeps the earliest instant that lies strictly after one.
type earliest struct{ after, found time.Time }

func (e *earliest) at(t time.Time) {
	if t.After(e.after) && (e.found.IsZero() || t.Before(e.found)) {
		e.found = t
	}
}
