package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/calendar"
	"sekimori/broker/fault"
	"sekimori/broker/field"
	"sekimori/broker/registry"
	"sekimori/policy"
	"sekimori/policy/text"
)

// registryFileRoutes are the forms for what has no form of its own, such as vendors, sections and checklists: a registry file with all
// kinds of things, and the institution's days.
func registryFileRoutes() []row {
	by, file, days := those(policy.Administrator), text2("登録簿のファイルで提案", "Propose with a registry file"), text2("休日・開庁日の一覧", "List of closed and open days")
	return []row{
		get("/changes/file", staff, file, by, l0, func(_ *Pages, v *visit) error { return v.fileForm(registryFile) }),
		post("/changes/file", staff, file, by, l0, func(_ *Pages, v *visit) error { return v.fileDo(registryFile) }),
		get("/calendar/holidays", staff, days, by, l0, func(_ *Pages, v *visit) error { return v.fileForm(dayList) }),
		post("/calendar/holidays", staff, days, by, l0, func(_ *Pages, v *visit) error { return v.fileDo(dayList) }),
	}
}

func registryFilePages() map[string]page { return map[string]page{"registryfile": &RegistryFile{}} }

// textFile is a file that a form takes as text.
type textFile struct {
	name, at string
	back     Link
	about    text.Text
	field    field.Flag
	read     func(name string, b []byte) (*registry.Document, error)
}

// pasted is the body of such a form.
var pasted = field.Table[api.ApplyBody]{
	field.Text("text", "ファイルの内容", "Content of the file", func(b *api.ApplyBody) *string { return &b.Text }).Need("text-needed", "ファイルの内容を貼り付けてください。", "paste the content of the file"),
}

var registryFile = textFile{name: "registry.yaml", at: "/changes/file", back: Link{text2("登録の変更の確認待ち", "Changes that wait"), "/changes"}, read: registry.Parse, field: pasted.Flags()[0],
	about: text2("sekimori apply に渡すものと同じ YAML を貼り付けます。書いたものだけが変わり、書いていないものはそのままです。", "Paste the YAML that sekimori apply takes. Only what it names changes; everything else stays.")}

var dayList = textFile{name: "holidays.csv", at: "/calendar/holidays", back: Link{text2("予定表", "Calendar"), "/calendar"}, field: pasted.Flags()[0],
	read: func(name string, b []byte) (*registry.Document, error) {
		days, err := calendar.ReadHolidays(name, b)
		if err != nil {
			return nil, err
		}
		return registry.Days(name, days), nil
	},
	about: text2("機関の休みの日と、祝日でも開く日の CSV(見出し date,name,open)を貼り付けます。一覧は全部が置き換わります。", "Paste the CSV of the days on which the institution is closed, and of holidays on which it works (heading date,name,open). The whole list is replaced.")}

// RegistryFile is the form for such a file, with what it would change.
type RegistryFile struct {
	Frame
	About  text.Text
	Field  Field
	Action string
	Back   string
	Asked  bool // the plan below was asked for
	Plan   []ChangedRow
	Waits  bool
}

func (v *visit) filePage(f textFile) *RegistryFile {
	page := &RegistryFile{Frame: v.frame(), About: f.about, Action: f.at, Back: f.back.Href, Field: fieldOf(f.field, []string{v.r.PostFormValue("text")}, text.Text{})}
	page.Crumbs = []Link{f.back}
	return page
}

func (v *visit) fileForm(f textFile) error { return v.show(v.filePage(f)) }

// fileDo shows what the file would change, or proposes it.
func (v *visit) fileDo(f textFile) error {
	if err := v.readForm(); err != nil {
		return err
	}
	dry := v.r.PostFormValue("go") != "propose"
	plan, err := v.applied(f, dry)
	if err != nil {
		return v.fileWrong(f, v.refused(err))
	}
	if !dry && plan.Pending != "" {
		return v.to("/changes/" + url.PathEscape(plan.Pending) + "?done=proposed")
	}
	page := v.filePage(f)
	page.Asked = true
	if !dry {
		page.Done, page.Asked = text2("変更しました。", "Changed."), false
	}
	for _, c := range plan.Changes {
		page.Plan = append(page.Plan, v.plannedRows(c)...)
		page.Waits = page.Waits || c.Pending
	}
	return v.show(page)
}

// applied reads the file and applies it. What the file does not name says nothing.
func (v *visit) applied(f textFile, dry bool) (registry.Plan, error) {
	typed := v.formValuesOf([]field.Flag{f.field})["text"]
	in := api.ApplyBody{Text: strings.Join(typed, "")}
	if err := pasted.Valid(&in); err != nil {
		return registry.Plan{}, err
	}
	doc, err := f.read(f.name, []byte(in.Text))
	if err != nil {
		return registry.Plan{}, err
	}
	return v.p.o.Registry.Apply(v.r.Context(), doc, v.caller().Actor, dry)
}

// plannedRows are a change of one thing, field by field.
func (v *visit) plannedRows(c registry.Change) (out []ChangedRow) {
	if c.Action == registry.Absent || c.Action == registry.Unchanged {
		return nil
	}
	for _, f := range c.Fields {
		out = append(out, ChangedRow{What: c.Kind + " " + c.ID, Name: fieldSaid(c.Kind, f.Name, v.lang), From: f.From, To: f.To})
	}
	if len(out) == 0 {
		out = []ChangedRow{{What: c.Kind + " " + c.ID, To: text2("追加", "added").In(v.lang)}}
	}
	return out
}

// fileWrong shows the form again with the places of the file that are wrong, and the text as it was pasted.
func (v *visit) fileWrong(f textFile, err error) error {
	wrong := fault.Of(err)
	if wrong.Status >= http.StatusInternalServerError || wrong.Status == http.StatusNotFound {
		return err
	}
	page := v.filePage(f)
	for _, d := range wrong.Details {
		ja, en := d.JA, d.EN
		if d.Line > 0 {
			ja, en = strconv.Itoa(d.Line)+"行目: "+ja, "line "+strconv.Itoa(d.Line)+": "+en
		}
		page.Errors = append(page.Errors, Problem{Field: "text", Text: text2(ja, en)})
	}
	if len(page.Errors) == 0 {
		page.Errors = []Problem{faultProblem(wrong)}
	}
	page.Field.Error = page.Errors[0].Text
	return v.showAs(wrong.Status, page)
}
