package registry

import (
	"net/netip"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Document is a registry file that was read: it is well formed and has no duplicates. Apply checks whether
// the objects that it refers to exist, because some may already be in the store.
type Document struct {
	Name     string
	Sections []store.Section
	People   []PersonEntry // staff, then engineers and contacts
	Vendors  []VendorEntry
	Systems  []SystemEntry
	Targets  []store.Target
	Accounts []store.Account

	// The content of the block institution; each is nil where the file does not give it.
	Institution *policy.Institution
	Holidays    *DayList
	NoWork      *NoWorkList

	places     map[string]forms.Value // kind/id → where it is declared
	references []reference
	// informationSystems are the sections whose staff confirm changes and give second approvals:
	// membership becomes a role of the person.
	informationSystems map[string]bool

	waits bool                     // all of it waits for a second person
	may   func(policy.Person) bool // tells who may apply it; nil: an administrator
}

// PersonEntry is a person as declared. Keys and pledge are declared only in so far as they are written:
// a key that the file leaves out stays registered.
type PersonEntry struct {
	personRow
	Signed forms.Day
	Until  forms.Day // inclusive
}

// VendorEntry is a vendor as declared. The days are the institution's.
type VendorEntry struct {
	store.Vendor
	From  forms.Day
	Until forms.Day // inclusive
}

// SystemEntry is a system as declared; without a telephone of its own it has its section's.
type SystemEntry struct {
	store.System
	checklist forms.Value // where it is declared
}

// reference is a name in the file that must exist, in the file or in the store.
type reference struct {
	kind  string // kind of the object that it must name
	id    string
	place forms.Value
}

// kinds of objects, as plans and ledger entries name them.
const (
	kindSection = "section"
	kindPerson  = "person"
	kindVendor  = "vendor"
	kindSystem  = "system"
	kindTarget  = "target"
	kindAccount = "account"

	// There is one of each of these; the id is the kind.
	kindInstitution = "institution"
	kindHolidays    = "holidays"
	kindNoWork      = "no-work"
)

func place(kind, id string) string { return kind + " " + id }

// addresses reads a list of source addresses.
func addresses(v forms.Value) []netip.Prefix {
	var list []netip.Prefix
	for _, m := range v.List() {
		if p := m.Prefix(); p.IsValid() {
			list = append(list, p)
		}
	}
	return list
}
