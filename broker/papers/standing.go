package papers

import (
	"slices"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// State is the state of a vendor or an engineer (screens §6).
type State string

// The states, the gravest last.
const (
	Allowed  State = "allowed"
	Expiring State = "expiring" // a needed paper ends within Soon days
	Expired  State = "expired"  // a needed paper is missing or has ended
	Locked   State = "locked"
)

var states = map[State]text.Text{
	Allowed:  text.Of("利用可", "allowed"),
	Expiring: text.Of("まもなく期限", "expiring"),
	Expired:  text.Of("期限切れ", "expired"),
	Locked:   text.Of("利用停止", "locked"),
}

// Label is the state as people read it.
func (s State) Label() text.Text { return text.Label(states, s) }

// Soon is how many days ahead an end is announced.
const Soon = 60

// grave ranks states.
func (s State) grave() int { return slices.Index([]State{Allowed, Expiring, Expired, Locked}, s) }

// Item is one paper that ends, or is missing.
type Item struct {
	Kind   store.PaperKind // contract for the contract's own dates
	Vendor string
	Person string // of a pledge or training
	Name   string // of a certification
	Paper  string // number of the paper; empty: declared in the registry file, or missing
	Until  time.Time
	Days   int // left by the institution's calendar, the last day is 0; negative once ended; meaningless without Until
	State  State
	Asked  bool // without it no one of the vendor, or not this engineer, gets in
}

// key names the item in given warnings.
func (i Item) key() string {
	switch {
	case i.Paper != "":
		return i.Paper
	case i.Person != "":
		return string(i.Kind) + " " + i.Person
	}
	return string(i.Kind) + " " + i.Vendor
}

// Standing is the gravest item: the one that stops work, or ends first.
type Standing struct {
	State State
	Item  Item // the cause; zero when allowed, locked, or not qualified by the registry file
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

// days is how many days are left until an exclusive end.
func (k *Keeper) days(until, now time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.In(k.o.Zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(until.Add(-time.Nanosecond)).Sub(day(now)) / (24 * time.Hour))
}

// item fills in an item that holds, or not, until an instant; zero: nothing is on file, or it holds for good.
func (k *Keeper) item(i Item, until time.Time, holds bool, now time.Time) Item {
	if i.Until, i.State = until, Allowed; !holds {
		i.State = Expired
	}
	if until.IsZero() {
		return i
	}
	i.Days = k.days(until, now)
	switch {
	case i.State == Expired:
		i.Days = min(i.Days, -1)
	case i.Days <= Soon:
		i.State = Expiring
	}
	return i
}

// about has the data for the items of one vendor.
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

// ofVendor are the items about the vendor as a whole: its needed papers, and the other ones on file. The prime contractor's needed
// papers are among its own items.
func (k *Keeper) ofVendor(a about, now time.Time) []Item {
	var items []Item
	for _, r := range policy.Requirements(&a.vendor.Vendor, nil, nil, &a.institution) {
		if !r.Prime && r.Paper != policy.PaperQualified { // a statement of the registry file, not a paper
			items = append(items, k.onFile(a, Item{Kind: store.PaperKind(r.Paper), Name: r.Name, Asked: true}, r.Terms, now))
		}
	}
	for _, p := range a.papers {
		listed := slices.ContainsFunc(items, func(i Item) bool {
			return i.Kind == p.Kind && (i.Name == p.Name || p.Kind == store.PaperSpecialClauses)
		})
		switch {
		case p.Kind == store.PaperOther && !p.Until.IsZero():
			items = append(items, k.item(Item{Kind: p.Kind, Vendor: p.Vendor, Name: p.Name, Paper: p.ID}, p.Until, now.Before(p.Until), now))
		case !listed && (p.Kind == store.PaperCertification || p.Kind == store.PaperSpecialClauses):
			i := Item{Kind: p.Kind, Name: p.Name}
			if i = k.onFile(a, i, terms(a.like(i)), now); i.Paper != "" {
				items = append(items, i)
			}
		}
	}
	order := []store.PaperKind{store.PaperContract, store.PaperCertification, store.PaperSpecialClauses, store.PaperSubcontract, store.PaperOther}
	slices.SortStableFunc(items, func(a, b Item) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	return items
}

// like gives the papers that an item may stand for.
func (a about) like(i Item) []store.Paper {
	if i.Kind == store.PaperCertification {
		return a.of(i.Kind, "", i.Name)
	}
	return a.of(i.Kind, i.Person, "")
}

// onFile is the item of a paper that holds during terms, with the paper that holds longest from now on, or ended last. A contract is
// declared in the registry file, and its paper is a copy.
func (k *Keeper) onFile(a about, i Item, t policy.Terms, now time.Time) Item {
	until, holds := t.At(now)
	i.Vendor = a.vendor.ID
	for _, p := range a.like(i) {
		if i.Kind == store.PaperContract || !p.Until.Equal(until) || until.IsZero() && !holds {
			continue
		}
		if i.Paper = p.ID; i.Kind == store.PaperSpecialClauses {
			i.Name = p.Name
		}
	}
	return k.item(i, until, holds, now)
}

// terms are the times during which papers hold.
func terms(papers []store.Paper) policy.Terms {
	var spans []policy.Span
	for _, p := range papers {
		spans = append(spans, policy.Span{Start: p.From, End: p.Until})
	}
	return policy.NewTerms(spans...)
}

// ofEngineer are the items about one engineer.
func (k *Keeper) ofEngineer(a about, e store.Person, now time.Time) []Item {
	var items []Item
	for _, r := range policy.Requirements(&a.vendor.Vendor, nil, &e.Person, &a.institution) {
		_, holds := r.Terms.At(now)
		switch {
		case r.Paper == policy.PaperPledge:
			pledge := k.onFile(a, Item{Kind: store.PaperPledge, Person: e.ID, Asked: true}, r.Terms, now)
			if !e.Pledge.Copy { // the registry file declares it
				pledge.Paper = ""
			}
			items = append(items, pledge)
		case r.Paper == policy.PaperPledgeCopy && !holds:
			items[0].State = Expired
		}
	}
	training := Item{Kind: store.PaperTraining, Person: e.ID}
	if training = k.onFile(a, training, terms(a.like(training)), now); !training.Until.IsZero() {
		items = append(items, training)
	}
	return items
}

// standing picks the gravest item, and a lock.
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
