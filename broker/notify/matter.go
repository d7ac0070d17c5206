package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// matter is one event with what is known about it. Things that do not exist any more are empty.
type matter struct {
	out     store.Outgoing
	entry   ledger.Entry // zero for what the clock makes due
	members map[string]json.RawMessage

	request store.Request
	window  store.Window
	session store.Session
	vendor  store.Vendor
	system  store.System
	review  store.Review
	unused  bool // the window is over, and no one connected
	reminds bool // of ReviewSoon: the reminder is of the present auditor and date
	// circles are the people concerned: one for each section and vendor.
	circles []policy.Circle
	self    string   // the person whom the entry is about
	named   []string // people whom the entry names for the row's letter B
	zone    *time.Location

	checkpoint ledger.Checkpoint // of CheckpointOfDay
}

func (m *matter) text(member string) string {
	var s string
	if json.Unmarshal(m.members[member], &s) != nil {
		return ""
	}
	return s
}

func (m *matter) flag(member string) bool {
	var b bool
	return json.Unmarshal(m.members[member], &b) == nil && b
}

func (m *matter) number(member string) int {
	var n int
	if json.Unmarshal(m.members[member], &n) != nil {
		return 0
	}
	return n
}

func (m *matter) list(member string) []string {
	var l []string
	if json.Unmarshal(m.members[member], &l) != nil {
		return nil
	}
	return l
}

func (m *matter) time(member string) time.Time {
	var t time.Time
	if json.Unmarshal(m.members[member], &t) != nil {
		return time.Time{}
	}
	return t.In(m.zone)
}

// errGone: the entry's content was disposed of before anyone was told.
var errGone = errors.New("the entry's content was disposed of")

// found takes over what a read found. A missing row is no error: the entry may name a thing of which the store has none.
func found[T any](to *T, id string, read func(string) (T, error)) error {
	if id == "" {
		return nil
	}
	v, err := read(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		*to = v
	}
	return err
}

// once reads a thing once in a transaction.
func once[T any](a *addressing, kind string, read func(string) (T, error)) func(string) (T, error) {
	return func(id string) (T, error) {
		if v, ok := a.known[kind+" "+id].(T); ok {
			return v, nil
		}
		v, err := read(id)
		if err == nil {
			a.known[kind+" "+id] = v
		}
		return v, err
	}
}

// read gathers the matter of one row of the outbox.
func read(s *addressing, o store.Outgoing, zone *time.Location) (*matter, error) {
	m := &matter{out: o, zone: zone, members: map[string]json.RawMessage{}}
	if o.Entry < 0 {
		if err := m.madeByClock(s.Snap); err != nil {
			return nil, err
		}
		return m, m.surroundings(s)
	}
	var err error
	if m.entry, err = s.Entry(o.Entry); err != nil {
		return nil, fmt.Errorf("read entry %d: %w", o.Entry, err)
	}
	if m.entry.Disposed() {
		return nil, errGone
	}
	if m.members, err = members(m.entry.Payload); err != nil {
		return nil, fmt.Errorf("read payload of entry %d: %w", o.Entry, err)
	}
	session := m.text("session_id")
	if session == "" && len(m.entry.Subjects) > 0 && strings.HasPrefix(m.entry.Subjects[0], "S-") {
		session = m.entry.Subjects[0]
	}
	if err := errors.Join(found(&m.session, session, once(s, "session", s.Session)), found(&m.window, m.text("window"), once(s, "window", s.Window)), found(&m.review, m.text("review"), s.Review)); err != nil {
		return nil, fmt.Errorf("read what entry %d is about: %w", o.Entry, err)
	}
	return m, m.surroundings(s)
}

// surroundings reads the request, system and vendor of the matter, and who is concerned.
func (m *matter) surroundings(s *addressing) error {
	if m.window.ID == "" {
		if err := found(&m.window, m.session.Window, once(s, "window", s.Window)); err != nil {
			return fmt.Errorf("read window: %w", err)
		}
	}
	if err := found(&m.request, first(m.text("request"), m.text("request_no"), m.window.Request, m.session.Request), once(s, "request", s.Request)); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	if err := found(&m.system, first(m.text("system"), m.window.System, m.session.System, m.request.System), once(s, "system", s.System)); err != nil {
		return fmt.Errorf("read system: %w", err)
	}
	about, err := m.aboutPerson(s)
	if err != nil {
		return err
	}
	if err := found(&m.vendor, first(m.text("vendor"), m.request.Vendor, m.session.Vendor, about.Vendor), once(s, "vendor", s.Vendor)); err != nil {
		return fmt.Errorf("read vendor: %w", err)
	}
	if m.text("scope") == string(policy.FreezeVendor) {
		if err := found(&m.vendor, m.text("subject"), once(s, "vendor", s.Vendor)); err != nil {
			return fmt.Errorf("read vendor: %w", err)
		}
	}
	m.named = []string{m.text("on_behalf"), m.text("for"), m.text("deputy"), m.text("auditor")}
	if m.reminds {
		m.named = append(m.named, m.review.Auditor)
	}
	return m.concerned(s, about)
}

// aboutPerson is the person whom the entry is about; zero: none.
func (m *matter) aboutPerson(s *addressing) (p store.Person, err error) {
	id := m.text("person")
	if id == "" && len(m.entry.Subjects) > 0 {
		id = m.entry.Subjects[0]
	}
	if err := found(&p, id, once(s, "person", s.Person)); err != nil {
		return p, fmt.Errorf("read person: %w", err)
	}
	m.self = p.ID
	return p, nil
}

// concerned finds the sections and vendors of the matter, and makes a circle of each.
func (m *matter) concerned(s *addressing, about store.Person) error {
	sections := []string{m.system.Section}
	var err error
	switch {
	case m.text("scope") == string(policy.FreezeAll):
		return m.everyone(s)
	case m.text("scope") == string(policy.FreezeSystem):
		sys := store.System{}
		if err := found(&sys, m.text("subject"), once(s, "system", s.System)); err != nil {
			return fmt.Errorf("read system: %w", err)
		}
		m.system = sys
		return m.freezeOfSystem(s)
	case sections[0] == "" && m.vendor.ID != "":
		sections, err = s.SectionsAboutVendor(m.vendor.ID)
	case sections[0] == "" && about.Section != "":
		sections = []string{about.Section}
	}
	if err != nil {
		return fmt.Errorf("read the sections of %s: %w", m.vendor.ID, err)
	}
	if len(sections) == 0 {
		sections = []string{""}
	}
	engineers := m.request.Body.Engineers
	switch {
	case m.session.Person != "":
		engineers = []string{m.session.Person}
	case m.text("scope") == string(policy.FreezeVendor) && m.vendor.ID != "":
		if engineers, err = engineersOf(s.Snap, m.vendor.ID); err != nil {
			return err
		}
	}
	for _, section := range sections {
		c := policy.Circle{Section: section, Vendor: m.vendor.ID, Engineers: engineers, Requester: m.request.Requester, Proposer: m.request.Proposer,
			Attendant: first(m.window.Attendant, m.request.Body.Attendant)}
		if m.entry.Kind == "window.handover-offered" {
			c.Attendant = m.text("to")
		}
		if err := m.add(s, c); err != nil {
			return err
		}
	}
	return nil
}

// add completes a circle with the section's head and the deputies in force.
func (m *matter) add(s *addressing, c policy.Circle) error {
	if c.Section != "" {
		var section store.Section
		if err := found(&section, c.Section, once(s, "section", s.Section)); err != nil {
			return fmt.Errorf("read section %s: %w", c.Section, err)
		}
		c.Head = section.Head
		holding, err := once(s, "deputies", func(id string) ([]store.Deputation, error) {
			return s.Deputations(store.DeputationFilter{Section: id, Holding: s.Now})
		})(c.Section)
		if err != nil {
			return fmt.Errorf("read deputies of %s: %w", c.Section, err)
		}
		for _, d := range holding {
			c.Deputies = append(c.Deputies, d.Deputy)
		}
	}
	m.circles = append(m.circles, c)
	return nil
}

// everyone is the circle of a freeze of everything: all sections with systems, all vendors.
func (m *matter) everyone(s *addressing) error {
	systems, err := s.Systems()
	if err != nil {
		return fmt.Errorf("read systems: %w", err)
	}
	var sections []string
	for _, sys := range systems {
		if !slices.Contains(sections, sys.Section) {
			sections = append(sections, sys.Section)
			if err := m.add(s, policy.Circle{Section: sys.Section}); err != nil {
				return err
			}
		}
	}
	vendors, err := s.Vendors()
	if err != nil {
		return fmt.Errorf("read vendors: %w", err)
	}
	for _, v := range vendors {
		engineers, err := engineersOf(s.Snap, v.ID)
		if err != nil {
			return err
		}
		m.circles = append(m.circles, policy.Circle{Vendor: v.ID, Engineers: engineers})
	}
	return nil
}

// freezeOfSystem is the circle of a frozen system: its section, and the vendors and engineers with windows that are not over.
func (m *matter) freezeOfSystem(s *addressing) error {
	if err := m.add(s, policy.Circle{Section: m.system.Section}); err != nil {
		return err
	}
	windows, err := s.Windows(store.WindowFilter{System: m.system.ID, EndAfter: s.Now})
	if err != nil {
		return fmt.Errorf("read windows: %w", err)
	}
	for _, w := range windows {
		r, err := s.Request(w.Request)
		if err != nil {
			return fmt.Errorf("read request of %s: %w", w.ID, err)
		}
		m.circles = append(m.circles, policy.Circle{Vendor: r.Vendor, Engineers: r.Body.Engineers, Requester: r.Requester, Proposer: r.Proposer, Attendant: first(w.Attendant, r.Body.Attendant)})
	}
	return nil
}

func engineersOf(s *store.Snap, vendor string) ([]string, error) {
	people, err := s.Persons(store.PersonFilter{Kind: policy.Engineer, Vendor: vendor})
	if err != nil {
		return nil, fmt.Errorf("read engineers of %s: %w", vendor, err)
	}
	var ids []string
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// longestReason bounds a typed reason in a notice, in characters.
const longestReason = 300

// args are the values of the placeholders.
func (m *matter) args() map[string]text.Text {
	reason := policy.Reason(first(m.text("end_cause"), m.text("reason")))
	info, _ := policy.Lookup(reason)
	cause := info.Headline
	if cause.IsZero() {
		cause = text.Same(text.OneLine(m.text("cause"), longestReason))
	}
	count := max(m.number("count"), len(m.papers()), 1)
	return map[string]text.Text{
		"request": text.Request(m.request.No), "window": text.Same(m.window.ID), "session": text.Same(m.session.ID), "work": text.Same(first(m.window.ID, m.session.ID)), "vendor": text.Same(m.vendor.ID),
		"incident": text.Same(m.text("incident")), "alarm": text.Same(m.text("alarm")), "paper": text.Same(m.text("paper")), "late": text.Same(m.text("late_entry")), "file": text.Same(m.text("file")), "change": text.Same(m.text("change")),
		"day": text.Same(m.out.Subject), "days": text.Same(strconv.Itoa(m.number("days"))), "count": text.Same(strconv.Itoa(count)), "number": text.Same(strconv.Itoa(info.Number)),
		"what": store.AlarmKind(m.text("what")).Label(), "cause": cause, "system": text.Same(text.OneLine(m.system.Name, longestReason)), "todo": info.Next, "scope": m.scope(),
	}
}

// scope says what a freeze covers.
func (m *matter) scope() text.Text {
	scope := policy.FreezeScope(m.text("scope")).Label()
	if id := m.text("subject"); id != "" {
		return text.Of(scope.JA+" "+id, scope.EN+" "+id)
	}
	return scope
}

// facts are the lines of the card: numbers, names of systems and companies, times, ids of people, the typed reason.
func (m *matter) facts() []Fact {
	if m.out.What == CheckpointOfDay {
		return m.checkpointFacts()
	}
	var out []Fact
	add := func(ja, en string, v text.Text) {
		if !v.IsZero() {
			out = append(out, Fact{text.Of(ja, en), v})
		}
	}
	name := func(s string) text.Text { return text.Same(text.OneLine(s, longestReason)) }
	if m.request.No != "" {
		add("申請", "Request", text.Request(m.request.No))
	}
	add("時間枠", "Window", text.Same(m.window.ID))
	add("接続", "Session", text.Same(m.session.ID))
	add("システム", "System", name(m.system.Name))
	add("保守事業者", "Vendor", name(m.vendor.Name))
	if e := m.request.Body.Engineers; len(e) > 0 {
		add("保守要員", "Engineers", text.Of(strings.Join(e, "、"), strings.Join(e, ", ")))
	}
	switch {
	case m.window.ID != "":
		add("いつ", "When", text.Span(m.window.Start.In(m.zone), m.window.End.In(m.zone)))
	case m.request.No != "":
		add("いつ", "When", text.Span(m.request.Start.In(m.zone), m.request.End.In(m.zone)))
	}
	if kind := m.text("item"); kind != "" {
		add("書類", "Paper", store.PaperKind(kind).Label())
	}
	if u := m.time("until"); !u.IsZero() && strings.HasPrefix(m.entry.Kind, "paper.") {
		add("期限", "Until", text.Day(u.Add(-time.Nanosecond)))
	}
	m.reviewFacts(add)
	for _, p := range m.papers() {
		add("書類", "Paper", p.said(m.zone))
	}
	if d := m.time("due"); !d.IsZero() {
		add("期限", "Due", text.Moment(d))
	}
	if _, coded := policy.Lookup(policy.Reason(m.text("reason"))); !coded {
		add("理由", "Reason", name(m.text("reason")))
	}
	add("ことば", "Said", name(first(m.text("note"), m.text("answer"))))
	return out
}

// drill tells whether the matter belongs to a drill.
func (m *matter) drill() bool {
	var detail struct {
		Drill bool `json:"drill"`
	}
	_ = json.Unmarshal(m.members["detail"], &detail) // an alarm without details is none of a drill
	return m.flag("drill") || m.window.Drill || m.request.Body.Drill || detail.Drill
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
