package papers

import (
	"slices"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// State is how a vendor or an engineer stands (screens §6).
type State string

// The states, the gravest last.
const (
	Allowed  State = "allowed"
	Expiring State = "expiring" // something asked for ends within Soon days
	Expired  State = "expired"  // something asked for is missing or has ended
	Locked   State = "locked"
)

// Soon is how many days ahead an end is told of.
const Soon = 60

// grave orders states.
func (s State) grave() int { return slices.Index([]State{Allowed, Expiring, Expired, Locked}, s) }

// Item is one thing that ends, or is missing.
type Item struct {
	Kind   store.PaperKind // contract for the contract's own dates
	Vendor string
	Person string // of a pledge or training
	Name   string // of a certification
	Paper  string // number of the paper; empty: declared in the registry file, or missing
	Until  time.Time
	Days   int // left by the institution's calendar, the last day is 0; negative once ended; meaningless without Until
	State  State
	Asked  bool // without it nobody of the vendor, or not this engineer, gets in
}

// key names the item for warnings that were given.
func (i Item) key() string {
	switch {
	case i.Paper != "":
		return i.Paper
	case i.Person != "":
		return string(i.Kind) + " " + i.Person
	}
	return string(i.Kind) + " " + i.Vendor
}

// Standing is the gravest of items: what stops, or what ends first.
type Standing struct {
	State State
	Item  Item // what is the cause; the zero value when allowed, locked, or not qualified by the registry file
}

func (s *Standing) weigh(i Item) {
	state := i.State
	if state == Expired && !i.Asked {
		return
	}
	first := s.State == state && state == Expiring && i.Until.Before(s.Item.Until)
	if state.grave() > s.State.grave() || first {
		s.State, s.Item = state, i
	}
}

// days is how many days are left of what ends at until, exclusive.
func (k *Keeper) days(until, now time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.In(k.o.Zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(until.Add(-time.Nanosecond)).Sub(day(now)) / (24 * time.Hour))
}

// item makes the item of what lasts until an instant; zero: nothing is on file.
func (k *Keeper) item(i Item, until, now time.Time) Item {
	i.Until = until
	switch {
	case until.IsZero():
		i.State = Expired
		return i
	case !now.Before(until):
		i.State = Expired
	default:
		i.State = Allowed
	}
	i.Days = k.days(until, now)
	if i.State == Allowed && i.Days <= Soon {
		i.State = Expiring
	}
	if i.State == Expired {
		i.Days = min(i.Days, -1)
	}
	return i
}

// cover finds how long papers hold from now without a gap, and which is the last of them. When none holds now, it is the
// one that ended last; one that has not begun helps nobody yet.
func cover(papers []store.Paper, now time.Time) (last store.Paper, until time.Time) {
	at := now
	for {
		next, found := store.Paper{}, false
		for _, p := range papers {
			if !at.Before(p.From) && (p.Until.IsZero() || at.Before(p.Until)) && (!found || p.Until.IsZero() || !next.Until.IsZero() && p.Until.After(next.Until)) {
				next, found = p, true
			}
		}
		if !found {
			break
		}
		last, until, at = next, next.Until, next.Until
		if until.IsZero() {
			return last, until
		}
	}
	if last.ID == "" {
		for _, p := range papers {
			if !p.Until.IsZero() && !now.Before(p.Until) && p.Until.After(until) {
				last, until = p, p.Until
			}
		}
	}
	return last, until
}

// about is what the items of one vendor are made of.
type about struct {
	vendor      store.Vendor
	engineers   []store.Person
	papers      []store.Paper // of the vendor, accepted
	institution policy.Institution
}

func (a about) of(kind store.PaperKind, person, name string) []store.Paper {
	var out []store.Paper
	for _, p := range a.papers {
		if p.Kind == kind && p.Person == person && (name == "" || p.Name == name) {
			out = append(out, p)
		}
	}
	return out
}

// ofVendor are the items about the vendor as a whole, in the order of the check items.
func (k *Keeper) ofVendor(a about, now time.Time) []Item {
	id := a.vendor.ID
	items := []Item{k.item(Item{Kind: store.PaperContract, Vendor: id, Asked: true}, a.vendor.ContractUntil, now)}
	if now.Before(a.vendor.ContractFrom) {
		items[0].State = Expired
	}
	asks := a.institution
	names := []string{}
	if asks.Declared {
		names = slices.Clone(asks.Certifications)
	}
	for _, p := range a.of(store.PaperCertification, "", "") {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	for _, name := range names {
		last, until := cover(a.of(store.PaperCertification, "", name), now)
		asked := asks.Declared && slices.Contains(asks.Certifications, name)
		if asked || last.ID != "" {
			items = append(items, k.item(Item{Kind: store.PaperCertification, Vendor: id, Name: name, Paper: last.ID, Asked: asked}, until, now))
		}
	}
	if clauses := a.of(store.PaperSpecialClauses, "", ""); len(clauses) > 0 || asks.Declared && asks.SpecialClauses {
		last, until := cover(clauses, now)
		items = append(items, k.item(Item{Kind: store.PaperSpecialClauses, Vendor: id, Name: last.Name, Paper: last.ID, Asked: asks.Declared && asks.SpecialClauses}, until, now))
	}
	if a.vendor.Prime != "" {
		items = append(items, k.subcontract(a, now))
	}
	for _, p := range a.of(store.PaperOther, "", "") {
		if !p.Until.IsZero() {
			items = append(items, k.item(Item{Kind: p.Kind, Vendor: id, Name: p.Name, Paper: p.ID}, p.Until, now))
		}
	}
	return items
}

// subcontract: the approval on file, or the registry file's word, which has no end.
func (k *Keeper) subcontract(a about, now time.Time) Item {
	i := Item{Kind: store.PaperSubcontract, Vendor: a.vendor.ID, Asked: true}
	for _, p := range a.of(store.PaperSubcontract, "", "") {
		if p.Until.Equal(a.vendor.SubcontractUntil) {
			i.Paper = p.ID
		}
	}
	if a.vendor.PrimeApproved && a.vendor.SubcontractUntil.IsZero() {
		i.State = Allowed
		return i
	}
	return k.item(i, a.vendor.SubcontractUntil, now)
}

// ofEngineer are the items about one engineer.
func (k *Keeper) ofEngineer(a about, e store.Person, now time.Time) []Item {
	pledge := Item{Kind: store.PaperPledge, Vendor: a.vendor.ID, Person: e.ID, Asked: true}
	if e.Pledge.Copy {
		for _, p := range a.of(store.PaperPledge, e.ID, "") {
			if p.Until.Equal(e.Pledge.Until) {
				pledge.Paper = p.ID
			}
		}
	}
	pledge = k.item(pledge, e.Pledge.Until, now)
	if now.Before(e.Pledge.Signed) || a.institution.Declared && a.institution.PledgeCopy && !e.Pledge.Copy {
		pledge.State = Expired
	}
	items := []Item{pledge}
	if last, until := cover(a.of(store.PaperTraining, e.ID, ""), now); last.ID != "" && !until.IsZero() {
		items = append(items, k.item(Item{Kind: store.PaperTraining, Vendor: a.vendor.ID, Person: e.ID, Paper: last.ID}, until, now))
	}
	return items
}

// standing weighs items, and what stops by name.
func standing(items []Item, lock *policy.Lock, qualified bool) Standing {
	s := Standing{State: Allowed}
	for _, i := range items {
		s.weigh(i)
	}
	if !qualified && s.State.grave() < Expired.grave() {
		s = Standing{State: Expired}
	}
	if lock != nil {
		s = Standing{State: Locked}
	}
	return s
}
