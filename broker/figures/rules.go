package figures

import (
	"encoding/json"
	"math"
	"strings"

	"sekimori/broker/ledger"
)

// payload is what the rules read of an entry. Members that a kind does not have are empty.
type payload struct {
	Request   string `json:"request"`
	RequestNo string `json:"request_no"`
	As        string `json:"as"`
	State     string `json:"state"`
	Final     bool   `json:"final"`
	OnBehalf  string `json:"on_behalf"`
	Body      struct {
		Urgent           string `json:"urgent"`
		Drill            bool   `json:"drill"`
		IndividualNumber bool   `json:"individual_number"`
	} `json:"body"`
	Session   string          `json:"session_id"`
	Window    string          `json:"window"`
	Vendor    string          `json:"vendor"`
	Engineer  string          `json:"engineer"`
	Person    string          `json:"person"`
	Attendant string          `json:"attendant"`
	Seconds   float64         `json:"seconds"`
	EndCause  string          `json:"end_cause"`
	Reason    string          `json:"reason"`
	Kind      string          `json:"kind"`
	Count     int64           `json:"count"`
	Paper     string          `json:"paper"`
	Review    string          `json:"review"`
	Verdict   string          `json:"verdict"`
	Purpose   string          `json:"purpose"`
	Drill     bool            `json:"drill"`
	Outcome   string          `json:"outcome"`
	Finding   string          `json:"finding_no"`
	Late      bool            `json:"late"`
	Overrides []string        `json:"overrides"`
	Item      string          `json:"item"`
	Masked    int64           `json:"masked"`
	Recording json.RawMessage `json:"recording"`
	Role      string          `json:"role"`
	New       int64           `json:"new"`
	Beyond    int64           `json:"beyond"`
	Result    string          `json:"result"`
	Entries   int64           `json:"entries"`
}

// rules says for each kind of entry what it does to the count. in: the entry lies in the fiscal year. Entries before it are read as well,
// because a session may belong to a request of the year before.
var rules = map[string]rule{
	"request.submitted": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		c.applied(p)
		if in && p.As != "proposal" {
			c.filed(p)
		}
	},
	"request.taken": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		c.applied(p)
		if in {
			c.filed(p)
		}
	},
	"request.edited": func(c *Counter, _ ledger.Entry, p payload, _ bool) { c.applied(p) },
	"request.approved": func(c *Counter, e ledger.Entry, p payload, in bool) {
		c.decided(e, p, in)
		if in && p.Final && !c.drill[p.Request] {
			c.add("requests", "approved")
			if p.State == "approved-conditional" {
				c.add("requests", "conditional")
			}
			c.overridden(p.Overrides)
		}
	},
	"request.returned":  decision("returned"),
	"request.rejected":  decision("rejected"),
	"request.withdrawn": decision("withdrawn"),
	"request.lapsed":    decision("lapsed"),
	"emergency.opened": func(c *Counter, e ledger.Entry, p payload, in bool) {
		decision("emergency")(c, e, p, in)
		if in && !c.drill[p.Request] {
			c.overridden(p.Overrides)
		}
	},
	"window.overridden": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		if in && !c.drill[p.Request] {
			c.overridden([]string{p.Item})
		}
	},

	"session.opening": func(c *Counter, _ ledger.Entry, p payload, _ bool) {
		c.open[p.Session] = p
	},
	"session.ended": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		if in {
			c.ended(p)
		}
	},
	"session.refused": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		if in {
			c.refused(p.Reason, 1)
		}
	},
	"refusals.summed": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		if in && p.Kind == "session.refused" {
			reason := p.Reason
			if strings.Contains(reason, " ") {
				reason = "several"
			}
			c.refused(reason, p.Count)
		}
	},
	"extension.granted": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		c.when(in && !c.drill[p.Request], "sessions", "extended")
	},
	"line.lost": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		c.when(in && !c.drill[p.Request], "sessions", "separation_lost")
	},
	"late-entry.confirmed": func(c *Counter, _ ledger.Entry, _ payload, in bool) { c.when(in, "sessions", "late_entries") },
	"line.left-on": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		c.when(in && !c.drill[p.Request], "sessions", "late_restore")
	},

	"paper.filed":     func(c *Counter, _ ledger.Entry, p payload, in bool) { c.paper(p, in) },
	"paper.accepted":  func(c *Counter, _ ledger.Entry, p payload, in bool) { c.paper(p, in) },
	"paper.withdrawn": func(c *Counter, _ ledger.Entry, p payload, _ bool) { delete(c.pledges, p.Paper) },

	"review.signed": func(c *Counter, e ledger.Entry, p payload, _ bool) {
		c.verdicts[p.Review] = signed{p.Verdict, e.Actor.ID, p.Late}
	},
	"review.sampled": func(c *Counter, _ ledger.Entry, p payload, _ bool) { c.leftOut[p.Review] = p.Outcome == "left-out" },
	"finding.opened": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		if in {
			c.findings[p.Finding] = false
		}
	},
	"finding.closed": func(c *Counter, _ ledger.Entry, p payload, _ bool) {
		if _, opened := c.findings[p.Finding]; opened {
			c.findings[p.Finding] = true
		}
	},
	"freeze.on":     func(c *Counter, _ ledger.Entry, p payload, in bool) { c.when(in && !p.Drill, "reviews", "freezes") },
	"day.confirmed": func(c *Counter, _ ledger.Entry, _ payload, in bool) { c.when(in, "reviews", "confirmed_days") },

	"recording.viewed":   look,
	"recording.exported": both(look, export),
	"recording.searched": look,
	"session.watched":    look,
	ledger.KindServed:    func(c *Counter, e ledger.Entry, _ payload, _ bool) { c.sent(e) },
	"ledger.listed":      lookAtLedger,
	"ledger.viewed":      lookAtLedger,
	"ledger.proved":      both(lookAtLedger, export),
	"ledger.exported":    both(lookAtLedger, export),
	"form.exported":      export,
	"incident.exported":  export,
	"notice.in-force":    func(c *Counter, _ ledger.Entry, _ payload, in bool) { c.when(in, "viewing", "notice_versions") },
	"recording.disposed": disposal,
	"file.disposed":      disposal,
	ledger.KindDisposed:  disposal,
	"file.released":      func(c *Counter, _ ledger.Entry, _ payload, in bool) { c.when(in, "viewing", "files_in") },
	"file.fetched":       func(c *Counter, _ ledger.Entry, _ payload, in bool) { c.when(in, "viewing", "files_out") },
	"alarm.raised":       func(c *Counter, _ ledger.Entry, _ payload, in bool) { c.when(in, "viewing", "alarms") },
	"target.reconciled": func(c *Counter, _ ledger.Entry, p payload, in bool) {
		if in {
			c.addPart("viewing", "unknown_logins", "", p.New+p.Beyond)
		}
	},

	ledger.KindVerified: func(c *Counter, e ledger.Entry, p payload, in bool) {
		if !in {
			return
		}
		c.add("ledger", "verifications")
		c.when(p.Result != ledger.Holds, "ledger", "mismatches")
		c.verifiedDays[c.day(e.Time)] = true
		c.verified.on, c.verified.entries, c.verified.result = c.day(e.Time), p.Entries, p.Result
	},
}

// rule counts one entry. in tells whether it falls into the year; what came before it says what later entries leave out.
type rule func(c *Counter, e ledger.Entry, p payload, in bool)

// decision counts a decision on a request under a key.
func decision(key string) rule {
	return func(c *Counter, e ledger.Entry, p payload, in bool) {
		c.decided(e, p, in)
		c.when(in && !c.drill[p.Request], "requests", key)
	}
}

// both counts an entry by two rules.
func both(one, other rule) rule {
	return func(c *Counter, e ledger.Entry, p payload, in bool) {
		one(c, e, p, in)
		other(c, e, p, in)
	}
}

func look(c *Counter, _ ledger.Entry, p payload, in bool) {
	if in {
		c.add("viewing", "views")
		c.addPart("viewing", "by_purpose", p.Purpose, 1)
		c.addPart("viewing", "by_role", roleOf(p), 1)
	}
}

func lookAtLedger(c *Counter, _ ledger.Entry, p payload, in bool) {
	if in {
		c.add("viewing", "ledger_views")
		c.addPart("viewing", "ledger_by_role", roleOf(p), 1)
	}
}

func roleOf(p payload) string {
	if p.Role == "" {
		return NotStated
	}
	return p.Role
}

// overridden counts the check items with which a window may start although they are unmet.
func (c *Counter) overridden(items []string) {
	for _, item := range items {
		c.add("requests", "overrides")
		c.addPart("requests", "by_override", item, 1)
	}
}

func export(c *Counter, _ ledger.Entry, p payload, in bool) {
	c.when(in && !p.Drill, "viewing", "exports")
}

func disposal(c *Counter, _ ledger.Entry, _ payload, in bool) { c.when(in, "viewing", "disposals") }

// applied keeps what later entries of a request do not say.
func (c *Counter) applied(p payload) {
	c.drill[p.Request], c.numbers[p.Request] = p.Body.Drill, p.Body.IndividualNumber
}

func (c *Counter) filed(p payload) {
	if c.drill[p.Request] {
		return
	}
	c.add("requests", "filed")
	c.when(p.Body.Urgent != "", "requests", "urgent")
}

// decided counts a deputy's decision.
func (c *Counter) decided(e ledger.Entry, p payload, in bool) {
	c.when(in && !c.drill[p.Request] && (p.OnBehalf != "" || e.OnBehalf != ""), "requests", "by_deputy")
}

func (c *Counter) ended(p payload) {
	if c.drill[p.RequestNo] {
		return
	}
	open := c.open[p.Session]
	c.add("sessions", "count")
	c.milliseconds += int64(math.Round(p.Seconds * 1000))
	c.addPart("sessions", "by_end_cause", p.EndCause, 1)
	c.when(open.Attendant != "", "sessions", "attended")
	c.when(c.numbers[p.RequestNo], "viewing", "individual_number_use")
	if open.Vendor != "" {
		c.vendors[open.Vendor] = true
	}
	if open.Engineer != "" {
		c.engineers[open.Engineer] = true
	}
	review := open.Window
	if review == "" {
		review = p.Session
	}
	c.due[review] = true
	c.addPart("viewing", "numbers_masked", "", p.Masked)
	if len(p.Recording) > 0 {
		w := c.work(p.Session)
		w.review, w.ended = review, int64(math.Ceil(p.Seconds))
	}
}

func (c *Counter) refused(reason string, n int64) {
	c.addPart("sessions", "refused", "", n)
	c.addPart("sessions", "by_refusal", reason, n)
}

// paperKeys are the figures of papers accepted in the year.
var paperKeys = map[string]string{"certification": "certifications", "subcontract": "subcontracts", "audit-report": "audit_reports"}

func (c *Counter) paper(p payload, in bool) {
	if p.State != "accepted" || c.papers[p.Paper] {
		return
	}
	c.papers[p.Paper] = true
	if p.Kind == "pledge" {
		c.pledges[p.Paper] = p.Person
	}
	if key, ok := paperKeys[p.Kind]; ok && in {
		c.add("supervision", key)
	}
}
