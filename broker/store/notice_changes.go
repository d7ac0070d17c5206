package store

import (
	"time"

	"sekimori/policy"
)

// NoticeChange is a proposed change of the times for which recordings and the ledger's payloads are kept.
type NoticeChange struct {
	No            int64
	At            time.Time // announced
	Version       int       // of the notice
	Before, After policy.Kept
	Agreed        []string // ids of the people who agreed
}

// Keeping is the change as policy judges it.
func (n NoticeChange) Keeping() policy.KeepingChange {
	return policy.KeepingChange{From: n.Before, To: n.After, Announced: n.At, Agreed: len(n.Agreed)}
}

// AnnouncedChange reads the change that is announced; there is one at most. Errors: ErrNotFound.
func (s *Snap) AnnouncedChange() (NoticeChange, error) {
	n, err := get(s, func(r scanner) (n NoticeChange, err error) {
		err = r.Scan(&n.No, at(&n.At), &n.Version, &n.Before.Recordings, &n.After.Recordings, &n.Before.Ledger, &n.After.Ledger, &n.Before.Looks, &n.After.Looks)
		return n, err
	}, `SELECT no, at, version, before, after, ledger_before, ledger_after, looks_before, looks_after FROM notice_changes WHERE state = 'announced' ORDER BY no DESC LIMIT 1`)
	if err != nil {
		return n, err
	}
	n.Agreed, err = list(s, func(r scanner) (by string, err error) { err = r.Scan(&by); return by, err },
		`SELECT by FROM notice_agreements WHERE change = ? ORDER BY at, by`, n.No)
	return n, err
}

// AddNoticeChange announces a change and gives its number.
func (t *Tx) AddNoticeChange(n NoticeChange) (int64, error) {
	no, err := t.next("notice_change")
	if err != nil {
		return 0, err
	}
	_, err = t.exec(`INSERT INTO notice_changes (no, at, version, before, after, ledger_before, ledger_after, looks_before, looks_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		no, ms(t.Now), n.Version, n.Before.Recordings, n.After.Recordings, n.Before.Ledger, n.After.Ledger, n.Before.Looks, n.After.Looks)
	return no, err
}

// AgreeToNotice notes that a person agreed. Errors: ErrExists.
func (t *Tx) AgreeToNotice(no int64, by string) error {
	_, err := t.exec(`INSERT INTO notice_agreements (change, by, at) VALUES (?, ?, ?)`, no, by, ms(t.Now))
	return exists(err)
}

// SettleNoticeChange ends the announcement: the change is in force, or the configuration does not propose it any more. Errors: ErrNotFound.
func (t *Tx) SettleNoticeChange(no int64, inForce bool) error {
	state := "withdrawn"
	if inForce {
		state = "in-force"
	}
	return t.one(`UPDATE notice_changes SET state = ? WHERE no = ? AND state = 'announced'`, state, no)
}
