package attendance

import (
	"fmt"
	"slices"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// mayAttend: staff of the owning section with the role, who did not approve the request; and where the request names an
// attendant, that one or whoever took the post over from them.
func (a *Post) mayAttend(s *store.Snap, p policy.Person, w store.Window, r store.Request, sys store.System) error {
	if r.Body.Attendant != "" && r.Body.Attendant != p.ID && w.Attendant != p.ID {
		return forbidden(policy.Attendant)
	}
	return a.fit(s, p, w, r, sys)
}

// fit is mayAttend without the name in the request: who may take the post over.
func (a *Post) fit(s *store.Snap, p policy.Person, w store.Window, r store.Request, sys store.System) error {
	if !ofSection(p, sys) || !p.Has(policy.Attendant) {
		return forbidden(policy.Attendant)
	}
	// Two people let work start without a backup, under any system's rule: one overrides, another attends.
	switch overrode, err := overrodeOn(s, p, w); {
	case err != nil:
		return err
	case overrode:
		return forbidden("approver-not-attending")
	}
	// Who opened an emergency attends it under no system's rule (R22).
	if e := r.Body.Emergency; e != nil && (e.First == p.ID || e.Second == p.ID) {
		return forbidden("approver-not-attending")
	}
	if sys.ApproverMayAttend {
		return nil
	}
	approver, err := decidedOn(s, p, r)
	switch {
	case err != nil:
		return err
	case approver:
		return forbidden("approver-not-attending")
	}
	return nil
}

// overrodeOn tells whether the person let a check item of the window go on with a reason. The ledger is where that is kept.
func overrodeOn(s *store.Snap, p policy.Person, w store.Window) (bool, error) {
	if len(w.Overrides) == 0 {
		return false, nil
	}
	for e, err := range s.Entries(store.EntryFilter{Kind: overridden, Subject: w.ID}) {
		if err != nil {
			return false, fmt.Errorf("read overrides of %s: %w", w.ID, err)
		}
		if e.Actor.ID == p.ID {
			return true, nil
		}
	}
	return false, nil
}

// decidedOn tells whether the person approved the request as it reads now, or opened it as an emergency; what a deputy decided in
// their stead, or one whom they appointed, counts as theirs.
func decidedOn(s *store.Snap, p policy.Person, r store.Request) (bool, error) {
	facts, err := s.PolicyRequestOf(r)
	if err != nil {
		return false, fmt.Errorf("facts of request %s: %w", r.No, err)
	}
	return slices.ContainsFunc(facts.Approvals, func(made policy.Approval) bool {
		return made.By == p.ID || made.OnBehalf == p.ID || made.SetBy == p.ID
	}), nil
}

// mayOverride: who may let work start although a check item is unmet: the section's approvers and the second approver,
// never the attendant nor who is named to attend, who state what they override; nor who asked for the work, except in an emergency, whose
// requester is one of the two who opened it.
func mayOverride(p policy.Person, w store.Window, r store.Request, sys store.System) bool {
	if p.ID == w.Attendant || p.ID == r.Body.Attendant || p.ID == r.Requester && r.Body.Emergency == nil {
		return false
	}
	return p.Kind == policy.Staff && (ofSection(p, sys) && p.Has(policy.Approver) || p.Has(policy.SecondApprover))
}

// sayable is the problem of a reason that cannot be shown.
func sayable(reason string) error {
	if forms.Printable(reason) != reason || len(reason) > 4*forms.MaxText {
		return invalid("reason", "control-character", "理由に使えない文字があるか、長すぎます。", "the reason has characters that cannot be shown, or is too long")
	}
	return nil
}

// mustSay is the problem of an act without the reason it needs.
func mustSay(reason string) error {
	if policy.Blank(reason) {
		return invalid("reason", "reason-required", "理由を書いてください。", "a reason is needed")
	}
	return sayable(reason)
}

func invalid(field, code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}
