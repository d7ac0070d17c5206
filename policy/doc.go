// Package policy is the pure core that decides. It has the vocabulary of the institution's procedure, the decision functions on it,
// and the one table of reasons that people read.
//
// It owns every yes and every no:
//   - Decide rules on an attempt: an SSH login, each channel inside it, watching, cutting, playing, exporting, reviewing.
//   - Recheck rules on a session under way. NextChange tells when to ask again.
//   - CanApprove, CanOpenEmergency, CanApproveAfter and CanExtend rule on approvers, deputies and attendants.
//   - Check computes the eleven items that an approver confirms; Differences, what changed since last time.
//   - Requirements lists the papers that work needs; every rule about papers reads it.
//   - Functions that begin with May rule on one act each.
//   - Functions that begin with See give the things of one kind that a person sees (Sight), for lists and single things alike.
//
// RULES.md has the checks in words, their order and the reasons for it.
//
// The sentences of reasons and items stand here too, filled in by Words, and the name of each state, role and rule (Label). Package
// policy/text lays texts out.
//
// The package has no input or output, no clock, no goroutine and no state. It knows only its arguments, such as Facts. A missing fact
// is unknown, and unknown denies. The zero values of Decision and Verdict deny.
//
// Every door calls it: broker/gate and broker/session for SSH, broker/view for the API's reads, and the packages of the procedure for
// acts. broker/store fills Facts from one read transaction and narrows lists by a Sight. Outside this package code looks at a role
// only where a test in broker lists it with its reason.
package policy
