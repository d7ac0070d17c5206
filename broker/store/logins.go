package store

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"sekimori/policy"
)

// OwnLoginsKept is how long the broker's own logins to targets are kept. No record is compared further back.
const OwnLoginsKept = 92 * 24 * time.Hour

// OwnLogin is one login of the broker itself to a target.
type OwnLogin struct {
	Target string
	Login  string
	At     time.Time
	From   netip.AddrPort // the broker's end; not valid: it has no such address
}

// NoteOwnLogin keeps a login of the broker made now, and forgets those that are too old. Kind: KeepOwnLogin.
func (k *KeepTx) NoteOwnLogin(l OwnLogin) error {
	if err := k.allow(KeepOwnLogin); err != nil {
		return err
	}
	source := ""
	if l.From.IsValid() {
		source = l.From.String()
	}
	if _, err := k.run(`INSERT INTO own_logins (target, login, at, source) VALUES (?, ?, ?, ?)`, l.Target, l.Login, ms(k.Now), source); err != nil {
		return err
	}
	_, err := k.run(`DELETE FROM own_logins WHERE at < ?`, ms(k.Now.Add(-OwnLoginsKept)))
	return err
}

// OwnLogins lists the broker's logins to a target from one moment until another, the earliest first.
func (s *Snap) OwnLogins(target string, from, until time.Time) ([]OwnLogin, error) {
	return list(s, func(r scanner) (l OwnLogin, err error) {
		var source string
		if err = r.Scan(&l.Target, &l.Login, at(&l.At), &source); err == nil && source != "" {
			l.From, err = netip.ParseAddrPort(source)
		}
		return l, err
	}, `SELECT target, login, at, source FROM own_logins WHERE target = ? AND at >= ? AND at <= ? ORDER BY at`, target, ms(from), ms(until))
}

// ReconciledState says how a comparison came out.
type ReconciledState string

// The states of a comparison.
const (
	ReconciledAgrees  ReconciledState = "agrees"
	ReconciledUnknown ReconciledState = "unknown" // it found logins that the ledger does not know
	ReconciledFailed  ReconciledState = "failed"  // the record could not be had
)

// Reconciliation is the newest comparison of a target's record of logins with the ledger (R21).
type Reconciliation struct {
	Target string
	At     time.Time
	// Until is up to when the target's own record was last compared; a file does not change it. Zero: never.
	Until time.Time
	State ReconciledState
	Found Reconciled
}

// Reconciled is what a comparison found.
type Reconciled struct {
	By      string    `json:"by"`             // person id; empty: the clock
	Source  string    `json:"source"`         // target | file
	From    time.Time `json:"from,omitzero"`  // the first moment that was compared
	Until   time.Time `json:"until,omitzero"` // the last
	Logins  int       `json:"logins"`         // in the record, within these
	Known   int       `json:"known"`
	New     int       `json:"new"`               // unknown and found for the first time
	Before  int       `json:"before"`            // unknown and found earlier
	Beyond  int       `json:"beyond,omitempty"`  // unknown beyond the number that is kept of one comparison
	Ahead   int64     `json:"ahead_ms"`          // how far the target's clock is ahead of the broker's
	Missing []string  `json:"missing,omitempty"` // sessions that the record does not know
	Gap     time.Time `json:"gap,omitzero"`      // the record begins only here, later than asked; zero: it reaches back
	Records []string  `json:"records,omitempty"` // kinds of record that were read
	Error   string    `json:"error,omitempty"`   // why it failed, safe to show
}

func scanReconciliation(r scanner) (v Reconciliation, err error) {
	err = r.Scan(&v.Target, at(&v.At), at(&v.Until), &v.State, body{&v.Found})
	return v, err
}

const reconciliationColumns = `SELECT target, at, until, state, body FROM reconciliations`

// Reconciliation reads a target's newest comparison. Errors: ErrNotFound.
func (s *Snap) Reconciliation(target string) (Reconciliation, error) {
	return get(s, scanReconciliation, reconciliationColumns+` WHERE target = ?`, target)
}

// PutReconciliation replaces a target's newest comparison, made now.
func (t *Tx) PutReconciliation(v Reconciliation) error {
	b, err := encode(v.Found)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO reconciliations (target, at, until, state, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (target) DO UPDATE SET at = excluded.at, until = excluded.until, state = excluded.state, body = excluded.body`,
		v.Target, ms(t.Now), ms(v.Until), string(v.State), b)
	return err
}

// UnknownLogin is a login of a target that the ledger does not know.
type UnknownLogin struct {
	ID      string // "UL-0001"
	Target  string
	Said    time.Time // by the target's clock
	At      time.Time // by the broker's
	Login   string
	Source  string // an address, or the record's own words; empty: at the machine
	Port    int    // 0: the record does not say
	Record  string // accepted | terminal
	Doubt   policy.LoginDoubt
	Session string // that used the account then; empty: none
	Found   time.Time

	ExplainedBy string // person id; empty: it is open
	ExplainedAt time.Time
	Explanation string
}

// Open tells whether no reviewer has explained it.
func (u UnknownLogin) Open() bool { return u.ExplainedBy == "" }

const unknownLoginColumns = `SELECT id, target, said, at, login, source, port, record, doubt, session, found, explained_by, explained_at, explanation FROM unknown_logins`

func scanUnknownLogin(r scanner) (u UnknownLogin, err error) {
	err = r.Scan(&u.ID, &u.Target, at(&u.Said), at(&u.At), &u.Login, &u.Source, &u.Port, &u.Record, &u.Doubt, &u.Session, at(&u.Found), &u.ExplainedBy, at(&u.ExplainedAt), &u.Explanation)
	return u, err
}

// UnknownLogin reads one. Errors: ErrNotFound.
func (s *Snap) UnknownLogin(id string) (UnknownLogin, error) {
	return get(s, scanUnknownLogin, unknownLoginColumns+` WHERE id = ?`, id)
}

// UnknownLoginFilter narrows UnknownLoginPage. Sections nil: all.
type UnknownLoginFilter struct {
	Target   string
	Sections []string
	All      bool // every section
}

// UnknownLoginPage reads a page: those that no reviewer has explained come first; within both parts the newest come first.
func (s *Snap) UnknownLoginPage(f UnknownLoginFilter, p Page) (Paged[UnknownLogin], error) {
	var w, of where
	w.text("target = ?", f.Target)
	if !f.All {
		in(&of, "y.section", f.Sections)
		if len(f.Sections) == 0 {
			of.and("0")
		}
		w.and("target IN (SELECT g.id FROM targets g JOIN systems y ON y.id = g.system"+of.String()+")", of.args...)
	}
	newest := order{keys: []string{"at", "id"}, desc: true}
	return listing[UnknownLogin]{table: "unknown_logins", query: unknownLoginColumns, scan: scanUnknownLogin, where: w,
		first: "explained_at = 0 OR explained_at > ?", orders: [2]order{newest, newest}, column: "id", name: func(u UnknownLogin) string { return u.ID }}.page(s, p)
}

// UnknownLoginsBeside tells whether a target has an unknown login from within a time, or one that goes with a session.
func (s *Snap) UnknownLoginsBeside(session, target string, from, to time.Time) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM unknown_logins WHERE target = ? AND (session = ? OR at >= ? AND at < ?))`, target, session, ms(from), ms(to))
}

// OpenUnknownLogins counts a target's unknown logins that no reviewer has explained.
func (s *Snap) OpenUnknownLogins(target string) (int, error) {
	return get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM unknown_logins WHERE target = ? AND explained_by = ''`, target)
}

// AddUnknownLogin stores a login that was found now, and gives its number. Errors: ErrExists: it was found before.
func (t *Tx) AddUnknownLogin(u UnknownLogin) (string, error) {
	_, err := get(t.Snap, func(r scanner) (n int, err error) { return n, r.Scan(&n) },
		`SELECT 1 FROM unknown_logins WHERE target = ? AND said = ? AND login = ? AND source = ? AND port = ? AND record = ?`, u.Target, ms(u.Said), u.Login, u.Source, u.Port, u.Record)
	switch {
	case err == nil:
		return "", ErrExists
	case !errors.Is(err, ErrNotFound):
		return "", err
	}
	n, err := t.next("unknown-login")
	if err != nil {
		return "", err
	}
	u.ID = fmt.Sprintf("UL-%04d", n)
	_, err = t.exec(`INSERT INTO unknown_logins (id, target, said, at, login, source, port, record, doubt, session, found) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Target, ms(u.Said), ms(u.At), u.Login, u.Source, u.Port, u.Record, string(u.Doubt), u.Session, ms(t.Now))
	return u.ID, exists(err)
}

// ExplainLogin marks an unknown login as explained. Errors: ErrNotFound: there is none, or it is explained already.
func (t *Tx) ExplainLogin(id, by, why string) error {
	return t.one(`UPDATE unknown_logins SET explained_by = ?, explained_at = ?, explanation = ? WHERE id = ? AND explained_by = ''`, by, ms(t.Now), why, id)
}
