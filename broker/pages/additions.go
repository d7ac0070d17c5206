package pages

import (
	"errors"
	"net/http"
	"net/url"

	"sekimori/broker/fault"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/registry"
	"sekimori/policy"
	"sekimori/policy/text"
)

// additionPaths are the addresses of the forms.
var additionPaths = map[registry.Addition]string{
	registry.NewStaff: "/add/staff", registry.NewSystem: "/add/system", registry.NewTarget: "/add/target", registry.NewAccount: "/add/account",
	registry.NewEngineer: "/add/engineer", registry.NewContact: "/add/contact",
}

// additionRoutes are the addresses at which something is added to the registry, and by whom. A second person confirms each addition.
func additionRoutes() []row {
	administrators := those(policy.Administrator)
	sections := those(policy.Requester, policy.InformationSystems, policy.Administrator)
	var out []row
	for n, path := range additionPaths {
		by := administrators
		if n == registry.NewEngineer || n == registry.NewContact {
			by = sections
		}
		title := additionTitle(n)
		form := func(p *Pages, v *visit) error { return p.additionForm(v, n) }
		do := func(p *Pages, v *visit) error { return p.add(v, n) }
		out = append(out, get(path, staff, title, by, l0, form), post(path, staff, title, by, l0, do))
	}
	return out
}

func additionTitle(n registry.Addition) text.Text {
	said := n.Label()
	return text2(said.JA+"を追加", "Add: "+said.EN)
}

// additions are the links to the forms that the person may open, with what the form already knows.
func (v *visit) additions(known url.Values, kinds ...registry.Addition) []Link {
	var out []Link
	for _, n := range kinds {
		if path := additionPaths[n]; v.leadsTo(path) {
			if len(known) > 0 {
				path += "?" + known.Encode()
			}
			out = append(out, Link{additionTitle(n), path})
		}
	}
	return out
}

// additionBack is the page from which something is added.
func additionBack(n registry.Addition, values url.Values) Link {
	switch n {
	case registry.NewSystem, registry.NewTarget, registry.NewAccount:
		return Link{text2("対象システム・接続先", "Systems & targets"), "/systems"}
	case registry.NewEngineer, registry.NewContact:
		if vendor := values.Get("vendor"); vendor != "" {
			return Link{text.Same(vendor), vendorPath(vendor)}
		}
		return Link{text2("保守事業者台帳", "Vendors"), "/vendors"}
	}
	return Link{text2("職員・保守要員", "People"), "/people"}
}

func (p *Pages) additionForm(v *visit, n registry.Addition) error {
	page, err := v.additionPage(n, v.r.URL.Query(), nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) additionPage(n registry.Addition, given url.Values, wrong map[string]text.Text) (*ProposePage, error) {
	sheet, err := v.p.o.Registry.Blank(n)
	if err != nil {
		return nil, err
	}
	back := additionBack(n, given)
	page := &ProposePage{Frame: v.frame(), Action: additionPaths[n], Back: back.Href, New: true}
	page.Crumbs = []Link{back}
	var flags []field.Flag
	for _, f := range sheet.Fields {
		if f.Key == "roles" {
			page.Roles = rolesGroup(f.Label, given["roles"], wrong["roles"])
			continue
		}
		flags = append(flags, f)
	}
	page.Fields = fieldsOf(flags, func(key string) []string {
		if said, ok := given[key]; ok {
			return said
		}
		return sheet.Values[key]
	}, wrong)
	return page, nil
}

func rolesGroup(label text.Text, given []string, wrong text.Text) *Group {
	g := &Group{Key: "roles", ID: "roles", Label: label, Multiple: true, Error: wrong, Hint: text2("変えると二人目の確認が要ります", "a change waits for a second person")}
	for _, r := range proposable {
		g.Choices = append(g.Choices, Choice{Word: string(r), Text: r.Label(), Set: contains(given, string(r))})
	}
	return g
}

// add shows what the addition would be, or proposes it.
func (p *Pages) add(v *visit, n registry.Addition) error {
	if err := v.readForm(); err != nil {
		return err
	}
	sheet, err := p.o.Registry.Blank(n)
	if err != nil {
		return err
	}
	typed := url.Values(v.formValuesOf(sheet.Fields))
	dry := v.r.PostFormValue("go") != "propose"
	plan, err := p.o.Registry.Enter(v.r.Context(), n, typed, v.caller().Actor, dry)
	if err != nil {
		return v.additionWrong(err, n, typed)
	}
	if !dry {
		if policy.MayConfirmChange(v.person) || policy.MayProposeChange(v.person) {
			return v.to("/changes/" + url.PathEscape(plan.Pending) + "?done=proposed")
		}
		return v.to(withQuery(additionBack(n, typed).Href, "done=added"))
	}
	page, err := v.additionPage(n, typed, nil)
	if err != nil {
		return err
	}
	page.Plan, page.Waits = []ChangedRow{}, true
	for _, c := range plan.Changes {
		for _, f := range c.Fields {
			page.Plan = append(page.Plan, ChangedRow{What: c.Kind + " " + c.ID, Name: fieldSaid(c.Kind, f.Name, v.lang), From: f.From, To: f.To})
		}
	}
	return v.show(page)
}

func withQuery(path, query string) string { return path + "?" + query }

// additionWrong shows the form again with what is wrong and what was typed.
func (v *visit) additionWrong(err error, n registry.Addition, typed url.Values) error {
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
	for key := range wrong { // a field that the person emptied stays empty
		if _, said := typed[key]; !said {
			typed[key] = []string{""}
		}
	}
	page, again := v.additionPage(n, typed, wrong)
	if again != nil {
		return err
	}
	for _, b := range bad.Shown() {
		said := text2(b.JA, b.EN)
		for _, one := range page.Fields {
			if one.Key == b.Field {
				said = text2(one.Label.JA+": "+said.JA, one.Label.EN+": "+said.EN)
			}
		}
		page.Errors = append(page.Errors, Problem{Field: b.Field, Text: said})
	}
	return v.showAs(f.Status, page)
}
