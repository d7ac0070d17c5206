package figures

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"sekimori/broker/ledger"
)

// touched lists the figures that change with the payload of an entry of a kind, as table.key; a table alone means all of its figures. A request says
// whether it is a drill, and then nothing of its work is counted.
var touched = map[string][]string{
	"request.submitted": ofRequests, "request.taken": ofRequests, "request.edited": ofRequests,
	"request.approved": {"requests"}, "request.returned": {"requests"}, "request.rejected": {"requests"}, "request.withdrawn": {"requests"}, "request.lapsed": {"requests"}, "emergency.opened": {"requests"},
	"window.overridden": {"requests.overrides", "requests.by_override"},

	"session.opening":   {"sessions.attended", "sessions.attended_rate", "supervision.vendors", "supervision.engineers", "supervision.pledged", "supervision.pledge_rate", "reviews"},
	"session.ended":     {"sessions", "supervision", "reviews", "viewing.individual_number_use", "viewing.numbers_masked"},
	"session.refused":   {"sessions.refused", "sessions.by_refusal"},
	"refusals.summed":   {"sessions.refused", "sessions.by_refusal"},
	"extension.granted": {"sessions.extended"},
	"line.lost":         {"sessions.separation_lost"},
	"line.left-on":      {"sessions.late_restore"}, "late-entry.confirmed": {"sessions.late_entries"},

	"paper.filed": {"supervision"}, "paper.accepted": {"supervision"}, "paper.withdrawn": {"supervision.pledged", "supervision.pledge_rate"},

	"review.signed": ofReviews, "review.sampled": ofReviews,
	"finding.opened": {"reviews.findings", "reviews.findings_closed"}, "finding.closed": {"reviews.findings_closed"},
	"freeze.on": {"reviews.freezes"}, "day.confirmed": {"reviews.confirmed_days"},

	"recording.viewed": ofLooks, "recording.searched": ofLooks, "session.watched": ofLooks,
	"recording.exported": append([]string{"viewing.exports"}, ofLooks...),
	ledger.KindServed:    ofCoverage,
	"ledger.listed":      ofLedgerLooks, "ledger.viewed": ofLedgerLooks,
	"ledger.proved": append([]string{"viewing.exports"}, ofLedgerLooks...), "ledger.exported": append([]string{"viewing.exports"}, ofLedgerLooks...),
	"form.exported": {"viewing.exports"}, "incident.exported": {"viewing.exports"}, "notice.in-force": {"viewing.notice_versions"},
	"file.disposed": {"viewing.disposals"}, "recording.disposed": {"viewing.disposals"}, ledger.KindDisposed: {"viewing.disposals"},
	"file.released": {"viewing.files_in"}, "file.fetched": {"viewing.files_out"}, "alarm.raised": {"viewing.alarms"}, "target.reconciled": {"viewing.unknown_logins"},

	ledger.KindVerified: {"ledger.verifications", "ledger.mismatches", "ledger.verified_days", "ledger.last_verified_on", "ledger.last_verified_entries", "ledger.last_result"},
}

var (
	ofRequests = []string{"requests", "sessions", "supervision", "reviews", "viewing.individual_number_use", "viewing.numbers_masked"}
	ofCoverage = []string{"reviews.recorded_seconds", "reviews.sent_seconds", "reviews.coverage"}
	ofReviews  = append([]string{"reviews.due", "reviews.reviewed", "reviews.rate", "reviews.late", "reviews.by_judgement", "reviews.left_out"}, ofCoverage...)

	ofLooks       = []string{"viewing.views", "viewing.by_purpose", "viewing.by_role"}
	ofLedgerLooks = []string{"viewing.ledger_views", "viewing.ledger_by_role"}
)

// lost tells whether a figure cannot be counted any more, because payloads which it needs were disposed of.
func (c *Counter) lost(f Figure) bool {
	key := f.Table + "." + f.Key
	if key == "ledger.unreadable" {
		return len(c.gone) > 0
	}
	for kind := range c.gone {
		if slices.ContainsFunc(touched[kind], func(t string) bool { return t == key || strings.HasPrefix(key, t+".") }) {
			return true
		}
	}
	return false
}

// Compared is what came out of counting a report's figures again.
type Compared struct {
	Difference          // the first that differs; empty: none does
	Lost       []string // figures that are otherwise and cannot be counted any more, because payloads which they need were disposed of
}

// Compare holds the stated figures against those that the counter comes to. A figure that needs a disposed payload is no difference; it is neither
// confirmed nor refuted.
func (r Report) Compare(c *Counter) (out Compared) {
	counted, stated := values(c.Figures()), map[string]bool{}
	note := func(f Figure, stated, again string) {
		switch {
		case c.lost(f):
			out.Lost = append(out.Lost, f.name())
		case out.Figure == "":
			out.Difference = Difference{f.name(), stated, again}
		}
	}
	for _, f := range r.Figures {
		says, again := strconv.FormatInt(f.Value, 10), cmp.Or(counted[f.name()], absent)
		switch {
		case stated[f.name()] && out.Figure == "":
			out.Difference = Difference{f.name(), says, again}
		case says != again:
			note(f, says, again)
		}
		stated[f.name()] = true
	}
	for _, f := range c.Figures() {
		if !stated[f.name()] {
			note(f, absent, counted[f.name()])
		}
	}
	return out
}

// values are the values of figures under their names.
func values(figures []Figure) map[string]string {
	all := map[string]string{}
	for _, f := range figures {
		all[f.name()] = strconv.FormatInt(f.Value, 10)
	}
	return all
}
