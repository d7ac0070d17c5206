package pages

import (
	"net/http"
	"strconv"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func meRoutes() []row {
	title, deputy := text2("自分の設定", "My settings"), text2("代決の設定", "Set a deputy")
	return []row{
		get("/me", staff, title, everySignedIn(), l0, (*Pages).me),
		post("/me/language", staff, title, everySignedIn(), l1, (*Pages).setLanguage),
		post("/me/signouts", staff, title, everySignedIn(), l1, (*Pages).signOutEverywhere),
		get("/me/deputy", staff, deputy, those(policy.Approver), l0, (*Pages).deputyForm),
		post("/me/deputy", staff, deputy, those(policy.Approver), l1, (*Pages).setDeputy),
		post("/me/deputies/{no}/clear", staff, deputy, those(policy.Approver), l1, (*Pages).clearDeputy),
	}
}

func mePages() map[string]page { return map[string]page{"me": &MePage{}, "deputy": &DeputyPage{}} }

// MePage is a person's own settings.
type MePage struct {
	Frame
	Card      Card
	Language  Field
	Links     []Link // further pages about the person's own sign-in
	Deputies  []DeputyRow
	MayDeputy bool
}

// DeputyRow is a period in which another person decides.
type DeputyRow struct {
	For, Deputy string
	Span        Span
	Reason      string
	Clear       string // address for ending it; empty: not this person's
}

func (p *Pages) me(v *visit) error {
	page := &MePage{Frame: v.frame(), MayDeputy: those(policy.Approver).Allow(v.person)}
	names, err := v.names(v.person.Section)
	if err != nil {
		return err
	}
	page.Card = Card{Title: text2("登録されている内容", "What is registered"), Rows: []CardRow{
		{Label: text2("氏名", "Name"), Text: text.Same(v.person.Name)},
		{Label: text2("利用者名", "Login"), Text: text.Same(v.person.Login)},
		{Label: text2("所属", "Section"), Text: text.Same(names(v.person.Section))},
		{Label: text2("役割", "Roles"), Text: roleNames(v.person)},
		{Label: text2("サインインの期限", "Signed in until"), Text: text.Moment(v.until.In(p.o.Zone))},
	}}
	page.Language = Field{Key: "language", Label: text2("画面と通知の言語", "Language of pages and notices"), Control: "radio", Choices: []Choice{
		{"ja", text.Same("日本語"), v.person.Lang == "ja"}, {"en", text.Same("English"), v.person.Lang == "en"}}}
	for _, at := range []string{"/me/signin", "/me/signin/password", "/me/signin/code"} {
		for _, r := range p.rows {
			if r.path == at && r.method == http.MethodGet {
				page.Links = append(page.Links, Link{r.title, at})
			}
		}
	}
	if page.Deputies, err = v.deputies(); err != nil {
		return err
	}
	return v.show(page)
}

// deputies are those that decide for the person, or for whom the person decides.
func (v *visit) deputies() ([]DeputyRow, error) {
	list, err := v.p.o.Views.Deputies(v.r.Context(), v.reader(), false, view.Page{Limit: api.PageItems})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, d := range list.Items {
		ids = append(ids, d.For, d.Deputy)
	}
	names, err := v.names(ids...)
	if err != nil {
		return nil, err
	}
	var out []DeputyRow
	for _, d := range list.Items {
		if d.For != v.person.ID && d.Deputy != v.person.ID {
			continue
		}
		row := DeputyRow{For: names(d.For), Deputy: names(d.Deputy), Span: span(d.From, d.Until, v.p.o.Zone), Reason: d.Reason}
		if d.For == v.person.ID {
			row.Clear = "/me/deputies/" + strconv.FormatInt(d.No, 10) + "/clear"
		}
		out = append(out, row)
	}
	return out, nil
}

func (p *Pages) setLanguage(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	lang := v.r.PostForm.Get("language")
	if err := p.o.Registry.SetLanguage(v.r.Context(), lang, v.caller().Actor); err != nil {
		return err
	}
	v.setCookie(http.Cookie{Name: languageCookie, Value: lang, MaxAge: 365 * 24 * 3600})
	return v.to(withDone("/me", "save-settings"))
}

// signOutEverywhere ends every sign-in of the person, this one too.
func (p *Pages) signOutEverywhere(v *visit) error {
	if err := p.o.Registry.RevokeTokens(v.r.Context(), v.person.ID, "本人がすべてのサインインを終えた", v.caller().Actor); err != nil {
		return err
	}
	v.setCookie(http.Cookie{Name: signedCookie, MaxAge: -1})
	return v.to(v.signinAddress())
}

// DeputyPage names another person who decides for an absent approver.
type DeputyPage struct {
	Frame
	Fields []Field
}

// deputyFields are the inputs of the form.
var deputyFields = field.Table[api.DeputyBody]{
	field.Text("deputy", "代決する人(利用者名)", "Deputy (login)", func(b *api.DeputyBody) *string { return &b.Deputy }).Need("deputy-missing", "代決する人を書いてください。", "name the deputy"),
	field.Text("from", "いつから(空なら今から)", "From (empty: now)", func(b *api.DeputyBody) *string { return &b.From }),
	field.Text("until", "いつまで", "Until", func(b *api.DeputyBody) *string { return &b.Until }).Need("until-missing", "いつまでかを書いてください。", "say until when"),
	field.Text("reason", "理由", "Reason", func(b *api.DeputyBody) *string { return &b.Reason }).Need("reason-missing", "理由を書いてください。", "give a reason"),
}

func (v *visit) deputyPage(f *api.Fault) *DeputyPage {
	page := &DeputyPage{Frame: v.frame()}
	page.Crumbs = []Link{{text2("自分の設定", "My settings"), "/me"}}
	wrong := map[string]text.Text{}
	if f != nil {
		page.Errors, wrong = problemsIn(deputyFields.Flags(), f)
	}
	page.Fields = fieldsOf(deputyFields.Flags(), v.given, wrong)
	for i, one := range page.Fields {
		if one.Key == "from" || one.Key == "until" {
			page.Fields[i].Control = "datetime-local"
		}
	}
	return page
}

func (p *Pages) deputyForm(v *visit) error { return v.show(v.deputyPage(nil)) }

func (p *Pages) setDeputy(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	err := v.deputise()
	if err == nil {
		return v.to(withDone("/me", "save-settings"))
	}
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError {
		return err
	}
	return v.showAs(f.Status, v.deputyPage(f))
}

func (v *visit) deputise() error {
	in := api.DeputyBody{Deputy: v.r.PostForm.Get("deputy"), Reason: v.r.PostForm.Get("reason"), From: v.r.PostForm.Get("from"), Until: v.r.PostForm.Get("until")}
	if err := deputyFields.Valid(&in); err != nil {
		return err
	}
	from, err := forms.Instant("from", in.From, v.p.o.Zone)
	if err != nil {
		return err
	}
	until, err := forms.Instant("until", in.Until, v.p.o.Zone)
	if err != nil {
		return err
	}
	_, err = v.p.o.Desk.SetDeputy(v.r.Context(), policy.Deputation{For: v.person.ID, Deputy: in.Deputy, From: from, Until: until, Reason: in.Reason}, v.caller())
	return err
}

func (p *Pages) clearDeputy(v *visit) error {
	no, err := strconv.ParseInt(v.r.PathValue("no"), 10, 64)
	if err != nil {
		return fault.NotFound()
	}
	if _, err := p.o.Desk.ClearDeputy(v.r.Context(), no, v.caller()); err != nil {
		return err
	}
	return v.to(withDone("/me", "save-settings"))
}
