package papers

import (
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// onPaper is a paper, and the sections that own a system.
type onPaper struct {
	paper  store.Paper
	owning map[string]bool
}

// onVendor is a vendor, the sections that own a system, and those for which the vendor works.
type onVendor struct {
	vendor   store.Vendor
	owning   map[string]bool
	sections []string
}

func loadPaper(s *store.Snap, id string) (on onPaper, err error) {
	if on.paper, err = s.Paper(id); err != nil {
		return on, fmt.Errorf("paper %q: %w", id, err)
	}
	on.owning, err = owning(s)
	return on, err
}

func loadVendor(s *store.Snap, id string) (on onVendor, err error) {
	if on.vendor, err = s.Vendor(id); err != nil {
		return on, fmt.Errorf("vendor %q: %w", id, err)
	}
	if on.sections, err = s.SectionsOf(on.vendor.ID); err != nil {
		return on, fmt.Errorf("read the sections of %s: %w", on.vendor.ID, err)
	}
	on.owning, err = owning(s)
	return on, err
}

func owning(s *store.Snap) (map[string]bool, error) {
	systems, err := s.Systems()
	if err != nil {
		return nil, fmt.Errorf("read the sections' systems: %w", err)
	}
	sections := map[string]bool{}
	for _, v := range systems {
		sections[v.Section] = true
	}
	return sections, nil
}

func mayAccept(p policy.Person, on onPaper, _ time.Time) policy.Decision {
	d := policy.MayKeepPapers(p, on.owning[p.Section])
	if d.Allow && on.paper.State != store.PaperSubmitted {
		return alreadyDecided(on.paper)
	}
	return d
}

// mayWithdraw lets the people who keep papers withdraw any. The submitter may take a paper back until it is accepted.
func mayWithdraw(p policy.Person, on onPaper, _ time.Time) policy.Decision {
	d := policy.MayKeepPapers(p, on.owning[p.Section])
	if on.paper.Kind == store.PaperSubcontract {
		d = policy.MayApproveSubcontract(p, on.owning[p.Section])
	}
	own := on.paper.State == store.PaperSubmitted && on.paper.FiledBy == p.ID
	switch {
	case !d.Allow && own:
		return policy.Decision{Allow: true}
	case d.Allow && on.paper.State == store.PaperWithdrawn:
		return alreadyDecided(on.paper)
	}
	return d
}

func alreadyDecided(p store.Paper) policy.Decision {
	return policy.Decision{Reason: policy.AlreadyDecided, Args: map[string]string{"request": p.ID}}
}

func mayApproveSubcontract(p policy.Person, on onVendor, _ time.Time) policy.Decision {
	return policy.MayApproveSubcontract(p, on.owning[p.Section])
}

// subcontractor refuses a vendor that has a contract of its own.
func subcontractor(_ *store.Snap, _ policy.Person, on onVendor) error {
	if on.vendor.Prime == "" {
		return forms.Wrong("vendor", "no-subcontractor", on.vendor.Name+" は再委託先ではありません。", fmt.Sprintf("%s is no subcontractor", on.vendor.ID))
	}
	return nil
}
