package pages

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

func (p *Pages) alarms(v *visit) error {
	page, err := v.alarmsPage()
	if err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) alarmsPage() (*AlarmsPage, error) {
	p := v.p
	list, err := p.o.Views.Alarms(v.r.Context(), v.reader(), false, v.paging())
	if err != nil {
		return nil, err
	}
	page := &AlarmsPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next)}
	var ids []string
	for _, a := range list.Items {
		ids = append(ids, a.About)
		for _, d := range a.To {
			section, _ := strings.CutPrefix(d.Desk, store.SectionDesk(""))
			ids = append(ids, d.AckedBy, section)
		}
	}
	names, err := v.names(ids...)
	if err != nil {
		return nil, err
	}
	mine := registry.DesksOf(policy.SeeAlarms(v.person))
	for _, a := range list.Items {
		one := AlarmRow{ID: a.ID, What: store.AlarmKind(a.What).Label(), About: names(a.About), Href: alarmHref(a), At: moment(a.At, p.o.Zone), Details: alarmDetails(a)}
		one.Drill, _ = a.Detail["drill"].(bool)
		acked := slices.ContainsFunc(a.To, func(d api.AlarmDesk) bool { return d.AckedBy == v.person.ID })
		for _, d := range a.To {
			row := AlarmDeskRow{Name: deskName(d.Desk, names), Desk: d.Desk, Chip: chip(text2("未確認", "Open"), look{"triangle", "attention"})}
			if d.AckedBy != "" {
				row.Chip, row.By, row.At, row.Note = chip(ackWord(d.Desk), look{"check", "ok"}), names(d.AckedBy), moment(d.AckedAt, p.o.Zone), d.Note
			} else if !acked && slices.Contains(mine, d.Desk) { // one person acknowledges for one desk only
				row.Action, row.Button = "/alarms/"+url.PathEscape(a.ID)+"/ack", ackButton(d.Desk)
			}
			one.Desks = append(one.Desks, row)
		}
		page.Rows = append(page.Rows, one)
	}
	return page, nil
}

// ackWord is the mark of a desk's acknowledgement (screens §1.3).
func ackWord(desk string) text.Text {
	if desk == store.CentralDesk {
		return text2("確認した(情報システム課)", "Acknowledged (IS section)")
	}
	return text2("確認した(所管課)", "Acknowledged (section)")
}

func ackButton(desk string) text.Text {
	if desk == store.CentralDesk {
		return text2("情報システム課として確認する", "Acknowledge for the IS section")
	}
	return text2("所管課として確認する", "Acknowledge for the section")
}

func deskName(desk string, names func(string) string) text.Text {
	if id, section := strings.CutPrefix(desk, store.SectionDesk("")); section {
		return text2("所管課 "+names(id), "Section "+names(id))
	}
	return policy.InformationSystems.Label()
}

// alarmHref is the page that an alarm leads to; empty where it has none.
func alarmHref(a api.Alarm) string {
	switch store.AlarmKind(a.What) {
	case store.AlarmLogins:
		return "/reconcile/" + url.PathEscape(a.About)
	case store.AlarmFile:
		return filePath(a.About)
	}
	return aboutHref(a.About)
}

// aboutHref is the page of the thing that an alarm is about; empty where it has none.
func aboutHref(about string) string {
	prefix, _, _ := strings.Cut(about, "-")
	page := map[string]string{"V": "/vendors/", "I": "/incidents/", "S": "/sessions/"}[prefix]
	if page == "" {
		return ""
	}
	return page + url.PathEscape(about)
}

// alarmDetails are the particulars, made safe.
func alarmDetails(a api.Alarm) []CardRow {
	var out []CardRow
	for _, k := range slices.Sorted(maps.Keys(a.Detail)) {
		if said := fmt.Sprint(a.Detail[k]); said != "" && k != "drill" {
			out = append(out, CardRow{Label: text.Same(text.OneLine(k, 60)), Text: text.Same(text.OneLine(said, 300))})
		}
	}
	return out
}

// ackAlarm acknowledges for one desk.
func (p *Pages) ackAlarm(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	by := ledger.Actor{Kind: "person", ID: v.person.ID, Via: door}
	_, err := p.o.Registry.AckAlarm(v.r.Context(), v.r.PathValue("id"), registry.Ack{Desk: v.r.PostFormValue("desk"), Note: v.r.PostFormValue("note")}, by)
	if err == nil {
		return v.to("/alarms")
	}
	f := fault.Of(err)
	if f.Status == http.StatusNotFound || f.Status >= http.StatusInternalServerError {
		return err
	}
	if f.Status == http.StatusForbidden || f.Status == http.StatusConflict {
		return v.refused(err, v.r.PathValue("id"))
	}
	page, formErr := v.alarmsPage()
	if formErr != nil {
		return formErr
	}
	page.Errors, _ = problemsIn(nil, f)
	return v.showAs(f.Status, page)
}
