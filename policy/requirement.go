package policy

import (
	"cmp"
	"slices"
	"time"
)

// Paper names one kind of requirement.
type Paper string

// The papers.
const (
	PaperContract      Paper = "contract"
	PaperClauses       Paper = "special-clauses" // where the institution asks for them
	PaperPledge        Paper = "pledge"
	PaperPledgeCopy    Paper = "pledge-copy"   // where the institution asks for it
	PaperQualified     Paper = "qualified"     // the registry file says that the vendor qualifies
	PaperSubcontract   Paper = "subcontract"   // of a vendor that names a prime contractor
	PaperCertification Paper = "certification" // one for each name that the institution asks for
)

// Requirement is one paper without which an engineer may not work. Work that lasts from one instant to another needs every
// requirement to hold all that time.
type Requirement struct {
	Paper  Paper
	Name   string // of a certification; of PaperQualified the unmet requirement, if known
	Prime  bool   // asked of the prime contractor, not of the engineer's own vendor
	Terms  Terms  // when it holds
	Reason Reason // the refusal while it does not hold
	word   string // the name in the refusal's arguments; for a pledge its end
}

// Requirements lists the papers that an engineer's work needs, in the order in which a refusal names them. It is the one rule about
// papers: decision, deadline, next change, check items, form and the list of due papers all read it. prime is the prime contractor
// that the vendor names; nil or another vendor means unknown, with nothing on file. A nil person leaves out the requirements on an
// engineer. Locks are not papers.
func Requirements(v, prime *Vendor, p *Person, i *Institution) []Requirement {
	list := make([]Requirement, 0, 8)
	contract := func(v *Vendor, of string) {
		word := "contract"
		if v.ID == "" {
			word = "unknown"
		}
		list = append(list, Requirement{Paper: PaperContract, Terms: dated(v.ContractFrom, v.ContractUntil), Reason: VendorLocked, word: of + word})
		if i.Declared && i.SpecialClauses {
			list = append(list, Requirement{Paper: PaperClauses, Terms: joined(v.SpecialClauses), Reason: VendorLocked, word: of + "special-clauses"})
		}
	}
	contract(v, "")
	if p != nil {
		list = append(list, Requirement{Paper: PaperPledge, Terms: dated(p.Pledge.Signed, p.Pledge.Until), Reason: PledgeMissing})
		if i.Declared && i.PledgeCopy {
			list = append(list, Requirement{Paper: PaperPledgeCopy, Terms: always(p.Pledge.Copy), Reason: PledgeMissing, word: "no-copy"})
		}
	}
	list = append(list, Requirement{Paper: PaperQualified, Name: v.Unmet, Terms: always(v.Qualified), Reason: QualificationUnmet, word: cmp.Or(v.Unmet, "certification")})
	if v.Prime != "" {
		list = append(list, Requirement{Paper: PaperSubcontract, Terms: v.subcontract(), Reason: QualificationUnmet, word: "subcontract"})
	}
	for _, name := range i.required() {
		list = append(list, Requirement{Paper: PaperCertification, Name: name, Terms: v.certified(name), Reason: QualificationUnmet, word: name})
	}
	if v.Prime == "" {
		return list
	}
	if prime == nil || prime.ID != v.Prime {
		prime = &Vendor{}
	}
	own := len(list)
	contract(prime, "prime-")
	list = append(list, Requirement{Paper: PaperQualified, Name: prime.Unmet, Terms: always(prime.Qualified), Reason: QualificationUnmet, word: "prime-certification"})
	for _, name := range i.required() {
		list = append(list, Requirement{Paper: PaperCertification, Name: name, Terms: prime.certified(name), Reason: QualificationUnmet, word: "prime-certification"})
	}
	for n := own; n < len(list); n++ {
		list[n].Prime = true
	}
	return list
}

// item is the check item that shows the paper.
func (p Paper) item() string {
	switch p {
	case PaperPledge, PaperPledgeCopy:
		return ItemPledge
	case PaperSubcontract:
		return ItemSubcontract
	case PaperQualified, PaperCertification:
		return ItemCertification
	}
	return ItemContract
}

// args are the arguments of the refusal.
func (r *Requirement) args(zone *time.Location) map[string]string {
	switch {
	case r.Reason == VendorLocked:
		return map[string]string{"reason": r.word}
	case r.Reason == QualificationUnmet:
		return map[string]string{"item": r.word}
	case r.word != "":
		return map[string]string{"date": r.word}
	}
	return map[string]string{"date": sayDate(r.Terms.last(), zone)}
}

// Terms are the times during which a paper holds, in order and apart: terms that touch or overlap are joined. A zero start or end
// means that there is none.
type Terms []Span

// NewTerms puts terms in order and joins those that follow each other without a gap.
func NewTerms(terms ...Span) Terms { return joined(terms) }

// At tells whether the paper holds at an instant, and until when without a gap; zero: without end. If it does not hold, until is its
// last end before; zero: it never held.
func (t Terms) At(now time.Time) (until time.Time, holds bool) {
	for _, s := range t {
		if now.Before(s.Start) {
			return until, false
		}
		if until = s.End; s.End.IsZero() || now.Before(s.End) {
			return until, true
		}
	}
	return until, false
}

// Cover tells whether the paper holds during all of [start, end).
func (t Terms) Cover(start, end time.Time) bool {
	until, holds := t.At(start)
	return holds && (until.IsZero() || !until.Before(end))
}

func (t Terms) last() time.Time {
	if len(t) == 0 {
		return time.Time{}
	}
	return t[len(t)-1].End
}

// dated is one term of which both ends must be known: a date that is missing never holds.
func dated(from, until time.Time) Terms {
	if from.IsZero() || until.IsZero() || !from.Before(until) {
		return nil
	}
	return Terms{{from, until}}
}

// always gives terms that hold for good or never.
func always(holds bool) Terms {
	if !holds {
		return nil
	}
	return Terms{{}}
}

func joined(terms []Span) Terms {
	if len(terms) == 0 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(terms), func(a, b Span) int { return a.Start.Compare(b.Start) })
	out := sorted[:0]
	for _, s := range sorted {
		last := len(out) - 1
		switch {
		case !s.End.IsZero() && !s.Start.Before(s.End): // an empty term
		case last < 0 || !out[last].End.IsZero() && s.Start.After(out[last].End):
			out = append(out, s)
		case out[last].End.IsZero():
		case s.End.IsZero() || s.End.After(out[last].End):
			out[last].End = s.End
		}
	}
	return out
}

// certified are the terms of a certification, under one certificate or several.
func (v *Vendor) certified(name string) Terms {
	var terms []Span
	for n := range v.Certifications {
		c := &v.Certifications[n]
		if c.Name == name && !c.From.IsZero() && !c.Until.IsZero() {
			terms = append(terms, Span{c.From, c.Until})
		}
	}
	return joined(terms)
}

// subcontract are the terms of the institution's approval: those on file, or for good if only the registry file has it. One on file
// without an end is damaged and does not hold.
func (v *Vendor) subcontract() Terms {
	if !v.PrimeApproved || len(v.Subcontract) == 0 {
		return always(v.PrimeApproved)
	}
	return joined(slices.DeleteFunc(slices.Clone(v.Subcontract), func(s Span) bool { return s.End.IsZero() }))
}
