package fault

import (
	"net/http"
	"strings"

	"sekimori/broker/api"
	"sekimori/policy"
)

func Unauthenticated() *api.Fault {
	return &api.Fault{
		Status: http.StatusUnauthorized, Code: api.CodeUnauthenticated, Exit: api.ExitRefused,
		JA: "サインインしていないか、期限が切れています", EN: "not signed in, or the token has expired",
		HintJA: "`sekimori login` でサインインします", HintEN: "sign in with `sekimori login`",
	}
}

func BadRequest(ja, en string, cause error) *api.Fault {
	return &api.Fault{Status: http.StatusBadRequest, Code: api.CodeBadRequest, Exit: api.ExitUsage, JA: ja, EN: en, Cause: cause}
}

func Invalid(ja, en string) *api.Fault {
	return &api.Fault{Status: http.StatusUnprocessableEntity, Code: api.CodeInvalid, Exit: api.ExitError, JA: ja, EN: en}
}

func NotFound() *api.Fault {
	return &api.Fault{
		Status: http.StatusNotFound, Code: api.CodeNotFound, Exit: api.ExitError,
		JA: "見つかりません", EN: "not found", HintJA: "番号をお確かめください", HintEN: "check the number",
	}
}

func Internal(cause error) *api.Fault {
	return &api.Fault{
		Status: http.StatusInternalServerError, Code: api.CodeInternal, Exit: api.ExitError,
		JA: "処理できませんでした", EN: "could not be done",
		HintJA: "情報システム課へ。関守の動作の記録に詳細があります", HintEN: "call the information-systems section; the broker's log has the details",
		Cause: cause,
	}
}

// WithoutTelling is the fault as a vendor's people read it. It gives one answer for a thing that does not exist and for one that they may
// not see, because the difference would tell them what exists.
func WithoutTelling(f *api.Fault) *api.Fault {
	forbidden := Refusal(policy.Forbidden, nil)
	if f.Code != api.CodeNotFound && f.Code != forbidden.Code {
		return f
	}
	forbidden.JA, forbidden.EN = "許可されていないか、見つかりません", "not permitted, or there is no such thing"
	forbidden.HintJA, forbidden.HintEN = "番号をお確かめください。あなたの件でなければ、担当の人に依頼してください", "check the number; where it is not yours, ask somebody who holds the role"
	forbidden.Cause = f
	return forbidden
}

// Refusal turns a reason of policy into a fault: a conflict where the request is out of date or already
// done, otherwise forbidden.
func Refusal(reason policy.Reason, args map[string]string) *api.Fault {
	f := &api.Fault{Status: http.StatusForbidden, Code: string(reason), Exit: api.ExitRefused}
	info, known := policy.Lookup(reason)
	if !known {
		// The zero Decision denies without a reason.
		f.Code, f.JA, f.EN = string(policy.Forbidden), "許可されていません", "not permitted"
		return f
	}
	f.Number = info.Number
	f.JA, f.HintJA = reasonText(reason, args, "ja")
	f.EN, f.HintEN = reasonText(reason, args, "en")
	if reason == policy.AlreadyDecided || reason == policy.StalePage {
		f.Status = http.StatusConflict
	}
	return f
}

// reasonText gives the sentence and the hint of a reason. A fault carries the number separately.
func reasonText(reason policy.Reason, args map[string]string, lang string) (message, hint string) {
	message = policy.Message(reason, args, lang)
	if _, rest, ok := strings.Cut(message, "] "); ok {
		message = rest
	}
	return message, policy.NextStep(reason, args, lang)
}
