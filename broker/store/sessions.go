package store

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

const sessionFields = `id, state, person, vendor, grant_id, window, request, system, target, account, source, fingerprint, factor,
	reason, detail, by, created, started, ended, until, recording, recording_sum, recording_size, client_version, notice,
	paused, paused_by, masked, ruled, masked_count`

const sessionColumns = `SELECT ` + sessionFields + ` FROM sessions`

func scanSession(r scanner) (Session, error) {
	var s Session
	err := r.Scan(&s.ID, &s.State, &s.Person, &s.Vendor, &s.Grant, &s.Window, &s.Request, &s.System, &s.Target, &s.Account,
		addrPort{&s.Source}, &s.Fingerprint, &s.Factor, &s.Reason, &s.Detail, &s.By, at(&s.Created), at(&s.Started), at(&s.Ended),
		at(&s.Until), &s.Recording, &s.RecordingSum, &s.RecordingSize, &s.ClientVersion, &s.Notice,
		at(&s.Paused), &s.PausedBy, &s.Masked, &s.Ruled, &s.MaskedCount)
	return s, err
}

// addrPort scans "192.0.2.7:50022", empty as the zero value.
type addrPort struct{ a *netip.AddrPort }

// Scan implements sql.Scanner.
func (x addrPort) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("stored address is %T", v)
	}
	if text == "" {
		*x.a = netip.AddrPort{}
		return nil
	}
	var err error
	*x.a, err = netip.ParseAddrPort(text)
	return err
}

func source(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// Session reads one session. Errors: ErrNotFound.
func (s *Snap) Session(id string) (Session, error) {
	return get(s, scanSession, sessionColumns+` WHERE id = ?`, id)
}

// Sessions lists sessions, newest first.
func (s *Snap) Sessions(f SessionFilter) ([]Session, error) {
	w := f.where("system", "reason")
	return list(s, scanSession, sessionColumns+w.String()+` ORDER BY created DESC, rowid DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

// CountSessions counts the sessions of a filter.
func (s *Snap) CountSessions(f SessionFilter) (n int, err error) {
	w := f.where("system", "reason")
	err = s.tx.QueryRow(`SELECT count(*) FROM sessions`+w.String(), w.args...).Scan(&n)
	return n, err
}

// SessionPage reads a page. Live sessions come first; within both parts the newest come first.
func (s *Snap) SessionPage(f SessionFilter, p Page) (Paged[Session], error) {
	newest := order{keys: []string{"created", "rowid"}, desc: true}
	live := order{keys: []string{"+created", "rowid"}, desc: true} // few rows, found by their state: the plus keeps from walking all years for the order
	// Counting takes the index by system. Reading must not: it would sort all rows that the person sees for each page. Where a reason is asked
	// for, counting and reading take the index by reason; the first part never does, for its few rows have an index of their own.
	counted := f.where("system", "reason")
	if f.Reason != "" {
		counted = f.where("+system", "reason")
	}
	return listing[Session]{table: "sessions", query: sessionColumns, scan: scanSession, where: counted, rows: f.where("+system", "reason"), part: f.where("+system", "+reason"),
		first: "state IN ('opening', 'active') OR state = 'ended' AND ended > ?", orders: [2]order{live, newest},
		column: "id", name: func(v Session) string { return v.ID }}.page(s, p)
}

// where gives the conditions; seen is the column of the system that sight asks about, reason that of the end cause.
func (f SessionFilter) where(seen, reason string) where {
	var w where
	if f.Live {
		w.and("state IN ('opening', 'active')")
	}
	if f.Recorded {
		w.and("recording <> ''")
	}
	in(&w, "state", f.States)
	w.text("person = ?", f.Person)
	w.text("vendor = ?", f.Vendor)
	w.text("system = ?", f.System)
	w.sight(f.Sight, seen, "vendor = ?")
	w.text("window = ?", f.Window)
	w.text("request = ?", f.Request)
	w.text(reason+" = ?", f.Reason)
	w.text("window IN (SELECT id FROM windows WHERE attendant = ?)", f.Attendant)
	f.reviewed(&w)
	f.due(&w)
	if !f.From.IsZero() {
		w.and("created >= ?", ms(f.From))
	}
	if !f.To.IsZero() {
		w.and("created < ?", ms(f.To))
	}
	return w
}

// reviewed narrows to the sessions that a review covers: of a window, or of the session as an item of its own. Most reviews are without objection: those
// are looked up at each session. The others are few, and the sessions are found by them.
func (f SessionFilter) reviewed(w *where) {
	verdict := f.Reviewed
	switch verdict {
	case "":
	case "ok":
		w.and("EXISTS (SELECT 1 FROM window_reviews v WHERE v.id IN (sessions.id, sessions.window) AND v.verdict = ?)", verdict)
	case "unsigned":
		verdict = ""
		fallthrough
	default:
		w.and(`rowid IN (SELECT s.rowid FROM window_reviews v JOIN sessions s ON s.window = v.id WHERE v.verdict = ?
			UNION SELECT s.rowid FROM window_reviews v JOIN sessions s ON s.id = v.id WHERE v.verdict = ?)`, verdict, verdict)
	}
}

// values gives the columns in the order of sessionFields, with the number of the reason at the end.
func (s Session) values() []any {
	return []any{
		s.ID, string(s.State), s.Person, s.Vendor, s.Grant, s.Window, s.Request, s.System, s.Target, s.Account,
		source(s.Source), s.Fingerprint, s.Factor, string(s.Reason), s.Detail, s.By, ms(s.Created), ms(s.Started), ms(s.Ended),
		ms(s.Until), s.Recording, s.RecordingSum, s.RecordingSize, s.ClientVersion, s.Notice,
		ms(s.Paused), s.PausedBy, s.Masked, s.Ruled, s.MaskedCount, s.Reason.Number(),
	}
}

// AddSession stores a session or a refused attempt. The id comes from NextSessionNo.
func (t *Tx) AddSession(s Session) error {
	_, err := t.exec(`INSERT INTO sessions (`+sessionFields+`, reason_number) VALUES (?`+strings.Repeat(", ?", len(s.values())-1)+`)`, s.values()...)
	return exists(err)
}

// UpdateSession replaces all of a session. The end of an ended or refused session stays: only
// its recording's sum and size may still be set. Errors: ErrNotFound.
func (t *Tx) UpdateSession(s Session) error {
	old, err := t.Session(s.ID)
	if err != nil {
		return err
	}
	if !old.State.Live() && (s.State != old.State || s.Reason != old.Reason || !s.Ended.Equal(old.Ended)) {
		return fmt.Errorf("session %s has ended: its end is not rewritten", s.ID)
	}
	set := strings.Join(strings.FieldsFunc(sessionFields, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }), " = ?, ")
	return t.one(`UPDATE sessions SET `+set+` = ?, reason_number = ? WHERE id = ?`, append(s.values(), s.ID)...)
}

// Remembered tells when the second factor was given for exactly this combination. Errors:
// ErrNotFound.
func (s *Snap) Remembered(r Remembered) (time.Time, error) {
	return get(s, func(sc scanner) (time.Time, error) {
		var t time.Time
		err := sc.Scan(at(&t))
		return t, err
	}, `SELECT at FROM remembered_factors WHERE person = ? AND fingerprint = ? AND source = ? AND window = ? AND notice = ?`,
		r.Person, r.Fingerprint, r.Source.String(), r.Window, r.Notice)
}

// RememberFactor remembers a factor from the transaction's time on.
func (t *Tx) RememberFactor(r Remembered) error {
	_, err := t.exec(`INSERT INTO remembered_factors (person, fingerprint, source, window, notice, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET at = excluded.at`, r.Person, r.Fingerprint, r.Source.String(), r.Window, r.Notice, ms(t.Now))
	return err
}

// ForgetFactors forgets the factors that match the filter: after a freeze, lock, forced cut or revocation. A connection that gave its
// factor before and has no session yet has to give it again (Dropped).
func (t *Tx) ForgetFactors(f FactorFilter) error {
	t.droppedFactors = append(t.droppedFactors, f)
	return t.ForgetRemembered(f)
}

// ForgetRemembered forgets matching factors for later logins only; connections in the waiting room stay there.
func (t *Tx) ForgetRemembered(f FactorFilter) error {
	var w where
	w.text("person = ?", f.Person)
	if f.Vendor != "" {
		w.and("person IN (SELECT p.id FROM persons p JOIN vendors v ON v.id = p.vendor WHERE v.id = ? OR v.prime = ?)", f.Vendor, f.Vendor)
	}
	w.text("fingerprint = ?", f.Fingerprint)
	w.text("window = ?", f.Window)
	w.text("window IN (SELECT id FROM windows WHERE system = ?)", f.System)
	if f.Drill {
		w.and("window IN (SELECT id FROM windows WHERE drill = 1)")
	}
	_, err := t.exec(`DELETE FROM remembered_factors`+w.String(), w.args...)
	return err
}
