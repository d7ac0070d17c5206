// Package act runs all business acts: caller, proof, transaction, rule, refusal.
//
// A business package declares an act (its Spec, and the rule from policy) and writes a method that calls Run. Run asks for the proof
// outside the transaction. Then it opens the act's one write transaction: it reads the acting person, loads the facts, asks the rule,
// and calls the package's function, which changes state and appends the entry. Only this package counts and ledgers refused acts.
// Offers asks the same rules without acting: it tells which acts are open to a person now, and why the others are not.
//
// The package owns the proofs that are kept for five minutes (in memory) and the entry access.refused of acts. It decides nothing: the
// rules are policy's, and the effect of an act is its package's. Callers: the packages of layer 5 run acts; broker/web mounts their
// lists; cmd/sekimori reads the Specs for its commands.
package act
