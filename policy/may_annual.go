package policy

// MayReadYear rules who may read a year's figures (screens §3.11): heads, second approvers, the information-systems section and auditors. The
// figures name no person, so they are not narrowed to a section.
func MayReadYear(p Person) Decision {
	if p.Kind == Staff && p.Locked == nil && (p.Has(Approver) || p.Has(SecondApprover) || p.Has(InformationSystems) || p.Has(Auditor)) {
		return allow()
	}
	return forbid(Auditor)
}
