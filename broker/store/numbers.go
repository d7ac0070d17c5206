package store

import (
	"fmt"
	"time"
)

// next takes the next number of a sequence. It is part of the transaction: the number of an act
// that was rolled back is given again, so the series has no gaps.
func (t *Tx) next(name string) (int64, error) {
	t.dirty = true
	var n int64
	err := t.tx.QueryRow(`INSERT INTO sequences (name, last) VALUES (?, 1)
		ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last`, name).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("number from %s: %w", name, err)
	}
	return n, nil
}

// NextRequestNo gives the number of a request made now: "R8-0124", the fiscal year (April to
// March, in the institution's zone) as a year of 令和, and the number within it.
func (t *Tx) NextRequestNo() (string, error) {
	fy := FiscalYear(t.Now, t.zone)
	n, err := t.next(fmt.Sprintf("request/%d", fy))
	return fmt.Sprintf("%s-%04d", reiwa(fy), n), err
}

// NextSessionNo gives the number of a session or attempt: "S-20261124-03", by its date in the
// institution's zone.
func (t *Tx) NextSessionNo(attempt time.Time) (string, error) {
	day := attempt.In(t.zone).Format("20060102")
	n, err := t.next("session/" + day)
	return fmt.Sprintf("S-%s-%02d", day, n), err
}

// NextIncidentNo gives the number of a freeze: "I-004".
func (t *Tx) NextIncidentNo() (string, error) {
	n, err := t.next("incident")
	return fmt.Sprintf("I-%03d", n), err
}

// FiscalYear is the Gregorian year in which the fiscal year of an instant began, 1 April in zone.
func FiscalYear(at time.Time, zone *time.Location) int {
	at = at.In(zone)
	if at.Month() < time.April {
		return at.Year() - 1
	}
	return at.Year()
}

// reiwa names a fiscal year. 令和 began on 1 May 2019; fiscal 2019 counts as its first. An earlier
// year, which only a wrong clock gives, keeps its Gregorian number.
func reiwa(fiscal int) string {
	if fiscal < 2019 {
		return fmt.Sprintf("R%d", fiscal)
	}
	return fmt.Sprintf("R%d", fiscal-2018)
}
