package web

import (
	"errors"
	"net/http"
	"strings"

	"sekimori/broker/forms"
	"sekimori/broker/registry"
	"sekimori/broker/requests"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
)

// translate turns what the packages behind the door say into a fault. What none of the cases
// knows stays internal: people see that something failed, the log sees what.
func (s *Server) translate(err error) error {
	var f *Fault
	var denied *policy.Denied
	var invalid *forms.Invalid
	var blocked *requests.Blocked
	var wrong *registry.WrongCode
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &blocked):
		return blockedFault(blocked)
	case errors.As(err, &wrong) && wrong.Used:
		f := refusal(policy.AuthFailed, nil)
		f.HintJA, f.HintEN = "このコードは使用済みです。次のコードを待ってください", "this code was used before; wait for the next one"
		return f
	case errors.As(err, &denied):
		return refusal(denied.Reason, denied.Args)
	case errors.As(err, &invalid):
		return InvalidForm(invalid)
	case errors.Is(err, store.ErrNotFound):
		return faultNotFound()
	case errors.Is(err, session.ErrNotLive):
		return &Fault{
			Status: http.StatusConflict, Code: "not-live", Exit: ExitError, JA: "接続中ではありません", EN: "the session is not under way",
			HintJA: "`sekimori session list --live` をご覧ください", HintEN: "see `sekimori session list --live`",
		}
	}
	return err
}

// InvalidForm is a form that cannot be accepted, as a fault that names each place.
func InvalidForm(invalid *forms.Invalid) *Fault {
	f := faultInvalid("内容に誤りがあります。何も変えていません", "there are mistakes in it; nothing was changed")
	f.HintJA, f.HintEN = "上の箇所を直してください", "correct the places above"
	if invalid.Name == "" { // no file was handed in, whose places would be named
		f = faultInvalid("このままでは進められません。何も変えていません", "this cannot go on as it is; nothing was changed")
		f.HintJA, f.HintEN = "上に挙げたことを直すか、先に済ませてください", "correct what is named above, or do it first"
	}
	for _, p := range invalid.Shown() {
		d := Detail{Line: p.Line, Column: p.Column, Path: p.Field, JA: p.JA, EN: p.EN, Code: p.Code}
		if p.Line > 0 {
			d.File = invalid.Name
		}
		f.Details = append(f.Details, d)
	}
	return f
}

// reasonText is the sentence and the hint of a reason. The number stands apart in a fault.
func reasonText(reason policy.Reason, args map[string]string, lang string) (message, hint string) {
	message = policy.Message(reason, args, lang)
	if _, rest, ok := strings.Cut(message, "] "); ok {
		message = rest
	}
	return message, policy.NextStep(reason, args, lang)
}
