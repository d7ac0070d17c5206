package policy

import (
	"testing"
	"time"
)

// An approval of a subcontract that lacks its end is damaged: it neither holds for ever nor lengthens a dated one.
func TestAnApprovalWithoutAnEndDoesNotHold(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	dated := Span{Start: now.Add(-time.Hour), End: now.Add(time.Hour)}
	v := Vendor{PrimeApproved: true, Subcontract: []Span{{Start: now.Add(-2 * time.Hour)}, dated}}
	if _, holds := v.subcontract().At(now); !holds {
		t.Error("the dated one does not hold")
	}
	if _, holds := v.subcontract().At(now.Add(2 * time.Hour)); holds {
		t.Error("it holds after the end of the dated one")
	}
	v.Subcontract = v.Subcontract[:1]
	if _, holds := v.subcontract().At(now); holds {
		t.Error("it holds alone")
	}
}
