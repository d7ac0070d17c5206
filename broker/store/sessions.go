package store

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

const sessionFields = `id, state, person, vendor, grant_id, window, request, system, target, account, source, fingerprint, factor,
	reason, detail, by, created, started, ended, until, recording, recording_sum, recording_size, client_version, notice,
	paused, paused_by`

const sessionColumns = `SELECT ` + sessionFields + ` FROM sessions`

func scanSession(r scanner) (Session, error) {
	var s Session
	err := r.Scan(&s.ID, &s.State, &s.Person, &s.Vendor, &s.Grant, &s.Window, &s.Request, &s.System, &s.Target, &s.Account,
		addrPort{&s.Source}, &s.Fingerprint, &s.Factor, &s.Reason, &s.Detail, &s.By, at(&s.Created), at(&s.Started), at(&s.Ended),
		at(&s.Until), &s.Recording, &s.RecordingSum, &s.RecordingSize, &s.ClientVersion, &s.Notice,
		at(&s.Paused), &s.PausedBy)
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
	w.text("system IN (SELECT id FROM systems WHERE section = ?)", f.Section)
	w.text("window = ?", f.Window)
	w.text("request = ?", f.Request)
	if !f.From.IsZero() {
		w.and("created >= ?", ms(f.From))
	}
	if !f.To.IsZero() {
		w.and("created < ?", ms(f.To))
	}
	return list(s, scanSession, sessionColumns+w.String()+` ORDER BY created DESC, rowid DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

// values of a session in the order of sessionFields, with the number of the reason at the end.
func (s Session) values() []any {
	return []any{
		s.ID, string(s.State), s.Person, s.Vendor, s.Grant, s.Window, s.Request, s.System, s.Target, s.Account,
		source(s.Source), s.Fingerprint, s.Factor, string(s.Reason), s.Detail, s.By, ms(s.Created), ms(s.Started), ms(s.Ended),
		ms(s.Until), s.Recording, s.RecordingSum, s.RecordingSize, s.ClientVersion, s.Notice,
		ms(s.Paused), s.PausedBy, s.Reason.Number(),
	}
}

// AddSession stores a session or a refused attempt. The id comes from NextSessionNo.
func (t *Tx) AddSession(s Session) error {
	_, err := t.exec(`INSERT INTO sessions (`+sessionFields+`, reason_number) VALUES (?`+strings.Repeat(", ?", len(s.values())-1)+`)`, s.values()...)
	return exists(err)
}

// UpdateSession replaces everything of a session. An ended or refused session keeps its end: only
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

// Remembered tells whether the second factor was given for exactly this, and when. Errors:
// ErrNotFound.
func (s *Snap) Remembered(r Remembered) (time.Time, error) {
	return get(s, func(sc scanner) (time.Time, error) {
		var t time.Time
		err := sc.Scan(at(&t))
		return t, err
	}, `SELECT at FROM remembered_factors WHERE person = ? AND fingerprint = ? AND source = ? AND window = ? AND notice = ?`,
		r.Person, r.Fingerprint, r.Source.String(), r.Window, r.Notice)
}

// RememberFactor remembers from the transaction's time on.
func (t *Tx) RememberFactor(r Remembered) error {
	_, err := t.exec(`INSERT INTO remembered_factors (person, fingerprint, source, window, notice, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET at = excluded.at`, r.Person, r.Fingerprint, r.Source.String(), r.Window, r.Notice, ms(t.Now))
	return err
}

// ForgetFactors forgets what the filter says: at freeze, lock, forced cut, revocation. Connections that gave their factor
// before and have no session yet have to give it again (Dropped).
func (t *Tx) ForgetFactors(f FactorFilter) error {
	t.forgot = append(t.forgot, f)
	return t.ForgetRemembered(f)
}

// ForgetRemembered forgets what the filter says for logins to come; connections that are in the waiting room stay there.
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

const reviewColumns = `SELECT session, auditor, created, due, verdict, note, signed_by, signed_at FROM reviews`

func scanReview(r scanner) (Review, error) {
	var v Review
	err := r.Scan(&v.Session, &v.Auditor, at(&v.Created), at(&v.Due), &v.Verdict, &v.Note, &v.SignedBy, at(&v.SignedAt))
	return v, err
}

// Review reads the review a session is owed. Errors: ErrNotFound.
func (s *Snap) Review(session string) (Review, error) {
	return get(s, scanReview, reviewColumns+` WHERE session = ?`, session)
}

// Reviews lists reviews: what is owed first, the earliest due on top; then what was signed, the latest due on top.
func (s *Snap) Reviews(f ReviewFilter) ([]Review, error) {
	var w where
	w.text("auditor = ?", f.Auditor)
	w.text("session IN (SELECT id FROM sessions WHERE system IN (SELECT id FROM systems WHERE section = ?))", f.Section)
	if f.Unsigned {
		w.and("verdict = ''")
	}
	return list(s, scanReview, reviewColumns+w.String()+` ORDER BY verdict <> '', CASE verdict WHEN '' THEN due ELSE -due END, session LIMIT ?`, append(w.args, limit(f.Limit))...)
}

// AddReview says that a session is owed a review by a date. Errors: ErrExists.
func (t *Tx) AddReview(v Review) error {
	_, err := t.exec(`INSERT INTO reviews (session, auditor, created, due, verdict, note, signed_by, signed_at) VALUES (?, ?, ?, ?, '', '', '', 0)`,
		v.Session, v.Auditor, ms(t.Now), ms(v.Due))
	return exists(err)
}

// SignReview signs a review, once. Errors: ErrNotFound when there is none that is unsigned.
func (t *Tx) SignReview(session, by, verdict, note string) error {
	return t.one(`UPDATE reviews SET verdict = ?, note = ?, signed_by = ?, signed_at = ? WHERE session = ? AND verdict = ''`,
		verdict, note, by, ms(t.Now), session)
}
