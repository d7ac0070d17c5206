package store

import (
	"fmt"
	"time"

	"sekimori/policy"
)

// ExtensionState is where a wish for more time stands.
type ExtensionState string

// The states of an extension. An extension that has no answer by the window's end lapses.
const (
	ExtensionAsked   ExtensionState = "asked"
	ExtensionGranted ExtensionState = "granted"
	ExtensionDenied  ExtensionState = "denied"
	ExtensionLapsed  ExtensionState = "lapsed"
)

// Extension is one wish for a window to end later, and the answer.
type Extension struct {
	ID       string // "X-0001", from Tx.NextExtensionNo
	Window   string
	Request  string
	System   string
	AskedBy  string // person id
	Via      string // ssh, cli, web
	AskedAt  time.Time
	By       time.Duration // longer by, whole milliseconds
	Reason   string
	Ends     time.Time // the window's end when it was asked for
	State    ExtensionState
	Decided  time.Time   // zero: not yet
	Decider  string      // person id; empty: none (asked, lapsed)
	Role     policy.Role // the role in which they granted: the attendant within the delegated limit, or an approver
	OnBehalf string      // person id of the approver for whom a deputy answered
	Answer   string      // the reason given
	NewEnd   time.Time   // of the window, when granted
}

// ExtensionFilter narrows Extensions. Zero fields do not narrow. Newest first.
type ExtensionFilter struct {
	Window  string
	Request string
	Sight   *policy.Sight // only what lies within it; nil: everything
	States  []ExtensionState
	Limit   int // 0: 200
}

const extensionColumns = `SELECT x.id, x.window, x.request, x.system, x.asked_by, x.via, x.asked_at, x.length, x.reason, x.ends, x.state,
	x.decided_by, x.decided_at, x.role, x.on_behalf, x.answer, x.new_end FROM extensions x`

func scanExtension(r scanner) (Extension, error) {
	var x Extension
	var length int64
	err := r.Scan(&x.ID, &x.Window, &x.Request, &x.System, &x.AskedBy, &x.Via, at(&x.AskedAt), &length, &x.Reason, at(&x.Ends), &x.State,
		&x.Decider, at(&x.Decided), &x.Role, &x.OnBehalf, &x.Answer, at(&x.NewEnd))
	x.By = time.Duration(length) * time.Millisecond
	return x, err
}

// NextExtensionNo gives the number of an extension: "X-0001".
func (t *Tx) NextExtensionNo() (string, error) {
	n, err := t.next("extension")
	return fmt.Sprintf("X-%04d", n), err
}

// Extension reads one. Errors: ErrNotFound.
func (s *Snap) Extension(id string) (Extension, error) {
	return get(s, scanExtension, extensionColumns+` WHERE x.id = ?`, id)
}

// ExtensionPage reads a page. Unanswered extensions come first; within both parts the newest come first.
func (s *Snap) ExtensionPage(f ExtensionFilter, p Page) (Paged[Extension], error) {
	newest := order{keys: []string{"x.asked_at", "x.id"}, desc: true}
	return listing[Extension]{table: "extensions x", query: extensionColumns, scan: scanExtension, where: f.where(),
		first: "x.state = 'asked' OR x.decided_at > ?", orders: [2]order{newest, newest},
		column: "x.id", name: func(x Extension) string { return x.ID }}.page(s, p)
}

// Extensions lists them, newest first.
func (s *Snap) Extensions(f ExtensionFilter) ([]Extension, error) {
	w := f.where()
	return list(s, scanExtension, extensionColumns+w.String()+` ORDER BY x.asked_at DESC, x.id DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

func (f ExtensionFilter) where() where {
	var w where
	w.text("x.window = ?", f.Window)
	w.text("x.request = ?", f.Request)
	w.sight(f.Sight, "x.system", "x.request IN (SELECT no FROM requests WHERE vendor = ?)")
	in(&w, "x.state", f.States)
	return w
}

// StaleExtensions lists the extensions without an answer in time: the window's end has come, or the window is shut.
func (s *Snap) StaleExtensions() ([]Extension, error) {
	return list(s, scanExtension, extensionColumns+` JOIN windows w ON w.id = x.window
		WHERE x.state = 'asked' AND (w.ends <= ? OR w.state NOT IN ('scheduled', 'attended', 'permitted')) ORDER BY x.id LIMIT 1000`, ms(s.Now))
}

// AddExtension stores a new one, asked at the transaction's time. Errors: ErrExists when one is open for the window.
func (t *Tx) AddExtension(x Extension) error {
	_, err := t.exec(`INSERT INTO extensions (id, window, request, system, asked_by, via, asked_at, length, reason, ends, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'asked')`,
		x.ID, x.Window, x.Request, x.System, x.AskedBy, x.Via, ms(t.Now), x.By.Milliseconds(), x.Reason, ms(x.Ends))
	return exists(err)
}

// SettleExtension stores the answer, at the transaction's time. Errors: ErrNotFound when it is not open.
func (t *Tx) SettleExtension(x Extension) error {
	return t.one(`UPDATE extensions SET state = ?, decided_by = ?, decided_at = ?, role = ?, on_behalf = ?, answer = ?, new_end = ?
		WHERE id = ? AND state = 'asked'`,
		string(x.State), x.Decider, ms(t.Now), string(x.Role), x.OnBehalf, x.Answer, ms(x.NewEnd), x.ID)
}
