// Package reconcile compares the logins of a target with what the ledger knows of them (R21): did anyone go round the gate?
//
// The record of logins comes from the target, through the program that looks after its accounts (accounts.Steward), or from a file: wtmp,
// the text of `last -F`, lines of sshd from a journal or auth.log. A login is known where the broker itself made it: for a session, or to
// look after accounts. The others are kept with a number, raise an alarm, and wait until an auditor explains them, by name and with a
// reason. Sessions that a complete record of the target does not know are said, without an alarm: a record can be rotated away.
//
// Root on the target can change its records, and the package cannot tell. A record that begins later than the last comparison ended, or
// that cannot be had, raises an alarm.
//
// It refuses a file that is no record of logins, with the line, and reads at most MostFile bytes. A target's answer is bounded by accounts.
// Callers: web and pages (Acts, File), broker (Hourly, a chore), view (OnTarget, OnLogin, for offers).
package reconcile
