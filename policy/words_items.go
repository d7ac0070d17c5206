package policy

import (
	"fmt"
	"strings"
)

// ItemName is the name of a check item.
func ItemName(code string) Text {
	switch code {
	case ItemPledge:
		return Text{JA: "誓約書", EN: "Pledge"}
	case ItemCertification:
		return Text{JA: "認証", EN: "Certification"}
	case ItemContract:
		return Text{JA: "契約・責任", EN: "Contract, who answers"}
	case ItemSubcontract:
		return Text{JA: "再委託", EN: "Subcontract"}
	case ItemBackup:
		return Text{JA: "バックアップ", EN: "Backup"}
	case ItemRights:
		return Text{JA: "権限", EN: "Account rights"}
	case ItemIndividualNumber:
		return Text{JA: "個人番号", EN: "Individual numbers"}
	case ItemFiles:
		return Text{JA: "ファイル授受", EN: "File exchange"}
	case ItemLine:
		return Text{JA: "回線連動", EN: "Interlock line"}
	case ItemAttendant:
		return Text{JA: "立会者", EN: "Attendant"}
	case ItemSchedule:
		return Text{JA: "記録・日程・点検", EN: "Recording, schedule, reviews"}
	}
	return Text{JA: code, EN: code}
}

// FieldName is the name of a field that is compared with last time.
func FieldName(field string) Text {
	switch field {
	case FieldTime:
		return Text{JA: "時間", EN: "Time"}
	case FieldAccounts:
		return Text{JA: "作業用アカウント", EN: "Accounts"}
	case FieldRights:
		return Text{JA: "権限", EN: "Rights"}
	case FieldCommands:
		return Text{JA: "命令", EN: "Commands"}
	case FieldForwards:
		return Text{JA: "ポート転送", EN: "Forwards"}
	case FieldRoot:
		return Text{JA: "管理者権限", EN: "Root rights"}
	case FieldSource:
		return Text{JA: "接続元", EN: "Source"}
	case FieldEngineers:
		return Text{JA: "保守要員", EN: "Engineers"}
	case FieldTargets:
		return Text{JA: "接続先", EN: "Targets"}
	case FieldFiles:
		return Text{JA: "ファイル授受", EN: "File exchange"}
	case FieldSubcontract:
		return Text{JA: "再委託", EN: "Subcontract"}
	}
	return Text{JA: field, EN: field}
}

// say fills the same values into both languages, in order, and makes each safe to show.
func say(ja, en string, values ...string) Text {
	safe := make([]any, len(values))
	for i, v := range values {
		safe[i] = clean(v)
	}
	return Text{JA: fmt.Sprintf(ja, safe...), EN: fmt.Sprintf(en, safe...)}
}

// with is say with a first value that differs by language.
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

// join appends a sentence unless it is there already.
func join(text, more Text) Text {
	switch {
	case more.JA == "" || strings.Contains(text.JA, more.JA):
		return text
	case text.JA == "":
		return more
	}
	return Text{JA: text.JA + "。" + more.JA, EN: text.EN + "; " + more.EN}
}

// wordOr is the text's word for an argument's value, or the value itself.
func wordOr(name, value string) Text {
	if word, ok := argWords[name][value]; ok {
		return word
	}
	value = clean(value)
	return Text{JA: value, EN: value}
}
