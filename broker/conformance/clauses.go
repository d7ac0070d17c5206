package conformance

import "sekimori/policy/text"

// Clause is a clause of a standard, and the broker's part in it.
type Clause struct {
	Number   text.Text // as the standard counts, such as "MA-4(7)"; a name where its editions count differently
	About    text.Text // the clause's subject, in this product's words
	Does     text.Text // what the broker does for it
	Checks   []string  // ids of the checks that matter; none: it is built in, and no setting switches it off
	Evidence []string  // commands ("sekimori ledger verify") and pages ("/reviews") that show it
	Leaves   text.Text // what stays with the institution
}

// Standard is a standard or guideline with the clauses that concern remote maintenance.
type Standard struct {
	ID      string // stable, such as "nist-800-53"
	Name    text.Text
	Clauses []Clause
}

// Standards are all of them.
func Standards() []Standard {
	return []Standard{localGovernment, personalNumbers, medical, nist, nercLow, nercMedium, pci, iec, iso}
}
