package registry

import (
	"fmt"

	"sekimori/broker/forms"
)

// checkPrimes refuses chains: a prime contractor answers to the institution itself. What stops it stops those who work for it, one step
// away; a subcontractor's subcontractor names the same prime contractor.
func (d *Document) checkPrimes(bad *forms.Invalid, st *state) {
	primes, here := map[string]string{}, map[string]bool{}
	for _, o := range st.objects {
		if o.Kind == kindVendor {
			primes[o.Vendor.ID] = o.Vendor.Prime
		}
	}
	for _, v := range d.Vendors {
		primes[v.ID], here[v.ID] = st.vendorID(d, v.Prime), true
	}
	refuse := func(at, vendor, prime, above string) {
		bad.Problems = append(bad.Problems, d.places[place(kindVendor, at)].Describe("prime-of-a-prime",
			fmt.Sprintf("%s の元請 %s は、それ自身が %s の再委託先です。元請には、契約の相手である事業者を書いてください。", vendor, prime, above),
			fmt.Sprintf("%s, the prime contractor of %s, is a subcontractor of %s itself: name the company that the contract is with", prime, vendor, above)))
	}
	for _, v := range d.Vendors {
		prime := primes[v.ID]
		if above := primes[prime]; prime != "" && prime != v.ID && above != "" {
			refuse(v.ID, v.ID, prime, above)
		}
		for below, of := range primes {
			if prime != "" && of == v.ID && below != v.ID && !here[below] {
				refuse(v.ID, below, v.ID, prime)
			}
		}
	}
}
