package policy

import "time"

// NextChange is the earliest instant after now at which a decision or a recheck may come out
// differently although nothing is written: a waiting room opens, a window starts or ends, a
// paper begins or runs out, a backup grows too old, an attendant has not been heard of for too long,
// maintenance is over, another's session must end. Zero: none known. Idleness is not among them,
// since it moves with every key.
func NextChange(f Facts, now time.Time) time.Time {
	next := earliest{after: now}
	next.at(f.Person.Pledge.Signed)
	next.at(f.Person.Pledge.Until)
	paperChanges(&next, &f.Vendor)
	next.at(f.Vendor.SubcontractUntil)
	if f.Prime != nil {
		paperChanges(&next, f.Prime)
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

// paperChanges notes when a contract or a certification begins or runs out.
func paperChanges(next *earliest, v *Vendor) {
	next.at(v.ContractFrom)
	next.at(v.ContractUntil)
	for i := range v.Certifications {
		next.at(v.Certifications[i].From)
		next.at(v.Certifications[i].Until)
	}
}

// earliest keeps the first instant strictly after one.
type earliest struct{ after, found time.Time }

func (e *earliest) at(t time.Time) {
	if t.After(e.after) && (e.found.IsZero() || t.Before(e.found)) {
		e.found = t
	}
}
