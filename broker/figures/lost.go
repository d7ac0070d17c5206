package figures

import (
	"slices"
	"strings"

	"sekimori/broker/ledger"
)

// touched lists the figures that change with the payload of an entry of a kind, as table.key; a table alone means all of its figures. A request says
// whether it is a drill, and then nothing of its work is counted.
var touched = map[string][]string{
	"request.submitted": ofRequests, "request.taken": ofRequests, "request.edited": ofRequests,
	"request.approved": {"requests"}, "request.returned": {"requests"}, "request.rejected": {"requests"}, "request.withdrawn": {"requests"}, "request.lapsed": {"requests"}, "emergency.opened": {"requests"},

	"session.opening":   {"sessions.attended", "sessions.attended_rate", "supervision.vendors", "supervision.engineers", "supervision.pledged", "supervision.pledge_rate", "reviews"},
	"session.ended":     {"sessions", "supervision", "reviews", "viewing.individual_number_use"},
	"session.refused":   {"sessions.refused", "sessions.by_refusal"},
	"refusals.summed":   {"sessions.refused", "sessions.by_refusal"},
	"extension.granted": {"sessions.extended"},
	"line.left-on":      {"sessions.late_restore"},

	"paper.filed": {"supervision"}, "paper.accepted": {"supervision"}, "paper.withdrawn": {"supervision.pledged", "supervision.pledge_rate"},

	"review.signed": ofReviews, "review.sampled": ofReviews,
	"finding.opened": {"reviews.findings", "reviews.findings_closed"}, "finding.closed": {"reviews.findings_closed"},
	"freeze.on": {"reviews.freezes"}, "day.confirmed": {"reviews.confirmed_days"},

	"recording.viewed": ofLooks, "recording.exported": ofLooks, "session.watched": ofLooks,
	"ledger.exported": {"viewing.exports"}, "form.exported": {"viewing.exports"}, "notice.in-force": {"viewing.notice_versions"},
	"file.disposed": {"viewing.disposals"}, ledger.KindDisposed: {"viewing.disposals"}, "file.released": {"viewing.files_in"}, "file.fetched": {"viewing.files_out"},
}

var (
	ofRequests = []string{"requests", "sessions", "supervision", "reviews", "viewing.individual_number_use"}
	ofReviews  = []string{"reviews.due", "reviews.reviewed", "reviews.rate", "reviews.by_judgement", "reviews.left_out"}
	ofLooks    = []string{"viewing.views", "viewing.by_purpose"}
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
	counted := map[string]Figure{}
	for _, f := range c.Figures() {
		counted[f.name()] = f
	}
	note := func(f Figure, stated, again int64) {
		switch {
		case c.lost(f):
			out.Lost = append(out.Lost, f.name())
		case out.Figure == "":
			out.Difference = Difference{f.name(), stated, again}
		}
	}
	stated := map[string]bool{}
	for _, f := range r.Figures {
		again, there := counted[f.name()]
		switch {
		case stated[f.name()] && out.Figure == "":
			out.Difference = Difference{f.name(), f.Value, again.Value}
		case !there || again.Value != f.Value:
			note(f, f.Value, again.Value)
		}
		stated[f.name()] = true
	}
	for _, f := range c.Figures() {
		if !stated[f.name()] {
			note(f, 0, f.Value)
		}
	}
	return out
}
