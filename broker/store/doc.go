// Package store owns the broker's database: every SQL statement of the project, the migrations,
// and the transactions in which state and its ledger entry commit together or not at all.
//
// Three doors lead in. DB.Write runs a business act: it has one fixed Now, fails with ErrNoEntry
// when something was changed and nothing was appended to the ledger, and signs a checkpoint
// before it commits. DB.Keep writes what is no business act (used code steps, throttles, a sign
// of life): a closed list, KeepKinds, whose KeepTx offers those mutators and no others. DB.Read
// gives a consistent snapshot that never waits for a writer.
//
// The package refuses to open a database whose ledger tree does not match its last checkpoint.
// What it cannot refuse is the rule itself: whether an act is allowed is decided by policy and
// the packages of the procedure (registry, requests, freeze, review, session), who are its
// callers together with gate and web. Inside a transaction nobody calls Write or Keep again:
// there is one writer, and it would wait for itself.
package store
