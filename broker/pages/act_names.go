package pages

import (
	"sekimori/broker/field"
	"sekimori/policy/text"
)

const wordsKind = field.Words

// actNames are what buttons say. An act without a row shows its own name, and a test finds it.
var actNames = map[string]text.Text{
	"ask": text2("包括許可を申請する", "Apply for a standing permit"), "give": text2("許可する", "Grant"), "refuse": text2("許可しない", "Refuse"), "roster": text2("従事者を確認する", "Confirm who works here"),
	"enter-late": text2("後日入力する", "Enter from paper"), "countersign": text2("用紙と見比べて確認する", "Confirm against the paper"),
	"edit": text2("直す", "Edit"), "take": text2("引き受ける", "Take over"), "approve": text2("承認する", "Approve"), "return": text2("差し戻す", "Return for correction"),
	"reject": text2("却下する", "Reject"), "withdraw": text2("取り下げる", "Withdraw"), "revoke": text2("取り消す", "Revoke"), "seen": text2("後閲した", "Seen afterwards"),
	"agree": text2("緊急利用に同意する", "Agree to the emergency"), "approve-after": text2("事後承認する", "Approve afterwards"), "cancel": text2("時間枠を取りやめる", "Cancel the window"),
	"extensions": text2("延長を申請する", "Ask for an extension"), "extend": text2("延長を申請する", "Ask for an extension"),
	"open": text2("立会いを始める", "Take the post"), "close": text2("時間枠を閉じる", "Close the window"), "cut": text2("強制切断", "Cut now"),
	"identity": text2("本人確認の結果を記す", "Record the identity check"), "permit": text2("開始許可", "Permit start"), "unpermit": text2("許可を取り消す", "Take the permission back"),
	"tick": text2("手順を確認済みにする", "Tick a step"), "backup": text2("バックアップを記す", "State the backup"), "override": text2("確認事項を通す", "Let an item go"),
	"handover": text2("立会いを引き継ぐ", "Hand over"), "end": text2("接続を切る", "End the session"), "pause": text2("作業を一時停止", "Pause work"), "resume": text2("再開する", "Resume"),
	"bookmark": text2("しおりを付ける", "Bookmark"), "present": text2("在席を伝える", "Present"), "attest": text2("立会確認書を作る", "Make the attendance record"),
	"note": text2("保存して後で決める", "Save and decide later"), "save": text2("下書き保存", "Save draft"), "discard": text2("下書きを捨てる", "Discard the draft"), "submit": text2("申請する", "Submit"),
	"save-settings": text2("設定を保存", "Settings saved"),
	"allow":         text2("命令を通す", "Allow the command"),
	"message":       text2("保守要員へ連絡を送る", "Message the engineer"), "explain": text2("切断の理由を記す", "Say why it was cut"),
	"grant": text2("延長する", "Extend"), "deny": text2("延長しない", "Do not extend"),
	"set-deputy": text2("代決者を置く", "Set a deputy"), "clear": text2("代決を終える", "End the deputation"),
	"freeze": text2("緊急凍結", "Freeze now"), "lift": text2("解除に同意する", "Agree to lift"), "freeze note": text2("理由を書き足す", "Add the reason"), "told": text2("知らせたことを記す", "Note who was told"), "freeze agree": text2("訓練に同意する", "Agree to the drill"),
	"lock": text2("利用停止にする", "Lock"), "unlock": text2("利用停止の解除に同意する", "Agree to unlock"), "lock-note": text2("理由を書き足す", "Add the reason"),
	"hold": text2("保全する(廃棄を止める)", "Hold (no disposal)"), "release": text2("保全の解除に同意する", "Agree to release"), "notice agree": text2("保存期間の変更に同意する", "Agree to the change of what is kept"), "purge": text2("いま廃棄する", "Dispose of it now"),
	"reconcile": text2("いま突き合わせる", "Compare now"), "reconcile explain": text2("説明済みにする", "Mark as explained"),
	"replace": text2("新しい鍵にし始める", "Begin a new key"), "key viewing confirm": text2("新しい鍵に確定する", "Confirm the new key"), "roll-back": text2("交代を取りやめる", "Take the change back"),
	"ask-access": text2("操作記録を開く鍵を加える", "Open recordings to a further key"), "recording access give": text2("開けるようにする", "Open them"), "recording access refuse": text2("却下する", "Drop it"), "recording access end": text2("鍵を取り消す", "Take the key away"),
	"finalise": text2("確定する", "Finalise"), "annual withdraw": text2("同意を取り下げる", "Take the agreement back"), "annual correct": text2("正誤を追記する", "Append a correction"),
	"opinion": text2("審議会の意見を記す", "Enter an opinion of the council"), "respond": text2("意見への対応を記す", "Enter a response"),
	"correct":  text2("訂正を追記", "Append a correction"),
	"line-cut": text2("庁内網切断確認", "Confirm office network is cut"), "line-on": text2("回線接続", "Connect maintenance line"), "line-off": text2("回線切断", "Disconnect line"),
	"line-back": text2("庁内網復旧", "Restore office network"), "line test": text2("回線を試験する", "Test the line"), "check": text2("設定を確かめる", "Check the set-up"), "target check": text2("接続先の設定を確かめる", "Check what was put on the target"), "test": text2("回線を試験する", "Test the line"),
	"review take": text2("引き受ける", "Take"), "hand-over": text2("引き継ぐ", "Hand over"), "finding answer": text2("是正を報告する", "Report the correction"), "finding close": text2("指摘を完了する", "Close the finding"), "sign": text2("判定を記録する", "Record judgement"), "answer": text2("回答する", "Answer"), "day confirm": text2("その日の接続を確認した", "I have looked at the day's sessions"), "confirm": text2("確認する", "Confirm"),
	"files approve": text2("授受を承認する", "Approve the exchange"), "files reject": text2("授受を却下する", "Reject the exchange"),
	"accept": text2("確認する", "Accept"), "paper accept": text2("受理する", "Accept"), "paper withdraw": text2("書類を取り消す", "Withdraw the paper"), "ask-renewal": text2("更新を依頼する", "Ask for renewal"), "subcontract": text2("再委託を承認する", "Approve the subcontract"),
}

// actNameOf is the name of an act: that of its command, where acts on different things share a word.
func actNameOf(name, command string) text.Text {
	if t, ok := actNames[command]; ok {
		return t
	}
	return actName(name)
}

func actName(name string) text.Text {
	if t, ok := actNames[name]; ok {
		return t
	}
	return text.Same(name)
}

// actKey is the key of an act's name.
func actKey(name, command string) string {
	if _, ok := actNames[command]; ok {
		return command
	}
	return name
}

// doneText says that an act was done; empty for a name that is no act.
func doneText(name string) text.Text {
	if t, ok := ownDone[name]; ok {
		return t
	}
	t, ok := actNames[name]
	if !ok {
		return text.Text{}
	}
	return text2("記録しました: "+t.JA, "Done: "+t.EN)
}
