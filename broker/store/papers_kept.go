package store

import (
	"errors"
	"time"

	"sekimori/policy"
)

// PapersEnded lists papers that have a copy and no end after an instant, the oldest first. Those without an end of their own are among them.
func (s *Snap) PapersEnded(before time.Time) ([]Paper, error) {
	return list(s, scanPaper, paperColumns+` WHERE file <> '' AND disposed = 0 AND (until <= ?1 OR withdrawn > 0 AND withdrawn <= ?1) ORDER BY no`, ms(before))
}

// PaperFacts are the facts about disposing of the copy of a paper that ended at an instant. keep is the time of keeping in force.
func (s *Snap) PaperFacts(p Paper, ended time.Time, keep time.Duration) (policy.PaperFacts, error) {
	held, err := get(s, func(r scanner) (held bool, err error) { return held, r.Scan(&held) }, `SELECT
		EXISTS (SELECT 1 FROM freezes WHERE lifted = 0 AND (scope = 'all' OR scope = 'vendor' AND subject = ?1))
		OR EXISTS (SELECT 1 FROM holds h JOIN sessions s ON s.id = h.session WHERE h.released = 0 AND s.vendor = ?1)`, p.Vendor)
	return policy.PaperFacts{Ended: ended, Keep: keep, Held: held, Disposed: !p.Disposed.IsZero()}, err
}

// LedgerKeptNow is how long payloads of the ledger are kept by the times in force; zero: for ever, or none are in force.
func (s *Snap) LedgerKeptNow() (time.Duration, error) {
	kept, _, err := s.NoticeEntry()
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return time.Duration(kept.LedgerDays) * 24 * time.Hour, err
}

// DisposePaper notes that the copy of a paper is disposed of now. Errors: ErrNotFound where there is none any more.
func (t *Tx) DisposePaper(id string) error {
	return t.one(`UPDATE papers SET disposed = ? WHERE id = ? AND disposed = 0 AND file <> ''`, ms(t.Now), id)
}

// DisposedPaperFiles names the files of copies that are disposed of.
func (s *Snap) DisposedPaperFiles() ([]string, error) {
	return list(s, func(r scanner) (name string, err error) { return name, r.Scan(&name) }, `SELECT file FROM papers WHERE file <> '' AND disposed > 0`)
}
