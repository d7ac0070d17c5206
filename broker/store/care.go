package store

import (
	"errors"
	"time"
)

// UseState is the state of a session's use of an account.
type UseState string

// The states of a use.
const (
	UsePreparing UseState = "preparing"
	UsePrepared  UseState = "prepared"
	UseReleased  UseState = "released" // the session is over; another session still uses the account
	UseGone      UseState = "gone"     // the account was proved gone
	UseFailed    UseState = "failed"   // it was not; it is tried again
)

// AccountUse is one session's use of an account that a target's steward looks after.
type AccountUse struct {
	Session string
	Account string // id
	Target  string
	Window  string
	State   UseState
	Until   time.Time // the window's end, as far as it was known
	Since   time.Time
	Changed time.Time
	Note    string // why it failed
}

const useColumns = `SELECT session, account, target, window, state, until, since, changed, note FROM account_uses`

func scanUse(r scanner) (u AccountUse, err error) {
	err = r.Scan(&u.Session, &u.Account, &u.Target, &u.Window, &u.State, at(&u.Until), at(&u.Since), at(&u.Changed), &u.Note)
	return u, err
}

// OpenUses lists the uses of an account that is not proved gone, or of all accounts for an empty one, the oldest first.
func (s *Snap) OpenUses(account string) ([]AccountUse, error) {
	var w where
	w.text("account = ?", account)
	w.and("state <> 'gone'")
	return list(s, scanUse, useColumns+w.String()+` ORDER BY since, session`, w.args...)
}

// OpenUsesOf lists the uses of a target's accounts that are not proved gone.
func (s *Snap) OpenUsesOf(target string) ([]AccountUse, error) {
	return list(s, scanUse, useColumns+` WHERE target = ? AND state <> 'gone' ORDER BY since, session`, target)
}

// PutUse adds a use or changes its state.
func (t *Tx) PutUse(u AccountUse) error {
	_, err := t.exec(`INSERT INTO account_uses (session, account, target, window, state, until, since, changed, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (session) DO UPDATE SET state = excluded.state, until = excluded.until, changed = excluded.changed, note = excluded.note`,
		u.Session, u.Account, u.Target, u.Window, string(u.State), ms(u.Until), ms(u.Since), ms(t.Now), u.Note)
	return err
}

// ProbeResult is the result of trying to read a thing as an account.
type ProbeResult string

// The results. Failed: the probe could not be made, which shows nothing.
const (
	CannotRead  ProbeResult = "cannot-read"
	CanRead     ProbeResult = "can-read"
	ProbeFailed ProbeResult = "failed"
)

// Probe is the newest trial of reading one thing as an account (R7).
type Probe struct {
	Account string // id
	What    string
	At      time.Time
	Result  ProbeResult
	Detail  string
	Session string // before which it was made; empty: by itself
}

// Probes lists the newest probes of an account, by what was tried.
func (s *Snap) Probes(account string) ([]Probe, error) {
	return list(s, func(r scanner) (p Probe, err error) {
		err = r.Scan(&p.Account, &p.What, at(&p.At), &p.Result, &p.Detail, &p.Session)
		return p, err
	}, `SELECT account, what, at, result, detail, session FROM account_probes WHERE account = ? ORDER BY what`, account)
}

// PutProbe keeps the newest probe of a thing.
func (t *Tx) PutProbe(p Probe) error {
	_, err := t.exec(`INSERT INTO account_probes (account, what, at, result, detail, session) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (account, what) DO UPDATE SET at = excluded.at, result = excluded.result, detail = excluded.detail, session = excluded.session`,
		p.Account, p.What, ms(t.Now), string(p.Result), p.Detail, p.Session)
	return err
}

// ProofState sums up how the end of a session was verified.
type ProofState string

// The states of a proof.
const (
	ProofVerified ProofState = "verified" // everything was
	ProofPartly   ProofState = "partly"   // nothing speaks against it, but some of it cannot be verified
	ProofFailed   ProofState = "failed"
)

// Finding is one part of a proof: what was asked, and what was found.
type Finding struct {
	What   string     `json:"what"`             // connections | account | leftovers | target | egress
	State  ProofState `json:"state"`            // partly: it cannot be verified
	Detail string     `json:"detail,omitempty"` // particulars, safe to show
	Names  []string   `json:"names,omitempty"`  // what was left, ended, or has changed
}

// EndProof is how the end of a session was verified (R4).
type EndProof struct {
	Session  string
	At       time.Time
	State    ProofState
	Findings []Finding
}

// EndProof reads the proof of a session's end. Errors: ErrNotFound.
func (s *Snap) EndProof(session string) (EndProof, error) {
	return get(s, func(r scanner) (p EndProof, err error) {
		err = r.Scan(&p.Session, at(&p.At), &p.State, body{&p.Findings})
		return p, err
	}, `SELECT session, at, state, body FROM end_proofs WHERE session = ?`, session)
}

// PutEndProof adds or replaces the proof of a session's end.
func (t *Tx) PutEndProof(p EndProof) error {
	b, err := encode(p.Findings)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO end_proofs (session, at, state, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (session) DO UPDATE SET at = excluded.at, state = excluded.state, body = excluded.body`, p.Session, ms(t.Now), string(p.State), b)
	return err
}

// Phase of an inventory.
const (
	InventoryBefore  = "before"
	InventoryAfter   = "after"
	InventoryMonthly = "monthly"
)

// Item is one thing of an inventory.
type Item struct {
	Kind  string `json:"kind"` // account | key | right | cron | at | unit | linger | password | unknown
	Owner string `json:"owner"`
	What  string `json:"what"`
}

// Difference is one thing that came or went between two inventories.
type Difference struct {
	Item
	Gone bool `json:"gone,omitempty"` // it was there before
}

// Inventory is what a target had at a moment (R30).
type Inventory struct {
	Target      string
	Window      string // empty: the monthly one
	Phase       string
	At          time.Time
	Items       []Item
	Differences []Difference // from the inventory before
	Note        string       // why it could not be taken; it then has no items
}

const inventoryColumns = `SELECT target, window, phase, at, lines, differences, note FROM inventories`

func scanInventory(r scanner) (i Inventory, err error) {
	err = r.Scan(&i.Target, &i.Window, &i.Phase, at(&i.At), body{&i.Items}, body{&i.Differences}, &i.Note)
	return i, err
}

// Inventory reads one. Errors: ErrNotFound.
func (s *Snap) Inventory(target, window, phase string) (Inventory, error) {
	return get(s, scanInventory, inventoryColumns+` WHERE target = ? AND window = ? AND phase = ?`, target, window, phase)
}

// LastInventory reads a target's newest inventory that could be taken. Errors: ErrNotFound.
func (s *Snap) LastInventory(target string) (Inventory, error) {
	return get(s, scanInventory, inventoryColumns+` WHERE target = ? AND note = '' ORDER BY at DESC LIMIT 1`, target)
}

// WindowInventories lists a window's inventories, the earliest first.
func (s *Snap) WindowInventories(window string) ([]Inventory, error) {
	if window == "" {
		return nil, errors.New("inventories of no window")
	}
	return list(s, scanInventory, inventoryColumns+` WHERE window = ? ORDER BY at, target`, window)
}

// PutInventory adds an inventory or replaces the one of its phase.
func (t *Tx) PutInventory(i Inventory) error {
	lines, err := encode(orEmpty(i.Items))
	if err != nil {
		return err
	}
	differences, err := encode(orEmpty(i.Differences))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO inventories (target, window, phase, at, lines, differences, note) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (target, window, phase) DO UPDATE SET at = excluded.at, lines = excluded.lines, differences = excluded.differences, note = excluded.note`,
		i.Target, i.Window, i.Phase, ms(t.Now), lines, differences, i.Note)
	return err
}
