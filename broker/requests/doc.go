// Package requests is the desk where an application becomes a window: submit or propose, take over,
// approve, return, reject, withdraw, edit, revoke, cancel. What the attendant does with the window then is
// the attendance package's.
//
// It owns the states of requests, windows and grants. It refuses every act by somebody who is not a
// named person with the role for it on that system; whether an approval may be given is policy.CanApprove's
// to say. An edit after approval voids the grants. An application nobody decided lapses at its
// start; nothing is approved by silence. Window and grants are made in the transaction of the final
// approval, and every act commits with its ledger entry.
//
// An approval answers the check items (policy.Check) on what Application gathers, the same facts as at opening and
// permission: what is unmet blocks, what calls for caution needs a reason. Conditions narrow windows and grants and leave the
// request as it was asked for. A deputy decides while the deputation holds, and the approver sees it afterwards (後閲).
//
// Its callers are the doors (broker/web, broker/gate). Fresh authentication, where an act needs it, is
// asked for by the door before the act.
package requests
