package policy

// The rules about papers on file. The vendor hands its papers in; the institution's staff answer for what counts.

// MayKeepPapers rules who keeps papers for the institution: the information-systems section, and requesters of a section that owns a
// system.
func MayKeepPapers(p Person, ownsSystem bool) Decision {
	if p.Kind == Staff && (p.Has(InformationSystems) || p.Has(Requester) && ownsSystem) {
		return allow()
	}
	return forbid(Requester)
}

// MayHandInPapers rules who may hand in a paper about the vendor: its engineers and contacts, and those of its prime contractor, which
// answers for it. The paper counts once staff accept it.
func MayHandInPapers(p Person, v Vendor) Decision {
	if (p.Kind == Contact || p.Kind == Engineer) && p.Vendor != "" && (p.Vendor == v.ID || p.Vendor == v.Prime) {
		return allow()
	}
	return forbid(Requester)
}

// MayAskRenewal rules who may ask a vendor to renew its papers: requesters of a section for which the vendor works, a second approver, the
// information-systems section.
func MayAskRenewal(p Person, worksForSection bool) Decision {
	if p.Kind == Staff && (p.Has(SecondApprover) || p.Has(InformationSystems) || p.Has(Requester) && worksForSection) {
		return allow()
	}
	return forbid(Requester)
}

// MayApproveSubcontract rules who may let a subcontractor's people in: a head of a section that owns a system, a second approver, the
// information-systems section.
func MayApproveSubcontract(p Person, ownsSystem bool) Decision {
	if p.Kind == Staff && (p.Has(SecondApprover) || p.Has(InformationSystems) || p.Has(Approver) && ownsSystem) {
		return allow()
	}
	return forbid(Approver)
}
