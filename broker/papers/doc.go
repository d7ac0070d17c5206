// Package papers keeps what vendors and engineers must have on file: contract and special clauses, certifications,
// yearly audit reports, engineers' pledges with their copies, approvals of subcontracts (R9, screens §3.8 and §5.6).
//
// It owns the directory of sealed copies, the states of a paper, the warnings before one ends, and what a vendor's page says.
// It refuses to replace or delete: a new paper is filed beside the old one, and withdrawing is an act with a reason. What a
// vendor files counts when a member of staff has accepted it. A copy is looked at with a purpose, and the ledger has the look
// before the first byte; a refused look is ledgered too. It decides nothing about connections: store makes facts of what is
// on file, policy judges them.
//
// Its callers are broker/web, and the broker's timer for the warnings.
package papers
