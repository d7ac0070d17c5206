package figures

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"sekimori/broker/ledger"
)

// Counter counts one fiscal year. It takes the entries of a ledger in their order, from the first; those after the year are read only where
// they concern work of the year, such as its reviews.
type Counter struct {
	from, to time.Time
	all      map[Figure]int64 // Value is not used in the key

	open         map[string]payload // of a session's opening
	drill        map[string]bool    // requests that are drills
	numbers      map[string]bool    // requests that show individual numbers
	vendors      map[string]bool
	engineers    map[string]bool
	papers       map[string]bool   // accepted
	pledges      map[string]string // accepted pledges and the person of each
	verdicts     map[string]signed // of reviews, the last
	due          map[string]bool   // reviews owed for work of the year
	leftOut      map[string]bool   // reviews that the sampling plan leaves out
	findings     map[string]bool   // opened in the year; true: closed since
	works        map[string]*work  // by the session
	gone         map[string]bool   // kinds of which a counted payload was disposed of
	milliseconds int64

	verifiedDays map[int64]bool
	verified     struct {
		on, entries int64
		result      string // of the last verification; empty: there is none
	}
}

// work is a session's recording and the parts of it that people were sent.
type work struct {
	review string // of the review that covers it; empty: the session did not end in the year, or has no recording
	ended  int64  // its length by its end, in seconds
	length int64  // its length as looks noted it; 0: no look did
	sent   map[string]ledger.Intervals
}

// signed is the last signature on a review.
type signed struct {
	verdict, by string
	late        bool
}

// New counts entries within [from, to).
func New(from, to time.Time) *Counter {
	c := &Counter{from: from, to: to, all: map[Figure]int64{}, open: map[string]payload{}, drill: map[string]bool{}, numbers: map[string]bool{}, vendors: map[string]bool{}, engineers: map[string]bool{},
		papers: map[string]bool{}, pledges: map[string]string{}, verdicts: map[string]signed{}, due: map[string]bool{}, leftOut: map[string]bool{}, findings: map[string]bool{}, works: map[string]*work{}, verifiedDays: map[int64]bool{}, gone: map[string]bool{}}
	for _, k := range Keys {
		if k.Kind == Count && k.None == (None{}) {
			c.all[Figure{Table: k.Table, Key: k.Key}] = 0
		}
	}
	return c
}

// Counts tells whether entries of a kind are counted with their payload.
func Counts(kind string) bool { return rules[kind] != nil }

// later are the kinds that concern work of the year after its end too.
var later = map[string]bool{"review.signed": true, "review.sampled": true, "finding.closed": true, ledger.KindServed: true}

// Add counts one entry. A payload that was disposed of, or is none of the kind's form, counts as unreadable: its figures are too low, and
// the report says so.
func (c *Counter) Add(e ledger.Entry) {
	in := !e.Time.Before(c.from) && e.Time.Before(c.to)
	c.when(in, "ledger", "entries")
	rule, counts := rules[e.Kind]
	if !counts || !e.Time.Before(c.to) && !later[e.Kind] {
		return
	}
	var p payload
	if e.Disposed() {
		c.gone[e.Kind] = true
	}
	if e.Disposed() || json.Unmarshal(e.Payload, &p) != nil {
		c.when(in, "ledger", "unreadable")
		return
	}
	rule(c, e, p, in)
	if e.Kind == "session.ended" {
		delete(c.open, p.Session)
	}
}

func (c *Counter) add(table, key string) { c.addPart(table, key, "", 1) }

func (c *Counter) addPart(table, key, part string, n int64) {
	c.all[Figure{Table: table, Key: key, Part: part}] += n
}

func (c *Counter) when(yes bool, table, key string) {
	if yes {
		c.add(table, key)
	}
}

func (c *Counter) set(table, key string, n int64) { c.all[Figure{Table: table, Key: key}] = n }

// rate sets a share in per cent, rounded down. A share of nothing is no figure.
func (c *Counter) rate(table, key string, n, of int64) {
	delete(c.all, Figure{Table: table, Key: key})
	if of != 0 {
		c.set(table, key, 100*n/of)
	}
}

// Figures are the figures as counted so far, in the order of Keys.
func (c *Counter) Figures() []Figure {
	get := func(table, key string) int64 { return c.all[Figure{Table: table, Key: key}] }
	c.set("sessions", "seconds", c.milliseconds/1000)
	c.rate("sessions", "attended_rate", get("sessions", "attended"), get("sessions", "count"))
	c.set("supervision", "vendors", int64(len(c.vendors)))
	c.set("supervision", "engineers", int64(len(c.engineers)))
	pledged := map[string]bool{}
	for _, person := range c.pledges {
		if c.engineers[person] {
			pledged[person] = true
		}
	}
	c.set("supervision", "pledged", int64(len(pledged)))
	c.rate("supervision", "pledge_rate", int64(len(pledged)), int64(len(c.engineers)))
	c.reviews()
	c.verification()
	return sorted(c.all)
}

// reviews sets the figures of reviews of the year's work, however late they came.
func (c *Counter) reviews() {
	maps.DeleteFunc(c.all, func(f Figure, _ int64) bool { return f.Table == "reviews" && f.Key == "by_judgement" })
	reviewed, late, left, closed := int64(0), int64(0), int64(0), int64(0)
	for review := range c.due {
		switch v := c.verdicts[review]; {
		case v.verdict != "":
			reviewed++
			c.addPart("reviews", "by_judgement", v.verdict, 1)
			if v.late {
				late++
			}
		case c.leftOut[review]:
			left++
		}
	}
	for _, done := range c.findings {
		if done {
			closed++
		}
	}
	recorded, sent := int64(0), int64(0)
	for _, w := range c.works {
		v := c.verdicts[w.review]
		if w.review == "" || v.verdict == "" {
			continue
		}
		length := w.length
		if length == 0 {
			length = w.ended
		}
		recorded, sent = recorded+length, sent+min(w.sent[v.by].Seconds(), length)
	}
	due := int64(len(c.due)) - left
	c.set("reviews", "due", due)
	c.set("reviews", "reviewed", reviewed)
	c.rate("reviews", "rate", reviewed, due)
	c.set("reviews", "late", late)
	c.set("reviews", "left_out", left)
	c.set("reviews", "recorded_seconds", recorded)
	c.set("reviews", "sent_seconds", sent)
	c.rate("reviews", "coverage", sent, recorded)
	c.set("reviews", "findings", int64(len(c.findings)))
	c.set("reviews", "findings_closed", closed)
}

// verification sets the figures of the ledger's verifications.
func (c *Counter) verification() {
	c.set("ledger", "verified_days", int64(len(c.verifiedDays)))
	if c.verified.result == "" {
		return
	}
	maps.DeleteFunc(c.all, func(f Figure, _ int64) bool { return f.Table == "ledger" && f.Key == "last_result" })
	c.set("ledger", "last_verified_on", c.verified.on)
	c.set("ledger", "last_verified_entries", c.verified.entries)
	c.addPart("ledger", "last_result", c.verified.result, 1)
}

// day is the day of an instant as the number 20270331, in the offset of the year's beginning: the report has no other zone.
func (c *Counter) day(at time.Time) int64 {
	_, offset := c.from.Zone()
	y, m, d := at.In(time.FixedZone("", offset)).Date()
	return int64(y)*10000 + int64(m)*100 + int64(d)
}

// work is the session's, made at first.
func (c *Counter) work(session string) *work {
	if c.works[session] == nil {
		c.works[session] = &work{sent: map[string]ledger.Intervals{}}
	}
	return c.works[session]
}

// sent keeps the parts of a recording that a person was sent. Parts before the year are of work of the years before.
func (c *Counter) sent(e ledger.Entry) {
	var s ledger.Served
	if e.Time.Before(c.from) || json.Unmarshal(e.Payload, &s) != nil {
		return
	}
	w := c.work(s.Session)
	w.length = max(w.length, s.Length)
	for _, i := range slices.Concat(s.Picture, s.Text, s.Search) {
		w.sent[s.Person] = w.sent[s.Person].Add(ledger.Interval{max(i[0], 0), min(i[1], s.Length)})
	}
}
