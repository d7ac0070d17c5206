package requests

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// check resolves the names in a form and finds all its problems. by fills the form in. own is the number of the edited request, which does
// not overlap with itself. The result lacks number, version, state and owner; its occurrences are those of the form.
func (d *Desk) check(s *store.Snap, f request.Form, by policy.Person, own string) (store.Request, store.System, error) {
	c, err := checkingIn(s, f, d.o.Zone)
	if err != nil {
		return store.Request{}, store.System{}, err
	}
	c.by = by
	var r store.Request
	sys, err := s.System(f.System)
	if errors.Is(err, store.ErrNotFound) {
		c.problem("system", "unknown-system", "対象システムが登録されていません: "+f.System, fmt.Sprintf("No system %q in the registry.", f.System))
	} else if err != nil {
		return r, sys, fmt.Errorf("read system: %w", err)
	}
	r.System = f.System
	spans := c.interval(sys)
	r.Body = c.fields()
	place(&r, spans)
	for _, step := range []func(*store.Request, store.System) error{c.accounts, c.forwards, c.commands, c.people, c.responsible, c.attendant} {
		if err := step(&r, sys); err != nil {
			return r, sys, err
		}
	}
	if err := c.overlap(spans, sys, own); err != nil {
		return r, sys, err
	}
	return r, sys, c.bad.OrNil()
}

// checking is one check of one form.
type checking struct {
	snap  *store.Snap
	form  request.Form
	by    policy.Person // fills the form in
	bad   *forms.Invalid
	zone  *time.Location
	wrong map[string]bool // the fields with a problem

	institution policy.Institution
	holidays    []policy.Holiday
	nowork      []policy.NoWork
}

func checkingIn(s *store.Snap, f request.Form, zone *time.Location) (*checking, error) {
	c := &checking{snap: s, form: f, bad: &forms.Invalid{Name: f.Name()}, zone: zone, wrong: map[string]bool{}}
	var err error
	if c.institution, err = s.Institution(); err != nil {
		return nil, fmt.Errorf("read institution: %w", err)
	}
	if c.holidays, err = s.Holidays(); err != nil {
		return nil, fmt.Errorf("read holidays: %w", err)
	}
	if c.nowork, err = s.NoWork(); err != nil {
		return nil, fmt.Errorf("read no-work days: %w", err)
	}
	return c, nil
}

func (c *checking) problem(field, code, ja, en string) {
	c.tell(field, code, text.Text{JA: ja, EN: en})
}

func (c *checking) tell(field, code string, told text.Text) {
	c.wrong[field] = true
	c.bad.Problems = append(c.bad.Problems, c.form.Problem(field, code, told))
}

// missing reports a field that a rule of the institution needs.
func (c *checking) missing(field string) {
	code, told := request.Fields.Missing(field)
	c.tell(field, code, told)
}

// fields checks the values against the table and the institution's rules. The result lacks the values that are looked up.
func (c *checking) fields() request.Body {
	c.form = request.Asked(&c.form)
	request.Fields.Check(&c.form, c.tell)
	if c.institution.Declared && !c.form.ClausesTold {
		c.missing("clauses_told")
	}
	if c.institution.Declared && !c.form.RecordingTold {
		c.missing("recording_told")
	}
	b := c.form.Body
	b.Accounts, b.Engineers, b.ResponsibleParty, b.Attendant = nil, nil, "", ""
	return b
}

// accounts checks that each account is registered on a target of the system, and that a root-equivalent one has its reason.
func (c *checking) accounts(r *store.Request, sys store.System) error {
	if c.wrong["accounts"] {
		return nil
	}
	for _, id := range c.form.Accounts {
		a, err := c.snap.Account(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read account: %w", err)
		}
		var t store.Target
		if err == nil {
			if t, err = c.snap.Target(a.Target); err != nil {
				return fmt.Errorf("read target: %w", err)
			}
		}
		if err != nil || t.System != sys.ID {
			target, login, _ := strings.Cut(id, "/")
			c.problem("accounts", "account-not-for-target", fmt.Sprintf("%sは%sで使えません。情報システム課へ。", login, target),
				fmt.Sprintf("Account %q not registered for target.", id))
			continue
		}
		if r.Body.Drill && !t.Drill {
			c.problem("drill", "drill-target-required", t.ID+" は訓練用の接続先ではありません。", fmt.Sprintf("%s is no target for drills.", t.ID))
		}
		if a.Root && r.Body.RootReason == "" {
			c.problem("root_reason", "root-reason-required", id+" は管理者権限です。必要な理由を入力してください。", id+" is equivalent to root: say why it is needed.")
		}
		if !slices.Contains(r.Body.Accounts, a.ID) {
			r.Body.Accounts = append(r.Body.Accounts, a.ID)
		}
	}
	return nil
}

// people checks that the engineers are of one vendor, and that each could be admitted throughout the window.
func (c *checking) people(r *store.Request, _ store.System) error {
	if c.wrong["engineers"] {
		return nil
	}
	for _, name := range c.form.Engineers {
		p, err := c.snap.Person(name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read engineer: %w", err)
		}
		var v store.Vendor
		if err == nil && p.Kind == policy.Engineer {
			if v, err = c.snap.Vendor(p.Vendor); err != nil {
				return fmt.Errorf("read vendor: %w", err)
			}
		}
		if v.ID == "" || !policy.NamesEngineersOf(c.by, v.ID) {
			c.ineligible(name, "登録された保守要員ではない", "not a registered engineer")
			continue
		}
		if r.Vendor == "" {
			r.Vendor = v.ID
		}
		prime, err := c.prime(v.Vendor)
		if err != nil {
			return err
		}
		if ja, en := c.barred(p.Person, v.Vendor, prime, r); en != "" {
			c.ineligible(name, ja, en)
		} else if !slices.Contains(r.Body.Engineers, p.ID) {
			r.Body.Engineers = append(r.Body.Engineers, p.ID)
		}
	}
	return nil
}

func (c *checking) ineligible(name, ja, en string) {
	c.problem("engineers", "engineer-not-eligible", fmt.Sprintf("%sは選べません(%s)。保守事業者窓口に更新を依頼してください。", name, strings.TrimSpace(ja)),
		fmt.Sprintf("Engineer %s not eligible (%s).", name, strings.TrimSpace(en)))
}

// responsible checks the vendor that answers for the work (R11).
func (c *checking) responsible(r *store.Request, _ store.System) error {
	if c.wrong["responsible_party"] {
		return nil
	}
	v, err := c.snap.Vendor(c.form.ResponsibleParty)
	if err == nil {
		var own store.Vendor
		if c.by.Vendor != "" {
			if own, err = c.snap.Vendor(c.by.Vendor); err != nil {
				return fmt.Errorf("read vendor: %w", err)
			}
		}
		if !policy.NamesResponsible(c.by, own.Vendor, v.Vendor) {
			err = store.ErrNotFound
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		c.problem("responsible_party", "responsible-required", "登録された保守事業者ではありません: "+c.form.ResponsibleParty, fmt.Sprintf("Choose the responsible company: no vendor %q in the registry.", c.form.ResponsibleParty))
		return nil
	}
	if err != nil {
		return fmt.Errorf("read responsible vendor: %w", err)
	}
	r.Body.ResponsibleParty = v.ID
	return nil
}

// attendant checks that a named attendant is of the owning section, with the role.
func (c *checking) attendant(r *store.Request, sys store.System) error {
	if c.form.Attendant == "" {
		return nil
	}
	p, err := c.snap.Person(c.form.Attendant)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read attendant: %w", err)
	}
	if err != nil || !policy.IsAttendant(p.Person, sys.System) {
		c.problem("attendant", "attendant-not-eligible", c.form.Attendant+" は所管課の立会者ではありません。", fmt.Sprintf("%s is no attendant of the section that owns the system.", c.form.Attendant))
		return nil
	}
	r.Body.Attendant = p.ID
	return nil
}
