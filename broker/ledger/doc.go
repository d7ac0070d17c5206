// Package ledger is the form of the ledger (台帳): the bytes of an entry, the Merkle tree of the entries, the signed
// checkpoint, the export, and its verification by a reader who trusts only a public key.
//
// It owns the bytes. FORMAT.md beside this file states them completely, so that an outsider can write a verifier. An export
// of today must verify for ever; testdata holds exports that are never regenerated.
//
// KINDS.md lists the kinds of entries that a broker writes and the meaning of their members. It is generated from the table
// in kinds*.go; tests hold that no other kind is written.
//
// It does no I/O beyond an io.Reader or io.Writer, does not read the clock, holds no secret (signers and verifiers are passed
// in) and does not decide what is entered; its callers do. The tree, proofs and signed notes come from golang.org/x/mod.
//
// broker/store calls it and keeps entries and tree hashes in the transaction of the act that they describe. sekimori-verify
// calls it and reads only an export.
package ledger
