package store

import "time"

// Recorded gives the bytes of the recordings of all sessions created after a time, and the creation time of the first of those (now
// where there is none). The recording of a live session counts once it is sealed.
func (s *Snap) Recorded(after time.Time) (size uint64, since time.Time, err error) {
	err = s.tx.QueryRow(`SELECT coalesce(sum(recording_size), 0), coalesce(min(created), ?) FROM sessions WHERE created > ?`,
		ms(s.Now), ms(after)).Scan(&size, at(&since))
	return size, since, err
}
