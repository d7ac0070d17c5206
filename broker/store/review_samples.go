package store

import "time"

// Outcomes of a plan for a review.
const (
	DrawnChosen  = "chosen"
	DrawnForced  = "forced"
	DrawnLeftOut = "left-out"
	DrawnTaken   = "taken"
)

// ReviewSeed is the seed of a month's draws.
type ReviewSeed struct {
	Month      string // "2026-12", in the institution's zone
	Sealed     []byte
	Commitment string // SHA-256 in hexadecimal
	Drawn      time.Time
	Revealed   time.Time // zero: it is still secret
}

const seedColumns = `SELECT month, sealed, commitment, drawn_at, revealed FROM review_seeds`

func scanSeed(r scanner) (v ReviewSeed, err error) {
	err = r.Scan(&v.Month, &v.Sealed, &v.Commitment, at(&v.Drawn), at(&v.Revealed))
	return v, err
}

// ReviewSeed reads a month's seed. Errors: ErrNotFound.
func (s *Snap) ReviewSeed(month string) (ReviewSeed, error) {
	return get(s, scanSeed, seedColumns+` WHERE month = ?`, month)
}

// SecretSeeds lists the seeds of months before one that are not revealed yet, in order.
func (s *Snap) SecretSeeds(before string) ([]ReviewSeed, error) {
	return list(s, scanSeed, seedColumns+` WHERE month < ? AND revealed = 0 ORDER BY month`, before)
}

// AddReviewSeed stores the seed of a month. Errors: ErrExists.
func (t *Tx) AddReviewSeed(v ReviewSeed) error {
	_, err := t.exec(`INSERT INTO review_seeds (month, sealed, commitment, drawn_at) VALUES (?, ?, ?, ?)`, v.Month, v.Sealed, v.Commitment, ms(t.Now))
	return exists(err)
}

// RevealSeed notes that a month's seed is in the ledger. Errors: ErrNotFound.
func (t *Tx) RevealSeed(month string) error {
	return t.one(`UPDATE review_seeds SET revealed = ? WHERE month = ? AND revealed = 0`, ms(t.Now), month)
}

// UndrawnReviews lists the reviews of a system that are not signed and on which its plan has not decided, in the order of the draw.
func (s *Snap) UndrawnReviews(system string, most int) ([]Review, error) {
	return list(s, scanReview, reviewColumns+` WHERE verdict = '' AND drawn = '' AND system = ? ORDER BY created, id LIMIT ?`, system, most)
}

// UndrawnBetween tells whether a review of work that ended first within a time waits for a system's plan.
func (s *Snap) UndrawnBetween(system string, from, to time.Time) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM window_reviews WHERE verdict = '' AND drawn = '' AND system = ? AND created >= ? AND created < ?)`, system, ms(from), ms(to))
}

// DrawnPlaces counts the places that the draw of a system gave out for work that ended first within a time.
func (s *Snap) DrawnPlaces(system string, from, to time.Time) (int, error) {
	return get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) },
		`SELECT coalesce(max(place), -1) + 1 FROM window_reviews WHERE system = ? AND created >= ? AND created < ?`, system, ms(from), ms(to))
}

// DrawReview stores the decision of a plan. place: -1 if the draw was not asked; a place from an earlier decision on the same work stays given out. Work that is left out has no auditor. Errors: ErrNotFound.
func (t *Tx) DrawReview(id, outcome, plan string, place int) error {
	return t.one(`UPDATE window_reviews SET drawn = ?, plan = ?, place = max(place, ?), auditor = CASE ? WHEN 'left-out' THEN '' ELSE auditor END WHERE id = ? AND verdict = ''`, outcome, plan, place, outcome, id)
}

// DrawAgain has the plan decide again: a further session of the work ended. Errors: ErrNotFound.
func (t *Tx) DrawAgain(id string) error {
	return t.one(`UPDATE window_reviews SET drawn = '' WHERE id = ? AND verdict = ''`, id)
}
