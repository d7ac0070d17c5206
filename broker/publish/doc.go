// Package publish brings the ledger's checkpoints to the witnesses, and notices a ledger that does not continue what a witness has seen.
//
// It owns the asking: one request to each witness at a time, bounded in bytes and time. Cosignatures are stored only after they were verified with the
// witness's keys. A witness that has cosigned entries which this ledger does not have raises the alarm of a rollback; one that
// is silent for too long, or answers something else, raises an alarm too. Such an answer is not signed, so no one is refused at the gate
// because of it.
//
// It refuses to decide by itself which checkpoint counts: the verifier's policy does.
//
// Its callers are the broker's chores, and the exports and proofs that want a cosigned checkpoint at once.
package publish
