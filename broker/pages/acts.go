package pages

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/announcement"
	"sekimori/broker/annual"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/correction"
	"sekimori/broker/fault"
	"sekimori/broker/field"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/lateentry"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/policy/text"
)

// deed is an act with the service that does it, as the pages call it.
type deed struct {
	act.Spec
	body func() any
	call func(ctx context.Context, id string, body any, by act.Caller) (any, error)
}

// deedsOf are the acts by their paths. A package that mounts acts is named here and in actSpecs.
func deedsOf(o Options) map[string]deed {
	return byPath(deeds(o.Desk, requests.Acts()), deeds(o.Attendance, attendance.Acts()), deeds(o.Freezer, freeze.Acts()), deeds(o.Papers, papers.Acts()), deeds(o.Reports, reports.Acts()),
		deeds(o.Permits, permits.Acts()), deeds(o.Roster, roster.Acts()), deeds(o.Reviews, review.Acts()), deeds(o.Days, confirmation.Acts()), deeds(correction.New(o.Acts), correction.Acts()), deeds(announcement.New(o.Acts), announcement.Acts()), deeds(annual.New(o.DB, o.Acts), annual.Acts()), deeds(o.Lines, interlock.Acts()), deeds(o.Targets, accounts.Acts()), deeds(o.Reconcile, reconcile.Acts()), deeds(o.Files, files.Acts()), deeds(o.Sealing, sealing.Acts()), deeds(lateentry.New(o.Acts), lateentry.Acts()))
}

// actSpecs are the same acts without a running broker, for the table of rows.
func actSpecs() []act.Spec {
	return slices.Concat(act.Specs(requests.Acts()), act.Specs(attendance.Acts()), act.Specs(freeze.Acts()), act.Specs(papers.Acts()), act.Specs(reports.Acts()),
		act.Specs(permits.Acts()), act.Specs(roster.Acts()), act.Specs(review.Acts()), act.Specs(confirmation.Acts()), act.Specs(correction.Acts()), act.Specs(announcement.Acts()), act.Specs(annual.Acts()), act.Specs(interlock.Acts()), act.Specs(accounts.Acts()), act.Specs(reconcile.Acts()), act.Specs(files.Acts()), act.Specs(sealing.Acts()), act.Specs(lateentry.Acts()))
}

func byPath(lists ...[]deed) map[string]deed {
	out := map[string]deed{}
	for _, d := range slices.Concat(lists...) {
		out[d.Path] = d
	}
	return out
}

func deeds[S any](service S, mounts []act.Mount[S]) []deed {
	var out []deed
	for _, m := range mounts {
		out = append(out, deed{m.Spec, m.Body, func(ctx context.Context, id string, body any, by act.Caller) (any, error) {
			return m.Call(ctx, service, id, body, by)
		}})
	}
	return out
}

// actRows are a form and its posting for each act on a subject: the act's path without /v1, and behind /v for people of vendors.
func actRows() []row {
	var out []row
	for _, s := range actSpecs() {
		if s.Parameter() == "" || ownPage[s.Path] {
			continue
		}
		title, who := actNameOf(s.Name, s.Command), callers{Callers: s.Callers}
		form := func(p *Pages, v *visit) error { return p.actForm(v, s.Path) }
		do := func(p *Pages, v *visit) error { return p.act(v, s.Path) }
		path := pagePath(s.Path)
		l := lookOf(s.Path)
		out = append(out, get(path, staff, title, who, l, form), post(path, staff, title, who, l, do))
		if s.Callers.Everyone || s.Callers.Vendors {
			out = append(out, get("/v"+path, portal, title, who, l, form), post("/v"+path, portal, title, who, l, do))
		}
	}
	return out
}

// lookOf is the level of an act's form: its card is a look at the subject, which some views ledger.
func lookOf(apiPath string) level {
	for _, kind := range []string{string(api.Requests), string(api.Sessions), string(api.People), string(api.Vendors), string(api.Freezes), string(api.Reviews), string(api.Days), string(api.LedgerEntries), string(api.Lines), string(api.Targets), string(api.Files),
		string(api.Reconciliations), string(api.UnknownLogins), string(api.LateEntries)} {
		if strings.HasPrefix(apiPath, kind+"/") {
			return l1
		}
	}
	return l0
}

// ownPage are the acts whose form is a page of its own: their fields are not in the act's table.
var ownPage = map[string]bool{
	api.Requests.Pattern("no", "approve"): true, api.Requests.Pattern("no", "note"): true,
	api.Drafts.Pattern("id", "save"): true, api.Drafts.Pattern("id", "submit"): true,
	api.Vendors.Pattern("id", "roster"): true,
}

// pagePath is the page's path of a path of the API.
func pagePath(apiPath string) string { return strings.TrimPrefix(apiPath, api.Root) }

// ActPage is the form of one act.
type ActPage struct {
	Frame
	Card     Card
	About    text.Text // one sentence on what the act does
	Action   string
	Fields   []Field
	Proof    bool // password and code are asked for
	ProofMay bool // they may be needed: a kept proof may stand in for them
	Danger   bool
	Back     string
	Closed   text.Text // why the act is not open; empty: it is
}

func actPages() map[string]page { return map[string]page{"act": &ActPage{}} }

// actForm shows the form.
func (p *Pages) actForm(v *visit, path string) error {
	d := p.deeds[path]
	page, err := v.actPage(d, nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

// act does the act. A mistake shows the form again with what was typed, except password and code.
func (p *Pages) act(v *visit, path string) error {
	if err := v.readForm(); err != nil {
		return err
	}
	d := p.deeds[path]
	id := v.r.PathValue(d.Parameter())
	err := v.run(d, id)
	if err == nil {
		if dangerous[d.Name] {
			v.settled(id)
		}
		return v.to(withDone(local(v.r.PostFormValue("back"), v.subjectPage(d, id)), actKey(d.Name, d.Command)))
	}
	f := v.mistakes(d, err)
	if f == nil {
		return err
	}
	if console, ok := v.consoleAfter(d, id, f); ok {
		return v.showAs(f.Status, console)
	}
	page, formErr := v.actPage(d, f)
	if formErr != nil { // the subject cannot be shown to this person: the refusal can
		return err
	}
	return v.showAs(f.Status, page)
}

// mistakes are what a form shows after an act that failed; nil: the thing is not there, and no form can be shown.
func (v *visit) mistakes(d deed, err error) *api.Fault {
	f := fault.Of(err)
	if ofVendor(v.person) {
		f = fault.WithoutTelling(f)
	}
	if f.Status == http.StatusNotFound {
		return nil
	}
	if f.Status >= http.StatusInternalServerError {
		v.p.o.Log.Error("act_failed", "act", d.Path, "person", v.person.ID, "reference", v.reference(), "error", err)
		f = &api.Fault{Status: f.Status, JA: "処理できませんでした。入力は保存してあります。参照番号 " + v.reference() + " を情報システム課へ", EN: "Could not complete; your input is kept. Ref " + v.reference()}
	}
	return f
}

// run reads the form by the act's table and calls it.
func (v *visit) run(d deed, id string) error {
	_, err := v.doing(d, id)
	return err
}

// doing is run with the result of the act.
func (v *visit) doing(d deed, id string) (any, error) {
	body := d.body()
	raw := json.RawMessage(`{}`)
	if d.Fields != nil {
		var err error
		if raw, err = d.Fields.Body(v.formValues(d), v.p.o.Zone); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(raw, body); err != nil {
		return nil, fmt.Errorf("body of %s: %w", d.Path, err)
	}
	return d.call(v.r.Context(), id, body, v.caller())
}

// formValues are the posted values of the act's fields: empty ones are left out, and a list has one a line.
func (v *visit) formValues(d deed) map[string][]string { return v.formValuesOf(d.Fields.Flags()) }

func (v *visit) formValuesOf(flags []field.Flag) map[string][]string {
	out := map[string][]string{}
	for _, f := range flags {
		var some []string
		for _, value := range v.r.PostForm[f.Key] {
			value = strings.ReplaceAll(value, "\r\n", "\n")
			if f.Kind == wordsKind {
				for line := range strings.Lines(value) {
					if line = strings.TrimSpace(line); line != "" {
						some = append(some, line)
					}
				}
			} else if strings.TrimSpace(value) != "" {
				some = append(some, value)
			}
		}
		if len(some) > 0 {
			out[f.Key] = some
		}
	}
	return out
}

// actPage makes the form of an act, after a fault with its mistakes.
func (v *visit) actPage(d deed, f *api.Fault) (*ActPage, error) {
	id := v.r.PathValue(d.Parameter())
	card, offers, err := v.subject(d, id)
	if err != nil {
		return nil, err
	}
	page := &ActPage{
		Frame: v.frame(), Card: card, About: text2(d.JA, d.EN), Action: v.r.URL.Path, Proof: d.Proof == act.EachTime, ProofMay: d.Proof != act.NoProof,
		Danger: dangerous[d.Name], Back: local(v.r.FormValue("back"), v.subjectPage(d, id)),
	}
	for _, o := range offers {
		if o.Act == d.Name && !o.Open {
			page.Closed = closedBecause(o)
		}
	}
	wrong := map[string]text.Text{}
	if f != nil {
		page.Errors, wrong = problemsOf(d, f)
	}
	if d.Fields != nil {
		page.Fields = fieldsOf(d.Fields.Flags(), func(key string) []string { return v.given(key) }, wrong)
	}
	return page, nil
}

// given is what a form held: what was posted, or what the address gives.
func (v *visit) given(key string) []string {
	if v.r.Method == http.MethodPost {
		return v.r.PostForm[key]
	}
	if v.prior != nil {
		return v.prior[key]
	}
	return v.r.URL.Query()[key]
}

// problemsOf are a fault's mistakes, each at its field where it has one.
func problemsOf(d deed, f *api.Fault) ([]Problem, map[string]text.Text) {
	if d.Fields == nil {
		return problemsIn(nil, f)
	}
	return problemsIn(d.Fields.Flags(), f)
}

// problemsIn is problemsOf for a form with these inputs.
func problemsIn(flags []field.Flag, f *api.Fault) ([]Problem, map[string]text.Text) {
	known := map[string]bool{}
	for _, flag := range flags {
		known[flag.Key] = true
	}
	wrong := map[string]text.Text{}
	var all []Problem
	for _, detail := range f.Details {
		said := text2(detail.JA, detail.EN)
		at := ""
		switch {
		case known[detail.Path]:
			at, wrong[detail.Path] = detail.Path, said
		case detail.Code == api.WrongPassword:
			at = "password"
		case detail.Code == api.WrongCode || detail.Code == api.UsedCode || detail.Code == api.ClockOff || detail.Code == api.WrongPasskey:
			at = "code"
		case detail.Code == api.DirectoryDown:
			at = "password"
		}
		all = append(all, Problem{Field: at, Text: said})
	}
	if len(all) == 0 {
		all = append(all, faultProblem(f))
	}
	return all, wrong
}

// faultProblem is a fault as one line: number, cause, next step.
func faultProblem(f *api.Fault) Problem {
	ja, en, at := f.JA, f.EN, ""
	if f.Number > 0 {
		ja, en = fmt.Sprintf("[%d] %s", f.Number, ja), fmt.Sprintf("[%d] %s", f.Number, en)
	}
	if f.Code == fault.ProofNeeded().Code {
		return Problem{Field: "password", Text: text2("パスワードと認証コードを入力してください。", "Enter password and code.")}
	}
	if f.HintJA != "" {
		ja, en = ja+"。"+f.HintJA, en+". "+f.HintEN
	}
	return Problem{Field: at, Text: text2(ja, en)}
}

// pagesOf are pages that are not called as the API calls their things.
var pagesOf = map[string]string{"/freezes/": "/incidents/", "/ledger/entries/": "/ledger/"}

// listsOf are the pages for things without a page of their own, or whose page ends with the act.
var listsOf = map[string]string{"/deputies/": "/me", "/viewing-keys/": "/viewing-keys", "/recording-access/": "/recording-access", "/drafts/": "/requests"}

// subjectPage is the page of the thing that an act is on.
func (v *visit) subjectPage(d deed, id string) string {
	prefix, _, _ := strings.Cut(pagePath(d.Path), "{")
	if prefix == "/reports/" && v.site == staff {
		return reportPath(id)
	}
	if prefix == "/reviews/" && d.Name == review.AnswerName {
		return v.root() + "/questions"
	}
	if other, ok := pagesOf[prefix]; ok {
		prefix = other
	}
	page := prefix + url.PathEscape(id)
	if list, ok := listsOf[prefix]; ok {
		page = list
	}
	if v.site == portal {
		return "/v" + page
	}
	return page
}

// subject is the card of the thing and what may be done with it. The look is the person's own: what they may not see is not found.
func (v *visit) subject(d deed, id string) (Card, []api.Offer, error) {
	switch {
	case strings.HasPrefix(d.Path, string(api.Windows)):
		w, err := v.p.o.Views.Window(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.windowCard(w)
		return card, w.Offers, err
	case strings.HasPrefix(d.Path, string(api.Requests)):
		r, err := v.p.o.Views.Request(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.requestCard(r)
		return card, r.Offers, err
	case strings.HasPrefix(d.Path, string(api.Permits)):
		one, err := v.p.o.Views.Permit(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.permitCard(one)
		return card, one.Offers, err
	case strings.HasPrefix(d.Path, string(api.LateEntries)):
		one, err := v.p.o.Views.LateEntry(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.lateCard(one)
		return card, one.Offers, err
	case strings.HasPrefix(d.Path, string(api.Files)):
		one, err := v.p.o.Views.File(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.fileCard(one)
		return card, one.Offers, err
	case d.Name == review.AnswerName && strings.HasPrefix(d.Path, string(api.Reviews)):
		q, err := v.p.o.Views.Question(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.questionCard(q)
		return card, q.Offers, err
	case strings.HasPrefix(d.Path, string(api.Findings)):
		f, err := v.p.o.Views.Finding(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.findingCard(f)
		return card, f.Offers, err
	case strings.HasPrefix(d.Path, string(api.Reviews)):
		r, err := v.p.o.Views.Review(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		names, err := v.p.o.Views.Names(v.r.Context(), idsOf(r)...)
		return v.reviewCard(r, names), r.Offers, err
	case strings.HasPrefix(d.Path, string(api.Days)):
		one, err := v.p.o.Views.Day(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		card, err := v.dayCard(one)
		return card, one.Offers, err
	case strings.HasPrefix(d.Path, string(api.Sessions)):
		s, err := v.p.o.Views.Session(v.r.Context(), v.reader(), id)
		if err != nil {
			return Card{}, nil, err
		}
		return Card{Rows: []CardRow{{Label: text2("接続番号", "Session"), Text: text.Same(s.ID)}}}, s.Offers, nil
	}
	return v.otherSubject(d, id)
}

// withDone adds to an address what was done, for the message on the page.
func withDone(path, what string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set("done", what)
	u.RawQuery = q.Encode()
	return u.String()
}
