package store

import "time"

// CheckResult is the result of one part of a target's check.
type CheckResult string

// The results.
const (
	CheckOK      CheckResult = "ok"
	CheckFailed  CheckResult = "failed"
	CheckSkipped CheckResult = "skipped" // it could not be tried, which shows nothing
)

// CheckLine is one part of a target's check. What is one of the parts that broker/accounts names.
type CheckLine struct {
	What    string      `json:"what"`
	Account string      `json:"account,omitempty"` // id
	Result  CheckResult `json:"result"`
	Detail  string      `json:"detail,omitempty"` // in the words of the connection or the target's program
}

// TargetCheck is the newest check of what an administrator put on a target.
type TargetCheck struct {
	Target string
	At     time.Time
	By     string
	Source string // address of the broker from which it connected; empty: it did not
	Lines  []CheckLine
}

// TargetCheck reads the newest check of a target. Errors: ErrNotFound.
func (s *Snap) TargetCheck(target string) (TargetCheck, error) {
	return get(s, func(r scanner) (c TargetCheck, err error) {
		err = r.Scan(&c.Target, at(&c.At), &c.By, &c.Source, body{&c.Lines})
		return c, err
	}, `SELECT target, at, by, source, lines FROM target_checks WHERE target = ?`, target)
}

// PutTargetCheck keeps the newest check of a target.
func (t *Tx) PutTargetCheck(c TargetCheck) error {
	lines, err := encode(c.Lines)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO target_checks (target, at, by, source, lines) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (target) DO UPDATE SET at = excluded.at, by = excluded.by, source = excluded.source, lines = excluded.lines`,
		c.Target, ms(t.Now), c.By, c.Source, lines)
	return err
}
