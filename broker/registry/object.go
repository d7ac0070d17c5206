package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// object is one thing of the registry, of whichever kind; exactly one pointer is set. It is what
// a pending change carries, so it must survive JSON.
type object struct {
	Kind    string         `json:"kind"`
	Section *store.Section `json:"section,omitempty"`
	Person  *personRow     `json:"person,omitempty"`
	Vendor  *store.Vendor  `json:"vendor,omitempty"`
	System  *store.System  `json:"system,omitempty"`
	Target  *store.Target  `json:"target,omitempty"`
	Account *store.Account `json:"account,omitempty"`

	Institution *policy.Institution `json:"institution,omitempty"`
	Holidays    *DayList            `json:"holidays,omitempty"`
	NoWork      *NoWorkList         `json:"no_work,omitempty"`
}

// personRow is a person with the keys and the pledge that the file adds.
type personRow struct {
	store.Person
	Keys       []string      `json:"keys,omitempty"` // authorized_keys form; all of them active
	FilePledge policy.Pledge `json:"file_pledge"`
}

// field is one property in words, for comparing, for plans and for the ledger. A guarded one needs
// a second person when it changes.
type field struct {
	name    string
	value   string
	guarded bool
}

func (o object) id() string {
	switch o.Kind {
	case kindSection:
		return o.Section.ID
	case kindPerson:
		return o.Person.ID
	case kindVendor:
		return o.Vendor.ID
	case kindSystem:
		return o.System.ID
	case kindTarget:
		return o.Target.ID
	case kindInstitution, kindHolidays, kindNoWork:
		return o.Kind
	}
	return o.Account.ID
}

// refers names the objects that this one needs to exist.
func (o object) refers() []string {
	switch o.Kind {
	case kindPerson:
		if o.Person.Vendor != "" {
			return []string{place(kindVendor, o.Person.Vendor)}
		}
		return []string{place(kindSection, o.Person.Section)}
	case kindVendor:
		if o.Vendor.Prime != "" {
			return []string{place(kindVendor, o.Vendor.Prime)}
		}
	case kindSystem:
		return []string{place(kindSection, o.System.Section)}
	case kindTarget:
		return []string{place(kindSystem, o.Target.System)}
	case kindAccount:
		return []string{place(kindTarget, o.Account.Target)}
	case kindNoWork:
		var systems []string
		for _, n := range o.NoWork.Times {
			if n.System != "" {
				systems = append(systems, place(kindSystem, n.System))
			}
		}
		return systems
	}
	return nil
}

// fields are the object's properties in a fixed order. What is guarded is decisions' list: roles, keys of
// people, host keys, rules — and what would go round them: who somebody is to sign in as, belongs
// to, is called back on and connects from, and where a target really is.
func (o object) fields() []field {
	switch o.Kind {
	case kindSection:
		s := o.Section
		return []field{{"name", s.Name, false}, {"phone", s.Phone, false}, {"head", s.Head, false}}
	case kindVendor:
		v := o.Vendor
		return []field{{"login", v.Login, false}, {"name", v.Name, false}, {"phone", v.Phone, false}, {"email", v.Email, false},
			{"contract.from", instant(v.ContractFrom), false}, {"contract.until", instant(v.ContractUntil), false},
			{"prime", v.Prime, false}, {"prime_approved", yes(v.PrimeApproved), false},
			{"qualified", yes(v.Qualified), false}, {"unmet", v.Unmet, false}}
	case kindSystem:
		s := o.System
		return append([]field{{"name", s.Name, false}, {"note", s.Note, false}, {"section", s.Section, true}, {"phone", s.Phone, false},
			{"second_stage", yes(s.SecondStage), true}, {"attendance", string(s.Attendance), true},
			{"identity_check", yes(s.IdentityCheck), true}, {"line", string(s.Line), true}, {"exclusive", yes(s.Exclusive), true},
			{"max_window", length(s.MaxWindow), true}, {"idle", length(s.Idle), true}, {"approver_may_attend", yes(s.ApproverMayAttend), true}}, ruleFields(s)...)
	case kindTarget:
		t := o.Target
		return []field{{"system", t.System, true}, {"host", t.Host, true}, {"port", strconv.Itoa(t.Port), true},
			{"host_key", t.HostKey, true}, {"drill", yes(t.Drill), true}, {"legacy_algorithms", t.LegacyAlgorithms, true}, {"note", t.Note, false}, {"encoding", t.Encoding, false}}
	case kindAccount:
		a := o.Account
		return []field{{"root", yes(a.Root), true}, {"credential", string(a.Credential), true}, {"note", a.Note, false}}
	case kindInstitution:
		return institutionFields(o.Institution)
	case kindHolidays:
		return dayFields(o.Holidays)
	case kindNoWork:
		return noWorkFields(o.NoWork)
	}
	p := o.Person
	return []field{{"login", p.Login, true}, {"kind", string(p.Kind), true}, {"name", p.Name, false}, {"title", p.Title, false},
		{"email", p.Email, false}, {"section", p.Section, true}, {"vendor", p.Vendor, true}, {"roles", roles(p.Roles), true},
		{"lang", p.Lang, false}, {"phone", p.Phone, p.Kind != policy.Staff}, {"sources", sources(p.Person), true},
		{"keys", strings.Join(p.Keys, "\n"), true},
		{"pledge.signed", instant(p.FilePledge.Signed), false}, {"pledge.until", instant(p.FilePledge.Until), false}}
}

// guardedWhenNew reports whether making the object needs a second person.
func (o object) guardedWhenNew() bool {
	switch o.Kind {
	case kindPerson:
		return len(o.Person.Roles) > 0 || len(o.Person.Keys) > 0
	case kindVendor:
		return o.approvesSubcontract(nil)
	case kindSection:
		return false
	}
	return true
}

// approvesSubcontract tells of a vendor's entry that lets a subcontractor's people in: it says that the institution approved the
// subcontract, or names no prime contractor, or another, where one was named. Approving it is an act of a head or of the
// information-systems section with a fresh proof (screens §3.1, item 4); the administrator's file must not go round that. Dates of contracts and
// pledges are no approvals: they say what stands on paper, and the entry names who wrote them.
func (o object) approvesSubcontract(have *store.Vendor) bool {
	v := o.Vendor
	if have == nil {
		return v.Prime != "" && v.PrimeApproved
	}
	return v.PrimeApproved && !have.PrimeApproved || have.Prime != "" && v.Prime != have.Prime
}

// base is a fingerprint of the object's state, so that a confirmation can tell whether what it
// confirms still is what was looked at.
func (o object) base() string {
	var b strings.Builder
	for _, f := range o.fields() {
		fmt.Fprintf(&b, "%s=%q\n", f.name, f.value)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// proposal is one object of a pending change. Base is empty when the object did not exist.
type proposal struct {
	Base string `json:"base"`
	object
}

// encode gives the same bytes for the same proposals.
func encode(list []proposal) (json.RawMessage, error) {
	b, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode change: %w", err)
	}
	return b, nil
}

func yes(b bool) string { return strconv.FormatBool(b) }

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func length(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func roles(list []policy.Role) string {
	words := make([]string, 0, len(list))
	for _, r := range list {
		words = append(words, string(r))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func sources(p store.Person) string {
	words := make([]string, 0, len(p.Sources))
	for _, s := range p.Sources {
		words = append(words, s.String())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}
