package policy

import (
	"fmt"
	"strings"
)

// ItemName is the name of a check item.
func ItemName(code string) Text {
	switch code {
	case ItemPledge:
		return Text{"誓約書", "Pledge"}
	case ItemCertification:
		return Text{"認証", "Certification"}
	case ItemContract:
		return Text{"契約・責任", "Contract, who answers"}
	case ItemSubcontract:
		return Text{"再委託", "Subcontract"}
	case ItemBackup:
		return Text{"バックアップ", "Backup"}
	case ItemRights:
		return Text{"権限", "Account rights"}
	case ItemIndividualNumber:
		return Text{"個人番号", "Individual numbers"}
	case ItemFiles:
		return Text{"ファイル授受", "File exchange"}
	case ItemLine:
		return Text{"回線連動", "Interlock line"}
	case ItemAttendant:
		return Text{"立会者", "Attendant"}
	case ItemSchedule:
		return Text{"記録・日程・点検", "Recording, schedule, reviews"}
	}
	return Text{code, code}
}

// Text says a state of an item.
func (s ItemState) Text() Text {
	switch s {
	case ItemMet:
		return Text{"適合", "Met"}
	case ItemCaution:
		return Text{"注意", "Caution"}
	}
	return Text{"不適合", "Not met"}
}

// Text says a kind of difference.
func (k DiffKind) Text() Text {
	switch k {
	case DiffAdded:
		return Text{"追加", "Added"}
	case DiffRemoved:
		return Text{"削減", "Removed"}
	case DiffSame:
		return Text{"同じ", "Same"}
	}
	return Text{"変更", "Changed"}
}

// FieldName is the name of a field that is compared with last time.
func FieldName(field string) Text {
	switch field {
	case FieldTime:
		return Text{"時間", "Time"}
	case FieldAccounts:
		return Text{"作業用アカウント", "Accounts"}
	case FieldRights:
		return Text{"権限", "Rights"}
	case FieldRoot:
		return Text{"管理者権限", "Root rights"}
	case FieldSource:
		return Text{"接続元", "Source"}
	case FieldEngineers:
		return Text{"保守要員", "Engineers"}
	case FieldTargets:
		return Text{"接続先", "Targets"}
	case FieldFiles:
		return Text{"ファイル授受", "File exchange"}
	case FieldSubcontract:
		return Text{"再委託", "Subcontract"}
	}
	return Text{field, field}
}

// Text says a rule for a second approver as the reason why one is needed.
func (r SecondRule) Text() Text {
	switch r {
	case SecondAlways:
		return Text{"このシステムの決まり", "this system's rule"}
	case SecondPersonalData:
		return Text{"個人情報を扱うため", "personal data is handled"}
	case SecondIndividualNumber:
		return Text{"個人番号が見えるため", "individual numbers are visible"}
	case SecondRoot:
		return Text{"管理者相当のアカウントのため", "a root-equivalent account"}
	case SecondFiles:
		return Text{"ファイルを授受するため", "files move"}
	case SecondOutsideHours:
		return Text{"開庁時間の外のため", "outside office hours"}
	case SecondUrgent:
		return Text{"至急のため", "urgent"}
	case SecondRecurring:
		return Text{"繰り返しの時間枠のため", "a recurring window"}
	}
	return Text{string(r), string(r)}
}

// FirstTime is said where there is no earlier work to compare with.
func FirstTime() Text {
	return Text{"前回の利用許可はありません(初回)。すべての項目を確認してください。", "No earlier grant (first time). Check every item."}
}

// say fills the same values into both languages, in order; each is made safe to show.
func say(ja, en string, values ...string) Text {
	safe := make([]any, len(values))
	for i, v := range values {
		safe[i] = clean(v)
	}
	return Text{fmt.Sprintf(ja, safe...), fmt.Sprintf(en, safe...)}
}

// with is say whose first value differs by language.
func with(first Text, ja, en string, values ...string) Text {
	safe := []any{nil}
	for _, v := range values {
		safe = append(safe, clean(v))
	}
	safe[0] = first.JA
	t := Text{JA: fmt.Sprintf(ja, safe...)}
	safe[0] = first.EN
	t.EN = fmt.Sprintf(en, safe...)
	return t
}

// join appends a sentence that is not there yet.
func join(text, more Text) Text {
	switch {
	case more.JA == "" || strings.Contains(text.JA, more.JA):
		return text
	case text.JA == "":
		return more
	}
	return Text{text.JA + "。" + more.JA, text.EN + "; " + more.EN}
}

// wordOr is the word that a text says for an argument's value, or the value itself.
func wordOr(name, value string) Text {
	if word, ok := argWords[name][value]; ok {
		return word
	}
	value = clean(value)
	return Text{value, value}
}
