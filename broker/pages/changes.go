package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func changeRoutes() []row {
	readers := those(policy.InformationSystems, policy.Administrator)
	writers, confirmers := those(policy.Administrator), those(policy.InformationSystems)
	list, change, propose := text2("登録の変更の確認待ち", "Changes that wait"), text2("登録の変更", "Change of the registry"), text2("変更の提案", "Propose a change")
	out := []row{
		get("/changes", staff, list, readers, levelOf(api.Changes), (*Pages).changes).inMenu(95).called("登録の変更", "Changes"),
		get("/changes/{no}", staff, change, readers, levelOf(api.Changes), (*Pages).change),
		post("/changes/{no}/confirm", staff, change, confirmers, l0, (*Pages).confirmChange),
		post("/changes/{no}/drop", staff, change, readers, l0, (*Pages).dropChange),
	}
	for _, one := range []struct{ path, kind string }{{"/people/{id}", "person"}, {"/systems/{id}", "system"}, {"/targets/{id}", "target"}, {"/accounts/{id}/{login}", "account"}} {
		form := func(p *Pages, v *visit) error { return p.proposeForm(v, one.kind) }
		do := func(p *Pages, v *visit) error { return p.propose(v, one.kind) }
		out = append(out, get(one.path+"/change", staff, propose, writers, l1, form), post(one.path+"/change", staff, propose, writers, l0, do))
	}
	return out
}

func changePages() map[string]page {
	return map[string]page{"changes": &ChangesPage{}, "change": &ChangePage{}, "propose": &ProposePage{}}
}

// ChangesPage lists the changes that wait for a second person.
type ChangesPage struct {
	Frame
	Table Table
	Rows  []ChangeRow
	Pager Pager
	File  string // where a registry file is proposed; empty: the person proposes none
}

// ChangeRow is one change of the list.
type ChangeRow struct {
	No, Href, By string
	At           Moment
	About        string
}

func (v *visit) changeRow(c api.PendingChange) ChangeRow {
	return ChangeRow{No: c.No, Href: "/changes/" + url.PathEscape(c.No), By: c.By, At: moment(c.At, v.p.o.Zone), About: strings.Join(c.Subjects, ", ")}
}

func (p *Pages) changes(v *visit) error {
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Changes)); err != nil {
		return err
	}
	list, err := p.o.Views.Changes(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &ChangesPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("二人目(情報システム課)の確認を待つ変更", "Changes that wait for a second person of the information-systems section"),
		Columns: []text.Text{text2("番号", "Change"), text2("対象", "About"), text2("提案者", "Proposed by"), text2("日時", "When")},
	}}
	for _, c := range list.Items {
		page.Rows = append(page.Rows, v.changeRow(c))
	}
	if policy.MayProposeChange(v.person) {
		page.File = registryFile.at
	}
	switch v.r.URL.Query().Get("done") {
	case "confirmed":
		page.Done = text2("変更を確認しました。効力があります。", "The change is confirmed and in force.")
	case "dropped":
		page.Done = text2("変更を取り下げました。", "The change is dropped.")
	}
	return v.show(page)
}

// ChangePage is one change, field by field, for its second person.
type ChangePage struct {
	Frame
	No       string
	Row      ChangeRow
	Table    Table
	Fields   []ChangedRow
	Keys     []string
	Suspends []string
	Own      bool // the person proposed it: another one must confirm
	May      bool // the person is of those who confirm
	Reason   Field
}

// ChangedRow is one property before and after.
type ChangedRow struct {
	What, Name string
	From, To   string
}

func (p *Pages) change(v *visit) error {
	page, err := v.changePage()
	if err != nil {
		return err
	}
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Changes)); err != nil { // the page shows one line of the list
		return err
	}
	if v.r.URL.Query().Get("done") == "proposed" {
		page.Done = text2("提案しました。情報システム課のもう一人が確認すると効力をもちます。", "Proposed. It takes effect once another person of the information-systems section confirms it.")
	}
	return v.show(page)
}

func (v *visit) changePage() (*ChangePage, error) {
	no := v.r.PathValue("no")
	all, err := allOf(func(p view.Page) (api.List[api.PendingChange], error) {
		return v.p.o.Views.Changes(v.r.Context(), v.reader(), p)
	})
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.No != no {
			continue
		}
		page := &ChangePage{Frame: v.frame(), No: no, Row: v.changeRow(c), Keys: c.Keys, Suspends: c.Suspends, Own: c.By == v.person.ID, May: policy.MayConfirmChange(v.person),
			Table:  Table{Caption: text2("変わること", "What changes"), Columns: []text.Text{text2("対象", "Thing"), text2("項目", "Field"), text2("いま", "Now"), text2("変更後", "Afterwards")}},
			Reason: Field{Key: "reason", Label: text2("取り下げる理由", "Why it is dropped"), Control: "text", Value: v.r.PostFormValue("reason")}}
		page.Title = text2("登録の変更 "+no, "Change "+no)
		page.Crumbs = []Link{{text2("登録の変更の確認待ち", "Changes that wait"), "/changes"}}
		for _, one := range c.Changes {
			for _, f := range one.Fields {
				page.Fields = append(page.Fields, ChangedRow{What: one.Kind + " " + one.ID, Name: fieldSaid(one.Kind, f.Name, v.lang), From: f.From, To: f.To})
			}
		}
		return page, nil
	}
	return nil, store.ErrNotFound
}

// fieldSaid is the name of a changed property for people.
func fieldSaid(kind, name, lang string) string {
	if label, ok := registry.FieldLabel(kind, name); ok {
		return label.In(lang)
	}
	return name
}

// confirmChange puts a change into force, by its second person. The proof is asked for each time.
func (p *Pages) confirmChange(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	no, by := v.r.PathValue("no"), v.caller()
	if by.Password == "" || by.Code == "" {
		return v.changeWrong(fault.ProofNeeded())
	}
	if err := p.o.Registry.Fresh(v.r.Context(), v.person.ID, by.Password, by.Code, by.Source); err != nil {
		return v.changeWrong(v.refused(err, no))
	}
	done, err := p.o.Registry.Confirm(v.r.Context(), no, by.Actor)
	if err != nil {
		return v.changeWrong(v.refused(err, no))
	}
	if done.Enrolled != "" { // their credentials changed hands: what runs under the old ones ends
		p.o.Sessions.EndPerson(done.Enrolled, "", policy.CutByAuthority, by.Actor, "the credentials are suspended for a new enrolment")
	}
	return v.to("/changes?done=confirmed")
}

func (p *Pages) dropChange(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	no := v.r.PathValue("no")
	if err := p.o.Registry.Discard(v.r.Context(), no, v.r.PostFormValue("reason"), v.caller().Actor); err != nil {
		return v.changeWrong(v.refused(err, no))
	}
	return v.to("/changes?done=dropped")
}

// changeWrong shows the change again with what is wrong.
func (v *visit) changeWrong(err error) error {
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound {
		return err
	}
	page, again := v.changePage()
	if again != nil {
		return err
	}
	var bad *forms.Invalid
	if errors.As(err, &bad) {
		for _, b := range bad.Shown() {
			said := text2(b.JA, b.EN)
			if b.Field == page.Reason.Key {
				page.Reason.Error = said
			}
			page.Errors = append(page.Errors, Problem{Field: b.Field, Text: said})
		}
	} else {
		page.Errors = append(page.Errors, faultProblem(f))
	}
	return v.showAs(f.Status, page)
}

// ProposePage is the form of a change of one thing.
type ProposePage struct {
	Frame
	Action string
	Back   string
	Thing  text.Text
	Fields []Field
	Roles  *Group
	Plan   []ChangedRow // what the change would do; nil: not asked yet
	Waits  bool         // it would wait for a second person
	New    bool         // it is no change: the thing is added
}

// thingPages are the pages of the kinds.
func (v *visit) thingID(kind string) (id, page string) {
	id = v.r.PathValue("id")
	switch kind {
	case "person":
		return id, "/people/" + url.PathEscape(id)
	case "system":
		return id, "/systems/" + url.PathEscape(id)
	case "target":
		return id, "/targets/" + url.PathEscape(id)
	}
	login := v.r.PathValue("login")
	return id + "/" + login, "/accounts/" + url.PathEscape(id) + "/" + url.PathEscape(login)
}

// lookedAt ledgers a look at a thing of the registry (L1), as its own page does.
func (v *visit) lookedAt(kind string) (err error) {
	ctx, views, by := v.r.Context(), v.p.o.Views, v.reader()
	id, _ := v.thingID(kind)
	switch kind {
	case "person":
		_, err = views.Person(ctx, by, id)
	case "system":
		_, err = views.System(ctx, by, id)
	case "target":
		_, err = views.Target(ctx, by, id)
	default:
		_, err = views.Account(ctx, by, id)
	}
	return err
}

func (p *Pages) proposeForm(v *visit, kind string) error {
	if err := v.lookedAt(kind); err != nil { // the form shows what the thing's own page shows
		return err
	}
	page, err := v.proposePage(kind, nil, nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

// proposable are the roles that a form can give. That of the information-systems section follows from the section.
var proposable = []policy.Role{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.Administrator, policy.PermitOfficer}

func (v *visit) proposePage(kind string, typed url.Values, wrong map[string]text.Text) (*ProposePage, error) {
	id, back := v.thingID(kind)
	sheet, err := v.p.o.Registry.Draw(v.r.Context(), kind, id)
	if err != nil {
		return nil, err
	}
	page := &ProposePage{Frame: v.frame(), Action: back + "/change", Back: back, Thing: text.Same(id)}
	page.Crumbs = []Link{{text.Same(id), back}}
	value := func(key string) []string {
		if typed != nil {
			return typed[key]
		}
		return sheet.Values[key]
	}
	var flags []field.Flag
	for _, f := range sheet.Fields {
		if f.Key == "roles" {
			page.Roles = rolesGroup(f.Label, value("roles"), wrong["roles"])
			continue
		}
		flags = append(flags, f)
	}
	page.Fields = fieldsOf(flags, value, wrong)
	for i := range page.Fields {
		if sheet.Guards[page.Fields[i].Key] && page.Fields[i].Hint.IsZero() {
			page.Fields[i].Hint = text2("変えると二人目の確認が要ります", "a change waits for a second person")
		}
	}
	return page, nil
}

// propose shows what a change would do, or proposes it.
func (p *Pages) propose(v *visit, kind string) error {
	if err := v.readForm(); err != nil {
		return err
	}
	id, back := v.thingID(kind)
	sheet, err := p.o.Registry.Draw(v.r.Context(), kind, id)
	if err != nil {
		return err
	}
	typed := url.Values(v.formValuesOf(sheet.Fields))
	dry := v.r.PostFormValue("go") != "propose"
	plan, err := p.o.Registry.Redraw(v.r.Context(), kind, id, typed, v.caller().Actor, dry)
	if err != nil {
		return v.proposeWrong(err, kind, typed)
	}
	if !dry {
		if plan.Pending != "" {
			return v.to("/changes/" + url.PathEscape(plan.Pending) + "?done=proposed")
		}
		return v.to(back + "?done=changed")
	}
	page, err := v.proposePage(kind, typed, nil)
	if err != nil {
		return err
	}
	page.Plan = []ChangedRow{}
	for _, c := range plan.Changes {
		page.Waits = page.Waits || c.Pending
		for _, f := range c.Fields {
			page.Plan = append(page.Plan, ChangedRow{What: c.Kind + " " + c.ID, Name: fieldSaid(c.Kind, f.Name, v.lang), From: f.From, To: f.To})
		}
	}
	return v.show(page)
}

func (v *visit) proposeWrong(err error, kind string, typed url.Values) error {
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound {
		return err
	}
	var bad *forms.Invalid
	if !errors.As(err, &bad) {
		return v.refused(err)
	}
	wrong := map[string]text.Text{}
	for _, b := range bad.Shown() {
		if _, told := wrong[b.Field]; !told {
			wrong[b.Field] = text2(b.JA, b.EN)
		}
	}
	page, again := v.proposePage(kind, typed, wrong)
	if again != nil {
		return err
	}
	for _, b := range bad.Shown() {
		said := text2(b.JA, b.EN)
		if label, ok := registry.FieldLabel(kind, b.Field); ok {
			said = text2(label.JA+": "+said.JA, label.EN+": "+said.EN)
		}
		page.Errors = append(page.Errors, Problem{Field: b.Field, Text: said})
	}
	return v.showAs(f.Status, page)
}
