package policy_test

import (
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

// The order of the requirements is the order in which refusals name them.
func TestRequirementsInTheirOrder(t *testing.T) {
	names := func(list []Requirement) (out []string) {
		for _, r := range list {
			name := string(r.Paper)
			if r.Paper == PaperCertification {
				name = r.Name
			}
			if r.Prime {
				name = "prime " + name
			}
			out = append(out, name)
		}
		return out
	}
	asks := Institution{Declared: true, Certifications: []string{"isms", "privacy-mark"}, PledgeCopy: true, SpecialClauses: true}
	v, prime := answering(), answering()
	v.ID, v.Prime, v.PrimeApproved = "V-012", prime.ID, true
	all := []string{"contract", "special-clauses", "pledge", "pledge-copy", "qualified", "subcontract", "isms", "privacy-mark",
		"prime contract", "prime special-clauses", "prime qualified", "prime isms", "prime privacy-mark"}
	if got := names(Requirements(&v, &prime, &Person{}, &asks)); !slices.Equal(got, all) {
		t.Errorf("all: %v", got)
	}
	asks.Declared = false
	if got := names(Requirements(&v, &prime, &Person{}, &asks)); !slices.Equal(got, []string{"contract", "pledge", "qualified", "subcontract", "prime contract", "prime qualified"}) {
		t.Errorf("nothing declared: %v", got)
	}
	v.Prime = ""
	if got := names(Requirements(&v, &prime, nil, &asks)); !slices.Equal(got, []string{"contract", "qualified"}) {
		t.Errorf("of a vendor alone: %v", got)
	}
	v.Prime = "V-099"
	for _, other := range []*Vendor{nil, {}, &prime} {
		for _, r := range Requirements(&v, other, nil, &asks) {
			if r.Prime && len(r.Terms) > 0 {
				t.Errorf("%s of a prime contractor that is not known holds: %v", r.Paper, r.Terms)
			}
		}
	}
}

// A paper covers the window to the nanosecond. A next one that follows without a gap continues it, in whatever order they stand.
func TestTermsAtTheInstant(t *testing.T) {
	long := []Span{{start.AddDate(-1, 0, 0), end.AddDate(1, 0, 0)}}
	for name, row := range map[string]struct {
		terms             func(by time.Duration) []Span
		before, at, after bool // the window is covered
	}{
		"begins": {func(by time.Duration) []Span { return []Span{{start.Add(by), end.AddDate(1, 0, 0)}} }, true, true, false},
		"ends":   {func(by time.Duration) []Span { return []Span{{start.AddDate(-1, 0, 0), end.Add(by)}} }, false, true, true},
		"the next follows": {func(by time.Duration) []Span {
			return []Span{{mid.Add(by), end}, {start, mid}}
		}, true, true, false},
		"the third follows": {func(by time.Duration) []Span {
			return []Span{{start, mid}, {mid.Add(time.Minute + by), end}, {mid, mid.Add(time.Minute)}}
		}, true, true, false},
		"one lies within the other":  {func(by time.Duration) []Span { return append([]Span{{mid, mid.Add(time.Minute + by)}}, long...) }, true, true, true},
		"the next has no end":        {func(by time.Duration) []Span { return []Span{{start, mid}, {Start: mid.Add(by)}} }, true, true, false},
		"one with no end, then more": {func(by time.Duration) []Span { return []Span{{Start: start.Add(by)}, {mid, mid.Add(1)}} }, true, true, false},
		"no beginning":               {func(by time.Duration) []Span { return []Span{{End: end.Add(by)}} }, false, true, true},
		"neither":                    {func(by time.Duration) []Span { return []Span{{}} }, true, true, true},
		"ends as it begins":          {func(by time.Duration) []Span { return []Span{{start, start}} }, false, false, false},
		"none":                       {func(by time.Duration) []Span { return nil }, false, false, false},
	} {
		for by, want := range map[time.Duration]bool{-1: row.before, 0: row.at, 1: row.after} {
			terms := NewTerms(row.terms(by)...)
			if got := terms.Cover(start, end); got != want {
				t.Errorf("%s %+d ns: %v covers the window: %v, want %v", name, by, terms, got, want)
			}
			// Terms that cover the window hold at each instant of it. Terms that do not cover it fail at an instant where a term
			// begins or ends.
			holds := true
			instants := []time.Time{start, end.Add(-1)}
			for _, s := range terms {
				instants = append(instants, s.Start, s.End)
			}
			for _, now := range instants {
				if now.Before(start) || !now.Before(end) {
					continue
				}
				until, held := terms.At(now)
				holds = holds && held
				if _, then := terms.At(until); held && !until.IsZero() && (then || !until.After(now)) {
					t.Errorf("%s %+d ns: at %s it holds until %s, and then: %v", name, by, now, until, then)
				}
			}
			if holds != want {
				t.Errorf("%s %+d ns: holds all the time: %v, want %v", name, by, holds, want)
			}
		}
	}
}
