package pages

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/policy"
	"sekimori/policy/text"
)

func emergencyRoutes() []row {
	c := those(policy.Approver, policy.SecondApprover, policy.InformationSystems)
	c.Deputies = true
	title := text2("緊急利用", "Emergency window")
	return []row{
		get("/requests/{no}/emergency", staff, title, c, l1, (*Pages).emergencyForm),
		post("/requests/{no}/emergency", staff, title, c, l1, (*Pages).emergency),
	}
}

func emergencyPages() map[string]page { return map[string]page{"emergency": &EmergencyPage{}} }

// EmergencyPage opens an emergency window: by the first person, after the pattern of an application, or by the second, who agrees.
type EmergencyPage struct {
	Frame
	Action string
	Second bool // the second person agrees
	Card   Card
	Facts  []LabelledText // what the first person stated
	Fields []Field
	Closed text.Text // why the second person cannot agree
	Back   string
}

// emergencyFields are the inputs of the first person, by key.
var emergencyFields = []struct {
	key, control string
	label, hint  text.Text
}{
	{"emergency_reason", "textarea", text2("緊急の理由", "Reason"), text2("なぜ通常の承認を待てないか", "why it cannot wait for the approval")},
	{"phoned", "text", text2("電話の相手", "Who was phoned"), text.Text{}},
	{"phoned_at", "datetime-local", text2("電話した時刻", "When"), text2("24時間以内", "within the last day")},
	{"length", "text", text2("時間枠の長さ(分)", "Length of the window (minutes)"), text2("二人目の同意から数えて120分まで", "at most 120, from the second person's agreement")},
	{"attendant", "text", text2("立会者", "Attendant"), text2("番号かログイン名。開く二人は立会えません", "id or login; neither of the two who open it")},
}

func (p *Pages) emergencyForm(v *visit) error {
	page, err := v.emergencyPage(nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) emergencyPage(typed url.Values) (*EmergencyPage, error) {
	no, o := v.r.PathValue("no"), v.p.o
	r, err := o.Views.Request(v.r.Context(), v.reader(), no)
	if err != nil {
		return nil, err
	}
	b, err := o.Views.Brief(v.r.Context(), r)
	if err != nil {
		return nil, err
	}
	base := "/requests/" + url.PathEscape(no)
	page := &EmergencyPage{Frame: v.frame(), Action: base + "/emergency", Card: v.briefCard(r, b), Back: base, Second: policy.RequestState(r.State) == policy.EmergencyAsked}
	page.Crumbs = []Link{{text2("申請一覧", "Requests"), "/requests"}, {requestTitle(no), base}}
	page.State = requestChip(r.State).Text
	if page.Second {
		page.second(v, r)
		page.Fields = []Field{{Key: "reason", Label: text2("同意する理由", "Why you agree"), Control: "textarea", Value: typed.Get("reason"), Required: true}}
		return page, nil
	}
	for _, f := range emergencyFields {
		one := Field{Key: f.key, Label: f.label, Hint: f.hint, Control: f.control, Value: typed.Get(f.key), Required: true}
		switch {
		case typed != nil:
		case f.key == "attendant":
			one.Value = r.Attendant
		case f.key == "length":
			one.Value = itoa(int(min(r.End.Sub(r.Start), policy.LongestEmergency).Minutes()))
		}
		page.Fields = append(page.Fields, one)
	}
	return page, nil
}

// second shows what the first person stated.
func (page *EmergencyPage) second(v *visit, r api.Request) {
	at := text.Moment(r.PhonedAt.In(v.p.o.Zone)).In(v.lang)
	for _, f := range []struct {
		label text.Text
		value string
	}{{text2("緊急の理由", "Reason"), r.EmergencyReason}, {text2("電話の相手と時刻", "Who was phoned, when"), strings.TrimSpace(r.Phoned + " " + at)}} {
		page.Facts = append(page.Facts, LabelledText{Label: f.label, Value: f.value, Lines: strings.Split(f.value, "\n")})
	}
	for _, o := range r.Offers {
		if o.Act == "agree" && !o.Open {
			page.Closed = closedBecause(o)
		}
	}
}

// emergency opens the window, or agrees to one.
func (p *Pages) emergency(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	no, form := v.r.PathValue("no"), v.r.PostForm
	if form.Get("second") != "" {
		if _, err := p.o.Desk.AgreeEmergency(v.r.Context(), no, strings.ReplaceAll(form.Get("reason"), "\r\n", "\n"), v.caller()); err != nil {
			return v.emergencyWrong(err)
		}
		return v.to(withDone("/requests/"+url.PathEscape(no), "agree"))
	}
	r, err := p.o.Views.Request(v.r.Context(), v.reader(), no)
	if err != nil {
		return err
	}
	body := r.Body
	body.Attendant, body.ClausesTold, body.RecordingTold = strings.TrimSpace(form.Get("attendant")), form.Get("told") != "", form.Get("told") != ""
	f := request.Form{System: r.System, Body: body}
	f = request.Asked(&f)
	f.StaffDowntime = time.Time{}
	if n := itoaBack(form.Get("length")); n > 0 {
		f.Length = time.Duration(n) * time.Minute
	}
	said := requests.EmergencyForm{Reason: strings.ReplaceAll(form.Get("emergency_reason"), "\r\n", "\n"), Phoned: form.Get("phoned")}
	if at := strings.TrimSpace(form.Get("phoned_at")); at != "" {
		if said.PhonedAt, err = forms.Instant("phoned_at", at, p.o.Zone); err != nil {
			return v.emergencyWrong(err)
		}
	}
	opened, err := p.o.Desk.Emergency(v.r.Context(), f, said, v.caller())
	if err != nil {
		return v.emergencyWrong(err)
	}
	return v.to("/requests/" + url.PathEscape(opened) + "?done=emergency")
}

func itoaBack(s string) int {
	n := 0
	for _, r := range strings.TrimSpace(s) {
		if r < '0' || r > '9' || n > 10_000 {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// emergencyInputs are the ids of the inputs by the field of a problem.
var emergencyInputs = map[string]string{"reason": "emergency_reason", "end": "length", "phoned": "phoned", "phoned_at": "phoned_at", "attendant": "attendant",
	"clauses_told": "told", "recording_told": "told"}

func (v *visit) emergencyWrong(err error) error {
	f := fault.Of(err)
	if f.Status >= 500 || f.Status == 404 {
		return err
	}
	page, again := v.emergencyPage(v.r.PostForm)
	if again != nil {
		return err
	}
	var bad *forms.Invalid
	if !errors.As(err, &bad) {
		page.Errors = append(page.Errors, faultProblem(f))
		return v.showAs(f.Status, page)
	}
	for _, one := range bad.Shown() {
		at := emergencyInputs[one.Field]
		if page.Second {
			at = one.Field
		}
		said := text2(one.JA, one.EN)
		for i := range page.Fields {
			if page.Fields[i].Key == at {
				page.Fields[i].Error = said
			}
		}
		page.Errors = append(page.Errors, Problem{Field: at, Text: said})
	}
	return v.showAs(f.Status, page)
}
