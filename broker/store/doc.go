// Package store owns the broker's database: every SQL statement of the project, the migrations,
// and the transactions in which state and its ledger entry commit together or not at all.
//
// There are three ways in. DB.Write runs a business act: it has one fixed Now, fails with ErrNoEntry
// when something was changed and no ledger entry was appended, and signs a checkpoint before it
// commits. DB.Keep writes state that is no business act (used code steps, throttles, a sign of life):
// KeepKinds is the closed list, and a KeepTx offers only their mutators. DB.Read gives a consistent
// snapshot that never waits for a writer.
//
// The package refuses to open a database whose ledger tree does not match its last checkpoint. It
// does not judge whether an act is allowed: policy does, and the packages of the procedure (registry,
// requests, freeze, review, session), which call this package as gate and web do. A transaction must
// not call Write or Keep again: there is one writer, and it would wait for itself.
package store
