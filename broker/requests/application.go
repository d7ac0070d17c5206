package requests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/calendar"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Application gathers everything that the check items look at for a request as it stands, with the conditions of its approvals
// applied. It is the same at submission, at decision, at the opening, at the permission and for display. A snapshot does not know
// Runtime and free space: the caller fills them in. A nil zone is UTC. Errors: store.ErrNotFound.
func Application(s *store.Snap, no string, zone *time.Location) (policy.Application, error) {
	r, sys, err := load(s, no)
	if err != nil {
		return policy.Application{}, err
	}
	c, err := Conditions(s, r)
	if err != nil {
		return policy.Application{}, err
	}
	return applicationOf(s, narrowed(r, c), sys, zone)
}

func applicationOf(s *store.Snap, r store.Request, sys store.System, zone *time.Location) (policy.Application, error) {
	if zone == nil {
		zone = time.UTC
	}
	a := policy.Application{
		ResponsibleParty: r.Body.ResponsibleParty, ExtraRights: r.Body.ExtraRights, Forwards: r.Body.Forwards, FilesDetail: r.Body.FilesDetail,
		IndividualReason: r.Body.IndividualReason, SpaceDays: -1,
	}
	if len(r.Body.Occurrences) > 0 {
		a.Occurrences = spansOf(r)
	}
	var err error
	if a.Request, err = s.PolicyRequestOf(r); err != nil {
		return a, fmt.Errorf("facts of request %s: %w", r.No, err)
	}
	for _, step := range []func(*store.Snap, *policy.Application, store.Request, store.System) error{papers, people, rights, past, owed} {
		if err := step(s, &a, r, sys); err != nil {
			return a, err
		}
	}
	return a, days(s, &a, r, sys, zone)
}

// days reads the calendar, and other plans for that time.
func days(s *store.Snap, a *policy.Application, r store.Request, sys store.System, zone *time.Location) (err error) {
	if a.Institution, err = s.Institution(); err != nil {
		return fmt.Errorf("read institution: %w", err)
	}
	if a.Permits, err = s.PermitsFor(r.Vendor, sys.ID); err != nil {
		return fmt.Errorf("read standing permits: %w", err)
	}
	holidays, err := s.Holidays()
	if err != nil {
		return fmt.Errorf("read holidays: %w", err)
	}
	nowork, err := s.NoWork()
	if err != nil {
		return fmt.Errorf("read no-work days: %w", err)
	}
	a.Calendar = calendar.Of(a.Institution, holidays, nowork, zone, r.Start, r.End)
	spans := spansOf(r)
	a.Request.OutsideHours = slices.ContainsFunc(spans, func(o policy.Span) bool { return a.Calendar.Outside(o.Start, o.End) })
	other, err := clash(s, sys, r.No, spans, false)
	if err == nil && other != nil {
		a.Overlap = other.no
	}
	return err
}

// papers reads those of the vendor and of its prime contractor.
func papers(s *store.Snap, a *policy.Application, r store.Request, _ store.System) error {
	v, err := s.Vendor(r.Vendor)
	if err != nil {
		return fmt.Errorf("read vendor: %w", err)
	}
	if a.Vendor = v.Vendor; v.Prime == "" {
		return nil
	}
	prime, err := s.Vendor(v.Prime)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read prime contractor: %w", err)
	}
	a.Prime = prime.Vendor
	return nil
}

// people reads engineers and attendant.
func people(s *store.Snap, a *policy.Application, r store.Request, sys store.System) error {
	for _, id := range r.Body.Engineers {
		p, err := s.Person(id)
		if err != nil {
			return fmt.Errorf("read engineer: %w", err)
		}
		a.Engineers = append(a.Engineers, p.Person)
	}
	if r.Body.Attendant == "" {
		return nil
	}
	p, err := s.Person(r.Body.Attendant)
	if err != nil {
		return fmt.Errorf("read attendant: %w", err)
	}
	a.Attendant = &p.Person
	a.AttendantIsApprover = slices.ContainsFunc(a.Request.Approvals, func(made policy.Approval) bool {
		return made.By == p.ID || made.OnBehalf == p.ID || made.SetBy == p.ID
	})
	if a.AttendedBefore, err = s.Attended(p.ID, sys.ID, r.No); err != nil {
		return fmt.Errorf("look for earlier attendance: %w", err)
	}
	return nil
}

// probed adds what the probes of an account showed. A trial of something that the account's probe no longer names does not count.
func probed(s *store.Snap, a *policy.Application, account store.Account) error {
	all, err := s.Probes(account.ID)
	if err != nil {
		return fmt.Errorf("read probes of %s: %w", account.ID, err)
	}
	missing := slices.Clone(account.Probe)
	for _, p := range all {
		if i := slices.Index(missing, p.What); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
			a.Probes = append(a.Probes, policy.Probe{Account: account.ID, What: p.What, At: p.At, Reads: p.Result == store.CanRead})
		}
	}
	if len(account.Probe) == 0 || len(missing) > 0 {
		a.Unprobed = append(a.Unprobed, account.ID)
	}
	return nil
}

// rights reads the accounts as they are registered now.
func rights(s *store.Snap, a *policy.Application, r store.Request, sys store.System) error {
	for _, id := range r.Body.Accounts {
		account, err := s.Account(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read account: %w", err)
		}
		var t store.Target
		if err == nil {
			if t, err = s.Target(account.Target); err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("read target: %w", err)
			}
		}
		if err != nil || t.System != sys.ID {
			a.UnknownAccounts = append(a.UnknownAccounts, id)
			continue
		}
		a.Accounts = append(a.Accounts, account.Account)
		if err := probed(s, a, account); err != nil {
			return err
		}
		shared, err := s.SharedWith(id, r.Vendor)
		if err != nil {
			return fmt.Errorf("look for other vendors on %s: %w", id, err)
		}
		if shared {
			a.SharedAccounts = append(a.SharedAccounts, id)
		}
	}
	return nil
}

// past reads the last session of the same vendor and target that ended, as it was granted.
func past(s *store.Snap, a *policy.Application, r store.Request, sys store.System) error {
	var targets []string
	for _, account := range a.Accounts {
		if !slices.Contains(targets, account.Target) {
			targets = append(targets, account.Target)
		}
	}
	last, err := s.LastWork(r.Vendor, sys.ID, targets, r.No)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the last work: %w", err)
	}
	p, then, err := s.Past(last)
	if err != nil {
		return fmt.Errorf("read the last work: %w", err)
	}
	c, err := Conditions(s, then)
	if err != nil {
		return err
	}
	then = narrowed(then, c)
	p.Engineers, p.Accounts, p.ExtraRights, p.Files = then.Body.Engineers, then.Body.Accounts, then.Body.ExtraRights, then.Body.Files
	p.Commands, p.Forced, p.Forwards = then.Body.Commands, then.Body.ForcedCommand, then.Body.Forwards
	p.FileTerms = store.FileTerms(then.Body, sys.System)
	p.Prime = a.Vendor.Prime // the one of then is not kept
	for _, id := range then.Body.Accounts {
		account, err := s.Account(id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read account: %w", err)
		}
		p.Root = p.Root || account.Root
		if !slices.Contains(p.Targets, account.Target) {
			p.Targets = append(p.Targets, account.Target)
		}
	}
	a.Last = &p
	return nil
}

// owed reads the open duties that stop new work.
func owed(s *store.Snap, a *policy.Application, r store.Request, sys store.System) (err error) {
	if a.OverdueReviews, err = s.OverdueReviews(sys.ID); err != nil {
		return fmt.Errorf("count overdue reviews: %w", err)
	}
	if a.FollowUps, err = s.FollowUps(r.Vendor); err != nil {
		return fmt.Errorf("look for follow-ups: %w", err)
	}
	b, err := s.LastBackup(sys.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the last backup: %w", err)
	}
	a.Backup = &b.Backup
	return nil
}

// Checked is the information for an approver before the decision.
type Checked struct {
	Items       []policy.CheckItem
	Differences []policy.Difference
	First       bool // no earlier work of the vendor on the target to compare with
	Last        *policy.Past
	Second      []policy.SecondRule // why a second approver is needed; empty: none is needed
	Request     store.Request       // with the conditions so far applied
}

// Check computes the items and the differences from last time. Errors: store.ErrNotFound.
func (d *Desk) Check(ctx context.Context, no string) (Checked, error) {
	var out Checked
	err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		out, err = d.CheckIn(s, no)
		return err
	})
	return out, err
}

// CheckIn is Check in a snapshot of the caller's.
func (d *Desk) CheckIn(s *store.Snap, no string) (Checked, error) {
	r, sys, err := load(s, no)
	if err != nil {
		return Checked{}, err
	}
	c, err := Conditions(s, r)
	if err != nil {
		return Checked{}, err
	}
	r = narrowed(r, c)
	a, err := d.gathered(s, r, sys)
	if err != nil {
		return Checked{}, err
	}
	return Checked{Items: policy.Check(a, s.Now), Differences: policy.Differences(a.Last, a), First: a.Last == nil, Last: a.Last,
		Second: policy.SecondNeeded(a.Request), Request: r}, nil
}

// gathered is an application with the broker's own state.
func (d *Desk) gathered(s *store.Snap, r store.Request, sys store.System) (policy.Application, error) {
	a, err := applicationOf(s, r, sys, d.o.Zone)
	if err != nil {
		return a, err
	}
	if d.o.Runtime != nil {
		a.Runtime, a.SpaceDays = d.o.Runtime(s)
	}
	return a, nil
}
