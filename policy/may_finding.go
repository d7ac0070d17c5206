package policy

import "time"

// SeeFindings gives a person's sight of findings (screens §2): auditors, the information-systems section and second approvers see all, a head
// those of the own section. The owner of a finding sees it too (SeesQuestion).
func SeeFindings(p Person) Sight {
	for _, r := range []Role{Auditor, InformationSystems, SecondApprover, Approver} {
		if p.Has(r) {
			return SeeRecords(p)
		}
	}
	return Sight{}
}

// MayAnswerFinding rules who says what was corrected: the owner, as long as the finding is not closed. Its auditor does not.
func MayAnswerFinding(p Person, f QuestionFacts, now time.Time) Decision {
	return MayAnswerQuestion(p, f, now)
}

// MayCloseFinding rules who verifies the correction and closes a finding: an auditor who had no part in the work, did not answer, and is not
// of the owner, once. The auditor who opened the finding is no owner of it.
// Answered of the subject are the people who answered this finding.
func MayCloseFinding(p Person, s Subject, f QuestionFacts, now time.Time) Decision {
	if d := MaySignReview(p, s, "", now); !d.Allow {
		return d
	}
	if SeesQuestion(p, f) { // no owner closes the own finding, also where a colleague answered it
		return deny(AuditorConflict, map[string]string{"session": s.Session})
	}
	if !f.Open {
		return deny(AlreadyDecided, map[string]string{"request": f.Review})
	}
	return allow()
}
