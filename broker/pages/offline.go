package pages

import (
	"errors"
	"io"
	"net/http"

	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func offlineRoutes() []row {
	title := text2("操作記録の書き出し(HTML)", "Export of the recording (HTML)")
	return []row{
		get("/recordings/{id}/offline", staff, title, those(policy.Auditor), l2, (*Pages).offlineForm).denying(policy.ExportAuditorOnly),
		post("/recordings/{id}/offline", staff, title, those(policy.Auditor), l2, (*Pages).offline).denying(policy.ExportAuditorOnly),
	}
}

func offlinePages() map[string]page { return map[string]page{"offline": &OfflinePage{}} }

func offlinePath(session string) string { return recordingPath(session) + "/offline" }

// OfflinePage asks for the purpose of taking a recording out as one HTML file.
type OfflinePage struct {
	Frame
	ID          string
	Action      string
	Purpose     Field
	Explanation Field
	Damaged     bool // the recording does not hold: an auditor may take out what can be read of it
}

func (v *visit) offlinePage(wrong text.Text) *OfflinePage {
	id := v.r.PathValue("id")
	page := &OfflinePage{Frame: v.frame(), ID: id, Action: offlinePath(id)}
	page.Purpose, page.Explanation = v.purposeFields(policy.ActExport, wrong)
	if !wrong.IsZero() {
		page.Errors = []Problem{{Field: "purpose", Text: wrong}}
	}
	page.Damaged = v.r.PostFormValue("damaged") == "true"
	page.Crumbs = []Link{{text2("接続の記録 "+id, "Session "+id), sessionPath(id)}}
	return page
}

// offlineForm asks people who may export the recording. Others are refused, with an entry, before they choose a purpose.
func (p *Pages) offlineForm(v *visit) error {
	anyOne := string(policy.Purposes(policy.ActExport)[0])
	if _, err := p.o.Views.May(v.r.Context(), v.reader(), policy.Attempt{Act: policy.ActExport, Session: v.r.PathValue("id"), Purpose: anyOne}, "recording"); err != nil {
		return err
	}
	return v.show(v.offlinePage(text.Text{}))
}

// offline sends the file: one entry, before the first byte.
func (p *Pages) offline(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	why, err := v.why()
	if err != nil {
		return err
	}
	id := v.r.PathValue("id")
	err = v.download(&policy.Attempt{Act: policy.ActExport, Session: id, Purpose: why.Purpose}, func(begin func(view.FormFile) io.Writer) error {
		return p.o.Views.ExportOffline(v.r.Context(), v.reader(), id, why, v.lang, Player(), v.r.PostFormValue("damaged") == "true", begin)
	})
	var bad *evidence.BadError
	if errors.As(err, &bad) { // it offers what can be read
		page := v.offlinePage(text.Text{})
		f := fault.Of(err)
		page.Damaged, page.Errors = true, []Problem{faultProblem(f)}
		return v.showAs(f.Status, page)
	}
	var denied *policy.Denied
	if errors.As(err, &denied) && denied.Reason == policy.ViewPurposeRequired {
		return v.showAs(http.StatusUnprocessableEntity, v.offlinePage(text2("閲覧目的を選んでください", "Choose a purpose")))
	}
	return err
}
