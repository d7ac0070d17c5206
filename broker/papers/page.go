package papers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/store"
)

// Page is a vendor's page (screens §3.8, §5.6).
type Page struct {
	Vendor         store.Vendor
	Prime          store.Vendor // of a subcontractor; else zero
	Standing       Standing
	Items          []Item          // about the vendor as a whole
	Papers         []store.Paper   // all of them, in any state, oldest first
	Replaced       map[string]bool // by number: a newer one has taken its place
	Engineers      []Engineer
	Renewals       []Renewal // papers of the vendor and its engineers to be renewed, the soonest first
	Subcontractors []store.Vendor
	Suspensions    []store.Suspension
}

// Engineer is one line of the page.
type Engineer struct {
	Person   store.Person
	Standing Standing
	Trained  time.Time // last training on file; zero: none
	store.EngineerFigures
}

// Line is a vendor in the list.
type Line struct {
	Vendor   store.Vendor
	Standing Standing // the vendor's own, not its engineers'
}

// Vendors lists every vendor with its standing.
func (k *Keeper) Vendors(ctx context.Context) ([]Line, error) {
	var lines []Line
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		all, err := k.everything(s)
		for _, a := range all {
			lines = append(lines, Line{a.vendor, standing(k.ofVendor(a, s.Now), a.vendor.Locked, a.vendor.Qualified)})
		}
		return err
	})
	return lines, err
}

// everything reads all vendors with their engineers and papers, in four queries.
func (k *Keeper) everything(s *store.Snap) ([]about, error) {
	vendors, err := s.Vendors()
	if err != nil {
		return nil, fmt.Errorf("read vendors: %w", err)
	}
	institution, err := s.Institution()
	if err != nil {
		return nil, fmt.Errorf("read the institution: %w", err)
	}
	people, err := s.Persons(store.PersonFilter{Kind: "engineer"})
	if err != nil {
		return nil, fmt.Errorf("read engineers: %w", err)
	}
	papers, err := s.Papers(store.PaperFilter{State: store.PaperAccepted, Limit: -1})
	if err != nil {
		return nil, fmt.Errorf("read papers: %w", err)
	}
	engineersOf, papersOf := map[string][]store.Person{}, map[string][]store.Paper{}
	for _, p := range people {
		engineersOf[p.Vendor] = append(engineersOf[p.Vendor], p)
	}
	for _, p := range papers {
		papersOf[p.Vendor] = append(papersOf[p.Vendor], p)
	}
	all := make([]about, 0, len(vendors))
	for _, v := range vendors {
		all = append(all, about{vendor: v, engineers: engineersOf[v.ID], papers: papersOf[v.ID], institution: institution})
	}
	return all, nil
}

// Page reads a vendor's page inside a snapshot. Errors: store.ErrNotFound.
func (k *Keeper) Page(s *store.Snap, vendor string) (Page, error) {
	a, err := k.aboutOne(s, vendor)
	if err != nil {
		return Page{}, err
	}
	v := a.vendor
	p := Page{Vendor: v}
	if p.Papers, err = s.Papers(store.PaperFilter{Vendor: v.ID, Limit: -1}); err != nil {
		return p, fmt.Errorf("read papers: %w", err)
	}
	p.Replaced = Replaced(p.Papers)
	if p.Renewals, err = k.renewals(s, a, ""); err != nil {
		return p, err
	}
	figures, err := s.EngineersOf(v.ID)
	if err != nil {
		return p, fmt.Errorf("count keys and sessions: %w", err)
	}
	for _, e := range a.engineers {
		line := Engineer{Person: e, Standing: standing(k.ofEngineer(a, e, s.Now), e.Locked, true), EngineerFigures: figures[e.ID]}
		for _, t := range a.of(store.PaperTraining, e.ID, "") {
			if t.From.After(line.Trained) {
				line.Trained = t.From
			}
		}
		p.Engineers = append(p.Engineers, line)
	}
	p.Items = k.ofVendor(a, s.Now)
	p.Standing = standing(p.Items, v.Locked, v.Qualified)
	if p.Suspensions, err = s.SuspensionsOf(v.ID); err != nil {
		return p, fmt.Errorf("read suspensions: %w", err)
	}
	return p, k.chain(s, &p)
}

// aboutOne has the data for the items of one vendor. Errors: store.ErrNotFound.
func (k *Keeper) aboutOne(s *store.Snap, vendor string) (a about, err error) {
	if a.vendor, err = s.Vendor(vendor); err != nil {
		return a, fmt.Errorf("vendor %q: %w", vendor, err)
	}
	if a.papers, err = s.Papers(store.PaperFilter{Vendor: a.vendor.ID, State: store.PaperAccepted, Limit: -1}); err != nil {
		return a, fmt.Errorf("read papers: %w", err)
	}
	if a.institution, err = s.Institution(); err != nil {
		return a, fmt.Errorf("read the institution: %w", err)
	}
	if a.engineers, err = s.Persons(store.PersonFilter{Kind: "engineer", Vendor: a.vendor.ID}); err != nil {
		return a, fmt.Errorf("read engineers: %w", err)
	}
	return a, nil
}

// chain adds the prime contractor and the subcontractors.
func (k *Keeper) chain(s *store.Snap, p *Page) error {
	vendors, err := s.Vendors()
	if err != nil {
		return fmt.Errorf("read vendors: %w", err)
	}
	for _, v := range vendors {
		if v.ID == p.Vendor.Prime {
			p.Prime = v
		}
		if v.Prime == p.Vendor.ID {
			p.Subcontractors = append(p.Subcontractors, v)
		}
	}
	return nil
}

// Replaced gives the papers, in order of filing, that a newer one of the same thing replaces: it lasts as long or longer. Only
// accepted papers replace and are replaced.
func Replaced(papers []store.Paper) map[string]bool {
	out := map[string]bool{}
	for i, old := range papers {
		if old.State == store.PaperAccepted && slices.ContainsFunc(papers[i+1:], func(p store.Paper) bool {
			same := p.State == store.PaperAccepted && p.Kind == old.Kind && p.Vendor == old.Vendor && p.Person == old.Person && p.FiscalYear == old.FiscalYear
			if p.Kind == store.PaperCertification || p.Kind == store.PaperOther {
				same = same && p.Name == old.Name
			}
			return same && p.Kind != store.PaperTraining && (p.Until.IsZero() || !old.Until.IsZero() && !p.Until.Before(old.Until))
		}) {
			out[old.ID] = true
		}
	}
	return out
}
