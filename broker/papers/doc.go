// Package papers keeps the papers that vendors and engineers must have on file: contract and special clauses, certifications, yearly
// audit reports, engineers' pledges with their copies, approvals of subcontracts (R9, screens §3.8 and §5.6).
//
// It owns the directory of sealed copies, the states of a paper, the warnings before one ends, and a vendor's page. It never replaces:
// a new paper is filed beside the old one, and withdrawing is an act with a reason. The copy of a paper that ended as long ago as payloads of the ledger
// are kept is disposed of, with an entry; what was filed stays. A vendor's paper counts once a member
// of staff has accepted it. A look at a copy needs a purpose and is ledgered before the first byte; a refused look is ledgered too.
// The package decides nothing about connections: store makes facts of the papers on file, policy judges them.
//
// Its callers are broker/web, and the broker's timer for the warnings.
package papers
