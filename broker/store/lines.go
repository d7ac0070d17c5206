package store

import (
	"time"

	"sekimori/policy"
)

// WindowLine is the line of one window, from the cut of the office network to its return (R5).
type WindowLine struct {
	Window, System string
	How            policy.LineHow
	CutAt          time.Time
	CutBy          string
	OnAt           time.Time // zero: the maintenance line never was on
	OnBy           string
	OffAt          time.Time // zero: it is on, or never was
	OffBy          string
	RestoredAt     time.Time // zero: the office network is cut
	RestoredBy     string
	LostAt         time.Time // the separation was lost while the line was on, the last time
	Raised         time.Time // the last alarm because the line was left on
}

// Open tells whether the office network is not back yet.
func (l WindowLine) Open() bool { return !l.CutAt.IsZero() && l.RestoredAt.IsZero() }

// On tells whether the maintenance line was put on and not taken off.
func (l WindowLine) On() bool { return !l.OnAt.IsZero() && l.OffAt.IsZero() }

// Lost tells whether the separation was lost since the office network was cut.
func (l WindowLine) Lost() bool { return !l.LostAt.IsZero() && !l.LostAt.Before(l.CutAt) }

const windowLineColumns = `SELECT window, system, how, cut_at, cut_by, on_at, on_by, off_at, off_by, restored_at, restored_by, lost_at, raised FROM window_lines`

func scanWindowLine(r scanner) (l WindowLine, err error) {
	err = r.Scan(&l.Window, &l.System, &l.How, at(&l.CutAt), &l.CutBy, at(&l.OnAt), &l.OnBy, at(&l.OffAt), &l.OffBy, at(&l.RestoredAt), &l.RestoredBy, at(&l.LostAt), at(&l.Raised))
	return l, err
}

// WindowLine reads the line of a window. Errors: ErrNotFound.
func (s *Snap) WindowLine(window string) (WindowLine, error) {
	return get(s, scanWindowLine, windowLineColumns+` WHERE window = ?`, window)
}

// OpenLine reads the open line of a system. Errors: ErrNotFound.
func (s *Snap) OpenLine(system string) (WindowLine, error) {
	return get(s, scanWindowLine, windowLineColumns+` WHERE system = ? AND restored_at = 0`, system)
}

// OpenLines lists the open lines of all systems.
func (s *Snap) OpenLines() ([]WindowLine, error) {
	return list(s, scanWindowLine, windowLineColumns+` WHERE restored_at = 0 ORDER BY system LIMIT 1000`)
}

// AddWindowLine stores the cut of a window's line. Errors: ErrExists where the system has an open one.
func (t *Tx) AddWindowLine(l WindowLine) error {
	_, err := t.exec(`INSERT INTO window_lines (window, system, how, cut_at, cut_by) VALUES (?, ?, ?, ?, ?)`, l.Window, l.System, string(l.How), ms(l.CutAt), l.CutBy)
	return exists(err)
}

// UpdateWindowLine replaces the line of a window, except its system. Errors: ErrNotFound; ErrExists where the system has another open one.
func (t *Tx) UpdateWindowLine(l WindowLine) error {
	return exists(t.one(`UPDATE window_lines SET how = ?, cut_at = ?, cut_by = ?, on_at = ?, on_by = ?, off_at = ?, off_by = ?, restored_at = ?, restored_by = ?, lost_at = ?, raised = ? WHERE window = ?`,
		string(l.How), ms(l.CutAt), l.CutBy, ms(l.OnAt), l.OnBy, ms(l.OffAt), l.OffBy, ms(l.RestoredAt), l.RestoredBy, ms(l.LostAt), ms(l.Raised), l.Window))
}

// LineTest is one test of a system's line.
type LineTest struct {
	ID     int64
	System string
	At     time.Time
	By     string
	OK     bool
	Detail []string // the probes, and what each saw
}

const lineTestColumns = `SELECT id, system, at, by, ok, detail FROM line_tests`

func scanLineTest(r scanner) (l LineTest, err error) {
	err = r.Scan(&l.ID, &l.System, at(&l.At), &l.By, &l.OK, body{&l.Detail})
	return l, err
}

// LastLineTest reads the last test of a system's line. Errors: ErrNotFound.
func (s *Snap) LastLineTest(system string) (LineTest, error) {
	return get(s, scanLineTest, lineTestColumns+` WHERE system = ? ORDER BY id DESC LIMIT 1`, system)
}

// AddLineTest stores a test at the transaction's time.
func (t *Tx) AddLineTest(l LineTest) error {
	detail, err := encode(orEmpty(l.Detail))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO line_tests (system, at, by, ok, detail) VALUES (?, ?, ?, ?, ?)`, l.System, ms(t.Now), l.By, l.OK, detail)
	return err
}

// LineProbe says when a probe was last seen to succeed and to fail.
type LineProbe struct {
	System, Probe string
	Up, Down      time.Time
}

// LineProbes lists the probes that ever saw something.
func (s *Snap) LineProbes() ([]LineProbe, error) {
	return list(s, func(r scanner) (p LineProbe, err error) {
		err = r.Scan(&p.System, &p.Probe, at(&p.Up), at(&p.Down))
		return p, err
	}, `SELECT system, probe, up, down FROM line_probes ORDER BY system, probe LIMIT 10000`)
}

// NoteLineProbe notes when a probe was last seen to succeed and to fail.
func (k *KeepTx) NoteLineProbe(p LineProbe) error {
	if err := k.allow(KeepLineProbe); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO line_probes (system, probe, up, down) VALUES (?, ?, ?, ?)
		ON CONFLICT (system, probe) DO UPDATE SET up = max(up, excluded.up), down = max(down, excluded.down)`, p.System, p.Probe, ms(p.Up), ms(p.Down))
	return err
}
