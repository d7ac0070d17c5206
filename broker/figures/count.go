package figures

import (
	"encoding/json"
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
	verdicts     map[string]string // of reviews, the last
	due          map[string]bool   // reviews owed for work of the year
	leftOut      map[string]bool   // reviews that the sampling plan leaves out
	findings     map[string]bool   // opened in the year; true: closed since
	milliseconds int64
}

// New counts entries within [from, to).
func New(from, to time.Time) *Counter {
	c := &Counter{from: from, to: to, all: map[Figure]int64{}, open: map[string]payload{}, drill: map[string]bool{}, numbers: map[string]bool{}, vendors: map[string]bool{}, engineers: map[string]bool{},
		papers: map[string]bool{}, pledges: map[string]string{}, verdicts: map[string]string{}, due: map[string]bool{}, leftOut: map[string]bool{}, findings: map[string]bool{}}
	for _, k := range Keys {
		if !k.Parts {
			c.all[Figure{Table: k.Table, Key: k.Key}] = 0
		}
	}
	return c
}

// Counts tells whether entries of a kind are counted with their payload.
func Counts(kind string) bool { return rules[kind] != nil }

// later are the kinds that concern work of the year after its end too.
var later = map[string]bool{"review.signed": true, "review.sampled": true, "finding.closed": true}

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

// Figures are the figures as counted so far, in the order of Keys.
func (c *Counter) Figures() []Figure {
	get := func(table, key string) int64 { return c.all[Figure{Table: table, Key: key}] }
	c.set("sessions", "seconds", c.milliseconds/1000)
	c.set("sessions", "attended_rate", rate(get("sessions", "attended"), get("sessions", "count")))
	c.set("supervision", "vendors", int64(len(c.vendors)))
	c.set("supervision", "engineers", int64(len(c.engineers)))
	pledged := map[string]bool{}
	for _, person := range c.pledges {
		if c.engineers[person] {
			pledged[person] = true
		}
	}
	c.set("supervision", "pledged", int64(len(pledged)))
	c.set("supervision", "pledge_rate", rate(int64(len(pledged)), int64(len(c.engineers))))
	for f := range c.all {
		if f.Table == "reviews" && f.Key == "by_judgement" {
			delete(c.all, f)
		}
	}
	signed, left, closed := int64(0), int64(0), int64(0)
	for review := range c.due {
		switch v := c.verdicts[review]; {
		case v != "":
			signed++
			c.addPart("reviews", "by_judgement", v, 1)
		case c.leftOut[review]:
			left++
		}
	}
	for _, done := range c.findings {
		if done {
			closed++
		}
	}
	due := int64(len(c.due)) - left
	c.set("reviews", "due", due)
	c.set("reviews", "reviewed", signed)
	c.set("reviews", "rate", rate(signed, due))
	c.set("reviews", "left_out", left)
	c.set("reviews", "findings", int64(len(c.findings)))
	c.set("reviews", "findings_closed", closed)
	return sorted(c.all)
}

// rate is a share in per cent, rounded down; 100 of nothing.
func rate(n, of int64) int64 {
	if of == 0 {
		return 100
	}
	return 100 * n / of
}
