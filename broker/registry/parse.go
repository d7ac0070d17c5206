package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

var (
	idForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
	loginForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	// accountForm refuses names that would break a command line; the target decides about the rest
	accountForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._$-]{0,63}$`)
	// directoryForm is the name of an account at a directory: a login, or an address such as sato@city.example.
	directoryForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$`)
	hostForm      = regexp.MustCompile(`^[A-Za-z0-9\[][A-Za-z0-9.:\]_-]{0,252}$`)
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

// entry reads the fields of one thing by their table, and notes what it refers to.
func entry[T any](p *parse, fields field.Table[T], v forms.Value, into *T, further ...string) forms.Map {
	m := fields.Read(v, time.UTC, into, further...)
	fields.Check(into, func(key, code string, told text.Text) { m.Get(key).Problem(code, told.JA, told.EN) })
	for _, row := range fields {
		if kind, name := row.Reference(into); kind != "" && name != "" {
			p.doc.references = append(p.doc.references, reference{kind: kind, id: name, place: m.Get(row.Key)})
		}
	}
	return m
}

func (p *parse) section(v forms.Value) {
	var s store.Section
	m := entry(p, sections.fields, v, &s, "id", "information_systems")
	id := m.Need("id")
	s.ID = p.id(kindSection, id, id.Text())
	if m.Get("information_systems").Bool() {
		p.doc.informationSystems[s.ID] = true
	}
	p.doc.Sections = append(p.doc.Sections, s)
}

func (p *parse) vendor(v forms.Value) {
	var e VendorEntry
	m := entry(p, vendors.fields, v, &e, "id")
	id := m.Need("id")
	e.ID = p.id(kindVendor, id, id.Text())
	if !m.Get("login").Present() {
		e.Login = e.ID
	}
	if e.Prime != "" && e.Prime == e.ID {
		m.Get("prime").Problem("own-prime", "自分自身を元請にはできません。", "a vendor cannot be its own prime")
	}
	p.doc.Vendors = append(p.doc.Vendors, e)
}

func (p *parse) staff(v forms.Value) {
	e := PersonEntry{}
	e.Kind = policy.Staff
	p.person(&e, entry(p, ofStaff, v, &e, "id"))
	p.doc.People = append(p.doc.People, e)
}

func (p *parse) engineer(v forms.Value, kind policy.PersonKind) {
	e := PersonEntry{}
	e.Kind = kind
	m := entry(p, ofEngineers, v, &e, "id")
	p.person(&e, m)
	if kind == policy.Engineer {
		m.Need("phone") // the identity check calls back on it
	}
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
	p.doc.People = append(p.doc.People, e)
}

// person notes the names of a person. Id and login share one name space, because both are accepted where a person is named.
func (p *parse) person(e *PersonEntry, m forms.Map) {
	login, id := m.Get("login"), m.Get("id")
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
}

// names are the person's id and login, which are often the same.
func (e PersonEntry) names() []string { return slices.Compact([]string{e.Login, e.ID}) }

func word(v forms.Value, form *regexp.Regexp) string {
	s := v.Text()
	if s != "" && !form.MatchString(s) {
		v.Problem("bad-login", "使えない文字があるか、長すぎます: "+s, fmt.Sprintf("%q has characters that cannot be used here, or is too long", s))
		return ""
	}
	return s
}

func (p *parse) system(v forms.Value) {
	var e SystemEntry
	m := entry(p, systems.fields, v, &e.System, "id")
	id := m.Need("id")
	e.ID, e.checklist = p.id(kindSystem, id, id.Text()), m.Get("checklist")
	p.doc.Systems = append(p.doc.Systems, e)
}

func (p *parse) target(v forms.Value) {
	var t store.Target
	m := entry(p, targets.fields, v, &t, "id")
	id := m.Need("id")
	t.ID = p.id(kindTarget, id, id.Text())
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
	var a store.Account
	m := entry(p, accounts.fields, v, &a, "target", "login")
	a.Target = p.refer(kindTarget, m.Need("target"))
	login := m.Need("login")
	if a.Login = word(login, accountForm); a.Target != "" && a.Login != "" {
		a.ID = a.Target + "/" + a.Login
		p.declare(kindAccount, login, a.ID)
	}
	if a.Login == "root" && !a.Root {
		login.Problem("root-undeclared", "root は root: true と書いてください。", "the account root needs root: true")
	}
	if a.Credential != store.CredentialCertificate {
		a.Secret = secretName(a.ID)
	}
	p.doc.Accounts = append(p.doc.Accounts, a)
}

// secretName is the name under which an account's key or password is kept.
func secretName(account string) string { return "account:" + account }
