// Package witness is the witness of a ledger (立会署名者): another party that cosigns checkpoints, and the protocol by which it is
// asked (c2sp.org/tlog-witness).
//
// It owns the witness's directory (its keys, the public keys of the ledgers, and for each ledger the last checkpoint that it cosigned), the HTTP door
// of the witness, and the request of a broker to it. A witness cosigns a checkpoint only if the ledger has signed it and it continues
// the last one that it cosigned. That last one is on the disk before the answer goes out.
//
// It refuses ledgers that its operator did not add, and any ledger whose last checkpoint is missing from its directory: a witness that has
// forgotten what it saw must not begin anew by itself. It never opens a broker's data directory and knows no entries, only checkpoints.
//
// Its callers are `sekimori ledger witness`, which runs on a machine of its own, and broker/publish, which asks witnesses.
package witness
