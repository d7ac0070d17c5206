package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/reports"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// ReportForm is the work report of a window's sessions (screens §5.3).
type ReportForm struct {
	Frame
	Card     Card
	Sessions []SessionChoice
	Fields   []Field
	Action   string
	Back     string
	Corrects []string // reports that this one corrects
}

// SessionChoice is a session that the report may cover.
type SessionChoice struct {
	ID   string
	Text text.Text
	Set  bool
}

func portalReportRoutes() []row {
	title := text2("作業報告書", "Work report")
	return []row{
		get("/v/report/{id}", portal, title, vendors(), l0, (*Pages).reportForm),
		post("/v/report/{id}", portal, title, vendors(), l0, (*Pages).reportSubmit),
	}
}

func (p *Pages) reportForm(v *visit) error {
	page, err := v.reportPage(nil)
	if err != nil {
		return err
	}
	return v.show(page)
}

// reportPage is the form of a window's report, after a fault with its mistakes and what was typed.
func (v *visit) reportPage(f *api.Fault) (*ReportForm, error) {
	w, err := v.p.o.Views.Work(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	card, err := v.windowCard(w.Window)
	if err != nil {
		return nil, err
	}
	page := &ReportForm{Frame: v.frame(), Card: card, Action: "/v/report/" + url.PathEscape(w.ID), Back: "/v/windows/" + url.PathEscape(w.ID), Corrects: w.Reports}
	page.Crumbs = []Link{{text2("作業時間枠一覧", "Windows"), "/v/windows"}, {text.Same(w.ID), page.Back}}
	given := v.given("session")
	for _, s := range w.Sessions {
		if s.Live {
			continue
		}
		when := text.Span(s.Started, s.Ended)
		page.Sessions = append(page.Sessions, SessionChoice{ID: s.ID, Text: text2(s.ID+" "+s.Name+" "+when.JA, s.ID+" "+s.Name+" "+when.EN), Set: len(given) == 0 || contains(given, s.ID)})
	}
	page.Fields = v.reportFields(w)
	if f != nil {
		known := []string{"session", "sessions"}
		for i := range page.Fields {
			known = append(known, page.Fields[i].Key)
		}
		page.Errors = mistakes(f, known...)
		for _, bad := range page.Errors {
			for i := range page.Fields {
				if page.Fields[i].Key == bad.Field {
					page.Fields[i].Error = bad.Text
				}
			}
		}
	}
	return page, nil
}

// reportFields are the inputs in the form's order.
func (v *visit) reportFields(w view.Work) []Field {
	value := func(key string) string {
		if given := v.given(key); len(given) > 0 {
			return given[0]
		}
		return ""
	}
	area := func(key, ja, en string, required bool) Field {
		return Field{Key: key, Label: text2(ja, en), Control: "textarea", Value: value(key), Required: required}
	}
	choice := func(key, ja, en string, words ...Choice) Field {
		for i := range words {
			words[i].Set = words[i].Word == value(key)
		}
		return Field{Key: key, Label: text2(ja, en), Control: "radio", Choices: words, Required: true}
	}
	yesNo := func(key, ja, en string) Field {
		return choice(key, ja, en, Choice{Word: "yes", Text: text2("有", "yes")}, Choice{Word: "no", Text: text2("無", "no")})
	}
	var results []Choice
	for _, r := range []reports.Result{reports.ResultDone, reports.ResultPart, reports.ResultStopped} {
		results = append(results, Choice{Word: string(r), Text: r.Label()})
	}
	from := Field{Key: "performed_from", Label: text2("実施開始(空なら接続の開始)", "Performed from (empty: the sessions' start)"), Control: "datetime-local", Value: value("performed_from")}
	until := Field{Key: "performed_until", Label: text2("実施終了(空なら接続の終了)", "Performed until (empty: the sessions' end)"), Control: "datetime-local", Value: value("performed_until")}
	files := area("files", "授受したファイル", "Files exchanged", false)
	files.Hint = text2("1行に一つ: in か out、大きさ(バイト)、SHA-256、名前。なければ空のまま。", "One a line: in or out, size in bytes, SHA-256, name. Empty: none.")
	engineers := Field{Key: "engineers", Label: text2("ほかの作業者(番号、1行に一つ)", "Other engineers (ids, one a line)"), Control: "textarea", Value: value("engineers")}
	return []Field{
		from, until, engineers,
		area("done", "実施内容", "What was done", true),
		area("changes", "変更した箇所(なければ空)", "What was changed (empty: nothing)", false),
		area("deviation", "申請との相違(なければ空)", "Deviation from the request (empty: none)", false),
		area("deviation_reason", "相違の理由", "Why it deviates", false),
		choice("result", "結果", "Result", results...),
		yesNo("rolled_back", "戻しの有無", "Rolled back"),
		yesNo("pii_viewed", "個人情報の閲覧", "Personal data viewed"),
		yesNo("pii_copied", "個人情報の複写", "Personal data copied"),
		files,
		area("remaining", "残作業(なければ空)", "Remaining work (empty: none)", false),
	}
}

func (p *Pages) reportSubmit(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	in, bad := v.writtenReport()
	var err error
	if len(bad) > 0 {
		err = &api.Fault{Status: http.StatusUnprocessableEntity, Code: api.CodeInvalid, Details: bad}
	} else {
		_, err = p.o.Reports.Submit(v.r.Context(), in, v.caller())
	}
	if err == nil {
		return v.to("/v/windows/" + url.PathEscape(v.r.PathValue("id")) + "?done=report")
	}
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound {
		return err
	}
	page, formErr := v.reportPage(f)
	if formErr != nil {
		return formErr
	}
	return v.showAs(f.Status, page)
}

// writtenReport reads the form. An unreadable value is a mistake at its field; the statements that no one may leave open must be answered.
func (v *visit) writtenReport() (in reports.WorkReport, bad []api.Detail) {
	form := v.r.PostForm
	wrong := func(path, code, ja, en string) {
		bad = append(bad, api.Detail{Path: path, Code: code, JA: ja, EN: en})
	}
	in = reports.WorkReport{
		Sessions: form["session"], Engineers: keyLines(form.Get("engineers")), Done: strings.TrimSpace(form.Get("done")), Changes: strings.TrimSpace(form.Get("changes")),
		Deviation: strings.TrimSpace(form.Get("deviation")), DeviationReason: strings.TrimSpace(form.Get("deviation_reason")), Result: reports.Result(form.Get("result")),
		Remaining: strings.TrimSpace(form.Get("remaining")), Files: []reports.File{},
	}
	for _, at := range []struct {
		key  string
		into *time.Time
	}{{"performed_from", &in.From}, {"performed_until", &in.Until}} {
		if text := form.Get(at.key); text != "" {
			t, err := forms.ParseInstant(text, v.p.o.Zone)
			if err != nil {
				wrong(at.key, "bad-time", "日時を確かめてください。", "Check date and time.")
			}
			*at.into = t
		}
	}
	for _, said := range []struct {
		key, ja, en string
		into        *bool
	}{{"rolled_back", "戻しの有無を選んでください。", "Say whether anything was rolled back.", &in.RolledBack},
		{"pii_viewed", "個人情報の閲覧の有無を選んでください。", "Say whether personal data were viewed.", &in.PIIViewed},
		{"pii_copied", "個人情報の複写の有無を選んでください。", "Say whether personal data were copied.", &in.PIICopied}} {
		switch form.Get(said.key) {
		case "yes":
			*said.into = true
		case "no":
		default:
			wrong(said.key, "required", said.ja, said.en)
		}
	}
	if in.Result == "" {
		wrong("result", "required", "結果を選んでください。", "Choose the result.")
	}
	for n, line := range keyLines(form.Get("files")) {
		part := strings.SplitN(line, " ", 4)
		ok := len(part) == 4 && (part[0] == "in" || part[0] == "out") && len(part[2]) == 64 && strings.Trim(strings.ToLower(part[2]), "0123456789abcdef") == ""
		var size int64
		if ok {
			var err error
			size, err = strconv.ParseInt(part[1], 10, 64)
			ok = err == nil && size >= 0
		}
		if !ok {
			wrong("files", "bad-file", fmt.Sprintf("%d行目を「in 1024 検証値 名前」の形にしてください。", n+1), fmt.Sprintf("Write line %d as: in 1024 SHA-256 name.", n+1))
			continue
		}
		in.Files = append(in.Files, reports.File{Direction: part[0], Size: size, SHA256: strings.ToLower(part[2]), Name: part[3]})
	}
	return in, bad
}
