package fault_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/papers"
	"sekimori/broker/registry"
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

// A person who is signed in and types a wrong password or code reads which one it is and the next step: not that they cannot connect, and
// not a vendor's desk.
func TestAWrongProofOfASignedInPersonIsTold(t *testing.T) {
	for _, wrong := range []registry.WrongProof{{Password: true}, {Used: true}, {}} {
		f := fault.Of(fmt.Errorf("do it: %w", &wrong))
		if f.Code != string(policy.AuthFailed) || f.Number != policy.AuthFailed.Number() || len(f.Details) != 1 {
			t.Errorf("%+v", f)
		}
		if said := f.JA + f.EN + f.HintJA + f.HintEN; strings.Contains(said, "接続") || strings.Contains(said, "vendor") || strings.Contains(said, "事業者") || strings.Contains(said, "no reason") {
			t.Errorf("%+v reads %s", wrong, said)
		}
	}
}

// Freezes, keys, yearly reports and files are decided on as requests are; none of them is called a request.
func TestADecisionOnAnythingIsNotCalledARequest(t *testing.T) {
	for _, reason := range []policy.Reason{policy.AlreadyDecided, policy.SelfApproval} {
		f := fault.Refusal(reason, map[string]string{"request": "I-001"})
		said := f.JA + f.EN + f.HintJA + f.HintEN
		if !strings.Contains(f.JA, "I-001") || strings.Contains(said, "申請 I-001") || strings.Contains(said, "request I-001") || strings.Contains(f.HintJA, "申請") || strings.Contains(f.HintJA, "承認者") {
			t.Errorf("%s reads %s", reason, said)
		}
	}
}
