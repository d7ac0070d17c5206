// Package announcement changes for how long recordings, payloads of the ledger and its record of looks are kept. A configuration proposes; it puts nothing in force by itself. A change is
// entered and shown on the public notice, two people agree to it, and a start of the broker puts it in force: at once where less is kept
// than before, fourteen days after the announcement where more is kept (R17). Until then the earlier time stays in force everywhere, because
// all parts read it from the newest entry notice.in-force.
//
// The package owns the comparison at a start (Settle) and the act of agreeing. It refuses agreements of people whom policy does not count,
// and a second one of the same person. The first start of all puts its configuration in force: there is nothing before it.
package announcement
