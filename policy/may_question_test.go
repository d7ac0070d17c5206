package policy

import (
	"slices"
	"testing"
	"time"
)

// Each kind of addressee, and each person of the table. Only the addressee answers, once, and not the auditor who asked.
func TestWhoAnswersAReviewsQuestion(t *testing.T) {
	people := map[string]Person{}
	for name, p := range mayPeople {
		people[name] = p
	}
	locked := mayPeople["engineer"]
	locked.Locked = &Lock{}
	people["locked"], people["other vendor's"] = locked, Person{ID: "E-9", Kind: Engineer, Vendor: "V-2"}
	people["vendor's staff"] = Person{ID: "odd", Kind: Engineer, Vendor: "V-2", Section: "jinji"}
	for name, c := range map[string]struct {
		facts QuestionFacts
		may   []string
	}{
		"of an engineer": {QuestionFacts{To: Addressee{Person: "engineer"}, Open: true}, []string{"engineer"}},
		"of a section":   {QuestionFacts{To: Addressee{Section: "jinji"}, By: "auditor", Open: true}, []string{"head", "requester", "attendant", "other"}},
		"of a vendor":    {QuestionFacts{To: Addressee{Vendor: "V-1"}, Open: true}, []string{"engineer", "contact"}},
		"of its auditor": {QuestionFacts{To: Addressee{Person: "auditor"}, By: "auditor", Open: true}, nil},
		"of no one":      {QuestionFacts{Open: true}, nil},
	} {
		for who, p := range people {
			d := MayAnswerQuestion(p, c.facts, time.Time{})
			want := slices.Contains(c.may, who)
			if d.Allow != want || !want && d.Reason != Forbidden {
				t.Errorf("%s: %s: %+v", name, who, d)
			}
			closed := c.facts
			closed.Open = false
			d = MayAnswerQuestion(p, closed, time.Time{})
			if d.Allow || want && d.Reason != AlreadyDecided || !want && d.Reason != Forbidden {
				t.Errorf("%s, answered: %s: %+v", name, who, d)
			}
		}
	}
}
