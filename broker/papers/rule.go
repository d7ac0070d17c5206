package papers

import (
	"errors"
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The rules about papers. The vendor hands its papers in; the institution's staff answer for what counts.

// mayFile gives the first state of a paper of the vendor that this person files.
func mayFile(s *store.Snap, p policy.Person, v store.Vendor) (store.PaperState, error) {
	err := mayKeep(s, p)
	var denied *policy.Denied
	switch {
	case err == nil:
		return store.PaperAccepted, nil
	case !errors.As(err, &denied):
		return "", err
	}
	return store.PaperSubmitted, policy.MayHandInPapers(p, v.Vendor).Err()
}

// hides refuses a vendor's people who name a person of another vendor, of the staff, or no one (zero), with one answer: a difference would
// tell them which ids and logins exist.
func hides(s *store.Snap, by policy.Person, named store.Person) (err error) {
	if policy.SeePapers(by).All {
		return nil
	}
	var v store.Vendor
	if named.Vendor != "" {
		if v, err = s.Vendor(named.Vendor); err != nil {
			return fmt.Errorf("vendor of %s: %w", named.ID, err)
		}
	}
	return policy.MayHandInPapers(by, v.Vendor).Err()
}

// mostSubmitted is how many papers the people of one vendor may hand in on one day: more than a vendor has, and too few to fill the
// disk that recordings need.
const mostSubmitted = 50

// few refuses a vendor's papers beyond that.
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
		return forms.Wrong("", "too-many", fmt.Sprintf("提出できるのは1日に%d件までです。", mostSubmitted), fmt.Sprintf("at most %d papers are taken in a day", mostSubmitted))
	}
	return nil
}

// mayKeep refuses people who do not keep papers for the institution.
func mayKeep(s *store.Snap, p policy.Person) error { return withOwner(s, p, policy.MayKeepPapers) }

// withOwner asks a rule that depends on whether the person's section owns a system.
func withOwner(s *store.Snap, p policy.Person, rule func(policy.Person, bool) policy.Decision) error {
	owns, err := s.OwnsSystem(p.Section)
	if err != nil {
		return fmt.Errorf("read the section's systems: %w", err)
	}
	return rule(p, owns).Err()
}

// textFrom checks a person's text: its length, and that it is safe on other people's terminals. needed: it must not be empty.
func textFrom(field, text string, most int, needed bool) error {
	switch {
	case forms.Printable(text) != text || len([]rune(text)) > most:
		return forms.Wrong(field, "control-character", fmt.Sprintf("表示できない文字があるか、%d字を超えています。", most),
			fmt.Sprintf("contains characters that cannot be shown, or more than %d", most))
	case needed && policy.Blank(text):
		return forms.Wrong(field, "reason-required", "理由を書いてください。", "a reason is needed")
	}
	return nil
}
