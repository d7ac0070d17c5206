package view

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/reports"
	"sekimori/broker/store"
)

// ReportsAsked narrows Reports. Zero fields do not narrow.
type ReportsAsked struct{ Request, Window, Session, State string }

// Reports lists the work reports that the person sees, without their content: opening one is ledgered. Unanswered ones come first.
func (v *Views) Reports(ctx context.Context, by Reader, a ReportsAsked, p Page) (out api.List[api.Report], err error) {
	f := store.ReportFilter{Request: a.Request, Window: a.Window, Session: a.Session}
	if a.State != "" {
		f.States = []store.ReportState{store.ReportState(a.State)}
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		sight, err := requestSight(s, by.Person)
		if err != nil {
			return err
		}
		f.Sight = &sight
		page, err := s.WorkReportPage(f, p)
		out = api.List[api.Report]{Items: []api.Report{}, Total: page.Total, Next: page.Next}
		for _, row := range page.Rows {
			row.Body = ""
			one, err := WorkReport(row, v.o.Zone)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, one)
		}
		return err
	})
	return out, err
}

// Report shows one, by its number or a session. The look is ledgered (L1). Errors as of Request.
func (v *Views) Report(ctx context.Context, by Reader, ref string) (out api.Report, err error) {
	shown, err := v.o.Reports.Show(ctx, ref)
	if err != nil {
		return out, err
	}
	p := shown.Report
	if err := v.SeeRequest(ctx, by, p.Request, nil); err != nil {
		return out, err
	}
	if err := v.Looked(ctx, by, "report.opened", append([]string{p.ID, p.Request, by.ID}, p.Sessions...), map[string]any{"report": p.ID, "sha256": p.SHA256}); err != nil {
		return out, err
	}
	if out, err = WorkReport(p, v.o.Zone); err != nil {
		return out, err
	}
	out.History = Each(shown.History, func(h store.WorkReport) string { return h.ID })
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		out.Offers = reports.OnReport.Offers(s, by.Person, p.ID)
		return nil
	})
	return out, err
}

// AttendanceRecord shows the record of a window, or, where there is none, the values that the broker would fill in. The look is
// ledgered (L1). Errors as of Request.
func (v *Views) AttendanceRecord(ctx context.Context, by Reader, window string) (out api.AttendanceRecord, err error) {
	w, err := v.o.Desk.Window(ctx, window)
	if err != nil {
		return out, err
	}
	if err := v.SeeRequest(ctx, by, w.Request, nil); err != nil {
		return out, err
	}
	if err := v.Looked(ctx, by, "attendance.viewed", []string{w.ID, w.Request, by.ID}, map[string]string{"window": w.ID}); err != nil {
		return out, err
	}
	made, err := v.o.Reports.Records(ctx, store.ReportFilter{Window: w.ID, Limit: 1})
	if err != nil {
		return out, err
	}
	if len(made) > 0 {
		return Record(made[0], v.o.Zone)
	}
	draft, err := v.o.Reports.Draft(ctx, w.ID)
	if err != nil {
		return out, err
	}
	return api.AttendanceRecord{Window: w.ID, Request: w.Request, System: w.System, Content: RecordContent(api.RecordContent(draft), v.o.Zone)}, nil
}

func WorkReport(p store.WorkReport, z *time.Location) (api.Report, error) {
	v := api.Report{
		ID: p.ID, Sessions: p.Sessions, Window: p.Window, Request: p.Request, System: p.System, Vendor: p.Vendor, State: string(p.State),
		SubmittedBy: p.SubmittedBy, SubmittedAt: At(p.SubmittedAt, z), Due: At(p.Due, z), Late: p.Late, Corrects: p.Corrects,
		SettledAt: At(p.SettledAt, z), Answer: p.Answer, SHA256: p.SHA256,
	}
	switch p.State {
	case store.ReportAccepted:
		v.AcceptedBy = p.SettledBy
	case store.ReportReturned:
		v.ReturnedBy = p.SettledBy
	}
	if p.Body == "" {
		return v, nil
	}
	if err := json.Unmarshal([]byte(p.Body), &v.Content); err != nil {
		return v, fmt.Errorf("report %s: %w", p.ID, err)
	}
	v.Content.From, v.Content.Until = At(v.Content.From, z), At(v.Content.Until, z)
	return v, nil
}

func Record(a store.AttendanceRecord, z *time.Location) (api.AttendanceRecord, error) {
	v := api.AttendanceRecord{ID: a.ID, Window: a.Window, Request: a.Request, System: a.System, By: a.By, At: At(a.At, z), SHA256: a.SHA256}
	if err := json.Unmarshal([]byte(a.Body), &v.Content); err != nil {
		return v, fmt.Errorf("attendance record %s: %w", a.ID, err)
	}
	v.Content = RecordContent(v.Content, z)
	return v, nil
}

// RecordContent gives a record's times in the institution's zone; the record itself is kept in UTC.
func RecordContent(r api.RecordContent, z *time.Location) api.RecordContent {
	r.AttestedAt = At(r.AttestedAt, z)
	r.Attended, r.Steps = slices.Clone(r.Attended), slices.Clone(r.Steps)
	r.Identity, r.Interventions = slices.Clone(r.Identity), slices.Clone(r.Interventions)
	for i := range r.Attended {
		r.Attended[i].From = At(r.Attended[i].From, z)
	}
	for i := range r.Steps {
		r.Steps[i].At = At(r.Steps[i].At, z)
	}
	for i := range r.Identity {
		r.Identity[i].At = At(r.Identity[i].At, z)
	}
	for i := range r.Interventions {
		r.Interventions[i].At = At(r.Interventions[i].At, z)
	}
	return r
}
