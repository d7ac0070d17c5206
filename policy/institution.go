package policy

import (
	"slices"
	"time"
)

// Institution has the rules for all systems of the institution. The zero value declares nothing: then the papers of vendors count by
// their dates alone, every hour is an office hour, and no certification is needed.
type Institution struct {
	Declared        bool
	Lead            time.Duration // least time from handing in to the start; a system may ask for more
	Hours           Week          // office hours; the zero value: all the time
	Certifications  []string      // that every vendor must hold, by name: "privacy-mark", "isms"
	PledgeCopy      bool          // a pledge counts only with its copy on file (R9)
	SpecialClauses  bool          // a contract counts only with its special clauses on file (特記事項)
	AuditReport     bool          // the vendor's audit report of last fiscal year is asked for
	StandingPermits bool          // work needs a standing permit for its vendor and system (包括許可)
	RosterFrom      Date          // from this day on each vendor confirms every month who works for it; empty: it is not asked for
	Tell            []Tell        // who must be told of an incident, and by when
	ReviewWeights   []string      // weights of the reasons by which reviews are ranked: "rv-cut=20"; a reason without one has its usual weight
	SpaceDays       int           // days of recording that should be free; below it the schedule item cautions. 0: not looked at
}

// Tell is a row of the institution's list of those who must be told of an incident. A list takes effect for incidents that begin after it.
type Tell struct {
	Key    string        // names the row: "privacy-first"
	Who    Text          // the office or person, in both languages
	Within time.Duration // from the declaration of the incident
	Note   string        // how, by which form, on which ground
}

// MaySayTold rules who may note that somebody on the list was told: any member of staff. The entry has the person's name.
func MaySayTold(p Person) Decision { return MayPress(p) }

// Week is the office hours by time.Weekday.
type Week [7]Hours

// Hours is a part of a day, [From, Until) since midnight in the institution's zone. The zero value is closed.
type Hours struct{ From, Until time.Duration }

// Date is a day in the institution's zone, "2026-11-24". Dates compare as strings.
type Date string

// DateOf is the day of an instant in a zone.
func DateOf(t time.Time, zone *time.Location) Date {
	if zone == nil {
		zone = defaultZone()
	}
	return Date(t.In(zone).Format(time.DateOnly))
}

// NoWork is a time without maintenance: payday, an election, the close of a year.
type NoWork struct {
	System string // empty: every system
	From   time.Time
	Until  time.Time // exclusive
	Reason string
}

// Calendar answers questions about days. The calendar package makes it from the declared hours, the public holidays and the
// institution's own list.
type Calendar struct {
	Zone     *time.Location
	Hours    Week            // zero: all the time
	Holidays map[Date]string // closed days with their names
	NoWork   []NoWork
}

func (c Calendar) zone() *time.Location {
	if c.Zone == nil {
		return defaultZone()
	}
	return c.Zone
}

// Outside reports whether any part of [start, end) lies outside office hours. Without declared hours no part does.
func (c Calendar) Outside(start, end time.Time) bool {
	if c.Hours == (Week{}) {
		return false
	}
	zone := c.zone()
	for at := start; at.Before(end); {
		local := at.In(zone)
		h := c.Hours[local.Weekday()]
		if c.Holidays[DateOf(local, zone)] != "" || h.From >= h.Until {
			return true
		}
		open, shut := clockOn(local, h.From), clockOn(local, h.Until)
		if at.Before(open) || !at.Before(shut) {
			return true
		}
		if !end.After(shut) {
			return false
		}
		at = shut // the rest must be office hours of the next day, so only a day open around the clock continues
	}
	return false
}

// clockOn is a time of day on the day of local, by the wall clock: a day with a change of the clock does not have 24 hours. Start and
// end of the day are the instants at which its date begins and ends, also if the change removes midnight.
func clockOn(local time.Time, d time.Duration) time.Time {
	switch {
	case d <= 0:
		return startOfDay(local, 0)
	case d >= day:
		return startOfDay(local, 1)
	}
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, int(d), local.Location())
}

// startOfDay is the first instant of a day, counted from that of local.
func startOfDay(local time.Time, days int) time.Time {
	noon := time.Date(local.Year(), local.Month(), local.Day()+days, 12, 0, 0, 0, local.Location())
	t := time.Date(noon.Year(), noon.Month(), noon.Day(), 0, 0, 0, 0, local.Location())
	for range 96 { // without a midnight, time.Date may give an instant of the evening before
		if t.Day() == noon.Day() {
			break
		}
		t = t.Add(15 * time.Minute)
	}
	return t
}

// NoWorkIn gives the first no-work time of a system that touches [start, end).
func (c Calendar) NoWorkIn(system string, start, end time.Time) (NoWork, bool) {
	var first NoWork
	found := false
	for _, n := range c.NoWork {
		if n.System != "" && n.System != system || !n.From.Before(end) || !start.Before(n.Until) {
			continue
		}
		if !found || n.From.Before(first.From) {
			first, found = n, true
		}
	}
	return first, found
}

// Open reports whether the institution works on the day of t: no holiday, and hours declared for its weekday. Without
// declared hours Monday to Friday count.
func (c Calendar) Open(t time.Time) bool {
	local := t.In(c.zone())
	if c.Holidays[DateOf(local, c.zone())] != "" {
		return false
	}
	if c.Hours == (Week{}) {
		return local.Weekday() != time.Saturday && local.Weekday() != time.Sunday
	}
	h := c.Hours[local.Weekday()]
	return h.From < h.Until
}

// NextOpenDay is the end of the next day after t on which the institution works: when a follow-up is due. A calendar that
// never opens gives the end of the day a month on.
func (c Calendar) NextOpenDay(t time.Time) time.Time {
	local := t.In(c.zone())
	days := 1
	for ; days < 32; days++ {
		if c.Open(startOfDay(local, days)) {
			break
		}
	}
	return startOfDay(local, days+1)
}

// SecondRule names a case in which a second approver is needed.
type SecondRule string

// The cases. A root-equivalent account always needs one.
const (
	SecondPersonalData     SecondRule = "personal-data"
	SecondIndividualNumber SecondRule = "individual-number"
	SecondRoot             SecondRule = "root"
	SecondFiles            SecondRule = "files"
	SecondOutsideHours     SecondRule = "outside-hours"
	SecondUrgent           SecondRule = "urgent"
	SecondRecurring        SecondRule = "recurring"

	// SecondAlways is System.SecondStage as a rule. It is not among SecondRules.
	SecondAlways SecondRule = "always"
)

// SecondRules are all of them.
func SecondRules() []SecondRule {
	return []SecondRule{SecondPersonalData, SecondIndividualNumber, SecondRoot, SecondFiles, SecondOutsideHours, SecondUrgent, SecondRecurring}
}

// RecurringRule says how many approvals a recurring window takes.
type RecurringRule string

// The rules. The zero value is RecurringOnce.
const (
	RecurringOnce RecurringRule = "once" // one approval covers every occurrence
	RecurringEach RecurringRule = "each" // every occurrence is a request of its own
)

// Certification is a vendor's certificate as filed (プライバシーマーク, ISMS). [From, Until).
type Certification struct {
	Name        string
	From, Until time.Time
	Copy        bool // the certificate itself is on file
}

// AuditReport is a vendor's yearly report as received.
type AuditReport struct {
	FiscalYear int // the Gregorian year in which it began
	Received   time.Time
}

// Deputation lets a deputy decide for an approver during [From, Until) (代決).
type Deputation struct {
	For    string // person id of the approver who is away
	Deputy string
	From   time.Time
	Until  time.Time // exclusive
	Reason string
	SetBy  string // person id of the appointer: the approver, or another of the section. Unknown: it counts for nothing
}

// Holds reports whether the deputation is in force at now.
func (d Deputation) Holds(now time.Time) bool { return within(d.From, d.Until, now) }

// FollowUp is an emergency window whose compulsory report or later approval is still missing (R22).
type FollowUp struct {
	Request  string
	System   string
	Vendor   string
	Ended    time.Time // of the emergency window
	Due      time.Time
	Report   bool // the work report is missing
	Approval bool // the later approval is missing
}

// missing tells whether the report or the later approval is missing.
func (u *FollowUp) missing() bool { return u.Report || u.Approval }

// blocks tells whether the follow-up stops another request of the vendor on the system. An emergency that is not over lacks nothing;
// one with an unknown end counts as over.
func (u *FollowUp) blocks(vendor, system, request string, now time.Time) bool {
	return u.missing() && u.Vendor == vendor && u.System == system && u.Request != request && !now.Before(u.Ended)
}

// required are the certifications that every vendor must hold.
func (i *Institution) required() []string {
	if !i.Declared {
		return nil
	}
	return i.Certifications
}

// reported tells whether the vendor's report of a fiscal year has been received.
func (v *Vendor) reported(year int) bool {
	return slices.ContainsFunc(v.AuditReports, func(r AuditReport) bool { return r.FiscalYear == year })
}
