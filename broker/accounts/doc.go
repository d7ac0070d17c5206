// Package accounts looks after accounts on targets: it prepares an account before a session, takes it away after, and has it proved
// that the account is gone. It changes stored keys and passwords, and those of database roles, after windows by rule.
// It also asks what an account cannot read, what is on a target (accounts, keys, rights, timed jobs), which logins and connections a target
// had, and what a session left behind.
//
// It speaks with a program on the target (examples/hooks) by a small protocol of lines (PROTOCOL.md): either over an administrative SSH
// connection with a key of its own, for which the target allows one forced command, or through a program on the broker's host. Both
// answers are bounded in bytes and time. An unclear answer counts as a failure: an account that could not be prepared opens no session,
// and an account that was not proved gone is said to be so.
//
// It decides nothing about people: policy does. It keeps which sessions use which account, because an account is taken away with its
// last session only, and after a crash before anybody is admitted.
//
// Callers: session (Prepare, Release), attendance and chores through broker (inventories, reconciliation), broker (Reconcile at a start).
package accounts
