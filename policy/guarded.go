package policy

// Guarded reports whether the person has a role that some act takes two people for. The enrolment of such a person takes two as well:
// otherwise the issuer of the code would hold that role's credentials alone.
func (p Person) Guarded() bool {
	for _, role := range []Role{Approver, SecondApprover, InformationSystems, Administrator, Auditor, PermitOfficer} {
		if p.Has(role) {
			return true
		}
	}
	return false
}
