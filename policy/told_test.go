package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestAddressees(t *testing.T) {
	staff := func(id, section string, roles ...Role) Person {
		return Person{ID: id, Kind: Staff, Section: section, Roles: roles}
	}
	people := []Person{
		staff("head", "hr", Approver), staff("other-head", "tax", Approver), staff("kato", "hr", Requester), staff("ito", "hr", Attendant), staff("ito2", "hr", Attendant),
		staff("second", "is", SecondApprover), staff("admin", "is", Administrator, InformationSystems), staff("mori", "audit", Auditor), staff("mori2", "audit", Auditor),
		{ID: "locked", Kind: Staff, Section: "hr", Roles: []Role{Approver, Requester, Attendant, Auditor, Administrator, InformationSystems}, Locked: &Lock{}},
		{ID: "E-1", Kind: Engineer, Vendor: "V-1"}, {ID: "E-2", Kind: Engineer, Vendor: "V-1"}, {ID: "C-1", Kind: Contact, Vendor: "V-1"}, {ID: "C-2", Kind: Contact, Vendor: "V-2"},
	}
	open := Circle{Section: "hr", Vendor: "V-1", Engineers: []string{"E-1"}, Deputies: []string{"kato"}}
	named := open
	named.Head, named.Requester, named.Attendant, named.Auditor, named.Proposer = "other-head", "kato", "ito2", "mori2", "E-2"
	for _, c := range []struct {
		letter string
		circle Circle
		want   string
	}{
		{"E", open, "E-1"}, {"V", open, "C-1"}, {"V", named, "E-2 C-1"}, {"Q", open, "kato"}, {"Q", named, "kato"}, {"H", open, "head"}, {"H", named, "other-head"},
		{"D", open, "kato"}, {"S", open, "second admin"}, {"T", open, "ito ito2"}, {"T", named, "ito2"}, {"A", open, "mori mori2"}, {"A", named, "mori2"},
		{"M", open, "admin"}, {"X", open, ""},
		// An unknown circle reaches no one by a missing name.
		{"E", Circle{}, ""}, {"V", Circle{}, ""}, {"Q", Circle{}, ""}, {"H", Circle{}, ""}, {"T", Circle{}, ""}, {"D", Circle{}, ""},
	} {
		if got := strings.Join(Addressees(rune(c.letter[0]), c.circle, people), " "); got != c.want {
			t.Errorf("%s of %+v: %q, want %q", c.letter, c.circle, got, c.want)
		}
	}
	if got := OfDesk("hr", people); !slices.Equal(got, []string{"head", "kato", "ito", "ito2"}) {
		t.Errorf("desk of the section: %v", got)
	}
	if got := OfDesk("", people); !slices.Equal(got, []string{"admin"}) {
		t.Errorf("central desk: %v", got)
	}
}

// Each letter in the table of reasons has its people.
func TestEveryLetterHasItsPeople(t *testing.T) {
	for _, r := range Reasons() {
		for _, l := range r.Told {
			if !strings.ContainsRune("EVQHDSTAM", l) {
				t.Errorf("%s: letter %c", r.Code, l)
			}
		}
	}
}
