package papers

import (
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Who may do what with papers. The vendor keeps its papers, the institution's staff answer for what counts.

// keeps tells whether somebody keeps papers for the institution: the information-systems section, and those who write
// requests in a section that owns a system.
func keeps(s *store.Snap, p policy.Person) (bool, error) {
	if p.Kind != policy.Staff {
		return false, nil
	}
	if p.Has(policy.InformationSystems) {
		return true, nil
	}
	if !p.Has(policy.Requester) {
		return false, nil
	}
	owns, err := s.OwnsSystem(p.Section)
	if err != nil {
		return false, fmt.Errorf("read the section's systems: %w", err)
	}
	return owns, nil
}

// belongs: an engineer or contact of the vendor, or of the prime contractor that answers for it.
func belongs(p policy.Person, v store.Vendor) bool {
	return (p.Kind == policy.Contact || p.Kind == policy.Engineer) && p.Vendor != "" && (p.Vendor == v.ID || p.Vendor == v.Prime)
}

// mayFile tells in which state a paper of the vendor begins when this person files it.
func mayFile(s *store.Snap, p policy.Person, v store.Vendor) (store.PaperState, error) {
	switch ok, err := keeps(s, p); {
	case err != nil:
		return "", err
	case ok:
		return store.PaperAccepted, nil
	case belongs(p, v):
		return store.PaperSubmitted, nil
	}
	return "", forbidden(policy.Requester)
}

// mostSubmitted is how many papers the people of one vendor hand in on one day: more than a vendor has, and few enough that they
// cannot fill the disk that recordings need.
const mostSubmitted = 50

// few refuses a vendor who hands in more than that.
func few(s *store.Snap, v store.Vendor) error {
	all, err := s.Papers(store.PaperFilter{Vendor: v.ID, Limit: -1})
	if err != nil {
		return fmt.Errorf("read the papers of %s: %w", v.ID, err)
	}
	n := 0
	for _, p := range all {
		if p.AcceptedBy != p.FiledBy && s.Now.Sub(p.Filed) < 24*time.Hour {
			n++
		}
	}
	if n >= mostSubmitted {
		return invalid("", "too-many", fmt.Sprintf("提出できるのは1日に%d件までです。", mostSubmitted), fmt.Sprintf("at most %d papers are taken in a day", mostSubmitted))
	}
	return nil
}

func mayKeep(s *store.Snap, p policy.Person) error {
	ok, err := keeps(s, p)
	if err == nil && !ok {
		err = forbidden(policy.Requester)
	}
	return err
}

// mayLook: heads, second approvers, the information-systems section and auditors, each with a purpose (screens §2, L2).
func mayLook(p policy.Person, purpose string) error {
	allowed := false
	for _, r := range []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor} {
		allowed = allowed || p.Kind == policy.Staff && p.Has(r)
	}
	switch {
	case !allowed:
		return forbidden(policy.Approver)
	}
	if d := policy.NeedPurpose(policy.ActPlay, purpose); d != nil {
		return &policy.Denied{Reason: d.Reason, Args: d.Args}
	}
	return nil
}

// mayApprove: a subcontract is approved by a head of a section that owns a system, or by the information-systems section.
func mayApprove(s *store.Snap, p policy.Person) error {
	if p.Kind != policy.Staff || !p.Has(policy.Approver) && !p.Has(policy.SecondApprover) && !p.Has(policy.InformationSystems) {
		return forbidden(policy.Approver)
	}
	if p.Has(policy.SecondApprover) || p.Has(policy.InformationSystems) {
		return nil
	}
	owns, err := s.OwnsSystem(p.Section)
	if err != nil {
		return fmt.Errorf("read the section's systems: %w", err)
	}
	if !owns {
		return forbidden(policy.Approver)
	}
	return nil
}

func forbidden(role policy.Role) error {
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": string(role)}}
}

func invalid(field, code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}

// said is a text from a person, within its length and fit for other people's terminals; needed: it must not be empty.
func said(field, text string, most int, needed bool) error {
	switch {
	case forms.Printable(text) != text || len([]rune(text)) > most:
		return invalid(field, "control-character", fmt.Sprintf("表示できない文字があるか、%d字を超えています。", most),
			fmt.Sprintf("contains characters that cannot be shown, or more than %d", most))
	case needed && policy.Blank(text):
		return invalid(field, "reason-required", "理由を書いてください。", "a reason is needed")
	}
	return nil
}
