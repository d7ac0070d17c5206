// Package ledger is the form of the ledger (台帳): how an entry is written down, how entries
// become a Merkle tree, how a checkpoint is signed, how the whole is exported and how an
// export is verified by somebody who trusts nothing but a public key.
//
// It owns the bytes. FORMAT.md beside this file states them completely, so that an outsider
// can write a verifier; what is exported today must verify for ever (testdata holds exports
// that are never regenerated).
//
// KINDS.md, made of the table in kinds*.go, says which kinds of entries a broker writes and what their members mean; tests hold
// that none is written that it does not list.
//
// It refuses to do I/O beyond an io.Reader or io.Writer, to know the time, to hold a secret
// (signers and verifiers are handed in) and to decide what is an entry: that is the business
// of whoever writes one. The tree itself, proofs and signed notes come from golang.org/x/mod.
//
// It is called by broker/store, which keeps entries and tree hashes in the transaction of the
// act that they describe, and by sekimori-verify, which reads an export and nothing else.
package ledger
