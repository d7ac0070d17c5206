package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"sekimori/broker/rules"
	"sekimori/policy"
)

// The registry's declarations beside the key columns. They are stored as strict JSON.
type (
	sectionBody struct {
		Phone string `json:"phone,omitempty"`
		Head  string `json:"head,omitempty"`
		Email string `json:"email,omitempty"`
	}
	vendorBody struct {
		PrimeApproved bool   `json:"prime_approved,omitempty"`
		Qualified     bool   `json:"qualified"`
		Unmet         string `json:"unmet,omitempty"`
		Phone         string `json:"phone,omitempty"`
		Email         string `json:"email,omitempty"`
	}
	personBody struct {
		Roles   []policy.Role  `json:"roles,omitempty"`
		Lang    string         `json:"lang,omitempty"`
		Phone   string         `json:"phone,omitempty"`
		Sources []netip.Prefix `json:"sources,omitempty"`
		Title   string         `json:"title,omitempty"`
		Email   string         `json:"email,omitempty"`
		SignIn  SignIn         `json:"sign_in,omitempty"`
		AtDir   string         `json:"directory_name,omitempty"`
	}
	targetBody struct {
		HostKey  string `json:"host_key"`
		Drill    bool   `json:"drill,omitempty"`
		Note     string `json:"note,omitempty"`
		Encoding string `json:"encoding,omitempty"`
		Legacy   string `json:"legacy_algorithms,omitempty"`

		Steward string   `json:"steward,omitempty"`
		Egress  []string `json:"egress,omitempty"`
	}
	accountBody struct {
		Root       bool           `json:"root,omitempty"`
		Note       string         `json:"note,omitempty"`
		Credential CredentialKind `json:"credential"`
		Secret     string         `json:"secret,omitempty"`
		Groups     []string       `json:"groups,omitempty"`
		Probe      []string       `json:"probe,omitempty"`

		RolePassword bool `json:"role_password,omitempty"`
	}
)

const sectionColumns = `SELECT id, name, body FROM sections`

func scanSection(r scanner) (Section, error) {
	var s Section
	var b sectionBody
	err := r.Scan(&s.ID, &s.Name, body{&b})
	s.Phone, s.Head, s.Email = b.Phone, b.Head, b.Email
	return s, err
}

// Section reads one section. Errors: ErrNotFound.
func (s *Snap) Section(id string) (Section, error) {
	return get(s, scanSection, sectionColumns+` WHERE id = ?`, id)
}

// Sections lists all, by id.
func (s *Snap) Sections() ([]Section, error) {
	return list(s, scanSection, sectionColumns+` ORDER BY id`)
}

// PutSection adds or replaces a section.
func (t *Tx) PutSection(v Section) error {
	b, err := encode(sectionBody{v.Phone, v.Head, v.Email})
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO sections (id, name, body) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body`, v.ID, v.Name, b)
	return err
}

const vendorColumns = `SELECT v.id, v.login, v.name, v.contract_from, v.contract_until, v.prime, v.body,
	l.by, l.reason, l.since, coalesce((SELECT max(at) FROM rosters WHERE vendor = v.id), 0) FROM vendors v LEFT JOIN locks l ON l.kind = 'vendor' AND l.subject = v.id AND l.lifted = 0`

func scanVendor(r scanner) (Vendor, error) {
	var v Vendor
	var b vendorBody
	var l lockColumns
	err := r.Scan(&v.ID, &v.Login, &v.Name, at(&v.ContractFrom), at(&v.ContractUntil), optional{&v.Prime}, body{&b},
		&l.by, &l.reason, &l.since, at(&v.Roster))
	v.PrimeApproved, v.PrimeDeclared, v.Qualified, v.Unmet = b.PrimeApproved, b.PrimeApproved, b.Qualified, b.Unmet
	v.Phone, v.Email, v.Locked = b.Phone, b.Email, l.lock()
	return v, err
}

// Vendor reads a vendor by id or login. Errors: ErrNotFound.
func (s *Snap) Vendor(ref string) (Vendor, error) {
	v, err := get(s, scanVendor, vendorColumns+` WHERE v.id = ?`, ref)
	if errors.Is(err, ErrNotFound) {
		v, err = get(s, scanVendor, vendorColumns+` WHERE v.login = ?`, ref)
	}
	if err != nil {
		return v, err
	}
	papers, err := s.counting(v.ID)
	return s.withPapers([]Vendor{v}, papers)[0], err
}

// Vendors lists all, by id.
func (s *Snap) Vendors() ([]Vendor, error) {
	vendors, err := list(s, scanVendor, vendorColumns+` ORDER BY v.id`)
	if err != nil {
		return nil, err
	}
	papers, err := s.counting("")
	return s.withPapers(vendors, papers), err
}

// PutVendor adds or replaces a vendor but leaves its lock as it is. Errors: ErrExists when another
// vendor has the login.
func (t *Tx) PutVendor(v Vendor) error {
	b, err := encode(vendorBody{v.PrimeApproved, v.Qualified, v.Unmet, v.Phone, v.Email})
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO vendors (id, login, name, contract_from, contract_until, prime, body) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET login = excluded.login, name = excluded.name, contract_from = excluded.contract_from,
		contract_until = excluded.contract_until, prime = excluded.prime, body = excluded.body`,
		v.ID, v.Login, v.Name, ms(v.ContractFrom), ms(v.ContractUntil), orNull(v.Prime), b)
	return exists(err)
}

// PersonFilter narrows Persons. Zero fields do not narrow.
type PersonFilter struct {
	Kind    policy.PersonKind
	Section string
	Vendor  string
	Role    policy.Role
}

const personColumns = `SELECT p.id, p.login, p.kind, p.name, p.section, p.vendor, p.body, l.by, l.reason, l.since, ` + pledgeColumns + `
	FROM persons p LEFT JOIN locks l ON l.kind = 'person' AND l.subject = p.id AND l.lifted = 0 ` + pledgeJoins

func scanPerson(r scanner) (Person, error) {
	var p Person
	var b personBody
	var l lockColumns
	err := r.Scan(&p.ID, &p.Login, &p.Kind, &p.Name, optional{&p.Section}, optional{&p.Vendor}, body{&b},
		&l.by, &l.reason, &l.since, at(&p.Declared.Signed), at(&p.Declared.Until), at(&p.Filed.Signed), at(&p.Filed.Until))
	p.Pledge, p.Filed.Copy = p.Declared, !p.Filed.Until.IsZero()
	p.Roles, p.Lang, p.Phone, p.Sources = b.Roles, b.Lang, b.Phone, b.Sources
	p.Title, p.Email, p.SignIn, p.DirectoryName, p.Locked = b.Title, b.Email, b.SignIn, b.AtDir, l.lock()
	return p, err
}

// Person reads a person by id or login. Errors: ErrNotFound.
func (s *Snap) Person(ref string) (Person, error) {
	p, err := get(s, scanPerson, personColumns+` WHERE p.id = ?`, ref)
	if errors.Is(err, ErrNotFound) {
		p, err = get(s, scanPerson, personColumns+` WHERE p.login = ?`, ref)
	}
	if err != nil {
		return p, err
	}
	all, err := s.pledged(p)
	if err != nil {
		return Person{}, err
	}
	return all[0], nil
}

// Persons lists people by id.
func (s *Snap) Persons(f PersonFilter) ([]Person, error) {
	var w where
	w.text("p.kind = ?", string(f.Kind))
	w.text("p.section = ?", f.Section)
	w.text("p.vendor = ?", f.Vendor)
	w.text("EXISTS (SELECT 1 FROM json_each(p.body, '$.roles') r WHERE r.value = ?)", string(f.Role))
	people, err := list(s, scanPerson, personColumns+w.String()+` ORDER BY p.id`, w.args...)
	if err != nil {
		return nil, err
	}
	return s.pledged(people...)
}

// PutPerson adds or replaces a person but leaves lock and pledge as they are. Errors: ErrExists when
// another person has the login.
func (t *Tx) PutPerson(p Person) error {
	b, err := encode(personBody{p.Roles, p.Lang, p.Phone, p.Sources, p.Title, p.Email, p.SignIn, p.DirectoryName})
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO persons (id, login, kind, name, section, vendor, body) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET login = excluded.login, kind = excluded.kind, name = excluded.name,
		section = excluded.section, vendor = excluded.vendor, body = excluded.body`,
		p.ID, p.Login, string(p.Kind), p.Name, orNull(p.Section), orNull(p.Vendor), b)
	return exists(err)
}

const systemColumns = `SELECT id, name, section, body FROM systems`

// systemBody is the part of a system that is stored outside its key columns.
var systemBody = rules.Fields.Without("name", "section")

func scanSystem(r scanner) (System, error) {
	var s System
	var b json.RawMessage
	if err := r.Scan(&s.ID, &s.Name, &s.Section, body{&b}); err != nil {
		return s, err
	}
	if err := systemBody.FromStored(b, &s); err != nil {
		return s, fmt.Errorf("stored body of system %s: %w", s.ID, err)
	}
	return s, nil
}

// System reads one system. Errors: ErrNotFound.
func (s *Snap) System(id string) (System, error) {
	return get(s, scanSystem, systemColumns+` WHERE id = ?`, id)
}

// Systems lists all, by id.
func (s *Snap) Systems() ([]System, error) {
	return list(s, scanSystem, systemColumns+` ORDER BY id`)
}

// PutSystem adds or replaces a system.
func (t *Tx) PutSystem(v System) error {
	b, err := systemBody.Stored(&v)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO systems (id, name, section, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, section = excluded.section, body = excluded.body`,
		v.ID, v.Name, v.Section, string(b))
	return err
}

const targetColumns = `SELECT id, system, host, port, body FROM targets`

func scanTarget(r scanner) (Target, error) {
	var t Target
	var b targetBody
	err := r.Scan(&t.ID, &t.System, &t.Host, &t.Port, body{&b})
	t.HostKey, t.Drill, t.Note, t.Encoding, t.LegacyAlgorithms = b.HostKey, b.Drill, b.Note, b.Encoding, b.Legacy
	t.Steward, t.Egress = b.Steward, b.Egress
	return t, err
}

// Target reads one target. Errors: ErrNotFound.
func (s *Snap) Target(id string) (Target, error) {
	return get(s, scanTarget, targetColumns+` WHERE id = ?`, id)
}

// Targets lists the targets of a system, or all for an empty one, by id.
func (s *Snap) Targets(system string) ([]Target, error) {
	var w where
	w.text("system = ?", system)
	return list(s, scanTarget, targetColumns+w.String()+` ORDER BY id`, w.args...)
}

// PutTarget adds or replaces a target.
func (t *Tx) PutTarget(v Target) error {
	b, err := encode(targetBody{v.HostKey, v.Drill, v.Note, v.Encoding, v.LegacyAlgorithms, v.Steward, v.Egress})
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO targets (id, system, host, port, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET system = excluded.system, host = excluded.host, port = excluded.port, body = excluded.body`,
		v.ID, v.System, v.Host, v.Port, b)
	return err
}

const accountColumns = `SELECT id, target, login, body FROM accounts`

func scanAccount(r scanner) (Account, error) {
	var a Account
	var b accountBody
	err := r.Scan(&a.ID, &a.Target, &a.Login, body{&b})
	a.Root, a.Note, a.Credential, a.Secret = b.Root, b.Note, b.Credential, b.Secret
	a.Groups, a.Probe, a.RolePassword = b.Groups, b.Probe, b.RolePassword
	return a, err
}

// Account reads one account. Errors: ErrNotFound.
func (s *Snap) Account(id string) (Account, error) {
	return get(s, scanAccount, accountColumns+` WHERE id = ?`, id)
}

// Accounts lists the accounts of a target, or all for an empty one, by id.
func (s *Snap) Accounts(target string) ([]Account, error) {
	var w where
	w.text("target = ?", target)
	return list(s, scanAccount, accountColumns+w.String()+` ORDER BY id`, w.args...)
}

// PutAccount adds or replaces an account. Errors: ErrExists when the target has the login
// under another id.
func (t *Tx) PutAccount(v Account) error {
	b, err := encode(accountBody{v.Root, v.Note, v.Credential, v.Secret, v.Groups, v.Probe, v.RolePassword})
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO accounts (id, target, login, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET target = excluded.target, login = excluded.login, body = excluded.body`,
		v.ID, v.Target, v.Login, b)
	return exists(err)
}
