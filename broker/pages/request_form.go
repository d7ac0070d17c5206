package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/policy"
	"sekimori/policy/text"
)

func requestFormRoutes() []row {
	title, check := text2("申請の作成", "New request"), text2("入力内容の確認", "Check your answers")
	var out []row
	for _, where := range []struct {
		site site
		root string
		who  callers
	}{{staff, "", those(policy.Requester)}, {portal, "/v", vendors()}} {
		out = append(out,
			get(where.root+"/requests/new", where.site, title, where.who, l0, (*Pages).requestForm),
			post(where.root+"/requests/new", where.site, title, where.who, l0, (*Pages).keepRequest),
			get(where.root+"/requests/{no}/edit", where.site, title, where.who, l0, (*Pages).requestForm),
			post(where.root+"/requests/{no}/edit", where.site, title, where.who, l0, (*Pages).keepRequest),
			get(where.root+"/requests/{no}/check", where.site, check, where.who, l0, (*Pages).checkAnswers),
			post(where.root+"/requests/{no}/check", where.site, check, where.who, l0, (*Pages).handIn))
	}
	return out
}

func requestFormPages() map[string]page {
	return map[string]page{"requestform": &RequestForm{}, "requestcheck": &RequestCheck{}}
}

// isDraft tells a draft from an application by its id.
func isDraft(no string) bool { return strings.HasPrefix(no, "D-") }

// RequestForm is the form of an application (screens §3.2).
type RequestForm struct {
	Frame
	Action   string
	Version  int       // of the draft that the page shows
	Edits    text.Text // the application that it changes
	Discard  string    // where the draft is thrown away
	Lists    string    // where the person goes after that
	Recent   []Choice
	WorkType Group
	System   Field
	Accounts Group
	Start    InstantField
	End      InstantField
	Downtime InstantField
	Crews    []Group
	Left     int // engineers whom the lists leave out
	Personal Group
	Numbers  Group
	Files    Group
	DrillBox Field
	Lines    map[string]Field // inputs of one value, by key
	Lead     int
	Longest  int
	Said     text.Text // the times in other words
}

// Group is a choice of radio buttons or boxes.
type Group struct {
	Key      string
	ID       string // of the fieldset, where errors lead to
	Label    text.Text
	Hint     text.Text
	Error    text.Text
	Multiple bool
	Required bool
	Choices  []Choice
}

// InstantField asks for a time in parts.
type InstantField struct {
	Key                            string
	Label, Error                   text.Text
	Year, Month, Day, Hour, Minute string
	Required                       bool
}

// requestForm shows the form: empty, of a draft, or of an application to be changed.
func (p *Pages) requestForm(v *visit) error {
	no := v.r.PathValue("no")
	values, version, edits, bad, err := v.formContent(no)
	if err != nil {
		return err
	}
	page, err := v.requestFormPage(no, values, version, edits, bad)
	if err != nil {
		return err
	}
	switch v.r.URL.Query().Get("done") {
	case "saved":
		page.Done = text2("下書きを保存しました。", "The draft is saved.")
	case "copied":
		page.Done = text2("前回の申請を写しました。日時と理由を入力してください。", "Copied from the earlier request. Enter times and reasons.")
	}
	return v.show(page)
}

// formContent reads the content of the form. Input kept over a lost sign-in goes before the stored one.
func (v *visit) formContent(no string) (values url.Values, version int, edits string, bad []forms.Problem, err error) {
	switch {
	case no == "":
		values = url.Values{}
	case isDraft(no):
		d, err := v.p.o.Views.Draft(v.r.Context(), v.reader(), no)
		if err != nil {
			return nil, 0, "", nil, err
		}
		if d.Became != "" {
			return nil, 0, "", nil, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": d.Became}}
		}
		values, version, edits = d.Values, d.Version, d.Edits
		if v.r.URL.Query().Get("check") != "" {
			bad = d.Problems
		}
	default:
		r, err := v.p.o.Views.RequestToEdit(v.r.Context(), v.reader(), no)
		if err != nil {
			return nil, 0, "", nil, err
		}
		if closed, why := closedOffer(r.Offers, "edit"); closed {
			return nil, 0, "", nil, why
		}
		form := request.Form{System: r.System, Start: r.Start, End: r.End, Body: r.Body}
		form.ClausesTold, form.RecordingTold = false, false
		if len(r.Occurrences) > 0 {
			form.Start, form.End = r.Occurrences[0].Start, r.Occurrences[0].End
		}
		kept, err := request.Values(form, v.p.o.Zone)
		if err != nil {
			return nil, 0, "", nil, err
		}
		values, edits = kept, no
	}
	if v.prior != nil {
		values = v.prior
	}
	return values, version, edits, bad, nil
}

// closedOffer gives the refusal of an act that is not open.
func closedOffer(offers []api.Offer, name string) (closed bool, why error) {
	for _, o := range offers {
		if o.Act == name && !o.Open {
			return true, &policy.Denied{Reason: policy.Reason(o.Reason), Ledgered: true}
		}
	}
	return false, nil
}

// one gives the first value of a key.
func one(values url.Values, key string) string { return values.Get(key) }

// requestFormPage makes the form from what was typed.
func (v *visit) requestFormPage(no string, values url.Values, version int, edits string, bad []forms.Problem) (*RequestForm, error) {
	choices, err := v.p.o.Views.Choices(v.r.Context(), v.reader(), one(values, "system"))
	if err != nil {
		return nil, err
	}
	if len(choices.Systems) == 1 && one(values, "system") == "" && v.r.Method == http.MethodGet {
		values = cloned(values)
		values.Set("system", choices.Systems[0].ID)
		if choices, err = v.p.o.Views.Choices(v.r.Context(), v.reader(), choices.Systems[0].ID); err != nil {
			return nil, err
		}
	}
	page := &RequestForm{Frame: v.frame(), Action: v.root() + "/requests/new", Version: version, Lists: v.root() + "/requests", Lead: choices.Lead, Longest: choices.Longest, Lines: map[string]Field{}}
	page.Crumbs = []Link{{text2("申請一覧", "Requests"), page.Lists}}
	if no != "" {
		page.Action = v.root() + "/requests/" + url.PathEscape(no) + "/edit"
	}
	if isDraft(no) {
		page.Discard = v.root() + "/drafts/" + url.PathEscape(no) + "/discard"
		page.State = policy.RequestDraft.Label()
	}
	if edits != "" {
		page.Edits = text.Request(edits)
		page.Title = text2("申請 "+page.Edits.JA+"の変更", "Edit request "+page.Edits.EN)
	}
	for _, r := range choices.Recent {
		said := text.Request(r.No)
		page.Recent = append(page.Recent, Choice{Word: r.No, Text: text2(said.JA+" "+text.OneLine(r.Purpose, 30), said.EN+" "+text.OneLine(r.Purpose, 30))})
	}
	wrong := page.problems(bad)
	page.fill(values, wrong)
	page.choose(values, wrong, choices)
	page.Said = v.saidTimes(values)
	return page, nil
}

func cloned(values url.Values) url.Values {
	out := url.Values{}
	for key, list := range values {
		out[key] = slices.Clone(list)
	}
	return out
}

// problems puts what is wrong into the summary, each at its input.
func (page *RequestForm) problems(bad []forms.Problem) map[string]text.Text {
	wrong := map[string]text.Text{}
	for _, b := range bad {
		key, _, _ := strings.Cut(b.Field, "[")
		if key == "file_direction" {
			key = "files"
		}
		said := text2(b.JA, b.EN)
		if b.Code == "bad-time" {
			said = text2("年月日と時刻を確かめてください。例: 令和8年11月24日 10:00", "Check date and time, such as 2026 11 24, 10 00.")
		}
		if row, ok := request.Fields.Row(key); ok && !strings.Contains(said.JA, row.Label.JA) && plainProblem[b.Code] {
			said = text2(row.Label.JA+": "+said.JA, row.Label.EN+": "+said.EN)
		}
		if _, told := wrong[key]; !told {
			wrong[key] = said
		}
		page.Errors = append(page.Errors, Problem{Field: key, Text: said})
	}
	return wrong
}

// plainProblem are codes whose sentence does not name the field.
var plainProblem = map[string]bool{"missing": true, "bad-number": true, "control-character": true, "text-too-long": true, "bad-duration": true, "bad-time": true}

// keepRequest stores what was typed and goes where the button leads: on with the form, to the check, or to a copy.
func (p *Pages) keepRequest(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	no, form := v.r.PathValue("no"), v.r.PostForm
	if form.Get("go") == "copy" {
		return v.copyRequest(form.Get("copy_from"))
	}
	version, _ := strconv.Atoi(form.Get("version"))
	typed := typedRequest(form)
	id, err := v.keepDraft(no, requests.DraftBody{Version: version, Values: typed})
	if err != nil {
		return v.formWrong(err, no, typed, version)
	}
	page := v.root() + "/requests/" + url.PathEscape(id)
	switch form.Get("go") {
	case "check":
		return v.to(page + "/check")
	case "refresh":
		return v.to(page + "/edit#system")
	}
	return v.to(page + "/edit?done=saved")
}

// keepDraft saves the draft, or begins one.
func (v *visit) keepDraft(no string, body requests.DraftBody) (string, error) {
	if isDraft(no) {
		d, err := v.p.o.Desk.SaveDraft(v.r.Context(), no, body, v.caller())
		return d.ID, err
	}
	body.Version = 0
	d, err := v.p.o.Desk.NewDraft(v.r.Context(), no, body, v.caller())
	return d.ID, err
}

// typedRequest are the values of a posted form that belong to the application.
func typedRequest(form url.Values) url.Values {
	out := url.Values{}
	for key, list := range form {
		switch key {
		case "go", "copy_from", "version", "password", "code":
			continue
		case "extra_rights", "file_paths_in", "file_paths_out":
			for _, text := range list {
				for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
					if line = strings.TrimSpace(line); line != "" {
						out.Add(key, line)
					}
				}
			}
			continue
		case "engineers_more", "accounts_more":
			for _, text := range list {
				for _, name := range strings.FieldsFunc(text, func(r rune) bool {
					return r == ',' || r == '、' || r == '\n' || r == '\r' || r == ' ' || r == '\u3000'
				}) {
					out.Add(strings.TrimSuffix(key, "_more"), name)
				}
			}
			continue
		}
		for _, text := range list {
			if text = strings.ReplaceAll(text, "\r\n", "\n"); strings.TrimSpace(text) != "" {
				out.Add(key, text)
			}
		}
	}
	if where := out.Get("file_direction"); where != "" && where != "none" {
		out.Set("files", string(policy.FilesAllowed))
	} else {
		out.Set("files", string(policy.FilesNone))
		out.Del("file_direction")
	}
	return out
}

// copyRequest begins a draft from an earlier application. A reason is never used again.
func (v *visit) copyRequest(from string) error {
	if from == "" {
		return v.to(v.root() + "/requests/new")
	}
	if err := v.p.o.Views.OpenRequest(v.r.Context(), v.reader(), from, "copy", nil); err != nil {
		return err
	}
	by := v.caller()
	form, err := v.p.o.Desk.Copy(v.r.Context(), from, by.Actor)
	if err != nil {
		return err
	}
	values, err := request.Values(form, v.p.o.Zone)
	if err != nil {
		return err
	}
	d, err := v.p.o.Desk.NewDraft(v.r.Context(), "", requests.DraftBody{Values: values}, by)
	if err != nil {
		return err
	}
	return v.to(v.root() + "/requests/" + url.PathEscape(d.ID) + "/edit?done=copied")
}

// formWrong shows the form again with what was typed.
func (v *visit) formWrong(err error, no string, typed url.Values, version int) error {
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound {
		return err
	}
	var bad *forms.Invalid
	var list []forms.Problem
	if errors.As(err, &bad) {
		list = bad.Shown()
	}
	page, again := v.requestFormPage(no, typed, version, "", list)
	if again != nil {
		return err
	}
	if list == nil {
		page.Errors = append(page.Errors, faultProblem(f))
	}
	return v.showAs(f.Status, page)
}

// RequestCheck shows the answers before they are handed in.
type RequestCheck struct {
	Frame
	Action   string
	Version  int
	Edit     string
	Card     Card
	Rows     []Answer
	Declared bool // the institution asks for the declarations
	Wrong    map[string]text.Text
}

// Answer is one field with the link that leads back to it.
type Answer struct {
	LabelledText
	Change string
}

// checkAnswers shows them; with a mistake it leads back to the form.
func (p *Pages) checkAnswers(v *visit) error {
	page, back, err := v.checkPage()
	if err != nil {
		return err
	}
	if back != "" {
		return v.to(back)
	}
	return v.show(page)
}

func (v *visit) checkPage() (page *RequestCheck, back string, err error) {
	no := v.r.PathValue("no")
	base := v.root() + "/requests/" + url.PathEscape(no)
	if !isDraft(no) {
		return nil, base, nil
	}
	d, err := v.p.o.Views.Draft(v.r.Context(), v.reader(), no)
	switch {
	case err != nil:
		return nil, "", err
	case d.Became != "":
		return nil, v.root() + "/requests/" + url.PathEscape(d.Became), nil
	case len(d.Problems) > 0 || d.Request == nil:
		return nil, base + "/edit?check=1", nil
	}
	r := *d.Request
	b, err := v.p.o.Views.Brief(v.r.Context(), r)
	if err != nil {
		return nil, "", err
	}
	choices, err := v.p.o.Views.Choices(v.r.Context(), v.reader(), r.System)
	if err != nil {
		return nil, "", err
	}
	page = &RequestCheck{Frame: v.frame(), Action: base + "/check", Version: d.Version, Edit: base + "/edit", Card: v.briefCard(r, b), Declared: choices.Declared, Wrong: map[string]text.Text{}}
	page.Crumbs = []Link{{text2("申請一覧", "Requests"), v.root() + "/requests"}, {text2("申請の作成", "New request"), page.Edit}}
	when := text.Span(r.Start, r.End).In(v.lang)
	page.Rows = append(page.Rows, Answer{LabelledText{Key: "system", Label: text2("システム", "System"), Lines: []string{b.System}}, page.Edit + "#system"},
		Answer{LabelledText{Key: "start", Label: text2("開始と終了", "Start and end"), Lines: []string{when}}, page.Edit + "#start"})
	for _, row := range v.requestRows(r, b) {
		switch row.Key {
		case "clauses_told", "recording_told", "occurrences":
			continue
		case "file_direction":
			row.Key = "files"
		}
		page.Rows = append(page.Rows, Answer{row, page.Edit + "#" + row.Key})
	}
	return page, "", nil
}

// handIn submits the draft. A second press comes to the same application.
func (p *Pages) handIn(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	no, form := v.r.PathValue("no"), v.r.PostForm
	version, _ := strconv.Atoi(form.Get("version"))
	told := requests.Handing{Version: version, ClausesTold: form.Get("clauses_told") != "", RecordingTold: form.Get("recording_told") != ""}
	done, err := p.o.Desk.SubmitDraft(v.r.Context(), no, told, v.caller())
	if err == nil {
		return v.to(v.root() + "/requests/" + url.PathEscape(done.Request) + "?done=submitted")
	}
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound {
		return err
	}
	page, back, again := v.checkPage()
	if again != nil {
		return err
	}
	if back != "" {
		return v.to(back)
	}
	var bad *forms.Invalid
	if !errors.As(err, &bad) {
		page.Errors = append(page.Errors, faultProblem(f))
		return v.showAs(f.Status, page)
	}
	for _, b := range bad.Shown() {
		var said text.Text
		switch b.Field {
		case "clauses_told":
			said = text2("特記事項を作業者に周知したことを申告してください。", "Declare that the engineers know the special clauses.")
		case "recording_told":
			said = text2("記録と立会いを作業者に伝えたことを申告してください。", "Declare that the engineers know that they are recorded and watched.")
		default:
			return v.to(page.Edit + "?check=1")
		}
		page.Wrong[b.Field] = said
		page.Errors = append(page.Errors, Problem{Field: b.Field, Text: said})
	}
	return v.showAs(f.Status, page)
}
