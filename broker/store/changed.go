package store

import (
	"sync"
	"sync/atomic"

	"sekimori/policy"
)

// A reader that waits for commits is told what each commit was about, and looks again only where that may concern it. A commit is
// about the things that its rows and entries name by id: persons, vendors, windows and so on. Two things of different kinds with
// the same id, such as a system and a section, wake each other's readers. That costs a look and decides nothing.

// rowsAbout says which columns of a table name the things that a row is about. A column with "in system" names the system in which
// a session or window changed: limits and the duties of emergencies depend on it, other facts about the system do not. A row of an
// unlisted table, such as a freeze, a lock or the institution's rules, is about everything. So are dropped factors.
var rowsAbout = map[string][]string{
	"accounts":             {"id", "target"},
	"account_probes":       {"account"},
	"account_uses":         {"session", "account", "window"},
	"end_proofs":           {"session"},
	"inventories":          {"target", "window"},
	"reconciliations":      {"target"},
	"unknown_logins":       {"id", "target"},
	"alarm_desks":          {"alarm"},
	"alarms":               {"id", "about"},
	"attendance_records":   {"window", "request"},
	"backups":              {"window"},
	"day_confirmations":    {"day"},
	"days":                 {"id"},
	"decisions":            {"request"},
	"disposals":            {"session"},
	"deputations":          {"approver", "deputy"},
	"drafts":               {"id"},
	"enrolments":           {"person"},
	"directory_accounts":   {"person"},
	"extensions":           {"window", "request"},
	"feeds":                {"subject"},
	"file_approvals":       {"file"},
	"blank_forms":          {"id"},
	"late_entries":         {"id", "vendor"},
	"files":                {"id", "session"},
	"findings":             {"no", "review"},
	"finding_answers":      {"finding"},
	"grants":               {"id", "person", "window", "request"},
	"handovers":            {"window"},
	"hold_releases":        {"hold"},
	"holds":                {"id", "session"},
	"incident_tells":       {"incident"},
	"line_tests":           {"system"},
	"overdue":              {"subject"},
	"paper_warnings":       {"subject"},
	"papers":               {"id", "vendor", "person"},
	"passkeys":             {"person"},
	"passwords":            {"person"},
	"person_keys":          {"person"},
	"persons":              {"id"},
	"permits":              {"id", "vendor"},
	"rosters":              {"vendor"},
	"pledges":              {"person"},
	"renewals":             {"subject"},
	"remembered_factors":   {"person", "window"},
	"requests":             {"no", "vendor"},
	"review_seeds":         {"month"},
	"review_questions":     {"review"},
	"reviews":              {"session"},
	"window_reviews":       {"id"},
	"session_measures":     {"session"},
	"sessions":             {"id", "person", "window", "request", inSystem + "system"},
	"systems":              {"id"},
	"targets":              {"id", "system"},
	"ticks":                {"window"},
	"tokens":               {"person"},
	"totp":                 {"person"},
	"vendors":              {"id"},
	"window_lines":         {"window", "system"},
	"windows":              {"id", "request", inSystem + "system"},
	"work_report_sessions": {"session", "report"},
	"work_reports":         {"id", "window", "request", "vendor"},
}

// Prefixes that keep these ids apart from the ids of things themselves.
const (
	inSystem   = "in system "   // and the system
	entryAbout = "entry about " // and the subject
)

// Change says what commits were about. The zero value concerns nothing.
type Change struct {
	all bool
	ids map[string]struct{}
}

// Everything is a change that concerns all readers.
func Everything() Change { return Change{all: true} }

func (c *Change) add(id string) {
	if c.ids == nil {
		c.ids = map[string]struct{}{}
	}
	c.ids[id] = struct{}{}
}

// row adds the things that a row is about.
func (c *Change) row(v *shape, values []any) {
	if v.about == nil {
		c.all = true
	}
	for _, a := range v.about {
		if id, ok := values[a.column].(string); ok {
			c.add(a.prefix + id)
		} else if values[a.column] != nil {
			c.all = true // the column holds no id of ours
		}
	}
}

// All tells whether the change concerns all readers.
func (c Change) All() bool { return c.all }

// Names tells whether a row was written that is about one of the things.
func (c Change) Names(ids ...string) bool {
	for _, id := range ids {
		if _, ok := c.ids[id]; ok {
			return true
		}
	}
	return c.all
}

// Entry tells whether an entry was appended that is about one of the things.
func (c Change) Entry(ids ...string) bool {
	for _, id := range ids {
		if _, ok := c.ids[entryAbout+id]; ok {
			return true
		}
	}
	return c.all
}

// Standing tells whether Standing may give another result for the person of f.
func (c Change) Standing(f *policy.Facts) bool {
	if c.Names(f.Person.ID, f.Person.Vendor, f.Vendor.Prime) {
		return true
	}
	if len(c.ids) == 0 {
		return false
	}
	for i := range f.Grants {
		g := &f.Grants[i]
		if c.Names(g.ID, g.Request, g.Window.ID, g.Window.System, g.Target, g.Account) {
			return true
		}
	}
	for i := range f.FollowUps {
		if c.Names(f.FollowUps[i].Request) {
			return true
		}
	}
	return false
}

// Facts tells whether Facts may give another result for the person of f. It covers Standing, the sessions that limits count, and what emergencies owe.
func (c Change) Facts(f *policy.Facts) bool {
	if c.Standing(f) {
		return true
	}
	for system := range f.Systems {
		if c.Names(inSystem + system) {
			return true
		}
	}
	return false
}

// Changes wakes one reader after commits of Write.
type Changes struct {
	C    <-chan struct{} // receives after commits; signals coalesce, and Take returns all of their changes together
	c    chan struct{}
	subs *subscribers

	mu      sync.Mutex // guards pending
	pending []Change   // committed and not taken
}

// mostPending is how many commits are kept for a slow reader. Beyond it the change becomes Everything.
const mostPending = 256

// Take returns what the commits since the last Take were about. A reader that takes before it looks misses nothing.
func (c *Changes) Take() Change {
	c.mu.Lock()
	pending := c.pending
	c.pending = nil
	c.mu.Unlock()
	var sum Change
	if len(pending) == 1 {
		return pending[0]
	}
	for _, p := range pending {
		sum.all = sum.all || p.all
		for id := range p.ids {
			sum.add(id)
		}
	}
	return sum
}

// Stop unsubscribes. C is never closed.
func (c *Changes) Stop() {
	c.subs.mu.Lock()
	defer c.subs.mu.Unlock()
	delete(c.subs.all, c)
}

func (c *Changes) signal(change Change) {
	c.mu.Lock()
	if len(c.pending) >= mostPending {
		c.pending = append(c.pending[:0], Everything())
	} else {
		c.pending = append(c.pending, change)
	}
	c.mu.Unlock()
	select {
	case c.c <- struct{}{}:
	default:
	}
}

// subscribers are the readers that Changed made.
type subscribers struct {
	commits atomic.Uint64

	mu  sync.Mutex // guards all
	all map[*Changes]struct{}
}

// Changed wakes the caller after each commit of Write from now on, and says what it was about.
func (db *DB) Changed() *Changes {
	c := make(chan struct{}, 1)
	v := &Changes{C: c, c: c, subs: &db.subs}
	db.subs.mu.Lock()
	defer db.subs.mu.Unlock()
	if db.subs.all == nil {
		db.subs.all = map[*Changes]struct{}{}
	}
	db.subs.all[v] = struct{}{}
	return v
}

// Commits counts the commits of Write by this process. While the count stays the same, earlier reads still hold.
func (db *DB) Commits() uint64 { return db.subs.commits.Load() }

// signal tells all subscribers of a commit. The caller must not add to change afterwards.
func (s *subscribers) signal(change Change) {
	s.commits.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		c.signal(change)
	}
}
