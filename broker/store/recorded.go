package store

import "time"

// Recorded is how many bytes the recordings of sessions take that were asked for after a time, and when the first of those was; now
// where there was none. Recordings of sessions that are live count when they are sealed.
func (s *Snap) Recorded(after time.Time) (size uint64, since time.Time, err error) {
	err = s.tx.QueryRow(`SELECT coalesce(sum(recording_size), 0), coalesce(min(created), ?) FROM sessions WHERE created > ?`,
		ms(s.Now), ms(after)).Scan(&size, at(&since))
	return size, since, err
}
