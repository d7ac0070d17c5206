package store

import (
	"strconv"
	"time"

	"sekimori/policy"
)

// ViewingKey is a viewing key of recordings, without its private half.
type ViewingKey struct {
	Number    int
	Recipient string
	State     policy.ViewingKeyState
	Begun     time.Time // zero: it came with the installation
	BegunBy   string
	Settled   time.Time // when new recordings stopped being sealed to it; zero: they are
	SettledBy string
	Destroyed time.Time // zero: it is there
}

const viewingKeyColumns = `SELECT number, recipient, state, begun, begun_by, settled, settled_by, destroyed FROM viewing_keys`

func scanViewingKey(r scanner) (k ViewingKey, err error) {
	err = r.Scan(&k.Number, &k.Recipient, &k.State, at(&k.Begun), &k.BegunBy, at(&k.Settled), &k.SettledBy, at(&k.Destroyed))
	return k, err
}

// ViewingKeys lists the viewing keys by number. There is none until one of them is first replaced.
func (s *Snap) ViewingKeys() ([]ViewingKey, error) {
	return list(s, scanViewingKey, viewingKeyColumns+` ORDER BY number`)
}

// PutViewingKey adds a viewing key or moves it on.
func (t *Tx) PutViewingKey(k ViewingKey) error {
	_, err := t.exec(`INSERT INTO viewing_keys (number, recipient, state, begun, begun_by, settled, settled_by, destroyed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (number) DO UPDATE SET state = excluded.state, settled = excluded.settled, settled_by = excluded.settled_by, destroyed = excluded.destroyed`,
		k.Number, k.Recipient, string(k.State), ms(k.Begun), k.BegunBy, ms(k.Settled), k.SettledBy, ms(k.Destroyed))
	return err
}

// Name is the number as people and entries write it: "VK-2".
func (k ViewingKey) Name() string { return "VK-" + strconv.Itoa(k.Number) }

// RecordedBefore lists the sessions with a recording that were admitted before an instant, the newest first.
func (s *Snap) RecordedBefore(before time.Time) ([]string, error) {
	return list(s, scanText, `SELECT id FROM sessions WHERE recording <> '' AND created < ? ORDER BY created DESC`, ms(before))
}

// EndedRecordings lists the sessions with a recording that are over, by number.
func (s *Snap) EndedRecordings() ([]string, error) {
	return list(s, scanText, `SELECT id FROM sessions WHERE recording <> '' AND state NOT IN ('opening', 'active') ORDER BY id`)
}

func scanText(r scanner) (one string, err error) {
	err = r.Scan(&one)
	return one, err
}
