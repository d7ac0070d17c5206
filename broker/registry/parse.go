package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

var (
	idForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
	loginForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	// what an account is called on a target is the target's matter; what would break a command line is not
	accountForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._$-]{0,63}$`)
	hostForm    = regexp.MustCompile(`^[A-Za-z0-9\[][A-Za-z0-9.:\]_-]{0,252}$`)
)

// Parse reads registry.yaml. The error is a *forms.Invalid that names every problem with its line and
// column; then there is no document.
func Parse(name string, text []byte) (*Document, error) {
	form, top := forms.Read(name, text)
	p := &parse{doc: &Document{Name: name, places: map[string]forms.Value{}, informationSystems: map[string]bool{}}, logins: map[string]string{}, keys: map[string]string{}}
	m := top.Map("institution", "sections", "staff", "vendors", "engineers", "contacts", "systems", "targets", "accounts")
	p.institution(m.Get("institution"))
	for _, v := range m.Get("sections").List() {
		p.section(v)
	}
	for _, v := range m.Get("vendors").List() {
		p.vendor(v)
	}
	for _, v := range m.Get("staff").List() {
		p.staff(v)
	}
	for _, v := range m.Get("engineers").List() {
		p.engineer(v, policy.Engineer)
	}
	for _, v := range m.Get("contacts").List() {
		p.engineer(v, policy.Contact)
	}
	for _, v := range m.Get("systems").List() {
		p.system(v)
	}
	for _, v := range m.Get("targets").List() {
		p.target(v)
	}
	for _, v := range m.Get("accounts").List() {
		p.account(v)
	}
	if err := form.Err(); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// parse is one reading of a file.
type parse struct {
	doc    *Document
	logins map[string]string // of people: login or id → id
	keys   map[string]string // fingerprint → person id
}

// id reads the id of an object and notes where it is declared.
func (p *parse) id(kind string, v forms.Value, id string) string {
	if !v.Present() {
		return ""
	}
	if !idForm.MatchString(id) {
		v.Problem("bad-id", "識別子は英数字と . _ - の32字までです。", "an id is up to 32 letters, digits and . _ -")
		return ""
	}
	p.declare(kind, v, id)
	return id
}

func (p *parse) declare(kind string, v forms.Value, id string) {
	at := place(kind, id)
	if first, twice := p.doc.places[at]; twice {
		v.Problem("duplicate-id", fmt.Sprintf("%s はすでに %d 行目にあります。", id, first.Line()),
			fmt.Sprintf("%s %q stands already on line %d", kind, id, first.Line()))
		return
	}
	p.doc.places[at] = v
}

// refer reads a name that must exist.
func (p *parse) refer(kind string, v forms.Value) string {
	id := v.Text()
	if id != "" {
		p.doc.references = append(p.doc.references, reference{kind: kind, id: id, place: v})
	}
	return id
}

func (p *parse) section(v forms.Value) {
	m := v.Map("id", "name", "phone", "head", "information_systems")
	id := m.Need("id")
	s := store.Section{
		ID:    p.id(kindSection, id, id.Text()),
		Name:  m.Need("name").Text(),
		Phone: m.Get("phone").Text(),
		Head:  p.refer(kindPerson, m.Get("head")),
	}
	if m.Get("information_systems").Bool() {
		p.doc.informationSystems[s.ID] = true
	}
	p.doc.Sections = append(p.doc.Sections, s)
}

func (p *parse) vendor(v forms.Value) {
	m := v.Map("id", "login", "name", "phone", "email", "contract", "prime", "prime_approved", "qualified", "unmet")
	id := m.Need("id")
	e := VendorEntry{}
	e.ID = p.id(kindVendor, id, id.Text())
	e.Login = e.ID
	if l := m.Get("login"); l.Present() {
		e.Login = p.word(l, loginForm)
	}
	e.Name = m.Need("name").Text()
	e.Phone, e.Email = m.Get("phone").Text(), m.Get("email").Text()
	c := m.Need("contract").Map("from", "until")
	e.From, e.Until = c.Need("from").Day(), c.Need("until").Day()
	if !e.From.IsZero() && !e.Until.IsZero() && e.Until.Before(e.From) {
		c.Get("until").Problem("end-before-start", "契約の終わりが始まりより前です。", "the contract ends before it begins")
	}
	e.Prime = p.refer(kindVendor, m.Get("prime"))
	if e.Prime != "" && e.Prime == e.ID {
		m.Get("prime").Problem("own-prime", "自分自身を元請にはできません。", "a vendor cannot be its own prime")
	}
	e.PrimeApproved = m.Get("prime_approved").Bool()
	e.Qualified = m.Need("qualified").Bool()
	e.Unmet = m.Get("unmet").Text()
	p.doc.Vendors = append(p.doc.Vendors, e)
}

func (p *parse) staff(v forms.Value) {
	m := v.Map("id", "login", "name", "title", "email", "section", "roles", "lang", "phone")
	e := p.person(m)
	e.Kind = policy.Staff
	e.Section = p.refer(kindSection, m.Need("section"))
	for _, r := range m.Get("roles").List() {
		role := policy.Role(r.Choice(string(policy.Requester), string(policy.Approver), string(policy.SecondApprover),
			string(policy.Attendant), string(policy.Auditor), string(policy.Administrator)))
		if !e.Has(role) {
			e.Roles = append(e.Roles, role)
		}
	}
	p.doc.People = append(p.doc.People, e)
}

func (p *parse) engineer(v forms.Value, kind policy.PersonKind) {
	m := v.Map("id", "login", "name", "email", "vendor", "lang", "phone", "keys", "sources", "pledge")
	e := p.person(m)
	e.Kind = kind
	e.Vendor = p.refer(kindVendor, m.Need("vendor"))
	if kind == policy.Engineer {
		m.Need("phone") // the identity check calls back on it
	}
	e.Sources = addresses(m.Get("sources"))
	for _, k := range m.Get("keys").List() {
		if line, print := publicKey(k); line != "" {
			if other, taken := p.keys[print]; taken {
				k.Problem("key-shared", "この鍵は "+other+" の鍵としても書かれています。", "this key is also written for "+other)
				continue
			}
			p.keys[print] = e.ID
			e.Keys = append(e.Keys, line)
		}
	}
	if pledge := m.Get("pledge"); pledge.Present() {
		d := pledge.Map("signed", "until")
		e.Signed, e.Until = d.Need("signed").Day(), d.Need("until").Day()
		if !e.Signed.IsZero() && !e.Until.IsZero() && e.Until.Before(e.Signed) {
			d.Get("until").Problem("end-before-start", "誓約の終わりが署名より前です。", "the pledge ends before it was signed")
		}
	}
	p.doc.People = append(p.doc.People, e)
}

// person reads what staff and engineers have in common. Id and login share one name space, because
// both are accepted where a person is named.
func (p *parse) person(m forms.Map) PersonEntry {
	var e PersonEntry
	login := m.Need("login")
	e.Login = p.word(login, loginForm)
	id := m.Get("id")
	if id.Present() {
		e.ID = p.id(kindPerson, id, id.Text())
	} else if e.Login != "" {
		e.ID = e.Login
		p.declare(kindPerson, login, e.ID)
	}
	for _, name := range e.names() {
		if other, taken := p.logins[name]; taken && other != e.ID && name != "" {
			login.Problem("login-taken", name+" は "+other+" がすでに使っています。", fmt.Sprintf("%q already names %s", name, other))
		}
		p.logins[name] = e.ID
	}
	e.Name = m.Need("name").Text()
	e.Title, e.Email = m.Get("title").Text(), m.Get("email").Text()
	e.Lang = m.Get("lang").Choice("", "ja", "en")
	e.Phone = m.Get("phone").Text()
	return e
}

// names are what the person may be called by: login and id, which are often the same.
func (e PersonEntry) names() []string { return slices.Compact([]string{e.Login, e.ID}) }

func (p *parse) word(v forms.Value, form *regexp.Regexp) string {
	s := v.Text()
	if s != "" && !form.MatchString(s) {
		v.Problem("bad-login", "使えない文字があるか、長すぎます: "+s, fmt.Sprintf("%q has characters that cannot be used here, or is too long", s))
		return ""
	}
	return s
}

func (p *parse) system(v forms.Value) {
	m := v.Map(append([]string{"id", "name", "note", "section", "phone", "second_stage", "attendance", "identity_check", "line",
		"exclusive", "max_window", "idle", "approver_may_attend"}, ruleKeys...)...)
	id := m.Need("id")
	var e SystemEntry
	e.ID = p.id(kindSystem, id, id.Text())
	e.Name = m.Need("name").Text()
	e.Note = m.Get("note").Text()
	e.Section = p.refer(kindSection, m.Need("section"))
	e.Phone = m.Get("phone").Text()
	e.SecondStage = m.Get("second_stage").Bool()
	e.Attendance = policy.AttendanceMode(m.Get("attendance").Choice(string(policy.AttendanceRequired), string(policy.AttendanceOnCall), string(policy.AttendanceNone)))
	e.IdentityCheck = m.Get("identity_check").Bool()
	e.Line = policy.LineMode(m.Need("line").Choice(string(policy.LineInterlocked), string(policy.LineNone)))
	e.Exclusive = m.Get("exclusive").Bool()
	e.MaxWindow, e.Idle = m.Get("max_window").Length(), m.Get("idle").Length()
	if e.MaxWindow > longestWindow {
		m.Get("max_window").Problem("too-long", "時間枠は24時間までです。", "a window is at most 24 h")
	}
	e.ApproverMayAttend = m.Get("approver_may_attend").Bool()
	rules(m, &e)
	p.doc.Systems = append(p.doc.Systems, e)
}

const longestWindow = 24 * time.Hour

func (p *parse) target(v forms.Value) {
	m := v.Map("id", "system", "host", "port", "host_key", "drill", "note", "encoding", "legacy_algorithms")
	id := m.Need("id")
	var t store.Target
	t.ID = p.id(kindTarget, id, id.Text())
	t.System = p.refer(kindSystem, m.Need("system"))
	host := m.Need("host")
	if t.Host = host.Text(); t.Host != "" && !hostForm.MatchString(t.Host) {
		host.Problem("bad-host", "ホスト名かアドレスを書いてください。", "write a host name or an address")
	}
	t.Port = 22
	if port := m.Get("port"); port.Present() {
		t.Port = port.Int(1, 65535)
	}
	t.HostKey = hostKey(m.Need("host_key"))
	t.Drill = m.Get("drill").Bool()
	t.Note = m.Get("note").Text()
	if e := m.Get("encoding"); e.Present() {
		known, err := recordings.ParseEncoding(e.Text())
		if err != nil {
			e.Problem("bad-encoding", "文字コードは utf-8、cp932、euc-jp のどれかです。", "the encoding is utf-8, cp932 or euc-jp")
		}
		if t.Encoding = string(known); known == recordings.UTF8 {
			t.Encoding = "" // as if nothing were said
		}
	}
	t.LegacyAlgorithms = legacyReason(m.Get("legacy_algorithms"))
	p.doc.Targets = append(p.doc.Targets, t)
}

// legacyReason is why weak algorithms are spoken with a target: the value itself, so that there is none
// without a reason.
func legacyReason(v forms.Value) string {
	if !v.Present() {
		return ""
	}
	text := strings.Join(strings.Fields(v.Text()), " ")
	switch n := utf8.RuneCountInString(text); {
	case n < shortestReason || text == "true" || text == "false":
		v.Problem("reason-missing", "古い暗号方式を使う理由を書いてください(例: 2027年3月の機器更新まで)。", "write why outdated algorithms are used (such as: until the device is replaced in March 2027)")
	case n > longestLabel:
		v.Problem("too-long", fmt.Sprintf("%d字までです。短くしてください。", longestLabel), fmt.Sprintf("at most %d characters: make it shorter", longestLabel))
	}
	return text
}

// shortestReason keeps a mark or a dash from standing for a reason.
const shortestReason = 6

func (p *parse) account(v forms.Value) {
	m := v.Map("target", "login", "root", "credential", "note")
	var a store.Account
	a.Target = p.refer(kindTarget, m.Need("target"))
	login := m.Need("login")
	if a.Login = p.word(login, accountForm); a.Target != "" && a.Login != "" {
		a.ID = a.Target + "/" + a.Login
		p.declare(kindAccount, login, a.ID)
	}
	a.Root = m.Get("root").Bool()
	if a.Login == "root" && !a.Root {
		login.Problem("root-undeclared", "root は root: true と書いてください。", "the account root needs root: true")
	}
	a.Note = m.Get("note").Text()
	a.Credential = store.CredentialKind(m.Get("credential").Choice(string(store.CredentialCertificate), string(store.CredentialKey), string(store.CredentialPassword)))
	if a.Credential != store.CredentialCertificate {
		a.Secret = secretName(a.ID)
	}
	p.doc.Accounts = append(p.doc.Accounts, a)
}

// secretName is the name under which an account's key or password is kept.
func secretName(account string) string { return "account:" + account }
