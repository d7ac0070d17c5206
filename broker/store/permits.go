package store

import (
	"errors"
	"fmt"
	"time"

	"sekimori/policy"
)

// Permit is a standing permit (包括許可), and who asked for it, decided it and ended it.
type Permit struct {
	policy.Permit
	Purpose   string
	AskedBy   string
	AskedAt   time.Time
	DecidedBy string
	DecidedAt time.Time // zero: not decided
	Reason    string    // of the decision; may be empty
	EndedBy   string
	EndedAt   time.Time // zero: not withdrawn
	EndedWhy  string
}

// PermitFilter narrows Permits. Zero fields do not narrow.
type PermitFilter struct {
	Vendor string
	System string
	State  policy.PermitState
}

const permitColumns = `SELECT id, vendor, system, state, starts, ends, purpose, accounts, root, files, hours_from, hours_until, office_hours,
	longest, asked_by, asked_at, decided_by, decided_at, reason, ended_by, ended_at, ended_why FROM permits`

func scanPermit(r scanner) (Permit, error) {
	var p Permit
	var from, until, longest int64
	err := r.Scan(&p.ID, &p.Vendor, &p.System, &p.State, at(&p.From), at(&p.Until), &p.Purpose, body{&p.Accounts}, &p.Root, &p.Files, &from, &until, &p.Office,
		&longest, &p.AskedBy, at(&p.AskedAt), &p.DecidedBy, at(&p.DecidedAt), &p.Reason, &p.EndedBy, at(&p.EndedAt), &p.EndedWhy)
	p.Hours = policy.Hours{From: time.Duration(from) * time.Millisecond, Until: time.Duration(until) * time.Millisecond}
	p.Longest = time.Duration(longest) * time.Millisecond
	return p, err
}

// Permit reads one. Errors: ErrNotFound.
func (s *Snap) Permit(id string) (Permit, error) {
	return get(s, scanPermit, permitColumns+` WHERE id = ?`, id)
}

// Permits lists permits in every state, by id.
func (s *Snap) Permits(f PermitFilter) ([]Permit, error) {
	var w where
	w.text("vendor = ?", f.Vendor)
	w.text("system = ?", f.System)
	w.text("state = ?", string(f.State))
	return list(s, scanPermit, permitColumns+w.String()+` ORDER BY id`, w.args...)
}

// permitsOf are the granted permits of a vendor, as decisions use them.
func (s *Snap) permitsOf(vendor string) ([]policy.Permit, error) {
	return oncePerSnapshot(s, "permits "+vendor, func() ([]policy.Permit, error) {
		all, err := s.Permits(PermitFilter{Vendor: vendor, State: policy.PermitGranted})
		out := make([]policy.Permit, 0, len(all))
		for _, p := range all {
			out = append(out, p.Permit)
		}
		return out, err
	})
}

// PermitsFor are the granted permits of a vendor on a system; none if vendor or system is empty.
func (s *Snap) PermitsFor(vendor, system string) (out []policy.Permit, err error) {
	if vendor == "" || system == "" {
		return nil, nil
	}
	all, err := s.permitsOf(vendor)
	for _, p := range all {
		if p.System == system {
			out = append(out, p)
		}
	}
	return out, err
}

// NextPermitID gives the number of a permit asked for now: "SP-001".
func (t *Tx) NextPermitID() (string, error) {
	n, err := t.next("permit")
	return fmt.Sprintf("SP-%03d", n), err
}

// AddPermit stores an application for a permit, made at the transaction's time. The id comes from NextPermitID.
func (t *Tx) AddPermit(p Permit) error {
	accounts, err := encode(orEmpty(p.Accounts))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO permits (id, vendor, system, state, starts, ends, purpose, accounts, root, files, hours_from, hours_until, office_hours,
		longest, asked_by, asked_at) VALUES (?, ?, ?, 'asked', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Vendor, p.System, ms(p.From), ms(p.Until), p.Purpose, accounts, p.Root, p.Files, p.Hours.From.Milliseconds(), p.Hours.Until.Milliseconds(), p.Office,
		p.Longest.Milliseconds(), p.AskedBy, ms(t.Now))
	return exists(err)
}

// DecidePermit grants or refuses a permit that is asked for. Errors: ErrNotFound when it is decided or withdrawn.
func (t *Tx) DecidePermit(id string, state policy.PermitState, by, reason string) error {
	return t.one(`UPDATE permits SET state = ?, decided_by = ?, decided_at = ?, reason = ? WHERE id = ? AND state = 'asked'`, string(state), by, ms(t.Now), reason, id)
}

// WithdrawPermit ends a permit or an application. Errors: ErrNotFound when it is refused or withdrawn.
func (t *Tx) WithdrawPermit(id, by, why string) error {
	return t.one(`UPDATE permits SET state = 'withdrawn', ended_by = ?, ended_at = ?, ended_why = ? WHERE id = ? AND state IN ('asked', 'granted')`, by, ms(t.Now), why, id)
}

// OnPermit holds the facts that acts on a permit need, read once.
type OnPermit struct {
	Permit Permit
	Facts  policy.PermitFacts
}

// Rules are the facts that policy's rules look at.
func (o OnPermit) Rules() policy.PermitFacts { return o.Facts }

// OnPermit reads a permit with its system. Error: ErrNotFound.
func (s *Snap) OnPermit(id string) (o OnPermit, err error) {
	if o.Permit, err = s.Permit(id); err != nil {
		return o, fmt.Errorf("permit %q: %w", id, err)
	}
	sys, err := s.System(o.Permit.System)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return o, fmt.Errorf("system of permit %s: %w", id, err)
	}
	o.Facts = policy.PermitFacts{Permit: o.Permit.Permit, System: sys.System, AskedBy: o.Permit.AskedBy}
	return o, nil
}
