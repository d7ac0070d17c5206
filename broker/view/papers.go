package view

import (
	"context"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/papers"
	"sekimori/broker/store"
	"sekimori/policy"
)

// PapersAsked narrows Papers. Zero fields do not narrow.
type PapersAsked struct{ Vendor, Person, Kind, State string }

// Papers lists the papers that the person sees. Papers that are not accepted yet come first; in both parts the oldest come first. Errors:
// store.ErrNotFound for a vendor or a person that does not exist or whose papers the caller does not see.
func (v *Views) Papers(ctx context.Context, by Reader, a PapersAsked, p Page) (out api.List[api.Paper], err error) {
	sight := policy.SeePapers(by.Person)
	if sight.Nothing() {
		return Whole([]api.Paper{}), nil
	}
	f := store.PaperFilter{Kind: store.PaperKind(a.Kind), State: store.PaperState(a.State), Vendor: sight.Vendor}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		if a.Person != "" {
			one, err := s.Person(a.Person)
			if err != nil {
				return err
			}
			f.Person, f.Vendor = one.ID, one.Vendor
			if err := seesPapers(s, by.Person, one.Vendor); err != nil {
				return err
			}
		}
		if a.Vendor != "" {
			one, err := s.Vendor(a.Vendor)
			if err != nil {
				return err
			}
			f.Vendor = one.ID
		}
		if f.Vendor != "" {
			if err := seesPapers(s, by.Person, f.Vendor); err != nil {
				return err
			}
		}
		page, err := s.PaperPage(f, p)
		if err != nil {
			return err
		}
		beside, err := s.Papers(store.PaperFilter{Vendor: f.Vendor, Limit: -1})
		replaced := papers.Replaced(beside)
		out = listed(page, func(row store.Paper) api.Paper {
			one := Paper(row, v.o.Zone)
			one.Replaced = replaced[row.ID]
			return one
		})
		return err
	})
	return out, err
}

// Paper shows one, without its copy. Errors: store.ErrNotFound, also for a paper that the person does not see.
func (v *Views) Paper(ctx context.Context, by Reader, id string) (out api.Paper, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		row, err := s.Paper(id)
		if err == nil {
			err = seesPapers(s, by.Person, row.Vendor)
		}
		if err != nil {
			return err
		}
		beside, err := s.Papers(store.PaperFilter{Vendor: row.Vendor, Kind: row.Kind, Limit: -1})
		out = Paper(row, v.o.Zone)
		out.Replaced = papers.Replaced(beside)[row.ID]
		out.Offers = papers.OnPaper.Offers(s, by.Person, row.ID)
		return err
	})
	return out, err
}

// PapersDue lists papers that end within the given days, have ended, or are missing. They are sorted by end, so overdue ones come first.
func (v *Views) PapersDue(ctx context.Context, by Reader, days int, p Page) (api.List[api.Ending], error) {
	sight := policy.SeePapers(by.Person)
	if sight.Nothing() {
		return Whole([]api.Ending{}), nil
	}
	items, err := v.o.Papers.Ends(ctx, sight.Vendor, days)
	if err != nil {
		return api.List[api.Ending]{}, err
	}
	return pageOf(Each(items, func(r papers.Renewal) api.Ending { return Renewal(r, v.o.Zone) }), func(e api.Ending) string {
		return strings.Join([]string{oldestFirst(e.Until), e.Vendor, e.Person, e.Kind, e.Name, e.Paper}, "\x00")
	}, p)
}

// seesPapers returns store.ErrNotFound where the person does not see the papers of a vendor.
func seesPapers(s *store.Snap, p policy.Person, vendor string) error {
	o, err := s.Owner("", vendor)
	if err == nil && !policy.SeePapers(p).Sees(o) {
		err = store.ErrNotFound
	}
	return err
}

func Standing(st papers.Standing, z *time.Location) api.Standing {
	v := api.Standing{State: string(st.State), Cause: string(st.Item.Kind), Name: st.Item.Name, Ends: At(st.Item.Until, z)}
	if st.State == papers.Expiring {
		v.Days = st.Item.Days
	}
	return v
}

func Ending(i papers.Item, z *time.Location) api.Ending {
	return api.Ending{
		Kind: string(i.Kind), Vendor: i.Vendor, Person: i.Person, Name: i.Name, Paper: i.Paper,
		Until: At(i.Until, z), Days: i.Days, State: string(i.State), Asked: i.Asked,
	}
}

// Renewal is a paper that is to be renewed.
func Renewal(r papers.Renewal, z *time.Location) api.Ending {
	e := Ending(r.Item, z)
	e.Wanted = At(r.Wanted, z)
	return e
}

func Paper(p store.Paper, z *time.Location) api.Paper {
	v := api.Paper{
		ID: p.ID, Kind: string(p.Kind), Vendor: p.Vendor, Person: p.Person, Name: p.Name, FiscalYear: p.FiscalYear,
		From: At(p.From, z), Until: At(p.Until, z), Note: p.Note, State: string(p.State), FiledBy: p.FiledBy, Filed: At(p.Filed, z),
		AcceptedBy: p.AcceptedBy, Accepted: At(p.Accepted, z), WithdrawnBy: p.WithdrawnBy, Withdrawn: At(p.Withdrawn, z), Reason: p.Why,
	}
	if p.File != "" {
		v.Copy = &api.PaperCopy{FileName: p.FileName, MediaType: p.MediaType, Size: p.Size, SHA256: p.SHA256, Disposed: At(p.Disposed, z)}
	}
	return v
}

func VendorPage(p papers.Page, z *time.Location) api.VendorPage {
	v := api.VendorPage{
		Vendor: Vendor(p.Vendor, z), Standing: Standing(p.Standing, z), PrimeName: p.Prime.Name,
		Items: Each(p.Items, func(i papers.Item) api.Ending { return Ending(i, z) }),
		Papers: Each(p.Papers, func(paper store.Paper) api.Paper {
			v := Paper(paper, z)
			v.Replaced = p.Replaced[paper.ID]
			return v
		}),
		Engineers: Each(p.Engineers, func(e papers.Engineer) api.Engineer {
			return api.Engineer{
				Person: Person(e.Person, z), Standing: Standing(e.Standing, z), PledgeCopy: e.Person.Pledge.Copy,
				KeysActive: e.Keys, Trained: At(e.Trained, z), LastSession: At(e.Last, z),
			}
		}),
	}
	v.Renewals = Each(p.Renewals, func(r papers.Renewal) api.Ending { return Renewal(r, z) })
	for _, s := range p.Subcontractors {
		v.Subcontractors = append(v.Subcontractors, s.ID)
	}
	for _, s := range p.Suspensions {
		v.Suspensions = append(v.Suspensions, api.Suspension{Kind: s.Kind, Subject: s.Subject, By: s.By, Reason: s.Reason, Since: At(s.Since, z), Lifted: At(s.Lifted, z)})
	}
	return v
}
