package pages

import (
	"errors"
	"net/http"
	"strings"

	"sekimori/broker/fault"
	"sekimori/broker/registry"
	"sekimori/policy"
)

func enrolRoutes() []row {
	title, lost := text2("本人の登録", "Enrolment"), text2("携帯電話・パスキー・パスワードをなくしたとき", "Lost telephone, passkey or password")
	var out []row
	for _, s := range []site{staff, portal} {
		at := map[site]string{staff: "", portal: "/v"}[s]
		out = append(out,
			get(at+"/enrol", s, title, open(), l0, (*Pages).enrolForm),
			post(at+"/enrol", s, title, open(), l0, (*Pages).enrolBegin),
			post(at+"/enrol/finish", s, title, open(), l0, (*Pages).enrolFinish),
			get(at+"/recover", s, lost, open(), l0, (*Pages).recover),
			post(at+"/signin/passkey", s, text2("パスキー", "Passkey"), open(), l0, (*Pages).askPasskey),
		)
	}
	through := text2("機関の認証基盤", "The institution's directory")
	return append(out,
		get("/signin/provider", staff, through, open(), l0, (*Pages).toProvider),
		get("/signin/provider/back", staff, through, open(), l0, (*Pages).fromProvider),
	)
}

func enrolPages() map[string]page {
	return map[string]page{"enrol": &EnrolPage{}, "recover": &RecoverPage{}}
}

// EnrolPage has three steps: the code, then password and second factor, then the end.
type EnrolPage struct {
	Frame
	Action   string
	Code     string // of the enrolment
	Name     string // of the person, from the second step on
	Login    string
	Secret   string // of the authenticator, in groups of four
	QR       QR
	OTPAuth  string // address that opens an authenticator on this device
	Password bool   // a new password is asked for
	LDAP     bool   // the directory's password is asked for
	Keys     bool   // SSH keys may be given
	Typed    string // the SSH keys given before
	Least    int    // characters of a password
	Finished bool
	Pending  string // the change in which the keys wait
	Next     string // where the person goes on
	Lost     string
}

func (v *visit) enrolPage() *EnrolPage {
	page := &EnrolPage{Frame: v.frame(), Action: v.under("/enrol"), Code: strings.TrimSpace(v.r.PostFormValue("enrolment")), Least: registry.LeastPassword, Lost: v.under("/recover")}
	page.Other = otherLanguage(v.r.URL, v.lang)
	if v.r.Method == http.MethodPost {
		page.Other = ""
	}
	return page
}

func (p *Pages) enrolForm(v *visit) error { return v.show(v.enrolPage()) }

// enrolBegin takes the code and shows the second factor.
func (p *Pages) enrolBegin(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	page := v.enrolPage()
	if page.Code == "" {
		page.Errors = []Problem{{"enrolment", text2("登録コードを入力してください。", "Enter the enrolment code.")}}
		return v.showAs(http.StatusUnprocessableEntity, page)
	}
	e, err := p.o.Registry.BeginEnrol(v.r.Context(), page.Code, v.source())
	var denied *policy.Denied
	if errors.As(err, &denied) {
		f := fault.Of(err)
		page.Errors = []Problem{{"enrolment", text2("この登録コードは使えません。打ち間違い、期限切れ(72時間)、使用済みのどれかです。", "This code does not work: mistyped, expired (72 h) or used.")}}
		if denied.Reason == policy.TooManyFailures {
			page.Errors = []Problem{{"enrolment", text2(f.JA, f.EN)}}
		}
		return v.showAs(f.Status, page)
	}
	if err != nil {
		return err
	}
	return v.askFactor(page, e, http.StatusOK)
}

// askFactor shows the second step.
func (v *visit) askFactor(page *EnrolPage, e registry.Enrolment, status int) error {
	if (v.site == portal) != ofVendor(e.Person) {
		page.Errors = []Problem{{"enrolment", text2("この登録コードは、もう一方の入口のものです。受け取った案内のアドレスを開いてください。", "This code belongs to the other entrance: open the address that came with it.")}}
		return v.showAs(http.StatusForbidden, page)
	}
	drawn, err := drawQR(e.URL)
	if err != nil {
		return err
	}
	page.Action, page.Name, page.Login = v.under("/enrol/finish"), e.Person.Name, e.Person.Login
	page.Secret, page.QR, page.OTPAuth = spaced(e.Secret), drawn, e.URL
	page.Password, page.LDAP = e.Directory == registry.NoDirectory, e.Directory == registry.AtLDAP
	page.Keys, page.Typed = ofVendor(e.Person), v.r.PostFormValue("keys")
	return v.showAs(status, page)
}

// spaced is a secret in groups of four, to be typed.
func spaced(s string) string {
	var groups []string
	for len(s) > 4 {
		groups, s = append(groups, s[:4]), s[4:]
	}
	return strings.Join(append(groups, s), " ")
}

// enrolFinish sets password and second factor. A mistake shows the same second factor again: the authenticator has it by then.
func (p *Pages) enrolFinish(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	page := v.enrolPage()
	secret := v.r.PostFormValue("password")
	var mistakes []Problem
	if again, asked := v.r.PostForm["again"]; asked && secret != strings.Join(again, "") {
		mistakes = []Problem{{"again", text2("パスワードが一致しません。もう一度入力してください。", "The two passwords differ. Enter them again.")}}
	}
	var in registry.SignedIn
	var err error
	if len(mistakes) == 0 {
		in, err = p.o.Registry.FinishEnrol(v.r.Context(), page.Code, registry.EnrolInput{
			Password: secret, Code: strings.TrimSpace(v.r.PostFormValue("code")), Keys: keyLines(v.r.PostFormValue("keys")), Label: "web", Via: door, Source: v.source(),
		})
	}
	status := http.StatusUnprocessableEntity
	var wrong *registry.WrongProof
	var denied *policy.Denied
	switch more, ok := invalidProblems(err, map[string]string{"keys[0]": "keys", "code": "code"}); {
	case err == nil:
	case ok:
		mistakes = more
	case errors.As(err, &wrong):
		f := fault.Of(err)
		mistakes, _ = problemsOf(deed{}, f)
		if f.HintJA != "" && wrong.Off != 0 {
			mistakes = append(mistakes, Problem{"code", text2(f.HintJA+"。", f.HintEN)})
		}
		status = f.Status
	case errors.As(err, &denied):
		mistakes, status = []Problem{{"code", policy.WrongCode}}, fault.Of(err).Status
	default:
		return err
	}
	if len(mistakes) > 0 {
		e, err := p.o.Registry.ShownEnrol(v.r.Context(), page.Code, v.source())
		if err != nil { // the code is used up or over, or the process began anew
			page.Errors = append(mistakes, Problem{"enrolment", text2("登録コードからやり直してください。", "Begin again with the enrolment code.")})
			return v.showAs(status, page)
		}
		page.Errors = mistakes
		return v.askFactor(page, e, status)
	}
	if in.Token != "" {
		if taken, err := v.take(in); err != nil || !taken {
			return err
		}
	}
	page.Finished, page.Name, page.Pending, page.Next = true, in.Person.Name, in.KeysPending, v.home()
	if in.Token == "" {
		page.Next = v.signinAddress()
	}
	page.State = text2("登録しました", "Enrolled")
	return v.show(page)
}

// keyLines are the SSH keys of a form, one a line.
func keyLines(text string) []string {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// RecoverPage says what to do about a lost telephone, passkey or password.
type RecoverPage struct {
	Frame
	Enrol string
}

func (p *Pages) recover(v *visit) error {
	return v.show(&RecoverPage{Frame: v.frame(), Enrol: v.under("/enrol")})
}
