package view

import (
	"context"
	"slices"

	"sekimori/broker/api"
	"sekimori/broker/freeze"
	"sekimori/broker/papers"
	"sekimori/broker/store"
)

// EngineerPage is an engineer of a vendor with keys and papers, and the times in which they were stopped.
type EngineerPage struct {
	api.Engineer
	VendorName  string
	Papers      []api.Paper
	Suspensions []api.Suspension
	Renewals    []api.Ending // of their papers
	Renewal     []api.Offer  // to ask the vendor for them
}

// Engineer shows one engineer of a vendor. The look is ledgered (L1). Errors: store.ErrNotFound, also for a person of another vendor.
func (v *Views) Engineer(ctx context.Context, by Reader, vendor, id string) (EngineerPage, error) {
	return opened(ctx, v, by, "person", func(e EngineerPage) string { return e.ID }, func(s *store.Snap) (out EngineerPage, err error) {
		whole, err := v.o.Papers.Page(s, vendor)
		if err != nil {
			return out, err
		}
		page := VendorPage(whole, v.o.Zone)
		at := slices.IndexFunc(page.Engineers, func(e api.Engineer) bool { return e.ID == id })
		if at < 0 {
			return out, store.ErrNotFound
		}
		out.Engineer, out.VendorName = page.Engineers[at], page.Vendor.Name
		person, err := v.WholePerson(s, out.ID)
		if err != nil {
			return out, err
		}
		out.Person = person
		out.Offers = freeze.OnPerson.Offers(s, by.Person, out.ID)
		for _, r := range page.Renewals {
			if r.Person == out.ID {
				out.Renewals = append(out.Renewals, r)
			}
		}
		if len(out.Renewals) > 0 {
			out.Renewal = slices.DeleteFunc(papers.OnVendor.Offers(s, by.Person, out.Vendor), func(o api.Offer) bool { return o.Act != papers.AskRenewalName })
		}
		for _, p := range page.Papers {
			if p.Person == out.ID {
				out.Papers = append(out.Papers, p)
			}
		}
		for _, one := range page.Suspensions {
			if one.Subject == out.ID {
				out.Suspensions = append(out.Suspensions, one)
			}
		}
		return out, nil
	})
}
