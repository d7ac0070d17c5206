package store

import "time"

// Recorded gives the bytes of the recordings of all sessions created after a time, and the creation time of the first of those (now
// where there is none). The recording of a live session counts once it is sealed.
func (s *Snap) Recorded(after time.Time) (size uint64, since time.Time, err error) {
	err = s.tx.QueryRow(`SELECT coalesce(sum(recording_size), 0), coalesce(min(created), ?) FROM sessions WHERE created > ?`,
		ms(s.Now), ms(after)).Scan(&size, at(&since))
	return size, since, err
}

// SealedPlace is where a list of sealed sessions goes on: behind this session. The zero value is before the newest.
type SealedPlace struct {
	Created time.Time
	ID      string
}

// Sealed lists sessions that have ended and whose recording is sealed, newest first, behind a place. Of the filter it takes what narrows
// lists of sessions.
func (s *Snap) Sealed(f SessionFilter, behind SealedPlace) ([]Session, error) {
	w := f.sealed("+system") // newest first, along the index of creation
	if behind.ID != "" {
		w.and("(created < ? OR created = ? AND id < ?)", ms(behind.Created), ms(behind.Created), behind.ID)
	}
	return list(s, scanSession, sessionColumns+w.String()+` ORDER BY created DESC, id DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

// CountSealed counts what Sealed lists from its beginning.
func (s *Snap) CountSealed(f SessionFilter) (n int, err error) {
	w := f.sealed("system")
	err = s.tx.QueryRow(`SELECT count(*) FROM sessions`+w.String(), w.args...).Scan(&n)
	return n, err
}

// sealed gives the conditions; seen is as in where.
func (f SessionFilter) sealed(seen string) where {
	w := f.where(seen, "+reason")
	w.and("state = 'ended'")
	w.and("recording_sum <> ''")
	return w
}
