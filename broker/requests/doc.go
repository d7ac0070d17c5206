// Package requests is the desk where an application becomes a window: submit or propose, take over, approve, return, reject, withdraw,
// edit, revoke, cancel. The attendance package owns the attendant's acts on the window.
//
// It owns the states of requests, windows and grants. Only a named person with the role for the system may act; policy.CanApprove
// rules on approvals. An edit after approval voids the grants. An undecided application lapses at its start: silence approves nothing.
// The final approval's transaction makes windows and grants, and every act commits with its ledger entry.
//
// An approval answers the check items (policy.Check) on the facts of Application, the same as at opening and permission: an unmet item
// blocks, a caution needs a reason. Conditions narrow windows and grants and leave the request's text. A deputy decides while the
// deputation holds, and the approver reads it afterwards (後閲).
//
// broker/act runs its acts, asks for the proof and ledgers refusals; the rules are policy's. Its callers are the doors (broker/web,
// broker/gate).
package requests
