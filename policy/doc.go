// Package policy is the pure core that decides: the vocabulary of the institution's procedure,
// the decision functions on it, and the one table of reasons that people are told.
//
// It owns every yes and every no. Decide rules on an attempt (an SSH login, each channel
// inside it, watching, cutting, playing, exporting, reading the ledger, reviewing), Recheck on
// a session under way; CanApprove, CanOpenEmergency, CanApproveAfter and CanExtend on what approvers,
// deputies and attendants do; Check on the eleven items that an approver confirms, and Differences
// on what changed since last time. NextChange tells when to ask again. RULES.md states the checks
// in words, their order and why.
//
// It refuses to do anything else: no input or output, no clock, no goroutine, no state. What
// it may know stands in Facts; what is missing there is unknown, and unknown denies. The zero
// values of Decision and Verdict deny.
//
// Every door calls it: broker/gate and broker/session for SSH, broker/web for the API, and
// broker/requests and broker/attendance for the procedure. broker/store fills Facts from one read transaction.
package policy
