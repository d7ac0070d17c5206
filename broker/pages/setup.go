package pages

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// SetUp is what the first set-up page asks for: enough for a registry file with which a new broker begins.
type SetUp struct {
	Institution  string
	GateName     string // host name under which people reach the broker
	Contact      string // telephone for questions
	CentralName  string // of the information-systems section
	CentralPhone string
	Section      string // id of the section that owns the first systems
	SectionName  string
	SectionPhone string
	First        SetUpPerson // administrator
	Second       SetUpPerson // of the information-systems section: confirms what takes two people
}

// SetUpPerson is one of the first two people.
type SetUpPerson struct{ Login, Name string }

// SetUpDone says what was written and what comes next.
type SetUpDone struct {
	Files []string
	Next  []string // commands
}

// SetUpPage asks for it, and then says what comes next.
type SetUpPage struct {
	Frame
	Key     string
	Groups  []SetUpGroup
	Written bool
	Files   []string
	Next    []string
}

// SetUpGroup is one group of inputs.
type SetUpGroup struct {
	Title  text.Text
	Fields []Field
}

// setUpInputs are the inputs in their groups; at finds where each is kept.
var setUpInputs = []struct {
	group text.Text
	all   []setUpInput
}{
	{text2("機関", "Institution"), []setUpInput{
		{"institution", text2("機関の名前", "Name of the institution"), text2("例: 例示市", "such as City of Example"), func(s *SetUp) *string { return &s.Institution }},
		{"gate_name", text2("関守のホスト名", "Host name of the broker"), text2("人がつなぐ名前。例: gate.city.example", "under which people reach it, such as gate.city.example"), func(s *SetUp) *string { return &s.GateName }},
		{"contact", text2("問合せ先の電話", "Telephone for questions"), text2("断られた人がかける番号", "for people who were refused"), func(s *SetUp) *string { return &s.Contact }},
	}},
	{text2("情報システム課", "Information-systems section"), []setUpInput{
		{"central_name", text2("課の名前", "Name"), text.Text{}, func(s *SetUp) *string { return &s.CentralName }},
		{"central_phone", text2("電話", "Telephone"), text.Text{}, func(s *SetUp) *string { return &s.CentralPhone }},
	}},
	{text2("最初の所管課", "First section that owns systems"), []setUpInput{
		{"section_name", text2("課の名前", "Name"), text2("例: 人事課", "such as Personnel"), func(s *SetUp) *string { return &s.SectionName }},
		{"section", text2("略号(英数字)", "Short id"), text2("台帳に残り、変えられません。例: jinji", "stays in the ledger for ever, such as personnel"), func(s *SetUp) *string { return &s.Section }},
		{"section_phone", text2("電話", "Telephone"), text.Text{}, func(s *SetUp) *string { return &s.SectionPhone }},
	}},
	{text2("一人目: 管理者", "First person: administrator"), []setUpInput{
		{"first_name", text2("氏名", "Name"), text.Text{}, func(s *SetUp) *string { return &s.First.Name }},
		{"first_login", text2("ログイン名(英小文字)", "Login (small letters)"), text.Text{}, func(s *SetUp) *string { return &s.First.Login }},
	}},
	{text2("二人目: 情報システム課の第二承認者", "Second person: second approver of the information-systems section"), []setUpInput{
		{"second_name", text2("氏名", "Name"), text2("役割・鍵・決まりの変更は、この人の確認がないと効きません。", "Changes of roles, keys and rules wait for this person."), func(s *SetUp) *string { return &s.Second.Name }},
		{"second_login", text2("ログイン名(英小文字)", "Login (small letters)"), text.Text{}, func(s *SetUp) *string { return &s.Second.Login }},
	}},
}

type setUpInput struct {
	key         string
	label, hint text.Text
	at          func(*SetUp) *string
}

func setUpPages() map[string]page { return map[string]page{"setup": &SetUpPage{}} }

// setUp serves the page to who has the key.
type setUp struct {
	p    *Pages
	key  string
	save func(SetUp) (SetUpDone, error)

	mu   sync.Mutex // guards done
	done *SetUpDone // written: the form is closed
}

// NewSetUp makes the first set-up page, for a listener on this machine alone. Only who knows the key gets in: other people of the machine
// reach the listener too. save writes the files; a *forms.Invalid is shown at the inputs.
func NewSetUp(key string, save func(SetUp) (SetUpDone, error)) (http.Handler, error) {
	sheets, err := readSheets()
	if err != nil {
		return nil, err
	}
	p := &Pages{o: Options{Clock: time.Now, Log: hclog.NewNullLogger()}, sheets: sheets}
	s := &setUp{p: p, key: key, save: save}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /setup", s.serve)
	mux.HandleFunc("POST /setup", s.serve)
	mux.HandleFunc("GET /static/{hash}/{path...}", serveStatic)
	return p.guarded(mux, staff), nil
}

func (s *setUp) serve(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() { // a name that another site points here
		http.Error(w, "Host?", http.StatusBadRequest)
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.FormValue("key")), []byte(s.key)) != 1 {
		http.Error(w, "鍵が違います。init が表示したアドレスを開いてください。 / Open the address that init printed.", http.StatusForbidden)
		return
	}
	v := &visit{p: s.p, w: w, r: r, site: staff, row: row{path: "setup"}}
	v.speak()
	page := &SetUpPage{Frame: Frame{Lang: v.lang, Title: text2("最初の設定", "First set-up"), Other: otherLanguage(r.URL, v.lang)}, Key: s.key}
	s.mu.Lock()
	defer s.mu.Unlock()
	status := http.StatusOK
	var given SetUp
	wrong := map[string]text.Text{}
	if r.Method == http.MethodPost && s.done == nil {
		page.Other = ""
		if given, wrong = readSetUp(r); len(wrong) == 0 {
			done, err := s.save(given)
			var bad *forms.Invalid
			switch {
			case err == nil:
				s.done = &done
			case errors.As(err, &bad):
				for _, one := range bad.Problems {
					wrong[one.Field] = text2(one.JA, one.EN)
				}
			default:
				page.Errors = []Problem{{Text: text2("書けませんでした: "+err.Error(), "Could not be written: "+err.Error())}}
				status = http.StatusInternalServerError
			}
		}
	}
	if s.done != nil {
		page.Written, page.Files, page.Next, page.State = true, s.done.Files, s.done.Next, text2("完了", "Done")
	} else {
		s.form(page, given, wrong)
	}
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	if err := v.showAs(status, page); err != nil {
		http.Error(w, "処理できませんでした / could not be done", http.StatusInternalServerError)
	}
}

// readSetUp reads the form. Every input is needed.
func readSetUp(r *http.Request) (given SetUp, wrong map[string]text.Text) {
	wrong = map[string]text.Text{}
	for _, g := range setUpInputs {
		for _, in := range g.all {
			value := strings.TrimSpace(r.PostFormValue(in.key))
			if *in.at(&given) = value; value == "" {
				wrong[in.key] = text2("入力してください。", "Fill this in.")
			} else if forms.Printable(value) != value {
				wrong[in.key] = text2("表示できない文字があります。", "Contains characters that cannot be shown.")
			}
		}
	}
	return given, wrong
}

// form fills the inputs, with mistakes at each.
func (s *setUp) form(page *SetUpPage, given SetUp, wrong map[string]text.Text) {
	shown := map[string]bool{}
	for _, g := range setUpInputs {
		group := SetUpGroup{Title: g.group}
		for _, in := range g.all {
			said := wrong[in.key]
			if shown[in.key] = true; !said.IsZero() {
				label := in.label
				page.Errors = append(page.Errors, Problem{in.key, text2(g.group.JA+" "+label.JA+": "+said.JA, g.group.EN+", "+label.EN+": "+said.EN)})
			}
			group.Fields = append(group.Fields, Field{Key: in.key, Label: in.label, Hint: in.hint, Control: "text", Value: *in.at(&given), Required: true, Error: said, Complete: "off"})
		}
		page.Groups = append(page.Groups, group)
	}
	for key, said := range wrong {
		if !shown[key] {
			page.Errors = append(page.Errors, Problem{Text: said})
		}
	}
}
