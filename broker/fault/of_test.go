package fault_test

import (
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"testing"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/papers"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Every error that the packages behind the doors name has words in both languages, however it is wrapped; any other is internal.
func TestEveryErrorHasItsWords(t *testing.T) {
	for code, err := range map[string]error{
		"forbidden":                     &policy.Denied{Reason: policy.Forbidden},
		"already-decided":               &policy.Denied{Reason: policy.AlreadyDecided},
		"fresh-authentication-required": act.ErrProofNeeded,
		"invalid":                       &forms.Invalid{Problems: []forms.Problem{{Field: "x", Code: "y", JA: "z", EN: "z"}}},
		api.CodeNotFound:                store.ErrNotFound,
		api.CodeBadRequest:              store.ErrBadPage,
		"not-live":                      store.ErrNotLive,
		"recording-missing":             &evidence.BadError{Finding: evidence.Missing},
		"paper-missing":                 &papers.DamagedError{What: papers.DamageMissing},
		"no-copy":                       papers.ErrNoCopy,
		"no-space":                      fault.NoSpace(syscall.ENOSPC),
		api.CodeInternal:                errors.New("nobody knows this one"),
	} {
		f := fault.Of(fmt.Errorf("do it: %w", err))
		if f.Code != code || f.Status < 400 || f.Exit == 0 || f.JA == "" || f.EN == "" {
			t.Errorf("%s: %+v", code, f)
		}
		if inner := f.Status >= http.StatusInternalServerError; inner != (code == api.CodeInternal || code == "no-space") {
			t.Errorf("%s is %d", code, f.Status)
		}
	}
}

// A vendor's people cannot learn from an answer whether a thing exists.
func TestWhatIsNotTheirsAndWhatIsNotThereIsOneAnswer(t *testing.T) {
	there, nowhere := fault.WithoutTelling(fault.Of(&policy.Denied{Reason: policy.Forbidden})), fault.WithoutTelling(fault.NotFound())
	if there.EN != nowhere.EN || there.Code != nowhere.Code || there.Status != nowhere.Status || there.HintJA != nowhere.HintJA {
		t.Errorf("%+v\n%+v", there, nowhere)
	}
}
