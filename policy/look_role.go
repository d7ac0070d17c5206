package policy

// The roles of a look that are no Role.
const (
	LookAsDeputy = "deputy" // of an approver
	LookAsStaff  = "staff"  // without a role
)

// lookOrder is the order in which the roles of a person are named for a look: the wider right first.
var lookOrder = []Role{Auditor, Approver, SecondApprover, InformationSystems}

// LookRole is the role in which a person looks at evidence. Figures count looks by it, so each look has exactly one. The attendant of the work that is looked
// at counts as its attendant, whatever else they are. s is zero where the look is at no session; deputy: the person stands in for an approver now.
func LookRole(p Person, s Subject, deputy bool) string {
	if s.Session != "" && attended(&p, &s) {
		return string(Attendant)
	}
	for _, r := range lookOrder {
		if p.Has(r) {
			return string(r)
		}
	}
	switch {
	case deputy:
		return LookAsDeputy
	case p.Has(Administrator):
		return string(Administrator)
	case p.Has(Attendant):
		return string(Attendant)
	}
	return LookAsStaff
}
