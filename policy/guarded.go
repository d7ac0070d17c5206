package policy

// Guarded reports whether the person holds a role of which some act needs two people: such a person's enrolment needs two as well,
// or whoever issued the code would hold that role's credentials alone.
func (p Person) Guarded() bool {
	for _, role := range []Role{Approver, SecondApprover, InformationSystems, Administrator, Auditor} {
		if p.Has(role) {
			return true
		}
	}
	return false
}
