package policy

import "time"

// Addressee names from whom a review wants an answer: one person, a section of the institution, or a vendor. The others are empty.
type Addressee struct{ Person, Section, Vendor string }

// QuestionFacts are what the rule about answers to a review's question looks at. The zero value is asked of no one.
type QuestionFacts struct {
	Review string
	To     Addressee
	By     string // the auditor who asked
	Open   bool   // it waits for its answer
}

// SeesQuestion tells whether a review asks this person: by name, as one of the section's staff, or as one of the vendor's people. The
// auditor who asked gives no answer.
func SeesQuestion(p Person, f QuestionFacts) bool {
	if p.ID == "" || p.ID == f.By || p.Locked != nil {
		return false
	}
	switch {
	case f.To.Person != "":
		return p.ID == f.To.Person
	case f.To.Section != "":
		return p.Kind == Staff && p.Section == f.To.Section
	case f.To.Vendor != "":
		return (p.Kind == Engineer || p.Kind == Contact) && p.Vendor == f.To.Vendor
	}
	return false
}

// MayAnswerQuestion rules who answers the question of a review: its addressee, once, and not after the review was signed for good.
func MayAnswerQuestion(p Person, f QuestionFacts, _ time.Time) Decision {
	switch {
	case !SeesQuestion(p, f):
		return forbid("addressee")
	case !f.Open:
		return deny(AlreadyDecided, map[string]string{"request": f.Review})
	}
	return allow()
}
