package attendance

import (
	"fmt"

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
	return a.fit(s, p, r, sys)
}

// fit is mayAttend without the name in the request: who may take the post over.
func (a *Post) fit(s *store.Snap, p policy.Person, r store.Request, sys store.System) error {
	if !ofSection(p, sys) || !p.Has(policy.Attendant) {
		return forbidden(policy.Attendant)
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

// decidedOn tells whether the person approved the request as it reads now, or opened it as an emergency.
func decidedOn(s *store.Snap, p policy.Person, r store.Request) (bool, error) {
	decisions, err := s.Decisions(r.No)
	if err != nil {
		return false, fmt.Errorf("read decisions: %w", err)
	}
	for _, made := range decisions {
		if made.By == p.ID && made.Version == r.Version && (made.Verdict == store.VerdictApprove || made.Verdict == store.VerdictOpen) {
			return true, nil
		}
	}
	return false, nil
}

// mayOverride: who may let work start although a check item is unmet: the section's approvers and the second approver,
// never the attendant, who states what they override.
func mayOverride(p policy.Person, w store.Window, sys store.System) bool {
	return p.ID != w.Attendant && p.Kind == policy.Staff && (ofSection(p, sys) && p.Has(policy.Approver) || p.Has(policy.SecondApprover))
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
	if reason == "" {
		return invalid("reason", "reason-required", "理由を書いてください。", "a reason is needed")
	}
	return sayable(reason)
}

func invalid(field, code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}
