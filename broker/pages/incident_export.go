package pages

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"sekimori/policy"
	"sekimori/policy/text"
)

// IncidentExportPage asks for the purpose of taking out an incident's evidence bundle.
type IncidentExportPage struct {
	Frame
	ID          string
	Action      string
	Held        int
	Purpose     Field
	Explanation Field
}

// incidentLinks are the addresses of an incident's timeline and export, where policy lets the person open them.
func (v *visit) incidentLinks(id string) (timeline, export string, err error) {
	for _, one := range []struct {
		to   *string
		path string
		look policy.Attempt
	}{
		{&timeline, "/incidents/" + url.PathEscape(id) + "/timeline", policy.Attempt{Act: policy.ActLedgerRead}},
		{&export, "/incidents/" + url.PathEscape(id) + "/export", policy.Attempt{Act: policy.ActIncidentExport, Purpose: string(policy.IncidentInquiry)}},
	} {
		_, d, err := v.p.o.Views.Ruled(v.r.Context(), *v.allowedLook(one.look))
		if err != nil {
			return "", "", err
		}
		if d.Allow {
			*one.to = one.path
		}
	}
	return timeline, export, nil
}

func (p *Pages) incidentExportForm(v *visit) error {
	page, err := v.incidentExportPage(text.Text{})
	if err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) incidentExportPage(wrong text.Text) (*IncidentExportPage, error) {
	f, err := v.p.o.Views.Freeze(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	at := "/incidents/" + url.PathEscape(f.ID)
	page := &IncidentExportPage{Frame: v.frame(), ID: f.ID, Action: at + "/export", Held: f.Held}
	page.Drill = f.Drill
	page.Crumbs = []Link{{text2("緊急凍結", "Freeze"), "/incidents"}, {text2("凍結 "+f.ID, "Freeze "+f.ID), at}}
	page.Purpose, page.Explanation = v.purposeFields(policy.ActIncidentExport, wrong)
	if !wrong.IsZero() {
		page.Errors = []Problem{{Field: "purpose", Text: wrong}}
	}
	return page, nil
}

func (p *Pages) incidentExport(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	why, err := v.why()
	if err != nil {
		return err
	}
	var body *lasting
	defer func() {
		if body != nil {
			body.end()
		}
	}()
	id := v.r.PathValue("id")
	err = p.o.Views.ExportIncident(v.r.Context(), v.reader(), id, why, func() io.Writer {
		h := v.w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="shoko-isshiki_`+id+`_`+p.o.Clock().In(p.o.Zone).Format("20060102T1504MST")+`.zip"`)
		body = v.lasting(v.allowedLook(policy.Attempt{Act: policy.ActIncidentExport, Purpose: why.Purpose}), 0)
		return body
	})
	var denied *policy.Denied
	switch {
	case err == nil:
		return nil
	case body != nil: // what was sent cannot be taken back: the archive lacks its end, which every reader says
		p.o.Log.Info("export_broke_off", "person", v.person.ID, "error", err)
		panic(http.ErrAbortHandler) // only a cut connection tells the browser that the answer is not whole
	case errors.As(err, &denied) && denied.Reason == policy.ViewPurposeRequired:
		page, err := v.incidentExportPage(text2("閲覧目的を選んでください", "Choose a purpose"))
		if err != nil {
			return err
		}
		return v.showAs(http.StatusUnprocessableEntity, page)
	}
	return err
}
