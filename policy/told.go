package policy

import "slices"

// The letters by which the tables of states and reasons name those who are told.
const (
	ToldEngineer      = 'E'
	ToldContact       = 'V' // of the vendor
	ToldRequester     = 'Q'
	ToldHead          = 'H'
	ToldDeputy        = 'D' // of the head, while a deputation holds
	ToldSection       = 'S' // the information-systems section and second approvers
	ToldAttendant     = 'T'
	ToldAuditor       = 'A'
	ToldAdministrator = 'M'
)

// Circle names the people whom a matter concerns, as far as they are known.
type Circle struct {
	Section   string   // the section that owns the system
	Head      string   // its head; empty: everyone who approves there
	Deputies  []string // of those who approve there, now
	Vendor    string
	Engineers []string
	Requester string // empty: everyone of the section who may take the request over
	Proposer  string
	Attendant string // empty: everyone of the section who may attend
	Auditor   string // empty: all
}

// Addressees gives the ids of the people behind one letter, each once. A locked person is told nothing.
func Addressees(letter rune, c Circle, people []Person) []string {
	var is func(p Person) bool
	switch letter {
	case ToldEngineer:
		is = func(p Person) bool { return p.Kind == Engineer && slices.Contains(c.Engineers, p.ID) }
	case ToldContact:
		is = func(p Person) bool {
			return p.Kind == Contact && c.Vendor != "" && p.Vendor == c.Vendor || c.Proposer != "" && p.ID == c.Proposer
		}
	case ToldRequester:
		is = func(p Person) bool { return c.named(p, c.Requester, Requester) }
	case ToldHead:
		is = func(p Person) bool { return c.named(p, c.Head, Approver) }
	case ToldDeputy:
		is = func(p Person) bool { return p.Kind == Staff && slices.Contains(c.Deputies, p.ID) }
	case ToldSection:
		is = func(p Person) bool { return p.Kind == Staff && (p.Has(InformationSystems) || p.Has(SecondApprover)) }
	case ToldAttendant:
		is = func(p Person) bool { return c.named(p, c.Attendant, Attendant) }
	case ToldAuditor:
		is = func(p Person) bool {
			return p.Kind == Staff && (c.Auditor != "" && p.ID == c.Auditor || c.Auditor == "" && p.Has(Auditor))
		}
	case ToldAdministrator:
		is = func(p Person) bool { return p.Kind == Staff && p.Has(Administrator) }
	default:
		return nil
	}
	var ids []string
	for _, p := range people {
		if p.Locked == nil && is(p) && !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// named tells whether the person is the one who is named, or with no name given, one of the section with that role.
func (c Circle) named(p Person, id string, role Role) bool {
	if p.Kind != Staff {
		return false
	}
	if id != "" {
		return p.ID == id
	}
	return c.Section != "" && p.Section == c.Section && p.Has(role)
}

// OfDesk gives the ids of the people who stand at a desk of alarms: a section's, or the central one for an empty section.
func OfDesk(section string, people []Person) []string {
	var ids []string
	for _, p := range people {
		sight := SeeAlarms(p)
		if section == "" && sight.Central || section != "" && sight.Section == section {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// SeeUndelivered rules who sees the notices that reached no one, and tests the ways to people: administrators and the
// information-systems section.
func SeeUndelivered(p Person) Decision { return oneOf(p, InformationSystems, Administrator) }
