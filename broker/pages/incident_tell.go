package pages

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/freeze"
	"sekimori/policy/text"
)

// TellRow is one who must be told of an incident.
type TellRow struct {
	Key   string
	Who   text.Text
	Note  string
	Chip  Chip
	Due   Moment
	Done  bool
	At    Moment
	By    string
	After text.Text // from the declaration until it was noted
	Words string
}

var tellLooks = map[api.TellState]look{api.TellLate: {"triangle", "attention"}, api.TellOpen: {"clock", "waiting"}, api.TellDone: {"check", "ok"}}

// tells fills the checklist. The view lists those who are late first.
func (p *IncidentPage) tells(f api.Freeze, names func(string) string, zone *time.Location) {
	p.TellAt, p.Undue = "/freezes/"+url.PathEscape(f.ID)+"/told", f.Drill
	begun := f.State != freeze.DrillAsked && f.State != freeze.DrillLapsed
	p.TellNone = begun && len(f.Tell) == 0
	for _, t := range f.Tell {
		row := TellRow{Key: t.Key, Who: text2(t.JA, t.EN), Note: t.Note, Chip: chip(t.State.Label(), tellLooks[t.State]), Due: moment(t.Due, zone), Done: t.State == api.TellDone}
		if row.Done {
			row.At, row.By, row.Words, row.After = moment(t.At, zone), names(t.By), t.Words, afterText(t.Seconds)
		}
		p.Tell = append(p.Tell, row)
	}
}

// cutText says how many sessions the incident cut, and how long it took until the last of them had ended.
func cutText(f api.Freeze) text.Text {
	said := text2(fmt.Sprintf("%d件", f.Cut), itoa(f.Cut))
	switch {
	case f.NotOver > 0:
		return text2(fmt.Sprintf("%s(うち%d件はまだ終わっていません)", said.JA, f.NotOver), fmt.Sprintf("%s (%d not over yet)", said.EN, f.NotOver))
	case f.LastCut.IsZero():
		return said
	}
	return text2(fmt.Sprintf("%s(最後の切断まで %.1f秒)", said.JA, f.CutSeconds), fmt.Sprintf("%s (%.1f s to the last cut)", said.EN, f.CutSeconds))
}

// afterText is a length of time since the declaration.
func afterText(seconds float64) text.Text {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	switch {
	case d < time.Minute:
		return text2(fmt.Sprintf("%d秒後", int(d.Seconds())), fmt.Sprintf("after %d s", int(d.Seconds())))
	case d < 2*time.Hour:
		return text2(fmt.Sprintf("%d分後", int(d.Minutes())), fmt.Sprintf("after %d min", int(d.Minutes())))
	case d < 72*time.Hour:
		return text2(fmt.Sprintf("%d時間後", int(d.Hours())), fmt.Sprintf("after %d h", int(d.Hours())))
	}
	return text2(fmt.Sprintf("%d日後", int(d.Hours())/24), fmt.Sprintf("after %d days", int(d.Hours())/24))
}

// withoutTold leaves out the act that has a form in each row of the checklist.
func withoutTold(offers []api.Offer) []api.Offer {
	return slices.DeleteFunc(slices.Clone(offers), func(o api.Offer) bool { return strings.HasSuffix(o.Act, "told") })
}
