package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/directory"
	"sekimori/broker/forms"
	"sekimori/broker/registry"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Of gives the fault of any error. An error that no case knows becomes internal: people see that something failed, the log has the details.
func Of(err error) *api.Fault {
	var f *api.Fault
	var denied *policy.Denied
	var invalid *forms.Invalid
	var blocked *requests.Blocked
	var stop *attendance.Stopped
	var wrong *registry.WrongProof
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, act.ErrProofNeeded):
		return ProofNeeded()
	case errors.As(err, &blocked):
		return blockedFault(blocked)
	case errors.As(err, &stop):
		return stopped(stop)
	case errors.As(err, &wrong):
		return wrongProof(wrong)
	case errors.As(err, &denied):
		return Refusal(denied.Reason, denied.Args)
	case errors.As(err, &invalid):
		return InvalidForm(invalid)
	case errors.Is(err, directory.ErrDown):
		return &api.Fault{
			Status: http.StatusServiceUnavailable, Code: api.DirectoryDown, Exit: api.ExitError, JA: "機関の認証基盤につながりません", EN: "the institution's directory cannot be reached",
			HintJA: "しばらく待ってください。関守のパスワードの人はサインインできます", HintEN: "wait a while; people with a password of Sekimori's own can sign in", Cause: err,
		}
	case errors.Is(err, store.ErrBadPage):
		return BadRequest("next は一覧の続きとして渡されたものです", "next is what a list gave out to go on with", nil)
	case errors.Is(err, store.ErrNotFound):
		return NotFound()
	case errors.Is(err, store.ErrNotLive):
		return &api.Fault{
			Status: http.StatusConflict, Code: api.CodeNotLive, Exit: api.ExitError, JA: "接続中ではありません", EN: "the session is not under way",
			HintJA: "`sekimori session list --live` をご覧ください", HintEN: "see `sekimori session list --live`",
		}
	}
	if f := kept(err); f != nil {
		return f
	}
	return Internal(err)
}

// ProofNeeded is the fault of an act that asks for password and code.
func ProofNeeded() *api.Fault {
	return &api.Fault{
		Status: http.StatusForbidden, Code: "fresh-authentication-required", Exit: api.ExitRefused,
		JA: "パスワードと認証コードをもう一度求めます", EN: "this act asks for password and code anew",
		HintJA: "コマンドが尋ねます。スクリプトでは --auth-stdin", HintEN: "the command asks for them; in scripts --auth-stdin",
	}
}

// wrongProof is auth-failed for a caller who is signed in: it says which value to type again.
func wrongProof(wrong *registry.WrongProof) *api.Fault {
	d := api.Detail{Code: api.WrongCode, JA: policy.WrongCode.JA, EN: policy.WrongCode.EN}
	f := Refusal(policy.AuthFailed, nil)
	if !wrong.Down && wrong.Off == 0 { // those two are told at a sign-in as well
		f.JA, f.EN = "パスワードと認証コードを確かめられませんでした。何も変えていません", "password and code were not confirmed; nothing was changed"
		f.HintJA, f.HintEN = "確かめて、もう一度入力してください。分からなければ情報システム課へ", "check and type them again; if you do not have them, call the information-systems section"
	}
	switch {
	case wrong.Down:
		d = api.Detail{Code: api.DirectoryDown, JA: directoryDown.JA, EN: directoryDown.EN}
	case wrong.Off != 0:
		said := clockOff(wrong.Off)
		d = api.Detail{Code: api.ClockOff, JA: said.JA, EN: said.EN}
		f.HintJA, f.HintEN = "携帯電話の時刻を自動設定にしてから、新しいコードを入力してください", "set the telephone's clock to automatic, then type a new code"
	case wrong.Password:
		d = api.Detail{Code: api.WrongPassword, JA: "パスワードが違います。", EN: "the password is wrong"}
	case wrong.Used:
		d = api.Detail{Code: api.UsedCode, JA: policy.UsedCode.JA, EN: policy.UsedCode.EN}
		f.HintJA, f.HintEN = policy.NextCode.JA, policy.NextCode.EN
	}
	if wrong.Passkey && d.Code == api.WrongCode {
		d = api.Detail{Code: api.WrongPasskey, JA: "パスキーを確かめられませんでした。もう一度お試しください。", EN: "the passkey could not be checked: try again"}
	}
	f.Details = []api.Detail{d}
	return f
}

// directoryDown is told whoever fails to sign in meanwhile, so it tells no one whose the password is.
var directoryDown = text.Of("機関の認証基盤につながりません。認証基盤でサインインする人は、つながるまでサインインできません。関守のパスワードの人は、入力を確かめてもう一度どうぞ。",
	"the institution's directory cannot be reached: people of the directory cannot sign in until it answers; with a password of Sekimori's own, check what you typed and try again")

// clockOff says that a code was right by another clock.
func clockOff(off time.Duration) text.Text {
	span := text.Left(off.Abs())
	if off < 0 {
		return text.Of("携帯電話(認証アプリ)の時計が約"+span.JA+"遅れています。", "the clock of your telephone (authenticator) is about "+span.EN+" slow")
	}
	return text.Of("携帯電話(認証アプリ)の時計が約"+span.JA+"進んでいます。", "the clock of your telephone (authenticator) is about "+span.EN+" fast")
}

// InvalidForm is the fault of a form that cannot be accepted. It names each place.
func InvalidForm(invalid *forms.Invalid) *api.Fault {
	f := Invalid("内容に誤りがあります。何も変えていません", "there are mistakes in it; nothing was changed")
	f.HintJA, f.HintEN = "上の箇所を直してください", "correct the places above"
	if invalid.Name == "" { // there is no file whose places could be named
		f = Invalid("このままでは進められません。何も変えていません", "this cannot go on as it is; nothing was changed")
		f.HintJA, f.HintEN = "上に挙げたことを直すか、先に済ませてください", "correct what is named above, or do it first"
	}
	for _, p := range invalid.Shown() {
		d := api.Detail{Line: p.Line, Column: p.Column, Path: p.Field, JA: p.JA, EN: p.EN, Code: p.Code}
		if p.Line > 0 {
			d.File = invalid.Name
		}
		f.Details = append(f.Details, d)
	}
	return f
}

// blockedFault names the rows that block the act, and how to answer those that can be answered.
func blockedFault(b *requests.Blocked) *api.Fault {
	f := &api.Fault{
		Status: http.StatusForbidden, Code: "check-items", Exit: api.ExitRefused,
		JA: "確認事項に答えていないものがあるため承認できません", EN: "cannot approve: check items call for a reason",
		HintJA: "--because 項目=理由 を添えてください(項目ごとに一つ)", HintEN: "add --because ITEM=REASON, once for each item",
	}
	if n := b.Unmet(); n > 0 {
		f.JA, f.EN = fmt.Sprintf("不適合が%d件あるため承認できません", n), fmt.Sprintf("cannot approve: %d item(s) not met", n)
		f.HintJA, f.HintEN = "差し戻すか、直るまでお待ちください", "return it for correction, or wait until it is put right"
	}
	for _, item := range b.Items {
		name := policy.ItemName(item.Code)
		d := api.Detail{Path: item.Code, Code: string(item.State), JA: name.JA + ": " + item.Cause.JA, EN: name.EN + ": " + item.Cause.EN}
		switch {
		case item.State == policy.ItemCaution, item.Overridable:
			d.JA += "(--because " + item.Code + "=理由)"
			d.EN += " (--because " + item.Code + "=REASON)"
		case item.Fix.JA != "":
			d.JA += " → " + item.Fix.JA
			d.EN += " → " + item.Fix.EN
		}
		f.Details = append(f.Details, d)
	}
	return f
}

// stopped adds to the refusal of a start the check item that stopped it, the reason, and the remedy.
func stopped(stop *attendance.Stopped) *api.Fault {
	item := stop.Item
	f := Refusal(item.Reason, item.Args)
	name := policy.ItemName(item.Code)
	if item.Fix.JA != "" { // the reason's next step for an engineer is not for the attendant
		f.HintJA, f.HintEN = item.Fix.JA, item.Fix.EN
	}
	if item.Code == policy.ItemBackup {
		f.HintJA, f.HintEN = f.HintJA+"(`sekimori attend backup`。理由があれば承認者が `attend override`)", f.HintEN+" (`sekimori attend backup`; with a reason an approver may `attend override`)"
	}
	f.Details = append(f.Details, api.Detail{Path: item.Code, Code: "item-unmet", JA: name.JA + ": 不適合 " + item.Cause.JA, EN: name.EN + ": not met; " + item.Cause.EN})
	return f
}
