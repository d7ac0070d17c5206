package store

import (
	"errors"
	"time"

	"sekimori/policy"
)

// institutionBody is the registry's declaration of the institution, as strict JSON. Times of day are milliseconds since
// midnight; weekdays begin with Sunday.
type institutionBody struct {
	LeadMS          int64        `json:"lead_ms,omitempty"`
	Hours           *[7][2]int64 `json:"hours,omitempty"`
	Certifications  []string     `json:"certifications,omitempty"`
	PledgeCopy      bool         `json:"pledge_copy,omitempty"`
	SpecialClauses  bool         `json:"special_clauses,omitempty"`
	AuditReport     bool         `json:"audit_report,omitempty"`
	SpaceDays       int          `json:"space_days,omitempty"`
	StandingPermits bool         `json:"standing_permits,omitempty"`
	RosterFrom      policy.Date  `json:"roster_from,omitempty"`
	Tell            []tellBody   `json:"tell,omitempty"`
	ReviewWeights   []string     `json:"review_weights,omitempty"`
}

// tellBody is a row of the institution's list of those who must be told of an incident.
type tellBody struct {
	Key      string `json:"key"`
	JA       string `json:"ja"`
	EN       string `json:"en"`
	WithinMS int64  `json:"within_ms"`
	Note     string `json:"note,omitempty"`
}

// Institution reads the institution's declaration; the zero value (undeclared) where there is none.
func (s *Snap) Institution() (policy.Institution, error) {
	i, err := oncePerSnapshot(s, "institution", func() (policy.Institution, error) {
		i, err := get(s, scanInstitution, `SELECT body FROM institution WHERE id = 1`)
		if errors.Is(err, ErrNotFound) {
			return policy.Institution{}, nil
		}
		return i, err
	})
	return i, err
}

func scanInstitution(r scanner) (policy.Institution, error) {
	var b institutionBody
	err := r.Scan(body{&b})
	i := policy.Institution{
		Declared: true, Lead: time.Duration(b.LeadMS) * time.Millisecond, Certifications: b.Certifications, PledgeCopy: b.PledgeCopy,
		SpecialClauses: b.SpecialClauses, AuditReport: b.AuditReport, SpaceDays: b.SpaceDays, StandingPermits: b.StandingPermits, RosterFrom: b.RosterFrom, ReviewWeights: b.ReviewWeights,
	}
	for _, t := range b.Tell {
		i.Tell = append(i.Tell, policy.Tell{Key: t.Key, Who: policy.Text{JA: t.JA, EN: t.EN}, Within: time.Duration(t.WithinMS) * time.Millisecond, Note: t.Note})
	}
	if b.Hours != nil {
		for d, h := range b.Hours {
			i.Hours[d] = policy.Hours{From: time.Duration(h[0]) * time.Millisecond, Until: time.Duration(h[1]) * time.Millisecond}
		}
	}
	return i, err
}

// PutInstitution stores or replaces the institution's declaration.
func (t *Tx) PutInstitution(i policy.Institution) error {
	b := institutionBody{
		LeadMS: i.Lead.Milliseconds(), Certifications: i.Certifications, PledgeCopy: i.PledgeCopy, SpecialClauses: i.SpecialClauses,
		AuditReport: i.AuditReport, SpaceDays: i.SpaceDays, StandingPermits: i.StandingPermits, RosterFrom: i.RosterFrom, ReviewWeights: i.ReviewWeights,
	}
	for _, t := range i.Tell {
		b.Tell = append(b.Tell, tellBody{t.Key, t.Who.JA, t.Who.EN, t.Within.Milliseconds(), t.Note})
	}
	if i.Hours != (policy.Week{}) {
		b.Hours = &[7][2]int64{}
		for d, h := range i.Hours {
			b.Hours[d] = [2]int64{h.From.Milliseconds(), h.Until.Milliseconds()}
		}
	}
	text, err := encode(b)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO institution (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`, text)
	return err
}

// Holidays is the institution's own list of days, by date.
func (s *Snap) Holidays() ([]Holiday, error) {
	return list(s, func(r scanner) (Holiday, error) {
		var h Holiday
		err := r.Scan((*string)(&h.Date), &h.Name, &h.Open)
		return h, err
	}, `SELECT date, name, open FROM holidays ORDER BY date`)
}

// PutHolidays replaces the whole list. Errors: ErrExists when a day stands twice.
func (t *Tx) PutHolidays(days []Holiday) error {
	if _, err := t.exec(`DELETE FROM holidays`); err != nil {
		return err
	}
	for _, h := range days {
		if _, err := t.exec(`INSERT INTO holidays (date, name, open) VALUES (?, ?, ?)`, string(h.Date), h.Name, h.Open); err != nil {
			return exists(err)
		}
	}
	return nil
}

// NoWork lists the periods in which maintenance is not allowed, by their beginning.
func (s *Snap) NoWork() ([]policy.NoWork, error) {
	return list(s, func(r scanner) (policy.NoWork, error) {
		var n policy.NoWork
		err := r.Scan(optional{&n.System}, at(&n.From), at(&n.Until), &n.Reason)
		return n, err
	}, `SELECT system, starts, ends, reason FROM no_work ORDER BY starts, ends, id`)
}

// PutNoWork replaces the whole list.
func (t *Tx) PutNoWork(times []policy.NoWork) error {
	if _, err := t.exec(`DELETE FROM no_work`); err != nil {
		return err
	}
	for _, n := range times {
		if _, err := t.exec(`INSERT INTO no_work (system, starts, ends, reason) VALUES (?, ?, ?, ?)`,
			orNull(n.System), ms(n.From), ms(n.Until), n.Reason); err != nil {
			return err
		}
	}
	return nil
}

const feedColumns = `SELECT id, kind, subject, lang, by, created, revoked, revoked_by FROM feeds`

func scanFeed(r scanner) (Feed, error) {
	var f Feed
	err := r.Scan(&f.ID, (*string)(&f.Kind), &f.Subject, &f.Lang, &f.By, at(&f.Created), at(&f.Revoked), &f.RevokedBy)
	return f, err
}

// Feed reads one feed, in force or not. Errors: ErrNotFound.
func (s *Snap) Feed(id int64) (Feed, error) { return get(s, scanFeed, feedColumns+` WHERE id = ?`, id) }

// FeedByHash reads the feed whose secret address has this hash (HashToken), if it is in force. Errors: ErrNotFound.
func (s *Snap) FeedByHash(hash [32]byte) (Feed, error) {
	return get(s, scanFeed, feedColumns+` WHERE hash = ? AND revoked = 0`, hash[:])
}

// Feeds lists feeds, oldest first.
func (s *Snap) Feeds(f FeedFilter) ([]Feed, error) {
	var w where
	w.text("kind = ?", string(f.Kind))
	w.text("subject = ?", f.Subject)
	if f.InForce {
		w.and("revoked = 0")
	}
	return list(s, scanFeed, feedColumns+w.String()+` ORDER BY id`, w.args...)
}

// AddFeed keeps a feed under the hash of its secret address, and gives its number.
func (t *Tx) AddFeed(f Feed, hash [32]byte) (int64, error) {
	res, err := t.exec(`INSERT INTO feeds (kind, subject, lang, hash, by, created) VALUES (?, ?, ?, ?, ?, ?)`,
		string(f.Kind), f.Subject, f.Lang, hash[:], f.By, ms(t.Now))
	if err != nil {
		return 0, exists(err)
	}
	return res.LastInsertId()
}

// RevokeFeed closes a feed's address for good. Errors: ErrNotFound when it is not in force.
func (t *Tx) RevokeFeed(id int64, by string) error {
	return t.one(`UPDATE feeds SET revoked = ?, revoked_by = ? WHERE id = ? AND revoked = 0`, ms(t.Now), by, id)
}
