package pages

import (
	"fmt"
	"net/http"
	"net/url"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

func permitRoutes() []row {
	lookers := requestLookers()
	lookers.Roles = append(lookers.Roles, policy.PermitOfficer)
	list, one, ask := text2("包括許可", "Standing permits"), text2("包括許可の内容", "Standing permit"), text2("包括許可の申請", "Apply for a standing permit")
	askers := those(policy.Requester, policy.Approver)
	return []row{
		get("/permits", staff, list, lookers, levelOf(api.Permits), (*Pages).permitList).inMenu(75),
		get("/permits/new", staff, ask, askers, l0, (*Pages).permitForm),
		post("/permits/new", staff, ask, askers, l0, (*Pages).permitAsk),
		get("/permits/{id}", staff, one, lookers, l0, (*Pages).permitPage),
		get("/v/permits", portal, list, vendors(), l0, (*Pages).permitList),
		get("/v/permits/{id}", portal, one, vendors(), l0, (*Pages).permitPage),
	}
}

func permitPages() map[string]page {
	return map[string]page{"permits": &PermitsPage{}, "permit": &PermitPage{}, "permitask": &PermitForm{}}
}

// PermitsPage lists standing permits.
type PermitsPage struct {
	Frame
	May   bool // apply for one
	Table Table
	Rows  []PermitRow
	Pager Pager
}

// PermitRow is one permit of the list.
type PermitRow struct {
	ID, Href       string
	Chip           Chip
	Vendor, System string
	Span           Span
	Purpose        string
}

func (p *Pages) permitList(v *visit) error {
	list, err := p.o.Views.Permits(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &PermitsPage{Frame: v.frame(), May: v.site == staff && policy.MayAskPermits(v.person).Allow, Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("包括許可(許可待ちを先に、新しい順)", "Standing permits, those that await a decision first, then the newest"),
		Columns: []text.Text{text2("番号", "Number"), text2("状態", "State"), text2("保守事業者", "Vendor"), text2("対象システム", "System"), text2("期間", "Period"), text2("目的", "Purpose")},
	}}
	var ids []string
	for _, one := range list.Items {
		ids = append(ids, one.Vendor, one.System)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, one := range list.Items {
		page.Rows = append(page.Rows, PermitRow{ID: one.ID, Href: v.root() + "/permits/" + url.PathEscape(one.ID), Chip: permitChip(one), Vendor: names(one.Vendor),
			System: names(one.System), Span: days(one.From, one.Until, p.o.Zone), Purpose: text.OneLine(one.Purpose, 60)})
	}
	return v.show(page)
}

// permitChip is the state of a permit; a granted one outside its period says so.
func permitChip(p api.Permit) Chip {
	state := policy.PermitState(p.State)
	said := state.Label()
	switch state {
	case policy.PermitGranted:
		if p.InForce {
			return chip(said, look{"check", "ok"})
		}
		return chip(text2(said.JA+"(期間外)", said.EN+", outside its period"), look{"clock", "waiting"})
	case policy.PermitAsked:
		return chip(said, look{"clock", "waiting"})
	case policy.PermitRefused:
		return chip(said, look{"octagon", "stop"})
	}
	return chip(said, look{"dash", "waiting"})
}

// PermitPage is one permit with what may be done.
type PermitPage struct {
	Frame
	Card   Card
	Offers []Offer
}

func (p *Pages) permitPage(v *visit) error {
	one, err := p.o.Views.Permit(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	card, err := v.permitCard(one)
	if err != nil {
		return err
	}
	page := &PermitPage{Frame: v.frame(), Card: card, Offers: v.offersOf(one.Offers, v.root()+"/permits/"+url.PathEscape(one.ID))}
	page.State, page.Title = permitChip(one).Text, text2("包括許可 "+one.ID, "Standing permit "+one.ID)
	page.Crumbs = []Link{{text2("包括許可", "Standing permits"), v.root() + "/permits"}}
	return v.show(page)
}

// permitCard is the 要点 card of a permit.
func (v *visit) permitCard(one api.Permit) (Card, error) {
	names, err := v.names(one.Vendor, one.System, one.AskedBy, one.DecidedBy, one.EndedBy)
	if err != nil {
		return Card{}, err
	}
	state, period := permitChip(one), days(one.From, one.Until, v.p.o.Zone)
	rows := []CardRow{
		{Label: text2("だれが", "Who"), Text: text.Same(names(one.Vendor))},
		{Label: text2("なにに", "To what"), Text: text.Same(names(one.System))},
		{Label: text2("期間", "Period"), Span: &period},
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("目的", "Purpose"), Text: text.Same(one.Purpose)},
		{Label: text2("どの権限で", "With what rights"), Text: permitRights(one)},
		{Label: text2("時間帯", "Hours"), Text: permitHours(one)},
		{Label: text2("1回の長さ", "Length of one window"), Text: permitLongest(one)},
		{Label: text2("申請", "Asked for"), Text: text2(names(one.AskedBy)+" "+text.Moment(one.AskedAt.In(v.p.o.Zone)).JA, names(one.AskedBy)+" "+text.Moment(one.AskedAt.In(v.p.o.Zone)).EN)},
	}
	if one.DecidedBy != "" {
		rows = append(rows, CardRow{Label: text2("決定", "Decided"), Text: text2(names(one.DecidedBy)+" "+text.Moment(one.DecidedAt.In(v.p.o.Zone)).JA+" "+one.Reason,
			names(one.DecidedBy)+" "+text.Moment(one.DecidedAt.In(v.p.o.Zone)).EN+" "+one.Reason)})
	}
	if one.EndedBy != "" {
		rows = append(rows, CardRow{Label: text2("取消し", "Withdrawn"), Text: text2(names(one.EndedBy)+" "+text.Moment(one.EndedAt.In(v.p.o.Zone)).JA+" "+one.EndedWhy,
			names(one.EndedBy)+" "+text.Moment(one.EndedAt.In(v.p.o.Zone)).EN+" "+one.EndedWhy)})
	}
	return Card{Rows: rows}, nil
}

func permitRights(one api.Permit) text.Text {
	out := text2("システムのすべての作業用アカウント", "every account of the system")
	if len(one.Accounts) > 0 {
		out = text.Same(joined(one.Accounts))
	}
	for _, more := range []struct {
		set    bool
		ja, en string
	}{{one.Root, "、管理者権限も", ", root-equivalent accounts too"}, {one.Files, "、ファイル授受も", ", file exchange too"}, {!one.Files, "、ファイル授受なし", ", no file exchange"}} {
		if more.set {
			out.JA, out.EN = out.JA+more.ja, out.EN+more.en
		}
	}
	return out
}

func permitHours(one api.Permit) text.Text {
	switch {
	case one.OfficeHours && one.Hours != "":
		return text2("開庁時間内、"+one.Hours, "office hours, "+one.Hours)
	case one.OfficeHours:
		return text2("開庁時間内", "office hours")
	case one.Hours != "":
		return text.Same(one.Hours)
	}
	return text2("終日", "all day")
}

func permitLongest(one api.Permit) text.Text {
	if one.Longest == "" {
		return text2("システムの上限まで", "up to the system's limit")
	}
	return text2(one.Longest+" まで", "up to "+one.Longest)
}

// PermitForm is the application for a permit.
type PermitForm struct {
	Frame
	Fields []Field
}

func (p *Pages) permitForm(v *visit) error {
	page, err := v.permitFormPage(nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

func (p *Pages) permitAsk(v *visit) error {
	return v.makes(p.deeds[string(api.Permits)], func(made any) string {
		one, ok := made.(store.Permit)
		if !ok {
			return ""
		}
		return withDone("/permits/"+url.PathEscape(one.ID), "ask")
	}, func(f *api.Fault) (page, error) { return v.permitFormPage(f) })
}

// permitFormPage is the form, with the vendors and the section's systems to choose from.
func (v *visit) permitFormPage(f *api.Fault) (*PermitForm, error) {
	page := &PermitForm{Frame: v.frame()}
	page.Crumbs = []Link{{text2("包括許可", "Standing permits"), "/permits"}}
	var err error
	page.Fields, page.Errors, err = v.workFields(v.p.deeds[string(api.Permits)], f, policy.MayAskPermit, map[string]string{"from": "date", "until": "date", "purpose": "textarea"})
	return page, err
}

// makes does an act that makes something, and leads to what leads names: the address of the thing made, or nothing where it is none. Where the
// act is refused for its fields, it shows the form again with the problems.
func (v *visit) makes(d deed, leads func(made any) string, again func(*api.Fault) (page, error)) error {
	if err := v.readForm(); err != nil {
		return err
	}
	made, err := v.doing(d, "")
	if err == nil {
		at := leads(made)
		if at == "" {
			return fmt.Errorf("the act gave a %T, which has no page", made)
		}
		return v.to(at)
	}
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError || f.Code == string(policy.Forbidden) {
		return err
	}
	page, err := again(f)
	if err != nil {
		return err
	}
	return v.showAs(f.Status, page)
}

// workFields are the fields of an act about work on a system, with the vendors to choose from and the systems for which a rule lets the person in.
// controls names fields that are no plain line. f says what was wrong; nil: nothing was sent yet.
func (v *visit) workFields(d deed, f *api.Fault, may func(policy.Person, policy.System) policy.Decision, controls map[string]string) ([]Field, []Problem, error) {
	var problems []Problem
	wrong := map[string]text.Text{}
	if f != nil {
		problems, wrong = problemsOf(d, f)
	}
	fields := fieldsOf(d.Fields.Flags(), v.given, wrong)
	vendors, systems, err := v.vendorsAndSystems(may)
	for i := range fields {
		one := &fields[i]
		switch control, named := controls[one.Key]; {
		case one.Key == "vendor":
			selectOf(one, vendors)
		case one.Key == "system":
			selectOf(one, systems)
		case named:
			one.Control = control
		}
	}
	return fields, problems, err
}

// vendorsAndSystems are the vendors, and the systems for which a rule lets the person in, to choose from.
func (v *visit) vendorsAndSystems(may func(policy.Person, policy.System) policy.Decision) (vendors, systems []Choice, err error) {
	err = v.p.o.DB.Read(v.r.Context(), func(s *store.Snap) error {
		all, err := s.Vendors()
		if err != nil {
			return fmt.Errorf("read vendors: %w", err)
		}
		for _, one := range all {
			vendors = append(vendors, Choice{Word: one.ID, Text: text.Same(one.Name)})
		}
		places, err := s.Systems()
		for _, one := range places {
			if may(v.person, one.System).Allow {
				systems = append(systems, Choice{Word: one.ID, Text: text.Same(one.Name)})
			}
		}
		return err
	})
	return vendors, systems, err
}

// selectOf makes a field a choice of these, with nothing chosen at first.
func selectOf(f *Field, choices []Choice) {
	f.Control, f.Choices = "select", []Choice{{Text: text2("選んでください", "choose")}}
	for _, c := range choices {
		c.Set = c.Word == f.Value
		f.Choices = append(f.Choices, c)
	}
}
