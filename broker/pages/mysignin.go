package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/policy"
	"sekimori/policy/text"
)

func mySigninRoutes() []row {
	var out []row
	for _, s := range []site{staff, portal} {
		at, who := map[site]string{staff: "/me/signin", portal: "/v/me/signin"}[s], everySignedIn()
		code, secret, key := text2("認証アプリの登録し直し", "A new authenticator"), text2("パスワードの変更", "Change the password"), text2("パスキーの追加", "Add a passkey")
		out = append(out,
			get(at, s, text2("サインインの方法", "How you sign in"), who, l0, (*Pages).mySignin),
			get(at+"/code", s, code, who, l0, proving("code")),
			post(at+"/code", s, code, who, l0, (*Pages).renewFactor),
			post(at+"/code/finish", s, code, who, l0, (*Pages).finishFactor),
			get(at+"/password", s, secret, who, l0, proving("password")),
			post(at+"/password", s, secret, who, l0, (*Pages).changePassword),
			get(at+"/passkey", s, key, who, l0, proving("passkey")),
			post(at+"/passkey", s, key, who, l0, (*Pages).beginPasskey),
			post(at+"/passkey/add", s, key, who, l0, (*Pages).addPasskey),
			get(at+"/passkey/{key}/end", s, text2("パスキーの取消し", "Revoke a passkey"), who, l0, proving("end")),
			post(at+"/passkey/{key}/end", s, text2("パスキーの取消し", "Revoke a passkey"), who, l0, (*Pages).endPasskey),
		)
	}
	issue := text2("登録コードの発行", "Issue an enrolment code")
	return append(out,
		get("/people/{id}/enrol", staff, issue, issuers(), l0, (*Pages).issueForm),
		post("/people/{id}/enrol", staff, issue, issuers(), l0, (*Pages).issueCode),
	)
}

// ownDone says what was done with credentials: a person's own, or those of another person or an account.
var ownDone = map[string]text.Text{
	"own-factor":      text2("認証アプリを登録し直しました。ほかの場所でのサインインは終わりました。", "The new authenticator works. Every other sign-in of yours has ended."),
	"own-password":    text2("パスワードを変更しました。ほかの場所でのサインインは終わりました。", "The password is changed. Every other sign-in of yours has ended."),
	"own-passkey":     text2("パスキーを登録しました。", "The passkey is registered."),
	"secret":          text2("認証情報を封じて預けました。次の接続から使います。", "The credential is sealed and stored. It is used from the next connection on."),
	"signouts":        text2("この人のサインインをすべて終わらせました。", "Every sign-in of this person has ended."),
	"key-add":         text2("鍵を登録しました。", "The key is registered."),
	"key-revoke":      text2("鍵を失効させました。", "The key is revoked."),
	"access-ask":      text2("申し出ました。二人目が確かめると有効になります。", "Asked for. It counts once a second person agrees."),
	"index-rebuild":   text2("索引を消しました。封印済みの操作記録から作り直しています。", "The index is removed and is being built anew from the sealed recordings."),
	"siem-test":       text2("試験の文を送りました。結果は「台帳の送信」の行にあります。", "A test was sent. The row about the collector of logs has its result."),
	"own-passkey-end": text2("パスキーを取り消しました。ほかの場所でのサインインは終わりました。", "The passkey is revoked. Every other sign-in of yours has ended."),
}

// issuers are the people who issue enrolment codes; the registry asks again.
func issuers() callers { return those(policy.Administrator, policy.InformationSystems) }

func mySigninPages() map[string]page {
	return map[string]page{"mysignin": &MySigninPage{}, "credential": &CredentialPage{}, "issue": &IssuePage{}}
}

// MySigninPage tells a person how they sign in.
type MySigninPage struct {
	Frame
	Base     string // address of this page
	Local    bool   // the password is Sekimori's own
	Keys     []PasskeyRow
	List     Table
	Use      bool   // passkeys are used at all
	Host     string // passkeys are made only at this host; empty: here
	AndAlone bool
	Recover  string
}

// PasskeyRow is one passkey of the person.
type PasskeyRow struct {
	ID, Label   string
	Added, Used Moment
	End         string // address; empty: it was revoked
}

func (v *visit) by() ledger.Actor {
	return ledger.Actor{Kind: "person", ID: v.person.ID, Via: door}
}

func (p *Pages) mySignin(v *visit) error {
	page := &MySigninPage{Frame: v.frame(), Base: v.under("/me/signin"), Recover: v.under("/recover"),
		List: Table{text2("登録したパスキー", "Your passkeys"), []text.Text{text2("名前", "Name"), text2("登録", "Registered"), text2("最後に使った日時", "Last used"), text2("取消し", "Revoke")}}}
	way, err := p.o.Registry.DirectoryOf(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	keys, err := p.o.Registry.Passkeys(v.r.Context(), v.person.ID, v.by())
	if err != nil {
		return err
	}
	for _, k := range keys {
		one := PasskeyRow{ID: k.ID, Label: k.Label, Added: moment(k.Added, p.o.Zone), Used: moment(k.LastUsed, p.o.Zone)}
		if k.Ended.IsZero() {
			one.End = page.Base + "/passkey/" + url.PathEscape(k.ID) + "/end"
		}
		page.Keys = append(page.Keys, one)
	}
	use := p.o.Registry.PasskeyUse()
	page.Local, page.Use, page.AndAlone = way == registry.NoDirectory, use == registry.PasskeysSecond || use == registry.PasskeysOnly, use == registry.PasskeysOnly
	if page.Passkey == nil {
		page.Host = p.o.Registry.PasskeyDomain()
	}
	return v.show(page)
}

// CredentialPage changes one credential of the person: password, authenticator or passkey.
type CredentialPage struct {
	Frame
	What    string // code, password, passkey, end
	Action  string
	Back    string
	Proof   bool // password and code are asked for
	Secret  string
	QR      QR
	OTPAuth string
	Least   int
	Label   string
	Options string // with which the browser makes a passkey, as JSON
}

func (v *visit) credentialPage(what string) *CredentialPage {
	back := v.under("/me/signin")
	page := &CredentialPage{Frame: v.frame(), What: what, Action: back + "/" + what, Back: back, Proof: true, Least: registry.LeastPassword, Label: v.r.PostFormValue("label")}
	if what == "end" {
		page.Action, page.Proof = v.r.URL.Path, false
	}
	page.Crumbs = []Link{{text2("サインインの方法", "How you sign in"), back}}
	return page
}

// proving is the form of a credential.
func proving(what string) func(*Pages, *visit) error {
	return func(_ *Pages, v *visit) error { return v.show(v.credentialPage(what)) }
}

// again shows the form after a mistake; other errors pass.
func (v *visit) again(page *CredentialPage, err error) error {
	if some, status, ok := proofProblems(err); ok {
		page.Errors = some
		return v.showAs(status, page)
	}
	if some, ok := invalidProblems(err, nil); ok {
		page.Errors = some
		return v.showAs(http.StatusUnprocessableEntity, page)
	}
	return err
}

// renewFactor proves the person by what they have, and shows a new second factor.
func (p *Pages) renewFactor(v *visit) error {
	page := v.credentialPage("code")
	if err := v.readForm(); err != nil {
		return err
	}
	if err := v.fresh(); err != nil {
		return v.again(page, err)
	}
	e, err := p.o.Registry.BeginFactor(v.r.Context(), v.by())
	if err != nil {
		return v.again(page, err)
	}
	return v.askNewFactor(page, e, http.StatusOK)
}

func (v *visit) askNewFactor(page *CredentialPage, e registry.Enrolment, status int) error {
	drawn, err := drawQR(e.URL)
	if err != nil {
		return err
	}
	page.Action, page.Proof, page.Secret, page.QR, page.OTPAuth = page.Back+"/code/finish", false, spaced(e.Secret), drawn, e.URL
	return v.showAs(status, page)
}

func (p *Pages) finishFactor(v *visit) error {
	page := v.credentialPage("code")
	if err := v.readForm(); err != nil {
		return err
	}
	err := p.o.Registry.FinishFactor(v.r.Context(), registry.FactorProof{Code: strings.TrimSpace(v.r.PostFormValue("code")), Token: v.token, Source: v.source()}, v.by())
	if err == nil {
		return v.to(withDone(page.Back, "own-factor"))
	}
	shown := v.again(page, err)
	if page.Errors == nil {
		return shown
	}
	return nil
}

func (p *Pages) changePassword(v *visit) error {
	page := v.credentialPage("password")
	if err := v.readForm(); err != nil {
		return err
	}
	secret := v.r.PostFormValue("new")
	if secret != v.r.PostFormValue("again") {
		page.Errors = []Problem{{"again", text2("パスワードが一致しません。もう一度入力してください。", "The two passwords differ. Enter them again.")}}
		return v.showAs(http.StatusUnprocessableEntity, page)
	}
	err := p.o.Registry.CheckPassword(secret, v.person.Login) // before a code is used up in vain
	if err == nil {
		err = v.fresh()
	}
	if err == nil {
		err = p.o.Registry.ChangePassword(v.r.Context(), secret, v.token, v.by())
	}
	if some, ok := invalidProblems(err, map[string]string{"password": "new"}); ok {
		page.Errors = some
		return v.showAs(http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return v.again(page, err)
	}
	return v.to(withDone(page.Back, "own-password"))
}

func (p *Pages) beginPasskey(v *visit) error {
	page := v.credentialPage("passkey")
	if err := v.readForm(); err != nil {
		return err
	}
	if page.Passkey == nil { // before a code is used up in vain
		_, err := p.o.Registry.BeginPasskey(v.r.Context(), v.origin(), v.by())
		return v.again(page, err)
	}
	if err := v.fresh(); err != nil {
		return v.again(page, err)
	}
	options, err := p.o.Registry.BeginPasskey(v.r.Context(), v.origin(), v.by())
	if err != nil {
		return v.again(page, err)
	}
	page.Action, page.Proof, page.Options = page.Back+"/passkey/add", false, string(options)
	return v.show(page)
}

func (p *Pages) addPasskey(v *visit) error {
	page := v.credentialPage("passkey")
	if err := v.readForm(); err != nil {
		return err
	}
	label := v.r.PostFormValue("label")
	if strings.TrimSpace(label) == "" {
		label = "passkey"
	}
	if _, err := p.o.Registry.FinishPasskey(v.r.Context(), v.r.PostFormValue("made"), label, v.by()); err != nil {
		return v.again(page, err)
	}
	return v.to(withDone(page.Back, "own-passkey"))
}

// endPasskey takes a passkey away. It asks for no proof: whoever lost one must be able to end it without it.
func (p *Pages) endPasskey(v *visit) error {
	page := v.credentialPage("end")
	if err := v.readForm(); err != nil {
		return err
	}
	if err := p.o.Registry.EndPasskey(v.r.Context(), v.person.ID, v.r.PathValue("key"), v.r.PostFormValue("reason"), v.token, v.by()); err != nil {
		return v.again(page, err)
	}
	return v.to(withDone(page.Back, "own-passkey-end"))
}

// IssuePage issues an enrolment code, and shows it once.
type IssuePage struct {
	Frame
	Name, Login string
	Kind        text.Text
	Action      string
	Again       bool // the person is enrolled: the code takes their credentials away
	Code        string
	Until       Moment
	Pending     string // the change that waits for a second person
	At          string // where the person enters the code
}

func (v *visit) issuePage() (*IssuePage, error) {
	id := v.r.PathValue("id")
	who, err := v.p.o.Registry.Find(v.r.Context(), id)
	if err != nil {
		return nil, err
	}
	page := &IssuePage{Frame: v.frame(), Name: who.Name, Login: who.Login, Kind: who.Kind.Label(), Action: "/people/" + url.PathEscape(id) + "/enrol", At: "/enrol"}
	if ofVendor(who) {
		page.At = "/v/enrol"
	}
	page.Again, err = v.p.o.Registry.Enrolled(v.r.Context(), who.ID)
	return page, err
}

func (p *Pages) issueForm(v *visit) error {
	page, err := v.issuePage()
	if err != nil {
		return err
	}
	return v.show(page)
}

// issueCode issues the code. For a person who is enrolled it takes over their rights, so it asks for a fresh proof, as the command does.
func (p *Pages) issueCode(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	page, err := v.issuePage()
	if err != nil {
		return err
	}
	if page.Again {
		err = v.fresh()
	}
	if some, status, ok := proofProblems(err); ok {
		page.Errors = some
		return v.showAs(status, page)
	}
	if err != nil {
		return err
	}
	code, err := p.o.Registry.IssueCode(v.r.Context(), v.r.PathValue("id"), v.by())
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return v.refused(err, v.r.PathValue("id"))
	}
	if err != nil {
		return fault.Of(err)
	}
	if code.Pending == "" && p.o.Sessions != nil { // the earlier credentials are suspended from now on
		p.o.Sessions.EndPerson(code.Person, "", policy.CutByAuthority, v.by(), "the credentials are suspended for a new enrolment")
	}
	page.Code, page.Until, page.Pending = code.Text, moment(code.Until, p.o.Zone), code.Pending
	return v.show(page)
}
