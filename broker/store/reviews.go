package store

import (
	"errors"
	"strconv"
	"time"

	"sekimori/policy"
)

// Review is the review of one window's work (R12): all its sessions, refused attempts and files.
type Review struct {
	ID      string // the window's number; or the session's, which then is an item of its own
	Window  string // empty: the session had none
	Session string // of an item of its own
	Request string
	System  string
	Vendor  string
	Auditor string // the person named for it; empty: any auditor may sign who had no part in the work
	Named   bool   // that person has not taken it yet
	Created time.Time
	Due     time.Time
	Signature
	SignedBy  string
	SignedAt  time.Time
	Answered  time.Time // the question for which it waits was answered; zero: it was not, or none waits
	Drawn     string    // outcome of the system's plan: DrawnChosen and the others; empty: it has none, or has not decided
	Plan      string    // the plan at the draw: "2/10", "20%"
	Place     int       // that the draw gave it, from 0; -1: none
	BySession bool      // made when each session still had a review of its own (SessionReviews)
}

// Signature is an auditor's judgement.
type Signature struct {
	Verdict   string // ok | question | fix; empty: not signed
	Note      string
	Addressee string           // from whom an answer or a correction is expected
	AnswerBy  time.Time        // and until when
	To        policy.Addressee // the addressee
}

// LeftOut tells whether the system's plan leaves the work out: no one reviews it unless an auditor takes it.
func (r Review) LeftOut() bool { return r.Verdict == "" && r.Drawn == DrawnLeftOut }

// Final tells whether the review was signed for good: a question waits for its answer and a further signature.
func (r Review) Final() bool { return r.Verdict != "" && r.Verdict != "question" }

// SessionReview is a review of a single session, from the time when each session had one.
type SessionReview struct {
	Session  string
	Verdict  string // empty: it never was signed
	Note     string
	SignedBy string
	SignedAt time.Time
}

// ReviewFilter narrows ReviewPage. Zero fields do not narrow.
type ReviewFilter struct {
	Auditor  string
	System   string
	Sight    *policy.Sight // only what lies within it; nil: everything
	Unsigned bool
	From, To time.Time // by the end of the first session
}

func (f ReviewFilter) where() where {
	var w where
	w.text("auditor = ?", f.Auditor)
	w.text("system = ?", f.System)
	w.sight(f.Sight, "system", "vendor = ?")
	if f.Unsigned {
		w.and("verdict = '' AND drawn <> 'left-out'")
	}
	if !f.From.IsZero() {
		w.and("created >= ?", ms(f.From))
	}
	if !f.To.IsZero() {
		w.and("created < ?", ms(f.To))
	}
	return w
}

const reviewColumns = `SELECT id, window, session, request, system, vendor, auditor, created, due, verdict, note, addressee, answer_by,
	signed_by, signed_at, answered_at, by_session, named, drawn, plan, place FROM window_reviews`

func scanReview(r scanner) (Review, error) {
	var v Review
	err := r.Scan(&v.ID, &v.Window, &v.Session, &v.Request, &v.System, &v.Vendor, &v.Auditor, at(&v.Created), at(&v.Due), &v.Verdict, &v.Note,
		&v.Addressee, at(&v.AnswerBy), &v.SignedBy, at(&v.SignedAt), at(&v.Answered), &v.BySession, &v.Named, &v.Drawn, &v.Plan, &v.Place)
	return v, err
}

// Review reads a review by its id. Errors: ErrNotFound.
func (s *Snap) Review(id string) (Review, error) {
	return get(s, scanReview, reviewColumns+` WHERE id = ?`, id)
}

// ReviewOf reads the review that covers a session. Errors: ErrNotFound.
func (s *Snap) ReviewOf(session string) (Review, error) {
	v, err := s.Review(session)
	if !errors.Is(err, ErrNotFound) {
		return v, err
	}
	of, err := s.Session(session)
	if err != nil {
		return v, err
	}
	if of.Window == "" {
		return v, ErrNotFound
	}
	return s.Review(of.Window)
}

// ReviewPage reads a page. Owed reviews come first, and those whose question was answered, the earliest due on top; then signed ones, the
// latest due on top. The owed ones are few, and are found by their verdict: the plus keeps from walking all years for the order.
func (s *Snap) ReviewPage(f ReviewFilter, p Page) (Paged[Review], error) {
	return listing[Review]{table: "window_reviews", query: reviewColumns, scan: scanReview, where: f.where(), first: "verdict = '' AND drawn <> 'left-out' OR answered_at > 0 OR signed_at > ?",
		orders: [2]order{{keys: []string{"+due", "id"}}, {keys: []string{"due", "id"}, desc: true}},
		column: "id", name: func(v Review) string { return v.ID }}.page(s, p)
}

// SessionReviews lists the reviews of a window's sessions from the time when each session had one, in order.
func (s *Snap) SessionReviews(window string) ([]SessionReview, error) {
	return list(s, func(r scanner) (v SessionReview, err error) {
		err = r.Scan(&v.Session, &v.Verdict, &v.Note, &v.SignedBy, at(&v.SignedAt))
		return v, err
	}, `SELECT v.session, v.verdict, v.note, v.signed_by, v.signed_at FROM sessions s JOIN reviews v ON v.session = s.id WHERE s.window = ? ORDER BY v.session`, window)
}

// ReviewTotals counts reviews.
type ReviewTotals struct {
	All, Signed int
	LeftOut     int // of All: by plans of systems
	Overdue     int
	Next        time.Time // the earliest date at which one that is not overdue falls due; zero: none
}

// ReviewTotals counts the reviews within a filter.
func (s *Snap) ReviewTotals(f ReviewFilter) (t ReviewTotals, err error) {
	w, from := f.where(), "window_reviews"
	if f.Unsigned {
		from += " INDEXED BY window_reviews_owed" // without the hint the planner reads all reviews of many years
	}
	err = s.tx.QueryRow(`SELECT count(*), coalesce(sum(verdict <> ''), 0), coalesce(sum(verdict = '' AND drawn = 'left-out'), 0), coalesce(sum(verdict = '' AND drawn <> 'left-out' AND due < ?), 0),
		coalesce(min(CASE WHEN verdict = '' AND drawn <> 'left-out' AND due >= ? THEN due END), 0) FROM `+from+w.String(),
		append([]any{ms(s.Now), ms(s.Now)}, w.args...)...).Scan(&t.All, &t.Signed, &t.LeftOut, &t.Overdue, at(&t.Next))
	return t, err
}

// AddReview says that a window's work is owed a review by a date. Errors: ErrExists.
func (t *Tx) AddReview(v Review) error {
	_, err := t.exec(`INSERT INTO window_reviews (id, window, session, request, system, vendor, auditor, named, created, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, v.Window, v.Session, v.Request, v.System, v.Vendor, v.Auditor, v.Named, ms(t.Now), ms(v.Due))
	return exists(err)
}

// PutOffReview moves the due date of a review that is not signed. Errors: ErrNotFound.
func (t *Tx) PutOffReview(id string, due time.Time) error {
	return t.one(`UPDATE window_reviews SET due = ? WHERE id = ? AND verdict = ''`, ms(due), id)
}

// NameAuditor names the auditor of a review that is not signed for good, who has yet to take it. Errors: ErrNotFound.
func (t *Tx) NameAuditor(id, auditor string) error {
	return t.one(`UPDATE window_reviews SET auditor = ?, named = 1 WHERE id = ? AND verdict IN ('', 'question')`, auditor, id)
}

// AuditorLoads counts the reviews of each auditor since a moment.
func (s *Snap) AuditorLoads(since time.Time) (map[string]policy.AuditorLoad, error) {
	type load struct {
		auditor string
		policy.AuditorLoad
	}
	all, err := list(s, func(r scanner) (l load, err error) { return l, r.Scan(&l.auditor, &l.Open, &l.All) },
		`SELECT auditor, sum(verdict IN ('', 'question')), count(*) FROM window_reviews WHERE created >= ? AND auditor <> '' GROUP BY auditor`, ms(since))
	loads := map[string]policy.AuditorLoad{}
	for _, l := range all {
		loads[l.auditor] = l.AuditorLoad
	}
	return loads, err
}

// TakeReview says that an auditor takes a review that is not signed for good. Errors: ErrNotFound.
func (t *Tx) TakeReview(id, auditor string) error {
	return t.one(`UPDATE window_reviews SET auditor = ?, named = 0, drawn = CASE drawn WHEN 'left-out' THEN 'taken' ELSE drawn END WHERE id = ? AND verdict IN ('', 'question')`, auditor, id)
}

// SignReview signs a review, once for good: a question can be followed by a further signature. Errors: ErrNotFound when there is none to be signed.
func (t *Tx) SignReview(id, by string, v Signature) error {
	err := t.one(`UPDATE window_reviews SET verdict = ?, note = ?, addressee = ?, answer_by = ?, signed_by = ?, signed_at = ?, answered_at = 0 WHERE id = ? AND verdict IN ('', 'question')`,
		v.Verdict, v.Note, v.Addressee, ms(v.AnswerBy), by, ms(t.Now), id)
	if err != nil {
		return err
	}
	return t.askQuestion(id, by, v)
}

// OverdueReviews counts the reviews of a system's work that were due before now.
func (s *Snap) OverdueReviews(system string) (int, error) {
	return get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) },
		`SELECT count(*) FROM window_reviews WHERE verdict = '' AND drawn <> 'left-out' AND due < ? AND system = ?`, ms(s.Now), system)
}

// OverdueSince lists the reviews that were due before a moment and for which no alarm was raised, the oldest first.
func (s *Snap) OverdueSince(moment time.Time) ([]Review, error) {
	return list(s, scanReview, reviewColumns+` WHERE verdict = '' AND drawn <> 'left-out' AND raised = 0 AND due <= ? ORDER BY due, id LIMIT 100`, ms(moment))
}

// RaiseReview notes that the alarm about a review was raised. Errors: ErrNotFound.
func (t *Tx) RaiseReview(id string) error {
	return t.one(`UPDATE window_reviews SET raised = ? WHERE id = ? AND verdict = ''`, ms(t.Now), id)
}

// LateReviews names the reviews that are not signed by their date and for which the outbox has no row of this word.
func (s *Snap) LateReviews(what string, most int) ([]string, error) {
	return list(s, func(r scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT id FROM window_reviews WHERE verdict = '' AND drawn <> 'left-out' AND due <= ? AND NOT EXISTS (SELECT 1 FROM outbox WHERE entry < 0 AND what = ? AND subject = window_reviews.id)
		ORDER BY due LIMIT ?`, ms(s.Now), what, most)
}

// SoonReviews lists the reviews that are not signed and fall due before a time, the earliest due first, of which the outbox has no row of this word.
// The row's subject is that of ReviewReminder, so a review that gets another auditor or another date is listed again.
func (s *Snap) SoonReviews(what string, before time.Time, most int) ([]Review, error) {
	return list(s, scanReview, reviewColumns+` WHERE verdict = '' AND drawn <> 'left-out' AND due > ? AND due <= ?
		AND NOT EXISTS (SELECT 1 FROM outbox WHERE entry < 0 AND what = ? AND subject = window_reviews.id || '#' || window_reviews.auditor || '#' || window_reviews.due) ORDER BY due LIMIT ?`,
		ms(s.Now), ms(before), what, most)
}

// ReviewReminder is the subject of the outbox's row about a review that is due soon.
func ReviewReminder(r Review) string {
	return r.ID + "#" + r.Auditor + "#" + strconv.FormatInt(ms(r.Due), 10)
}

// LateAnswers names the reviews whose date to answer by is over, though not before since, without an answer, and for which the outbox has no
// row of this word. A further question of a review is named with its count: "R8-0001-1#2".
func (s *Snap) LateAnswers(what string, since time.Time, most int) ([]string, error) {
	return list(s, func(r scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT subject FROM (SELECT v.answer_by, v.id || coalesce((SELECT '#' || max(q.round) FROM review_questions q WHERE q.review = v.id AND v.verdict = 'question' HAVING max(q.round) > 1), '') AS subject
			FROM window_reviews v WHERE v.verdict IN ('question', 'fix') AND v.answer_by <= ? AND v.answer_by > ? AND v.answered_at = 0
				AND NOT EXISTS (SELECT 1 FROM findings f WHERE f.review = v.id AND f.answered_at > 0)) late
		WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.entry < 0 AND o.what = ? AND o.subject = late.subject) ORDER BY answer_by LIMIT ?`, ms(s.Now), ms(since), what, most)
}

// verdict of the review that covers a session; empty where none is signed or owed.
func (s *Snap) verdict(session string) (string, error) {
	v, err := s.ReviewOf(session)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return v.Verdict, err
}

// WorkBefore reads the last session of a vendor on a system that ended before a moment, of a request other than but. Errors: ErrNotFound: none.
func (s *Snap) WorkBefore(vendor, system, but string, before time.Time) (Session, error) {
	return get(s, scanSession, sessionColumns+` WHERE created < ? AND vendor = ? AND system = ? AND request <> ? AND state = 'ended' ORDER BY created DESC LIMIT 1`,
		ms(before), vendor, system, but)
}

// WorkedBefore tells whether a person worked on a system before a moment, for a request other than but.
func (s *Snap) WorkedBefore(person, system, but string, before time.Time) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM sessions WHERE person = ? AND created < ? AND system = ? AND request <> ? AND state = 'ended' AND started > 0)`,
		person, ms(before), system, but)
}

// VerdictBefore is the verdict on the last work of a vendor on a system that was reviewed before a moment. Errors: ErrNotFound: none.
func (s *Snap) VerdictBefore(vendor, system string, before time.Time) (string, error) {
	return get(s, func(r scanner) (v string, err error) { return v, r.Scan(&v) },
		`SELECT verdict FROM window_reviews WHERE vendor = ? AND system = ? AND created < ? AND verdict <> '' ORDER BY created DESC LIMIT 1`, vendor, system, ms(before))
}

// RaisedOverdue tells whether a duty was raised as overdue.
func (s *Snap) RaisedOverdue(kind OverdueKind, subject string) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM overdue WHERE kind = ? AND subject = ?)`, string(kind), subject)
}
