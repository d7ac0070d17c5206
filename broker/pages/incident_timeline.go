package pages

import (
	"net/url"
	"strconv"
	"strings"

	"sekimori/policy/text"
)

// IncidentTimelinePage is what the ledger says of an incident, in order and in words.
type IncidentTimelinePage struct {
	Frame
	ID    string
	Total int
	Table Table
	Rows  []IncidentTimelineRow
	Pager Pager
}

// IncidentTimelineRow is one entry.
type IncidentTimelineRow struct {
	No, Href string
	At       Moment
	What     text.Text
	Actor    string
	Subjects string
	Said     text.Text
}

func (p *Pages) incidentTimeline(v *visit) error {
	id := v.r.PathValue("id")
	list, err := p.o.Views.IncidentTimeline(v.r.Context(), v.reader(), id, v.paging())
	if err != nil {
		return err
	}
	page := &IncidentTimelinePage{Frame: v.frame(), ID: id, Total: list.Total, Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("台帳の記載(古い順)", "Entries of the ledger, the oldest first"),
		Columns: []text.Text{text2("日時", "Time"), text2("記載", "Entry"), text2("できごと", "Event"), text2("行った人", "By"), text2("対象", "About"), text2("理由・言葉", "Reason, words")},
	}}
	page.Crumbs = []Link{{text2("緊急凍結", "Freeze"), "/incidents"}, {text2("凍結 "+id, "Freeze "+id), "/incidents/" + url.PathEscape(id)}}
	var ids []string
	for _, e := range list.Items {
		ids = append(ids, e.Actor.ID)
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	for _, e := range list.Items {
		page.Drill = e.Drill
		no := strconv.FormatInt(e.No, 10)
		said := e.Said()
		page.Rows = append(page.Rows, IncidentTimelineRow{No: no, Href: "/ledger/" + no, At: moment(e.Time, p.o.Zone), What: e.Event(), Actor: actorText(e.Actor, names),
			Subjects: text.OneLine(strings.Join(e.Subjects, " "), 120), Said: text2(text.OneLine(said.JA, mostSaid), text.OneLine(said.EN, mostSaid))})
	}
	return v.show(page)
}

// mostSaid bounds words that a page shows whole: a reason has at most a thousand characters. An answer of a target may be longer; it is cut, and ends with a mark.
const mostSaid = 4000
