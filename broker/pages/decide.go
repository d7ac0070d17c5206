package pages

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/requests"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func decideRoutes() []row {
	c := those(policy.Approver, policy.SecondApprover)
	c.Deputies = true
	title := text2("申請の承認", "Decide")
	return []row{
		get("/requests/{no}/decide", staff, title, c, l1, (*Pages).decideForm),
		post("/requests/{no}/decide", staff, title, c, l1, (*Pages).decide),
		get("/requests/{no}/approve", staff, title, c, l0, func(_ *Pages, v *visit) error {
			return v.to("/requests/" + url.PathEscape(v.r.PathValue("no")) + "/decide")
		}),
	}
}

func decidePages() map[string]page { return map[string]page{"decide": &DecidePage{}} }

// DecidePage answers: may this work happen?
type DecidePage struct {
	Frame
	No, Action string
	Version    int
	Chip       Chip
	Now        Moment
	Left       text.Text
	Lapses     Moment
	Deputy     text.Text // header of a deputy's decision; zero: the person's own
	Card       Card
	First      bool
	LastText   text.Text
	Changed    int
	Changes    []DifferenceRow
	Same       []DifferenceRow
	Items      []ItemRow
	Met        int
	Cautions   int
	Unmet      int
	Blocked    text.Text
	Earlier    []DecisionRow
	Verdicts   []Choice
	Wrong      map[string]text.Text // by field
	End        string
	EndNow     string
	Accounts   []Choice
	Rights     []Choice
	Commands   []Choice
	Files      bool
	NoFiles    bool
	Extension  string
	Delegated  int
	Reason     string
	After      text.Text
	Valid      text.Text // the statement above the button
	Rows       []LabelledText
	Print      string
	Closed     text.Text // why the person cannot decide; zero: they can
}

// ItemRow is one check item.
type ItemRow struct {
	Code     string
	Name     text.Text
	Chip     Chip
	Cause    text.Text
	Fix      text.Text
	Needs    bool   // a reason is needed
	Reason   string // typed so far
	Error    text.Text
	Evidence string
}

// DifferenceRow is one row of 前回との違い.
type DifferenceRow struct {
	Kind string
	Word text.Text
	Name text.Text
	Text text.Text
}

var differenceWords = map[string]text.Text{"added": text2("追加", "added"), "removed": text2("削減", "removed"), "changed": text2("変更", "changed"), "same": text2("同じ", "same")}

var itemLooks = map[string]look{"met": {"check", "ok"}, "caution": {"triangle", "attention"}, "unmet": {"octagon", "stop"}}

func itemRows(k api.Checked, typed url.Values, r api.Request) []ItemRow {
	var out []ItemRow
	for _, i := range k.Items {
		one := ItemRow{Code: i.Code, Name: text2(i.NameJA, i.NameEN), Chip: chip(policy.ItemState(i.State).Label(), itemLooks[i.State]), Cause: text2(i.CauseJA, i.CauseEN),
			Fix: text2(i.FixJA, i.FixEN), Needs: i.NeedsReason, Reason: typed.Get("because." + i.Code)}
		switch i.Code {
		case policy.ItemPledge, policy.ItemCertification, policy.ItemContract, policy.ItemSubcontract:
			one.Evidence = "/vendors/" + url.PathEscape(r.Vendor)
		case policy.ItemRights, policy.ItemIndividualNumber, policy.ItemLine:
			one.Evidence = "/systems/" + url.PathEscape(r.System)
		case policy.ItemSchedule:
			one.Evidence = "/calendar"
		}
		out = append(out, one)
	}
	return out
}

func differenceRows(k api.Checked) []DifferenceRow {
	var out []DifferenceRow
	for _, d := range k.Differences {
		one := DifferenceRow{Kind: d.Kind, Word: differenceWords[d.Kind], Name: text2(d.NameJA, d.NameEN)}
		switch {
		case d.Kind == "changed":
			one.Text = text2(d.FromJA+" から "+d.ToJA, d.FromEN+" to "+d.ToEN)
		case d.Kind == "removed":
			one.Text = text2(d.FromJA, d.FromEN)
		default:
			one.Text = text2(d.ToJA, d.ToEN)
		}
		out = append(out, one)
	}
	return out
}

func (p *Pages) decideForm(v *visit) error {
	note, err := p.o.Views.Note(v.r.Context(), v.reader(), v.r.PathValue("no"))
	if err != nil {
		return err
	}
	page, err := v.decidePage(url.Values(note))
	if err != nil {
		return err
	}
	if v.r.URL.Query().Get("done") == "note" {
		page.Done = text2("保存しました。まだ決定していません。", "Saved. Nothing is decided yet.")
	}
	return v.show(page)
}

// decidePage reads everything that the decision rests on. typed is what was typed before.
func (v *visit) decidePage(typed url.Values) (*DecidePage, error) {
	no, o := v.r.PathValue("no"), v.p.o
	k, err := o.Views.Check(v.r.Context(), v.reader(), no)
	if err != nil {
		return nil, err
	}
	r := k.Whole
	b, err := o.Views.Brief(v.r.Context(), r)
	if err != nil {
		return nil, err
	}
	d, err := o.Views.Deciding(v.r.Context(), v.reader(), no)
	if err != nil {
		return nil, err
	}
	now := o.Clock()
	page := &DecidePage{Frame: v.frame(), No: no, Action: "/requests/" + url.PathEscape(no) + "/decide", Version: k.Version, Chip: requestChip(r.State), Now: moment(now, o.Zone),
		Lapses: moment(r.Start, o.Zone), Card: v.briefCard(r, b), First: k.First, Items: itemRows(k, typed, r), Wrong: map[string]text.Text{}, Reason: typed.Get("reason"),
		Print: "/requests/" + url.PathEscape(no) + "/print", Rows: v.requestRows(r, b)}
	page.Title, page.State = requestTitleDecide(no), requestChip(r.State).Text
	page.Crumbs = []Link{{text2("申請一覧", "Requests"), "/requests"}, {requestTitle(no), "/requests/" + url.PathEscape(no)}}
	if now.Before(r.Start) {
		page.Left = timeLeft(r.Start.Sub(now))
	}
	page.changes(k)
	page.counts()
	page.header(d)
	page.conditions(v, r, b, typed)
	for _, one := range v.decisions(r, b) {
		if !one.Earlier {
			page.Earlier = append(page.Earlier, one)
		}
	}
	page.after(k, d)
	when := text.Span(r.Start.In(o.Zone), r.End.In(o.Zone))
	page.Valid = text2("上の確認事項を読みました。この承認は "+when.JA+" に限り有効です。", "I have read the items above. This approval is valid only for "+when.EN+".")
	for _, c := range verdicts {
		c.Set = typed.Get("verdict") == c.Word
		page.Verdicts = append(page.Verdicts, c)
	}
	return page, nil
}

func requestTitleDecide(no string) text.Text {
	said := text.Request(no)
	return text2("申請 "+said.JA+"の承認", "Decide on request "+said.EN)
}

// verdicts are the decisions to choose from. None is chosen beforehand.
var verdicts = []Choice{
	{Word: "approve", Text: text2("承認する", "Approve")}, {Word: "conditional", Text: text2("条件を付けて承認する", "Approve with conditions")},
	{Word: "return", Text: text2("差し戻す", "Return for correction")}, {Word: "reject", Text: text2("却下する", "Reject")},
}

func (page *DecidePage) changes(k api.Checked) {
	for _, d := range differenceRows(k) {
		if d.Kind == "same" {
			page.Same = append(page.Same, d)
		} else {
			page.Changes = append(page.Changes, d)
		}
	}
	page.Changed = len(page.Changes)
	if !k.First {
		last := text.Request(k.LastRequest)
		page.LastText = text2("(前回: "+last.JA+" "+k.LastSession+")", "(last time: "+last.EN+" "+k.LastSession+")")
	}
}

// counts counts the items by their state, and says which stop an approval.
func (page *DecidePage) counts() {
	var names, en []string
	for _, i := range page.Items {
		switch i.Chip.Shape {
		case "check":
			page.Met++
		case "triangle":
			page.Cautions++
		default:
			page.Unmet++
			if !i.Needs {
				names, en = append(names, i.Name.JA+": "+i.Fix.JA), append(en, i.Name.EN+": "+i.Fix.EN)
			}
		}
	}
	if len(names) > 0 {
		page.Blocked = text2("不適合が"+itoa(len(names))+"件あるため承認できません。"+strings.Join(names, "、")+"。差し戻すか、直るまでお待ちください。",
			"Cannot approve: "+itoa(len(names))+" item(s) not met. "+strings.Join(en, "; ")+". Return it, or wait until it is mended.")
	}
}

func (page *DecidePage) header(d view.Deciding) {
	if d.OnBehalf.ID != "" {
		period := text.Span(d.From, d.Until)
		who := strings.TrimSpace(d.OnBehalf.Title + " " + d.OnBehalf.Name)
		page.Deputy = text2("代決 — "+who+"不在("+period.JA+"、"+d.Reason+")。"+who+"には後閲として届きます。", "Deciding as deputy for "+who+" ("+period.EN+", "+d.Reason+"); "+who+" reviews afterwards.")
	}
	if d.Open {
		return
	}
	page.Closed = closedBecause(api.Offer{Reason: string(d.Why), Number: d.Why.Number()})
}

// after says what happens once this decision is an approval.
func (page *DecidePage) after(k api.Checked, d view.Deciding) {
	if d.Stage != 1 {
		return
	}
	if len(k.Second) == 0 {
		page.After = text2("承認後: この承認で利用許可を発行します。", "After this approval the grant is issued.")
		return
	}
	var ja, en []string
	for _, s := range k.Second {
		label := policy.SecondRule(s).Label()
		ja, en = append(ja, label.JA), append(en, label.EN)
	}
	page.After = text2("承認後: 情報システム課の承認が必要です(理由: "+strings.Join(ja, "、")+")", "After this approval the information-systems section must approve too (because: "+strings.Join(en, ", ")+")")
}

// decide takes the decision of the form, or keeps it for later.
func (p *Pages) decide(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	no, form := v.r.PathValue("no"), v.r.PostForm
	base := "/requests/" + url.PathEscape(no)
	version, _ := strconv.Atoi(form.Get("version"))
	if form.Get("go") == "later" {
		kept := url.Values{}
		for key, list := range form {
			if key != "password" && key != "code" && key != "go" && key != "version" {
				kept[key] = list
			}
		}
		if err := p.o.Desk.Note(v.r.Context(), no, requests.DraftBody{Version: version, Values: kept}, v.caller()); err != nil {
			return v.decideWrong(err)
		}
		return v.to(base + "/decide?done=note")
	}
	by, reason, done := v.caller(), strings.ReplaceAll(form.Get("reason"), "\r\n", "\n"), ""
	var err error
	switch form.Get("verdict") {
	case "approve", "conditional":
		a := requests.Approval{Version: version, Reason: reason, Because: map[string]string{}}
		for key := range form {
			if code, ok := strings.CutPrefix(key, "because."); ok && strings.TrimSpace(form.Get(key)) != "" {
				a.Because[code] = strings.ReplaceAll(form.Get(key), "\r\n", "\n")
			}
		}
		if form.Get("verdict") == "conditional" {
			a.Conditions, err = v.typedConditions(form)
		}
		if err == nil {
			_, err = p.o.Desk.Approve(v.r.Context(), no, a, by)
		}
		done = "approved"
	case "return":
		err, done = p.o.Desk.Return(v.r.Context(), no, reason, by), "returned"
	case "reject":
		err, done = p.o.Desk.Reject(v.r.Context(), no, reason, by), "rejected"
	default:
		err = forms.Wrong("verdict", "verdict-required", "判断を選んでください。", "Choose a decision.")
	}
	if err != nil {
		return v.decideWrong(err)
	}
	return v.to(base + "?done=" + done)
}

// decideWrong shows the page again with what was typed and what is wrong.
func (v *visit) decideWrong(err error) error {
	f := fault.Of(err)
	if f.Status >= 500 || f.Status == 404 {
		return err
	}
	page, again := v.decidePage(v.r.PostForm)
	if again != nil {
		return err
	}
	var blocked *requests.Blocked
	var bad *forms.Invalid
	switch {
	case errors.As(err, &blocked):
		for _, i := range blocked.Items {
			said := text2(i.Cause.JA+"。確認した理由を入力してください。", i.Cause.EN+". Say why this is acceptable.")
			if i.State == policy.ItemUnmet && !i.Overridable {
				said = text2("不適合: "+i.Cause.JA+"。"+i.Fix.JA, "Not met: "+i.Cause.EN+". "+i.Fix.EN)
			}
			name := policy.ItemName(i.Code)
			page.wrong("because."+i.Code, text2(name.JA+": "+said.JA, name.EN+": "+said.EN))
		}
	case errors.As(err, &bad):
		for _, one := range bad.Shown() {
			page.wrong(one.Field, text2(one.JA, one.EN))
		}
	default:
		one := faultProblem(f)
		page.Errors = append(page.Errors, one)
	}
	return v.showAs(f.Status, page)
}

// decideFields are the ids of the inputs by the field of a problem.
var decideFields = map[string]string{"conditions.end": "condition_end", "conditions.accounts": "condition_accounts", "conditions.rights": "condition_rights",
	"conditions.commands": "condition_commands", "conditions.extension_limit": "condition_extension", "verdict": "verdict", "reason": "reason"}

func (page *DecidePage) wrong(field string, said text.Text) {
	at := decideFields[field]
	if strings.HasPrefix(field, "because.") {
		at = field
		for i := range page.Items {
			if "because."+page.Items[i].Code == field {
				page.Items[i].Error = said
				if !page.Items[i].Needs {
					at = ""
				}
			}
		}
	}
	if at != "" {
		page.Wrong[at] = said
	}
	page.Errors = append(page.Errors, Problem{Field: at, Text: said})
}
