package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/field"
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

// properties are the compared fields of the object, by its table.
func (o object) properties() []field.Part {
	switch o.Kind {
	case kindSection:
		return sections.compared(*o.Section)
	case kindVendor:
		return vendors.compared(VendorEntry{Vendor: *o.Vendor})
	case kindSystem:
		return systems.compared(*o.System)
	case kindTarget:
		return targets.compared(*o.Target)
	case kindAccount:
		return accounts.compared(*o.Account)
	case kindInstitution:
		return institutions.compared(*o.Institution)
	case kindHolidays:
		return dayProperties(o.Holidays)
	case kindNoWork:
		return noWorkProperties(o.NoWork)
	}
	return people.compared(PersonEntry{personRow: *o.Person})
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

// approvesSubcontract reports whether a vendor's entry lets a subcontractor's people in: it says that the institution approved the
// subcontract, or it removes or changes the prime contractor. A head or the
// information-systems section approves one with a fresh proof (screens §3.1, item 4), and the administrator's file must not go round that.
// Dates of contracts and pledges are no approvals: they state paper documents, and the entry names the actor.
func (o object) approvesSubcontract(have *store.Vendor) bool {
	v := o.Vendor
	if have == nil {
		return v.Prime != "" && v.PrimeApproved
	}
	return v.PrimeApproved && !have.PrimeApproved || have.Prime != "" && v.Prime != have.Prime
}

// base is a fingerprint of the object's state. A confirmation compares it with the state that the proposal
// was made on.
func (o object) base() string {
	sum := sha256.Sum256([]byte(field.Fingerprint(o.properties())))
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

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func sources(p store.Person) string {
	words := make([]string, 0, len(p.Sources))
	for _, s := range p.Sources {
		words = append(words, s.String())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}
