package policy

import "time"

// MayReadYear rules who may read a year's figures (screens §3.11): heads, second approvers, the information-systems section and auditors. The
// figures name no person, so they are not narrowed to a section.
func MayReadYear(p Person) Decision {
	if p.Kind == Staff && p.Locked == nil && (p.Has(Approver) || p.Has(SecondApprover) || p.Has(InformationSystems) || p.Has(Auditor)) {
		return allow()
	}
	return forbid(Auditor)
}

// YearFacts are what rules about a yearly report look at. The zero value denies.
type YearFacts struct {
	Year     string    // "R8"
	Ends     time.Time // the first instant after the fiscal year
	Final    bool      // both offices have agreed
	AgreedBy string    // the person of the first agreement; empty: there is none
	Office   Role      // for which that person agreed: InformationSystems or Auditor
}

// MayFinaliseYear rules who may agree to the figures of a yearly report: a person of the information-systems section (or a second approver)
// and an auditor, in either order. They are two people. No one agrees before the year is over.
func MayFinaliseYear(p Person, f YearFacts, now time.Time) Decision {
	d := oneOf(p, SecondApprover, InformationSystems, Auditor)
	switch {
	case !d.Allow:
		return d
	case f.Final:
		return deny(AlreadyDecided, map[string]string{"request": f.Year})
	case f.Ends.IsZero() || now.Before(f.Ends):
		return deny(YearNotOver, map[string]string{"until": f.Ends.Format(time.DateOnly)})
	case p.ID == "" || p.ID == f.AgreedBy || YearOffice(p, f) == "":
		return deny(OtherOfficeAgrees, nil)
	}
	return allow()
}

// YearOffice is the office for which a person agrees to a yearly report, InformationSystems or Auditor, other than that of the first
// agreement. Empty: there is none. An auditor agrees as auditor only, also one of the information-systems section: two auditors make no
// report final.
func YearOffice(p Person, f YearFacts) Role {
	var office Role
	switch {
	case p.Has(Auditor):
		office = Auditor
	case p.Has(SecondApprover), p.Has(InformationSystems):
		office = InformationSystems
	}
	if office == f.Office {
		return ""
	}
	return office
}

// MayWithdrawYear rules who may take back the first agreement to a yearly report: either office, until the second agreement.
func MayWithdrawYear(p Person, f YearFacts, _ time.Time) Decision {
	if d := oneOf(p, SecondApprover, InformationSystems, Auditor); !d.Allow {
		return d
	}
	if f.Final || f.AgreedBy == "" {
		return deny(AlreadyDecided, map[string]string{"request": f.Year})
	}
	return allow()
}

// MayCorrectYear rules who may append a correction to a yearly report that is final: either office.
func MayCorrectYear(p Person, _ YearFacts, _ time.Time) Decision {
	return oneOf(p, SecondApprover, InformationSystems, Auditor)
}

// MayNoteOpinion rules who may enter the council's opinions and the institution's responses: the information-systems section and second
// approvers.
func MayNoteOpinion(p Person, _ YearFacts, _ time.Time) Decision {
	return oneOf(p, SecondApprover, InformationSystems)
}
