package pages

import (
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/registry"
	"sekimori/broker/rules"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func registryRoutes() []row {
	c := those(policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor, policy.Administrator)
	people, system := text2("職員・保守要員", "People"), text2("対象システム・接続先", "Systems & targets")
	return []row{
		get("/people", staff, people, c, levelOf(api.People), (*Pages).people).inMenu(90),
		get("/people/{id}", staff, people, c, l1, (*Pages).person),
		get("/systems", staff, system, c, levelOf(api.Systems), (*Pages).systems).inMenu(80).called("対象システム", "Systems"),
		get("/systems/{id}", staff, system, c, l1, (*Pages).system),
		get("/targets/{id}", staff, text2("接続先", "Target"), c, l1, (*Pages).target),
		get("/accounts/{id}/{login}", staff, text2("作業用アカウント", "Account"), c, l1, (*Pages).account),
	}
}

func registryPages() map[string]page {
	return map[string]page{"people": &PeoplePage{}, "person": &ThingPage{}, "systems": &SystemsPage{}}
}

// PeoplePage lists all people.
type PeoplePage struct {
	Frame
	Table   Table
	Rows    []PersonRow
	Pager   Pager
	Waiting int // changes that wait for a second person
	Add     []Link
}

// PersonRow is one person of the list.
type PersonRow struct {
	Href, ID, Name, Where string
	Kind, Roles           text.Text
	Chip                  Chip
}

func (p *Pages) people(v *visit) error {
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.People)); err != nil {
		return err
	}
	list, err := p.o.Views.People(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &PeoplePage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("職員・保守要員・保守事業者窓口", "Staff, engineers and vendor contacts"),
		Columns: []text.Text{text2("番号", "Id"), text2("氏名", "Name"), text2("区分", "Kind"), text2("所属", "Section or vendor"), text2("役割", "Roles"), text2("状態", "State")},
	}}
	if page.Waiting, err = v.waiting(); err != nil {
		return err
	}
	page.Add = v.additions(nil, registry.NewStaff, registry.NewEngineer, registry.NewContact)
	for _, one := range list.Items {
		page.Rows = append(page.Rows, PersonRow{Href: "/people/" + url.PathEscape(one.ID), ID: one.ID, Name: strings.TrimSpace(one.Title + " " + one.Name), Where: one.Section + one.Vendor,
			Kind: policy.PersonKind(one.Kind).Label(), Roles: rolesSaid(one.Roles), Chip: lockChip(one.Locked != nil)})
	}
	return v.show(page)
}

// waiting counts the changes that wait for a second person.
func (v *visit) waiting() (int, error) {
	list, err := v.p.o.Views.Changes(v.r.Context(), v.reader(), view.Page{Limit: 1})
	return list.Total, err
}

func rolesSaid(roles []string) text.Text {
	var ja, en []string
	for _, r := range roles {
		label := policy.Role(r).Label()
		ja, en = append(ja, label.JA), append(en, label.EN)
	}
	return text2(strings.Join(ja, "、"), strings.Join(en, ", "))
}

func lockChip(locked bool) Chip {
	if locked {
		return Chip{Text: text2("利用停止", "Locked"), Shape: "padlock", Kind: "stop"}
	}
	return Chip{Text: text2("利用可", "Allowed"), Shape: "check", Kind: "ok"}
}

// ThingPage is one thing of the registry: what it is, what waits for a second person, and what may be done.
type ThingPage struct {
	Frame
	Card    Card
	Line    *LinePart // of a system; nil: it has none
	Parts   []ThingPart
	Pending []ChangeRow
	Change  string // where a change is proposed; empty: the person does not propose any
	Offers  []Offer
}

// ThingPart is a table of further things, such as the accounts of a target.
type ThingPart struct {
	Table Table
	Rows  [][]ThingCell
}

// ThingCell is one cell. Its first one of a row is a heading.
type ThingCell struct {
	Text  text.Text
	Href  string
	Chip  *Chip
	Lines []string // contents of a file
}

func (p *Pages) person(v *visit) error {
	one, err := p.o.Views.Person(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := v.thing("/people/"+url.PathEscape(one.ID), text.Same(one.Name))
	page.Crumbs = []Link{{text2("職員・保守要員", "People"), "/people"}}
	state := lockChip(one.Locked != nil)
	page.State = state.Text
	page.Card = Card{Rows: facts(
		fact("番号", "Id", one.ID), fact("ログイン名", "Login", one.Login), CardRow{Label: text2("区分", "Kind"), Text: policy.PersonKind(one.Kind).Label()}, fact("職名", "Title", one.Title),
		fact("所属課", "Section", one.Section), linked("保守事業者", "Vendor", one.Vendor, "/vendors/"), CardRow{Label: text2("役割", "Roles"), Text: rolesSaid(one.Roles)},
		fact("電話", "Phone", one.Phone), fact("接続元", "Sources", strings.Join(one.Sources, ", ")), CardRow{Label: text2("状態", "State"), Chip: &state})}
	if one.Locked != nil {
		page.Card.Rows = append(page.Card.Rows, fact("停止の理由", "Locked because", one.Locked.Reason+"("+one.Locked.By+")"))
	}
	if !one.PledgeUntil.IsZero() {
		page.Card.Rows = append(page.Card.Rows, CardRow{Label: text2("誓約書の期限", "Pledge until"), Text: endDay(one.PledgeUntil, p.o.Zone)})
	}
	if len(one.Keys) > 0 {
		part := ThingPart{Table: Table{Caption: text2("SSH鍵", "SSH keys"), Columns: []text.Text{text2("指紋", "Fingerprint"), text2("名前", "Label"), text2("状態", "State"), text2("登録", "Added")}}}
		for _, k := range one.Keys {
			part.Rows = append(part.Rows, []ThingCell{{Text: text.Same(k.Fingerprint)}, {Text: text.Same(k.Label)}, {Text: keyState(k.State)}, {Text: text.Moment(k.Added)}})
		}
		page.Parts = append(page.Parts, part)
	}
	page.Offers = unlessLocked(v.offersOf(one.Offers, "/people/"+url.PathEscape(one.ID)), one.Locked)
	if issuers().Allow(v.person) {
		page.Offers = append(page.Offers, Offer{ID: "offer-enrol", Text: text2("登録コードを発行する", "Issue an enrolment code"), Href: "/people/" + url.PathEscape(one.ID) + "/enrol", Open: true})
	}
	page.Offers = append(page.Offers, v.ownOffers("/people/"+url.PathEscape(one.ID), signoutsPath)...)
	if one.Kind != string(policy.Staff) { // no one of the staff connects
		page.Offers = append(page.Offers, v.ownOffers("/people/"+url.PathEscape(one.ID), keyAddPath, keyRevokePath)...)
	}
	return v.showThing(page, "person", one.ID)
}

func keyState(s string) text.Text {
	switch s {
	case "active":
		return text2("有効", "active")
	case "suspended":
		return text2("停止", "suspended")
	}
	return text2("失効", "revoked")
}

// thing begins the page of one thing.
func (v *visit) thing(base string, title text.Text) *ThingPage {
	page := &ThingPage{Frame: v.frame()}
	page.Title = title
	if v.r.URL.Query().Get("done") == "changed" {
		page.Done = text2("変更しました。", "Changed.")
	}
	if policy.MayProposeChange(v.person) {
		page.Change = base + "/change"
	}
	return page
}

// showThing adds the changes that wait, and shows the page.
func (v *visit) showThing(page *ThingPage, kind, id string) error {
	list, err := v.p.o.Views.Changes(v.r.Context(), v.reader(), view.Page{})
	if err != nil {
		return err
	}
	for _, c := range list.Items {
		for _, one := range c.Changes {
			if one.Kind == kind && one.ID == id {
				page.Pending = append(page.Pending, v.changeRow(c))
				break
			}
		}
	}
	return v.show(page)
}

func fact(ja, en, value string) CardRow { return CardRow{Label: text2(ja, en), Text: text.Same(value)} }

func linked(ja, en, id, base string) CardRow {
	row := fact(ja, en, id)
	if id != "" {
		row.Href = base + url.PathEscape(id)
	}
	return row
}

// facts are the rows that have a value.
func facts(rows ...CardRow) []CardRow {
	var out []CardRow
	for _, r := range rows {
		if r.Chip != nil || r.Span != nil || !r.Text.IsZero() {
			out = append(out, r)
		}
	}
	return out
}

// SystemsPage lists the systems.
type SystemsPage struct {
	Frame
	Table   Table
	Rows    []SystemRow
	Pager   Pager
	Waiting int
	Add     []Link
}

// SystemRow is one system of the list.
type SystemRow struct {
	Href, ID, Name, Section string
	Attendance              text.Text
	Second                  bool
	Personal                bool
}

func (p *Pages) systems(v *visit) error {
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Systems)); err != nil {
		return err
	}
	list, err := p.o.Views.Systems(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &SystemsPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("対象システム", "Systems"),
		Columns: []text.Text{text2("番号", "Id"), text2("名前", "Name"), text2("所管課", "Section"), text2("立会い", "Attendance"), text2("第二承認", "Second approval"), text2("個人情報", "Personal data")},
	}}
	if page.Waiting, err = v.waiting(); err != nil {
		return err
	}
	page.Add = v.additions(nil, registry.NewSystem, registry.NewTarget, registry.NewAccount)
	for _, s := range list.Items {
		page.Rows = append(page.Rows, SystemRow{Href: "/systems/" + url.PathEscape(s.ID), ID: s.ID, Name: s.Name, Section: s.Section, Attendance: s.AttendanceRule().Label(), Second: s.SecondStage, Personal: s.PersonalData})
	}
	return v.show(page)
}

func (p *Pages) system(v *visit) error {
	s, err := p.o.Views.System(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := v.thing("/systems/"+url.PathEscape(s.ID), text.Same(s.Name))
	page.Crumbs = []Link{{text2("対象システム・接続先", "Systems & targets"), "/systems"}}
	page.Card = Card{Title: text2("運用の決まり", "Rules"), Rows: []CardRow{fact("番号", "Id", s.ID)}}
	for _, f := range rules.Fields {
		if said := f.Say(&s.System, v.lang); said != "" {
			page.Card.Rows = append(page.Card.Rows, CardRow{Label: f.Label, Text: text.Same(said)})
		}
	}
	if s.Line != policy.LineNone {
		l, err := p.o.Views.LineNow(v.r.Context(), v.reader(), s.ID)
		if err != nil {
			return err
		}
		page.Line, page.Offers = v.linePart(&l), v.offersOf(l.Offers, "/lines/"+url.PathEscape(s.ID))
	}
	targets, accounts, err := v.targetsOf(s.ID)
	if err != nil {
		return err
	}
	part := ThingPart{Table: Table{Caption: text2("接続先と作業用アカウント", "Targets and accounts"), Columns: []text.Text{text2("接続先", "Target"), text2("ホスト", "Host"), text2("作業用アカウント", "Account"), text2("備考", "Note")}}}
	for _, t := range targets {
		host := t.Host + ":" + itoa(t.Port)
		first := true
		for _, a := range accounts {
			if a.Target != t.ID {
				continue
			}
			part.Rows = append(part.Rows, []ThingCell{{Text: text.Same(t.ID), Href: "/targets/" + url.PathEscape(t.ID)}, {Text: text.Same(host)}, {Text: accountSaid(a), Href: accountPage(a)}, {Text: text.Same(a.Note)}})
			first = false
		}
		if first {
			part.Rows = append(part.Rows, []ThingCell{{Text: text.Same(t.ID), Href: "/targets/" + url.PathEscape(t.ID)}, {Text: text.Same(host)}, {Text: text2("なし", "none")}, {}})
		}
	}
	if len(part.Rows) > 0 {
		page.Parts = append(page.Parts, part)
	}
	return v.showThing(page, "system", s.ID)
}

// targetsOf reads the targets of a system and their accounts.
func (v *visit) targetsOf(system string) (targets []api.Target, accounts []api.Account, err error) {
	all, err := allOf(func(p view.Page) (api.List[api.Target], error) {
		return v.p.o.Views.Targets(v.r.Context(), v.reader(), p)
	})
	if err != nil {
		return nil, nil, err
	}
	for _, t := range all {
		if t.System == system {
			targets = append(targets, t)
		}
	}
	accounts, err = allOf(func(p view.Page) (api.List[api.Account], error) {
		return v.p.o.Views.Accounts(v.r.Context(), v.reader(), p)
	})
	return targets, accounts, err
}

// allOf reads every page of a list that is read whole anyway.
func allOf[T any](read func(view.Page) (api.List[T], error)) (all []T, err error) {
	p := view.Page{Limit: 1000}
	for {
		list, err := read(p)
		if err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
		if p.Next = list.Next; p.Next == "" {
			return all, nil
		}
	}
}

func accountSaid(a api.Account) text.Text {
	if a.Root {
		return text2(a.Login+"(管理者権限)", a.Login+" (administrator)")
	}
	return text.Same(a.Login)
}

func accountPage(a api.Account) string {
	return "/accounts/" + url.PathEscape(a.Target) + "/" + url.PathEscape(a.Login)
}
