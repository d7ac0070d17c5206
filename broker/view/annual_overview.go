package view

import (
	"fmt"
	"strings"

	"sekimori/broker/figures"
	"sekimori/broker/sheet"
	"sekimori/policy"
	"sekimori/policy/text"
)

// forcedCuts are the end causes that people and safeguards force on a session.
var forcedCuts = []policy.Reason{policy.CutByAttendant, policy.CutByAuthority, policy.CutByFreeze, policy.Locked, policy.EndedByRule}

// overview is the year in six lines, with the change on the year before where there was a ledger then.
func (y year) overview() sheet.Part {
	row := func(key, ja, en string, said ...text.Text) sheet.Field {
		var words [2][]string
		for _, t := range said {
			words[0], words[1] = append(words[0], t.JA), append(words[1], t.EN)
		}
		return sheet.NewField(key, text.Of(ja, en), sheet.Words, sheet.Said(text.Of(strings.Join(words[0], "、"), strings.Join(words[1], ", "))))
	}
	return sheet.Part{Key: "overview", Title: text.Of("概要(前年度比)", "Summary (change on the year before)"), Fields: []sheet.Field{
		row("requests_summary", "申請", "Requests", y.counted("requests", "filed", "%d件", "%d filed"), y.counted("requests", "rejected", "却下 %d", "%d rejected"), y.counted("requests", "lapsed", "失効 %d", "%d lapsed"),
			y.counted("requests", "emergency", "緊急利用 %d", "%d emergencies")),
		row("sessions_summary", "接続", "Sessions", y.counted("sessions", "count", "%d件", "%d sessions"), lengthText(y.value("sessions", "seconds", ""), ""), y.rate("sessions", "attended_rate", "立会い率", "attended"),
			y.forced(), y.counted("sessions", "refused", "接続拒否 %d", "%d refused"), y.counted("sessions", "late_entries", "ほかに用紙から後日入力 %d", "entered from paper %d")),
		row("reviews_summary", "点検", "Reviews", y.rate("reviews", "rate", "点検率", "reviewed"), y.findings(), y.rate("reviews", "coverage", "操作記録を画面に出した率", "of the recordings shown to the reviewer")),
		row("supervision_summary", "監督", "Supervision", text.Of(fmt.Sprintf("誓約書の写し %d/%d人", y.value("supervision", "pledged", ""), y.value("supervision", "engineers", "")),
			fmt.Sprintf("pledges on file %d of %d engineers", y.value("supervision", "pledged", ""), y.value("supervision", "engineers", ""))),
			y.counted("viewing", "individual_number_use", "個人番号が見える権限 %d件", "rights to see individual numbers %d"), y.counted("reviews", "freezes", "凍結 %d", "freezes %d")),
		row("lines_summary", "回線", "Lines", y.counted("sessions", "late_restore", "回線を外し忘れた件数 %d", "lines left on %d"), y.counted("sessions", "separation_lost", "接続中に庁内網との分離を失った件数 %d", "separation lost while connected %d")),
		row("viewing_summary", "閲覧と検証", "Viewing and verification", y.counted("viewing", "views", "操作記録の閲覧 %d件", "looks at recordings %d"), y.verification()),
	}}
}

func (y year) value(table, key, part string) int64 {
	return y.now[figures.Figure{Table: table, Key: key, Part: part}]
}

// counted is a count with its change.
func (y year) counted(table, key, ja, en string) text.Text {
	n := y.value(table, key, "")
	if y.hadLedger() {
		change := fmt.Sprintf("(%+d)", n-y.before[figures.Figure{Table: table, Key: key}])
		ja, en = ja+change, en+" "+change
	}
	return text.Of(fmt.Sprintf(ja, n), fmt.Sprintf(en, n))
}

// rate is a share, or the reason why there is none.
func (y year) rate(table, key, ja, en string) text.Text {
	for _, k := range figures.Keys {
		if k.Table == table && k.Key == key {
			n, there := y.now[figures.Figure{Table: table, Key: key}]
			said := valueOf(k, n, there).Text
			if there {
				return text.Of(ja+" "+said.JA, said.EN+" "+en)
			}
			return text.Of(ja+" "+said.JA, en+" "+said.EN)
		}
	}
	return text.Text{}
}

func (y year) forced() text.Text {
	n := int64(0)
	for _, cause := range forcedCuts {
		n += y.value("sessions", "by_end_cause", string(cause))
	}
	return text.Of(fmt.Sprintf("強制切断 %d", n), fmt.Sprintf("%d cut by force", n))
}

func (y year) findings() text.Text {
	opened, closed := y.value("reviews", "findings", ""), y.value("reviews", "findings_closed", "")
	return text.Of(fmt.Sprintf("是正要 %d(完了 %d)", opened, closed), fmt.Sprintf("corrective actions %d (%d closed)", opened, closed))
}

// verification says on how many days the ledger was verified, and whether it held each time.
func (y year) verification() text.Text {
	days, bad := y.value("ledger", "verified_days", ""), y.value("ledger", "mismatches", "")
	switch {
	case days == 0:
		return text.Of("台帳の検証の記載なし", "no verification of the ledger entered")
	case bad > 0:
		return text.Of(fmt.Sprintf("台帳の検証 %d日、不整合 %d回", days, bad), fmt.Sprintf("ledger verified on %d days, %d mismatches", days, bad))
	}
	return text.Of(fmt.Sprintf("台帳の検証 %d日すべて一致", days), fmt.Sprintf("ledger verified on %d days, it held each time", days))
}
