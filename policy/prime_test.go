package policy_test

import (
	"strings"
	"testing"
	"time"

	. "sekimori/policy"
)

// answering is a prime contractor with every paper on file that an institution may need.
func answering() Vendor {
	return Vendor{ID: "V-001", Name: "元請株式会社", ContractFrom: start.AddDate(-1, 0, 0), ContractUntil: end.AddDate(1, 0, 0),
		Qualified: true, SpecialClauses: []Span{{}},
		Certifications: []Certification{{Name: "isms", From: start.AddDate(-1, 0, 0), Until: end.AddDate(1, 0, 0)}}}
}

// subcontracted makes the engineer's vendor an approved subcontractor.
func subcontracted(f *Facts) {
	prime := answering()
	f.Vendor.Prime, f.Vendor.PrimeApproved, f.Prime = "V-001", true, &prime
}

// underPrime is subcontracted for an application.
func underPrime(a *Application) {
	a.Vendor.Prime, a.Vendor.PrimeApproved, a.Prime = "V-001", true, answering()
}

// A fault of the prime contractor stops its subcontractor's engineers, at the door and at work, and the check item says so.
func TestWhatStopsThePrimeStopsItsSubcontractor(t *testing.T) {
	rows := []struct {
		name       string
		change     func(prime *Vendor)
		want       Reason // connecting
		word       string // its reason or item
		ends       Reason // under way
		what, item string
	}{
		{"locked", func(p *Vendor) { p.Locked = &Lock{Reason: "漏えいの疑い"} }, VendorLocked, "prime-locked", Locked, "", ItemContract},
		{"unknown", func(p *Vendor) { *p = Vendor{} }, VendorLocked, "prime-unknown", Locked, "", ItemContract},
		{"another than is named", func(p *Vendor) { p.ID = "V-002" }, VendorLocked, "prime-unknown", Locked, "", ItemContract},
		{"contract over", func(p *Vendor) { p.ContractUntil = mid }, VendorLocked, "prime-contract", Lapsed, "prime-contract", ItemContract},
		{"contract not begun", func(p *Vendor) { p.ContractFrom = mid.Add(1) }, VendorLocked, "prime-contract", Lapsed, "prime-contract", ItemContract},
		{"contract not dated", func(p *Vendor) { p.ContractUntil = time.Time{} }, VendorLocked, "prime-contract", Lapsed, "prime-contract", ItemContract},
		{"no special clauses", func(p *Vendor) { p.SpecialClauses = nil }, VendorLocked, "prime-special-clauses", Lapsed, "prime-contract", ItemContract},
		{"not qualified", func(p *Vendor) { p.Qualified = false }, QualificationUnmet, "prime-certification", Lapsed, "prime-certification", ItemCertification},
		{"certificate over", func(p *Vendor) { p.Certifications[0].Until = mid }, QualificationUnmet, "prime-certification", Lapsed, "prime-certification", ItemCertification},
		{"never certified", func(p *Vendor) { p.Certifications = nil }, QualificationUnmet, "prime-certification", Lapsed, "prime-certification", ItemCertification},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f, a := admitted()
			_, r := running()
			declared(&f)
			subcontracted(&f)
			if d := Decide(f, a, mid); !d.Allow {
				t.Fatalf("before: %q %v", d.Reason, d.Args)
			}
			row.change(f.Prime)
			d := Decide(f, a, mid)
			if d.Allow || d.Reason != row.want || d.Args["reason"]+d.Args["item"] != row.word {
				t.Errorf("connecting: allow=%v %q %v, want %q %s", d.Allow, d.Reason, d.Args, row.want, row.word)
			}
			v := Recheck(f, r, mid)
			if v.Keep || v.Reason != row.ends || v.Args["what"] != row.what {
				t.Errorf("under way: keep=%v %q %v, want %q %s", v.Keep, v.Reason, v.Args, row.ends, row.what)
			}
			for _, lang := range []string{"ja", "en"} {
				for reason, args := range map[Reason]map[string]string{d.Reason: d.Args, v.Reason: v.Args} {
					if text := Words(reason, args).Block(lang, "人事課", "0000", ""); strings.Contains(text, "prime-") || strings.Contains(text, "漏えい") {
						t.Errorf("said in %s: %s", lang, text)
					}
				}
			}
			app := applied()
			underPrime(&app)
			if i := itemOf(app, row.item, mid); i.State == ItemUnmet {
				t.Fatalf("the item before: %s", i.Cause.EN)
			}
			row.change(&app.Prime)
			i := itemOf(app, row.item, mid)
			if i.State != ItemUnmet || i.Reason != row.want || i.Args["reason"]+i.Args["item"] != row.word || i.Overridable {
				t.Errorf("item %s: %s %q %v (%s), want %q %s", row.item, i.State, i.Reason, i.Args, i.Cause.EN, row.want, row.word)
			}
			if row.name == "unknown" {
				f.Prime = nil
				if d, v := Decide(f, a, mid), Recheck(f, r, mid); d.Reason != row.want || v.Reason != row.ends || v.Keep {
					t.Errorf("no prime among the facts: %q, %q", d.Reason, v.Reason)
				}
			}
			// A vendor that names no prime contractor has none, even if one is among the facts.
			f.Vendor.Prime, app.Vendor.Prime = "", ""
			if d, i := Decide(f, a, mid), itemOf(app, row.item, mid); !d.Allow || i.State != ItemMet {
				t.Errorf("without a prime: %q, item %s (%s)", d.Reason, i.State, i.Cause.EN)
			}
		})
	}
}

// A paper that the institution does not need is not needed of the prime contractor either.
func TestOfThePrimeOnlyIsAskedWhatIsDeclared(t *testing.T) {
	f, a := admitted()
	subcontracted(&f)
	f.Prime.SpecialClauses, f.Prime.Certifications = nil, nil
	if d := Decide(f, a, mid); !d.Allow {
		t.Errorf("refused: %q %v", d.Reason, d.Args)
	}
}

// The prime contractor's papers bound the work to the nanosecond, like the vendor's own.
func TestThePrimesPapersTurnAtTheInstant(t *testing.T) {
	rows := []struct {
		name        string
		change      func(prime *Vendor)
		want        Reason
		runsOutThen bool
	}{
		{"contract ends", func(p *Vendor) { p.ContractUntil = mid }, VendorLocked, true},
		{"contract begins", func(p *Vendor) { p.ContractFrom = mid }, VendorLocked, false},
		{"certificate ends", func(p *Vendor) { p.Certifications[0].Until = mid }, QualificationUnmet, true},
		{"certificate begins", func(p *Vendor) { p.Certifications[0].From = mid }, QualificationUnmet, false},
	}
	for _, row := range rows {
		for by := time.Duration(-1); by <= 1; by++ {
			f, a := admitted()
			_, r := running()
			declared(&f)
			subcontracted(&f)
			row.change(f.Prime)
			now := mid.Add(by)
			r.LastInput = now
			holds := (by < 0) == row.runsOutThen
			d, v := Decide(f, a, now), Recheck(f, r, now)
			if d.Allow != holds || v.Keep != holds {
				t.Errorf("%s %+d ns: allow=%v %q, keep=%v %q", row.name, by, d.Allow, d.Reason, v.Keep, v.Reason)
			}
			if !holds && (d.Reason != row.want || v.Reason != Lapsed) {
				t.Errorf("%s %+d ns: %q, %q", row.name, by, d.Reason, v.Reason)
			}
			if holds && row.runsOutThen && (!d.Until.Equal(mid) || !v.Until.Equal(mid) || !v.Next.Equal(mid)) {
				t.Errorf("%s %+d ns: until %v and %v, next %v", row.name, by, d.Until, v.Until, v.Next)
			}
			if next := NextChange(f, mid.Add(-1)); !next.Equal(mid) {
				t.Errorf("%s: NextChange just before = %v", row.name, next)
			}
		}
	}
}

// The window must lie inside the prime contractor's contract to the nanosecond too.
func TestTheItemOfThePrimesContractTurnsAtTheInstant(t *testing.T) {
	for by, want := range map[time.Duration]ItemState{-1: ItemUnmet, 0: ItemMet, 1: ItemMet} {
		a := applied()
		underPrime(&a)
		a.Prime.ContractUntil = end.Add(by)
		if i := itemOf(a, ItemContract, early); i.State != want {
			t.Errorf("ends %+d ns: %s (%s)", by, i.State, i.Cause.EN)
		}
		a.Prime = answering()
		a.Prime.ContractFrom = start.Add(-by)
		if i := itemOf(a, ItemContract, early); i.State != want {
			t.Errorf("begins %+d ns: %s (%s)", -by, i.State, i.Cause.EN)
		}
	}
}
