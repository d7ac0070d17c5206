package policy

// Duty is something that waits for a person of a role, for the page that tells what to do next. It gives no right.
type Duty string

// The duties.
const (
	DutyDecideFirst  Duty = "decide-first"  // requests that await the first approval
	DutyDecideSecond Duty = "decide-second" // requests that await the second approval
	DutySeen         Duty = "seen"          // decisions of a deputy that the approver has not seen
	DutyAttend       Duty = "attend"        // windows to attend, and attendance records to write
	DutyReview       Duty = "review"        // reviews to sign
	DutyAnswer       Duty = "answer"        // questions of reviews that the person is asked
	DutyCorrect      Duty = "correct"       // findings that the person is to answer
	DutyRoom         Duty = "room"          // the room for recordings is shorter than the institution wants
	DutyReport       Duty = "report"        // requests whose work report is missing
)

// Duties are what may wait for the person. deciding tells that they decide for an approver now.
func Duties(p Person, deciding bool) []Duty {
	if p.Kind != Staff || p.Locked != nil {
		return nil
	}
	var all []Duty
	add := func(has bool, some ...Duty) {
		if has {
			all = append(all, some...)
		}
	}
	add(p.Has(Attendant), DutyAttend)
	add(p.Has(Approver) || deciding, DutyDecideFirst)
	add(p.Has(Approver), DutySeen)
	add(p.Has(SecondApprover), DutyDecideSecond)
	add(p.Has(Auditor), DutyReview)
	add(p.Has(Requester), DutyReport)
	add(true, DutyAnswer)
	add(true, DutyCorrect)
	add(p.Has(InformationSystems) || p.Has(Administrator), DutyRoom)
	return all
}
