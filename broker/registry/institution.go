package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// DayList is the whole list of the institution's own days: a day that it leaves out is removed.
type DayList struct {
	Days []store.Holiday `json:"days"`
}

// NoWorkList is the whole list of times without maintenance.
type NoWorkList struct {
	Times []policy.NoWork `json:"times"`

	entries []noWorkEntry // as written; Times follows from them and the zone
}

// noWorkEntry is a time as written: two instants, or two days of which the last counts.
type noWorkEntry struct {
	policy.NoWork
	from, until forms.Value
}

// Limits of the block.
const (
	maxHolidays  = 1000
	maxNoWork    = 200
	maxSpaceDays = 3650
	maxReason    = 200 // characters of a day's name or a reason
)

var certificationForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// weekdays as the file names them, by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// institution reads the rules for every system. holidays and no_work are lists of their own, because the list of days also
// comes as a CSV file: a registry file that does not mention them leaves them alone.
func (p *parse) institution(v forms.Value) {
	if !v.Present() {
		return
	}
	var i policy.Institution
	m := entry(p, institutions.fields, v, &i, "holidays", "no_work")
	for _, row := range institutions.fields.Inputs() {
		i.Declared = i.Declared || m.Get(row.Key).Present()
	}
	if i.Declared {
		p.doc.Institution = &i
	}
	if days := m.Get("holidays"); days.Present() {
		p.doc.Holidays = &DayList{Days: holidays(days)}
	}
	if times := m.Get("no_work"); times.Present() {
		p.doc.NoWork = &NoWorkList{entries: p.noWork(times)}
	}
}

func hours(v forms.Value) policy.Week {
	var week policy.Week
	if !v.Present() {
		return week
	}
	m := v.Map(weekdays...)
	open := false // the intended value, also where it cannot be read
	for day, name := range weekdays {
		if h := m.Get(name); h.Present() {
			week[day] = partOfDay(h)
			open = open || h.Text() != "closed"
		}
	}
	if !open {
		v.Problem("never-open", "一日も開いていません。", "open on no day")
	}
	return week
}

// partOfDay reads 08:30-17:15, or closed. 24:00 ends a day.
func partOfDay(v forms.Value) policy.Hours {
	text := v.Text()
	if text == "closed" || text == "" {
		return policy.Hours{}
	}
	from, until, two := strings.Cut(text, "-")
	h := policy.Hours{From: clock(from), Until: clock(until)}
	if !two || h.From < 0 || h.Until < 0 || h.From >= h.Until {
		v.Problem("bad-hours", "時間は 08:30-17:15 のように、早い方から書いてください。休みは closed です。", "write hours like 08:30-17:15, the earlier first, or closed")
		return policy.Hours{}
	}
	return h
}

// clock reads a time of day as the time since midnight; negative where it is none.
func clock(s string) time.Duration {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 24 * time.Hour
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return -1
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func certifications(v forms.Value) []string {
	var names []string
	for _, m := range v.List() {
		switch name := m.Text(); {
		case !certificationForm.MatchString(name):
			m.Problem("bad-id", "認証の名前は英小文字と数字と - です(privacy-mark、isms など)。", "a certification is named in small letters, digits and -, such as privacy-mark or isms")
		case slices.Contains(names, name):
			m.Problem("duplicate-id", name+" が二度書かれています。", name+" is written twice")
		default:
			names = append(names, name)
		}
	}
	return names
}

func holidays(v forms.Value) []store.Holiday {
	days := []store.Holiday{}
	seen := map[policy.Date]int{}
	for _, item := range v.List() {
		m := item.Map("date", "name", "open")
		d := m.Need("date").Day()
		h := store.Holiday{Name: short(m.Need("name"), maxReason), Open: m.Get("open").Bool()}
		if d.IsZero() {
			continue
		}
		h.Date = policy.Date(d.Start(time.UTC).Format(time.DateOnly))
		if line, twice := seen[h.Date]; twice {
			m.Get("date").Problem("duplicate-day", fmt.Sprintf("%s はすでに %d 行目にあります。", h.Date, line), fmt.Sprintf("%s stands already on line %d", h.Date, line))
			continue
		}
		seen[h.Date] = m.Get("date").Line()
		days = append(days, h)
	}
	if len(days) > maxHolidays {
		v.Problem("too-many", fmt.Sprintf("%d日までです。", maxHolidays), fmt.Sprintf("at most %d days", maxHolidays))
	}
	return days
}

func (p *parse) noWork(v forms.Value) []noWorkEntry {
	list := v.List()
	if len(list) > maxNoWork {
		v.Problem("too-many", fmt.Sprintf("%d件までです。", maxNoWork), fmt.Sprintf("at most %d entries", maxNoWork))
		return nil
	}
	var entries []noWorkEntry
	for _, item := range list {
		m := item.Map("system", "from", "until", "reason")
		e := noWorkEntry{from: m.Need("from"), until: m.Need("until")}
		e.System = p.refer(kindSystem, m.Get("system"))
		e.Reason = short(m.Need("reason"), maxReason)
		if e.read(time.UTC); e.From.IsZero() || e.Until.IsZero() {
			// A place that is empty was named as missing already.
			for _, at := range []forms.Value{e.from, e.until} {
				if _, ok := dayOrInstant(at, time.UTC, false); !ok && at.Present() {
					at.Problem("bad-time", "日(2026-11-25)か日時(2026-11-25T10:00)を書いてください。", "write a day like 2026-11-25 or a time like 2026-11-25T10:00")
				}
			}
			continue
		}
		entries = append(entries, e)
	}
	return entries
}

// read takes the two ends in the zone. A day as the end counts whole.
func (e *noWorkEntry) read(zone *time.Location) {
	e.From, _ = dayOrInstant(e.from, zone, false)
	e.Until, _ = dayOrInstant(e.until, zone, true)
}

func dayOrInstant(v forms.Value, zone *time.Location, after bool) (time.Time, bool) {
	if d, err := time.Parse(time.DateOnly, v.Word()); err == nil {
		day := forms.Day{Year: d.Year(), Month: d.Month(), Day: d.Day()}
		if after {
			return day.After(zone).UTC(), true
		}
		return day.Start(zone).UTC(), true
	}
	t, err := forms.ParseInstant(v.Word(), zone)
	return t.UTC(), err == nil
}

// place puts the entries into the institution's zone.
func (l *NoWorkList) place(zone *time.Location) *NoWorkList {
	placed := &NoWorkList{Times: []policy.NoWork{}}
	for _, e := range l.entries {
		e.read(zone)
		placed.Times = append(placed.Times, e.NoWork)
	}
	slices.SortStableFunc(placed.Times, func(a, b policy.NoWork) int { return a.From.Compare(b.From) })
	return placed
}

// checkInstitution finds the faults that depend on the zone.
func (d *Document) checkInstitution(bad *forms.Invalid, zone *time.Location) {
	if d.NoWork == nil {
		return
	}
	seen := map[string]bool{}
	for _, e := range d.NoWork.entries {
		if e.read(zone); !e.From.Before(e.Until) {
			bad.Problems = append(bad.Problems, e.until.Describe("end-before-start", "終わりが始まりより後ではありません。", "the end is not after the start"))
		}
		if name := noWorkName(e.NoWork); seen[name] {
			bad.Problems = append(bad.Problems, e.from.Describe("duplicate-day", "同じ対象で同じ時に始まるものがすでにあります。", "one for the same system begins at the same time already"))
		} else {
			seen[name] = true
		}
	}
}

// short reads a text of one line.
func short(v forms.Value, most int) string {
	s := v.Text()
	if len([]rune(s)) > most {
		v.Problem("text-too-long", fmt.Sprintf("%d字までです。", most), fmt.Sprintf("at most %d characters", most))
		return ""
	}
	return strings.Join(strings.Fields(s), " ")
}

// institution adds the stored parts of the block. A part that was never declared is no object.
func (st *state) institution(s *store.Snap) error {
	i, err := s.Institution()
	if err != nil {
		return fmt.Errorf("read the institution: %w", err)
	}
	if i.Declared {
		st.add(object{Kind: kindInstitution, Institution: &i})
	}
	days, err := s.Holidays()
	if err != nil {
		return fmt.Errorf("read the list of days: %w", err)
	}
	if len(days) > 0 {
		st.add(object{Kind: kindHolidays, Holidays: &DayList{Days: days}})
	}
	times, err := s.NoWork()
	if err != nil {
		return fmt.Errorf("read no-work times: %w", err)
	}
	if len(times) > 0 {
		st.add(object{Kind: kindNoWork, NoWork: &NoWorkList{Times: times}})
	}
	return nil
}

// isOrWas reports whether a list has or had entries: an empty list changes nothing where none is stored.
func (st *state) isOrWas(kind string, n int) bool {
	_, stored := st.objects[place(kind, kind)]
	return stored || n > 0
}

// Days is a document that changes the list of days and nothing else.
func Days(name string, days []store.Holiday) *Document {
	return &Document{Name: name, Holidays: &DayList{Days: days}, places: map[string]forms.Value{}, informationSystems: map[string]bool{}}
}

func hourMinute(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60)
}

func dayProperties(l *DayList) []field.Part {
	var parts []field.Part
	for _, h := range l.Days {
		state := "closed"
		if h.Open {
			state = "open"
		}
		parts = append(parts, field.Part{Name: string(h.Date), Value: state + " " + h.Name, Guarded: true})
	}
	return parts
}

func noWorkProperties(l *NoWorkList) []field.Part {
	var parts []field.Part
	for _, n := range l.Times {
		parts = append(parts, field.Part{Name: noWorkName(n), Value: "until " + instant(n.Until) + " " + n.Reason, Guarded: true})
	}
	return parts
}

// noWorkName tells entries apart by their system, or all systems, and their beginning.
func noWorkName(n policy.NoWork) string {
	system := n.System
	if system == "" {
		system = "*"
	}
	return system + " " + instant(n.From)
}
