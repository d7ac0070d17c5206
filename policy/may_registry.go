package policy

// MayProposeChange tells whether the person may propose a change of the registry: the administrator. It takes effect once another
// person confirms it, where it gives more than before.
func MayProposeChange(p Person) bool { return p.Locked == nil && p.Has(Administrator) }

// MayProposeVendorPerson tells whether the person may propose a new engineer or contact of a vendor: the staff of the sections whose
// systems the vendor maintains, the information-systems section, and the administrator. It takes effect once another person confirms it.
func MayProposeVendorPerson(p Person) bool {
	return p.Kind == Staff && p.Locked == nil && (p.Has(Requester) || p.Has(InformationSystems) || p.Has(Administrator))
}

// MayConfirmChange tells whether the person may confirm changes of the registry: the information-systems section. The proposer of the
// change may not confirm it.
func MayConfirmChange(p Person) bool { return p.Locked == nil && p.Has(InformationSystems) }
