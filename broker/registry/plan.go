package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The actions of a plan.
const (
	Create    = api.ActionCreate
	Update    = api.ActionUpdate
	Unchanged = api.ActionUnchanged
	Absent    = api.ActionAbsent
)

// The plan's types are the API's.
type (
	Plan          = api.Plan
	Change        = api.Change
	Field         = api.ChangedField
	PendingChange = api.PendingChange
)

// state is the registry as stored, by place.
type state struct {
	objects map[string]object
	order   []string
	logins  map[string]string // of people: login and id → id
	vendors map[string]string // of vendors: login and id → id
	keys    map[string]string // active fingerprint → person
}

func readState(s *store.Snap) (*state, error) {
	st := &state{objects: map[string]object{}, logins: map[string]string{}, vendors: map[string]string{}, keys: map[string]string{}}
	sections, err := s.Sections()
	if err != nil {
		return nil, fmt.Errorf("read sections: %w", err)
	}
	for i := range sections {
		st.add(object{Kind: kindSection, Section: &sections[i]})
	}
	vendors, err := s.Vendors()
	if err != nil {
		return nil, fmt.Errorf("read vendors: %w", err)
	}
	for i := range vendors {
		vendors[i].PrimeApproved = vendors[i].PrimeDeclared // the file is compared with what a file said before
		st.add(object{Kind: kindVendor, Vendor: &vendors[i]})
		st.vendors[vendors[i].Login], st.vendors[vendors[i].ID] = vendors[i].ID, vendors[i].ID
	}
	people, err := s.Persons(store.PersonFilter{})
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	for i := range people {
		row, err := st.person(s, people[i])
		if err != nil {
			return nil, err
		}
		st.add(object{Kind: kindPerson, Person: row})
	}
	systems, err := s.Systems()
	if err != nil {
		return nil, fmt.Errorf("read systems: %w", err)
	}
	for i := range systems {
		st.add(object{Kind: kindSystem, System: &systems[i]})
	}
	targets, err := s.Targets("")
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	for i := range targets {
		st.add(object{Kind: kindTarget, Target: &targets[i]})
	}
	accounts, err := s.Accounts("")
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	for i := range accounts {
		st.add(object{Kind: kindAccount, Account: &accounts[i]})
	}
	return st, st.institution(s)
}

func (st *state) person(s *store.Snap, p store.Person) (*personRow, error) {
	keys, err := s.Keys(p.ID)
	if err != nil {
		return nil, fmt.Errorf("read keys of %s: %w", p.ID, err)
	}
	row := &personRow{Person: p, FilePledge: p.Declared}
	row.Locked, row.Pledge, row.Declared, row.Filed = nil, policy.Pledge{}, policy.Pledge{}, policy.Pledge{}
	for _, k := range keys {
		if k.State == store.KeyActive {
			row.Keys = append(row.Keys, k.Public)
			st.keys[k.Fingerprint] = p.ID
		}
	}
	slices.Sort(row.Keys)
	st.logins[p.Login], st.logins[p.ID] = p.ID, p.ID
	return row, nil
}

func (st *state) add(o object) {
	at := place(o.Kind, o.id())
	st.objects[at] = o
	st.order = append(st.order, at)
}

// objects turns the document into stored form, in the order in which they can be written.
func (d *Document) objects(r *Registry, st *state) []object {
	var list []object
	if d.Institution != nil {
		list = append(list, object{Kind: kindInstitution, Institution: d.Institution})
	}
	if d.Holidays != nil && st.isOrWas(kindHolidays, len(d.Holidays.Days)) {
		list = append(list, object{Kind: kindHolidays, Holidays: d.Holidays})
	}
	phones := map[string]string{}
	for at, o := range st.objects {
		if o.Kind == kindSection {
			phones[strings.TrimPrefix(at, kindSection+" ")] = o.Section.Phone
		}
	}
	for i := range d.Sections {
		phones[d.Sections[i].ID] = d.Sections[i].Phone
		list = append(list, object{Kind: kindSection, Section: &d.Sections[i]})
	}
	for _, e := range d.Vendors {
		v := e.Vendor
		v.ContractFrom, v.ContractUntil = e.From.Start(r.o.Zone).UTC(), e.Until.After(r.o.Zone).UTC()
		v.Prime = st.vendorID(d, v.Prime)
		list = append(list, object{Kind: kindVendor, Vendor: &v})
	}
	for _, e := range d.People {
		list = append(list, object{Kind: kindPerson, Person: d.person(r, st, e)})
	}
	for _, e := range d.Systems {
		s := e.System
		if s.Phone == "" {
			s.Phone = phones[s.Section]
		}
		list = append(list, object{Kind: kindSystem, System: &s})
	}
	for i := range d.Targets {
		list = append(list, object{Kind: kindTarget, Target: &d.Targets[i]})
	}
	for i := range d.Accounts {
		list = append(list, object{Kind: kindAccount, Account: &d.Accounts[i]})
	}
	if d.NoWork != nil && st.isOrWas(kindNoWork, len(d.NoWork.entries)) {
		list = append(list, object{Kind: kindNoWork, NoWork: d.NoWork.place(r.o.Zone)})
	}
	return list
}

// person completes an entry: membership of the information-systems section becomes the role it
// is, and what the file does not declare stays.
func (d *Document) person(r *Registry, st *state, e PersonEntry) *personRow {
	row := &personRow{Person: e.Person, Keys: slices.Clone(e.Keys)}
	row.Vendor = st.vendorID(d, row.Vendor)
	row.Roles = slices.Clone(e.Roles)
	if d.isInformationSystems(st, row.Section) {
		row.Roles = append(row.Roles, policy.InformationSystems)
	}
	if !e.Signed.IsZero() {
		row.FilePledge = policy.Pledge{Signed: e.Signed.Start(r.o.Zone).UTC(), Until: e.Until.After(r.o.Zone).UTC()}
	}
	if have, ok := st.objects[place(kindPerson, e.ID)]; ok {
		// The pledge in force is the one that holds longest; a shorter one in the file is old news.
		if e.Signed.IsZero() || have.Person.FilePledge.Until.After(row.FilePledge.Until) {
			row.FilePledge = have.Person.FilePledge
		}
		for _, k := range have.Person.Keys {
			if !slices.Contains(row.Keys, k) {
				row.Keys = append(row.Keys, k)
			}
		}
	}
	slices.Sort(row.Keys)
	return row
}

// isInformationSystems gives the section's own declaration, or else the role that its people already have. A section
// without people needs no record of it.
func (d *Document) isInformationSystems(st *state, section string) bool {
	if _, declared := d.places[place(kindSection, section)]; declared {
		return d.informationSystems[section]
	}
	for _, o := range st.objects {
		if o.Kind == kindPerson && o.Person.Section == section && o.Person.Has(policy.InformationSystems) {
			return true
		}
	}
	return false
}

// vendorID resolves a vendor's id or login.
func (st *state) vendorID(d *Document, name string) string {
	for _, v := range d.Vendors {
		if v.ID == name || v.Login == name {
			return v.ID
		}
	}
	if id, ok := st.vendors[name]; ok {
		return id
	}
	return name
}

// check finds the faults that only the store can tell: unknown names, logins and keys of another person,
// and a registry without an administrator.
func (d *Document) check(r *Registry, st *state) error {
	bad := &forms.Invalid{Name: d.Name}
	for _, ref := range d.references {
		id := ref.id
		if ref.kind == kindVendor {
			id = st.vendorID(d, id)
		}
		_, here := d.places[place(ref.kind, id)]
		_, stored := st.objects[place(ref.kind, id)]
		if !here && !stored {
			bad.Problems = append(bad.Problems, ref.place.Describe("dangling-reference",
				ref.id+" はどこにも書かれていません。", fmt.Sprintf("no %s %q here or in the registry", ref.kind, ref.id)))
		}
	}
	d.checkInstitution(bad, r.o.Zone)
	d.checkChecklists(bad, st)
	d.checkPrimes(bad, st)
	d.checkLines(bad, st)
	administrators := 0
	named := map[string]bool{}
	for _, e := range d.People {
		named[e.ID] = true
		if e.Has(policy.Administrator) {
			administrators++
		}
		d.checkPerson(bad, st, e)
		if _, known := st.objects[place(kindPerson, e.ID)]; !known && !r.o.NamedIDs && !numberForm.MatchString(e.ID) {
			at := d.places[place(kindPerson, e.ID)]
			bad.Problems = append(bad.Problems, at.Describe("id-is-a-name",
				"人の識別子は、名前ではなく番号にしてください(例 id: U-012)。台帳の見出しに残り、消せません。",
				"the id of a person must be a number, not a name (such as id: U-012): it stays in the headers of the ledger and cannot be removed"))
		}
	}
	for _, o := range st.objects {
		if o.Kind == kindPerson && !named[o.Person.ID] && o.Person.Has(policy.Administrator) {
			administrators++
		}
	}
	if administrators == 0 {
		bad.Problems = append(bad.Problems, forms.Problem{Field: "staff", Code: "no-administrator", Line: 1, Column: 1,
			JA: "管理者(administrator)の役割を持つ職員が一人もいません。", EN: "nobody holds the role administrator"})
	}
	return bad.OrNil()
}

// numberForm is what the id of a person looks like: letters that say of which kind it is, and a number.
var numberForm = regexp.MustCompile(`^[A-Z]{0,4}-?[0-9]{1,12}$`)

func (d *Document) checkPerson(bad *forms.Invalid, st *state, e PersonEntry) {
	at := d.places[place(kindPerson, e.ID)]
	for _, name := range e.names() {
		if other, taken := st.logins[name]; taken && other != e.ID {
			bad.Problems = append(bad.Problems, at.Describe("login-taken",
				name+" は "+other+" がすでに使っています。", fmt.Sprintf("%q already names %s", name, other)))
		}
	}
	if have, ok := st.objects[place(kindPerson, e.ID)]; ok && have.Person.Kind != e.Kind {
		bad.Problems = append(bad.Problems, at.Describe("kind-changed",
			"職員と保守要員は入れ替えられません。別の識別子で登録してください。", "staff cannot become an engineer or the other way round; register another id"))
	}
	for _, k := range e.Keys {
		_, print, err := ParseKey(k)
		if other, taken := st.keys[print]; err == nil && taken && other != e.ID {
			bad.Problems = append(bad.Problems, at.Describe("key-shared",
				"この鍵は "+other+" の鍵として登録されています。", fmt.Sprintf("key %s is registered for %s", print, other)))
		}
	}
}

// diff compares the wanted objects with the stored ones. A guarded change waits, and so does an object that needs a new guarded
// one.
func diff(wanted []object, st *state) (changes []Change, now, waits []proposal) {
	pendingNew := map[string]bool{}
	seen := map[string]bool{}
	for _, o := range wanted {
		at := place(o.Kind, o.id())
		seen[at] = true
		have, exists := st.objects[at]
		c := Change{Action: Unchanged, Kind: o.Kind, ID: o.id()}
		guarded := !exists && o.guardedWhenNew()
		var before []field.Part
		if exists {
			before = have.properties()
		}
		var differs bool
		if c.Fields, differs = compare(before, o.properties()); differs && exists {
			guarded = true
		}
		if exists && o.Kind == kindVendor && o.approvesSubcontract(have.Vendor) {
			guarded = true
		}
		switch {
		case !exists:
			c.Action = Create
		case len(c.Fields) > 0:
			c.Action = Update
		}
		if c.Action != Unchanged {
			p := proposal{object: o}
			if exists {
				p.Base = have.base()
			}
			for _, needed := range o.refers() {
				guarded = guarded || pendingNew[needed]
			}
			if c.Pending = guarded; guarded {
				waits = append(waits, p)
				pendingNew[at] = !exists
			} else {
				now = append(now, p)
			}
		}
		changes = append(changes, c)
	}
	for _, at := range st.order {
		if !seen[at] {
			o := st.objects[at]
			changes = append(changes, Change{Action: Absent, Kind: o.Kind, ID: o.id()})
		}
	}
	return changes, now, waits
}

// compare names the fields that differ, and reports whether a guarded one does. A field that only one side has, such as the steps of a
// checklist, is empty on the other.
func compare(before, after []field.Part) (list []Field, guarded bool) {
	was := map[string]field.Part{}
	for _, f := range before {
		was[f.Name] = f
	}
	for _, f := range after {
		from := was[f.Name]
		delete(was, f.Name)
		if from.Value == f.Value || from.Value == "" && f.Value == "false" {
			continue
		}
		list = append(list, Field{Name: f.Name, From: from.Value, To: f.Value})
		guarded = guarded || from.Guarded || f.Guarded
	}
	for _, f := range before {
		if _, gone := was[f.Name]; gone && f.Value != "" && f.Value != "false" {
			list = append(list, Field{Name: f.Name, From: f.Value})
			guarded = guarded || f.Guarded
		}
	}
	return list, guarded
}

// inDays says terms as the file writes them: days of the institution, the last one inclusive.
func (r *Registry) inDays(changes []Change) []Change {
	for _, c := range changes {
		for i, f := range c.Fields {
			back := time.Duration(0)
			switch f.Name {
			case "contract.from", "pledge.signed":
			case "contract.until", "pledge.until":
				back = time.Nanosecond
			default:
				continue
			}
			for _, side := range []*string{&c.Fields[i].From, &c.Fields[i].To} {
				if t, err := time.Parse(time.RFC3339, *side); err == nil { // an absent term is empty
					*side = t.Add(-back).In(r.o.Zone).Format(time.DateOnly)
				}
			}
		}
	}
	return changes
}
