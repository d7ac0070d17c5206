package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"sekimori/policy"
)

// Exit statuses of the commands (contract.md).
const (
	ExitError   = 1
	ExitUsage   = 2
	ExitRefused = 3
)

// Detail is one place that a fault names, such as a line of an applied file.
type Detail struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	Code   string `json:"code,omitempty"`
	JA     string `json:"message_ja"`
	EN     string `json:"message_en"`
}

// Fault is an error as it leaves the API: a stable code, both languages, the next step.
type Fault struct {
	Status  int      `json:"-"` // of HTTP
	Code    string   `json:"code"`
	Number  int      `json:"number,omitempty"` // of the reason, screens §4; 0: none
	Exit    int      `json:"exit"`             // of the command
	JA      string   `json:"message_ja"`
	EN      string   `json:"message_en"`
	HintJA  string   `json:"hint_ja,omitempty"`
	HintEN  string   `json:"hint_en,omitempty"`
	Details []Detail `json:"details,omitempty"`
	cause   error
}

func (f *Fault) Error() string {
	if f.cause != nil {
		return f.EN + ": " + f.cause.Error()
	}
	return f.EN
}

func (f *Fault) Unwrap() error { return f.cause }

// Codes of faults that are no reason of policy.
const (
	CodeUnauthenticated = "unauthenticated"
	CodeBadRequest      = "bad-request"
	CodeInvalid         = "invalid"
	CodeNotFound        = "not-found"
	CodeInternal        = "internal"
	CodeUnavailable     = "unavailable"
)

func faultUnauthenticated() *Fault {
	return &Fault{
		Status: http.StatusUnauthorized, Code: CodeUnauthenticated, Exit: ExitRefused,
		JA: "サインインしていないか、期限が切れています", EN: "not signed in, or the token has expired",
		HintJA: "`sekimori login` でサインインします", HintEN: "sign in with `sekimori login`",
	}
}

func faultBadRequest(ja, en string, cause error) *Fault {
	return &Fault{Status: http.StatusBadRequest, Code: CodeBadRequest, Exit: ExitUsage, JA: ja, EN: en, cause: cause}
}

func faultInvalid(ja, en string) *Fault {
	return &Fault{Status: http.StatusUnprocessableEntity, Code: CodeInvalid, Exit: ExitError, JA: ja, EN: en}
}

func faultNotFound() *Fault {
	return &Fault{
		Status: http.StatusNotFound, Code: CodeNotFound, Exit: ExitError,
		JA: "見つかりません", EN: "not found", HintJA: "番号をお確かめください", HintEN: "check the number",
	}
}

// withoutTelling is the fault as a vendor's people read it. Whether what they name exists and is none of theirs, or does not exist, is
// one answer: by the difference they would learn who and what there is.
func (f *Fault) withoutTelling() *Fault {
	forbidden := refusal(policy.Forbidden, nil)
	if f.Code != CodeNotFound && f.Code != forbidden.Code {
		return f
	}
	forbidden.JA, forbidden.EN = "許可されていないか、見つかりません", "not permitted, or there is no such thing"
	forbidden.HintJA, forbidden.HintEN = "番号をお確かめください。あなたの件でなければ、担当の人に依頼してください", "check the number; where it is not yours, ask somebody who holds the role"
	forbidden.cause = f
	return forbidden
}

func faultInternal(cause error) *Fault {
	return &Fault{
		Status: http.StatusInternalServerError, Code: CodeInternal, Exit: ExitError,
		JA: "処理できませんでした", EN: "could not be done",
		HintJA: "情報システム課へ。関守の動作の記録に詳細があります", HintEN: "call the information-systems section; the broker's log has the details",
		cause: cause,
	}
}

// refusal turns a reason of policy into a fault. What is stale or already done is a conflict,
// everything else forbidden.
func refusal(reason policy.Reason, args map[string]string) *Fault {
	f := &Fault{Status: http.StatusForbidden, Code: string(reason), Exit: ExitRefused}
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

// write sends the fault. Nothing may have been written before.
func (f *Fault) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(f.Status)
	// An error here means the caller is gone.
	_ = json.NewEncoder(w).Encode(map[string]*Fault{"error": f})
}

// asFault finds or makes the fault of an error.
func asFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return faultInternal(err)
}
