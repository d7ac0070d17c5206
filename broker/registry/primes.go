package registry

import (
	"fmt"
	"maps"
	"slices"

	"sekimori/broker/forms"
)

// primes maps each vendor's id to the id of its prime contractor; empty: none. A prime contractor answers to the institution itself, so
// there are no chains: stopping it stops its subcontractors, one step away. A subcontractor's subcontractor names the same prime contractor.
type primes map[string]string

func (st *state) primes() primes {
	of := primes{}
	for _, o := range st.objects {
		if o.Kind == kindVendor {
			of[o.Vendor.ID] = o.Vendor.Prime
		}
	}
	return of
}

// chain gives a subcontractor, its prime contractor, and the prime contractor of that one, where the vendor is part of such a chain.
func (of primes) chain(vendor string) (below, prime, above string, found bool) {
	prime = of[vendor]
	if prime == "" {
		return "", "", "", false
	}
	if above := of[prime]; above != "" {
		return vendor, prime, above, true
	}
	for _, below := range slices.Sorted(maps.Keys(of)) {
		if of[below] == vendor {
			return below, vendor, prime, true
		}
	}
	return "", "", "", false
}

// checkPrimes names the first chain that each vendor of the document is part of.
func (d *Document) checkPrimes(bad *forms.Invalid, st *state) {
	of := st.primes()
	for _, v := range d.Vendors {
		of[v.ID] = st.vendorID(d, v.Prime)
	}
	for _, v := range d.Vendors {
		if below, prime, above, found := of.chain(v.ID); found {
			bad.Problems = append(bad.Problems, d.places[place(kindVendor, v.ID)].Describe("prime-of-a-prime",
				fmt.Sprintf("%s の元請 %s は、それ自身が %s の再委託先です。元請には、契約の相手である事業者を書いてください。", below, prime, above),
				fmt.Sprintf("%s, the prime contractor of %s, is a subcontractor of %s itself: name the company that the contract is with", prime, below, above)))
		}
	}
}
