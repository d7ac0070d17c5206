package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/figures"
	"sekimori/broker/ledger"
	"sekimori/broker/sheet"
	"sekimori/policy"
	"sekimori/policy/text"
)

var annualTables = []struct {
	key    string
	ja, en string
}{
	{"requests", "表1 申請", "Table 1: requests"}, {"sessions", "表2 接続", "Table 2: sessions"}, {"supervision", "表3 監督", "Table 3: supervision"}, {"reviews", "表4 点検と指摘", "Table 4: reviews"},
	{"viewing", "表5 閲覧と監視", "Table 5: viewing and monitoring"}, {"ledger", "台帳の検証結果", "The ledger and its verification"},
}

// noLedger stands where the ledger has no entry of the year before: nothing was counted, which is not the same as 0.
var noLedger = text.Of("—(台帳なし)", "— (no ledger)")

// dash stands for a change that cannot be told.
var dash = sheet.Cell{Text: text.Same("—")}

// hadLedger tells whether the ledger has entries of the year before.
func (y year) hadLedger() bool { return y.before[figures.Figure{Table: "ledger", Key: "entries"}] > 0 }

// cells are this year's value, that of the year before, and the change.
func (y year) cells(k figures.Key, part string) []sheet.Cell {
	name := figures.Figure{Table: k.Table, Key: k.Key, Part: part}
	now, is := y.now[name]
	before, was := y.before[name]
	cells := []sheet.Cell{valueOf(k, now, is), valueOf(k, before, was), dash}
	switch {
	case !y.hadLedger():
		cells[1] = sheet.Cell{Text: noLedger}
	case k.Kind == figures.Day, k.None.JA != "" && (!is || !was):
	case k.Kind == figures.Rate:
		cells[2] = sheet.Said(text.Of(fmt.Sprintf("%+dポイント", now-before), fmt.Sprintf("%+d points", now-before)))
	case k.Key == "seconds" || strings.HasSuffix(k.Key, "_seconds"):
		cells[2] = sheet.Said(lengthText(now-before, "+"))
	default:
		cells[2] = sheet.Text(fmt.Sprintf("%+d", now-before))
	}
	return cells
}

// valueOf is a figure as people read it. In place of a missing rate stands the reason; a missing count is 0, because a part that never occurred has no row.
func valueOf(k figures.Key, n int64, there bool) sheet.Cell {
	number := strconv.FormatInt(n, 10)
	switch {
	case k.Kind == figures.Rate && there:
		return sheet.Coded(number, text.Same(number+"%"))
	case k.Kind == figures.Day && there:
		return sheet.On(time.Date(int(n/10000), time.Month(n/100%100), int(n%100), 0, 0, 0, 0, time.UTC))
	case !there && k.None.JA != "":
		return sheet.Cell{Text: text.Of(k.None.JA, k.None.EN)}
	case k.Key == "seconds" || strings.HasSuffix(k.Key, "_seconds"):
		return sheet.Coded(number, lengthText(n, ""))
	}
	return sheet.Count(n)
}

// lengthText is a length of time in hours and minutes, or in seconds below an hour. plus stands before one that is not negative.
func lengthText(seconds int64, plus string) text.Text {
	if seconds < 0 {
		seconds, plus = -seconds, "-"
	}
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	if h > 0 {
		return text.Of(fmt.Sprintf("%s%d時間%d分", plus, h, m), fmt.Sprintf("%s%d h %d min", plus, h, m))
	}
	return text.Of(fmt.Sprintf("%s%d分%d秒", plus, m, s), fmt.Sprintf("%s%d min %d s", plus, m, s))
}

// tables are tables 1 to 5 and that of the ledger, with the year before beside them. A figure that is broken down has a table of its own below, with a
// chart above it.
func (y year) tables() (out []sheet.Part) {
	numbers := []sheet.Column{column("this_year", "今年度", "This year", sheet.Number, 2), column("year_before", "前年度", "Year before", sheet.Number, 2), column("year_on_year", "前年度比", "Change", sheet.Words, 2)}
	for _, t := range annualTables {
		var rows [][]sheet.Cell
		var below []sheet.Part
		for _, k := range figures.Keys {
			switch {
			case k.Table != t.key:
			case k.Kind != figures.Parts:
				rows = append(rows, append([]sheet.Cell{sheet.Coded(k.Key, text.Of(k.JA, k.EN))}, y.cells(k, "")...))
			default:
				var parts [][]sheet.Cell
				for _, f := range y.partsOf(k) {
					parts = append(parts, append([]sheet.Cell{sheet.Coded(f.Part, partLabel(k.Key, f.Part))}, y.cells(k, f.Part)...))
				}
				below = append(below, sheet.Part{Key: k.Table + "-" + k.Key, Title: text.Of(t.ja+" "+k.JA, t.en+", "+strings.ToLower(k.EN[:1])+k.EN[1:]), Bars: y.bars(),
					Table: &sheet.Table{Columns: append([]sheet.Column{column("code", k.JA, k.EN, sheet.Code, 5)}, numbers...), Rows: sheet.Rows(parts...), Empty: none}})
			}
		}
		out = append(out, sheet.Part{Key: t.key, Title: text.Of(t.ja, t.en), Table: &sheet.Table{Columns: append([]sheet.Column{column("figure", "項目", "Figure", sheet.Code, 5)}, numbers...), Rows: sheet.Rows(rows...)}})
		out = append(out, below...)
	}
	return out
}

// bars are the columns that a chart shows.
func (y year) bars() []string {
	if y.hadLedger() {
		return []string{"this_year", "year_before"}
	}
	return []string{"this_year"}
}

// partsOf are the parts of a figure that occur in this year or the one before, in order.
func (y year) partsOf(k figures.Key) (out []figures.Figure) {
	seen := map[figures.Figure]bool{}
	for _, all := range []map[figures.Figure]int64{y.now, y.before} {
		for f := range all {
			if f.Table == k.Table && f.Key == k.Key && !seen[f] {
				seen[f] = true
				out = append(out, f)
			}
		}
	}
	slices.SortFunc(out, func(a, b figures.Figure) int { return strings.Compare(a.Part, b.Part) })
	return out
}

var overrideLabels = map[string]text.Text{
	policy.OverrideBackup:   text.Of("バックアップが古い・ない", "backup missing or too old"),
	policy.OverrideFollowUp: text.Of("緊急利用の事後手続きが未了", "follow-up of an emergency missing"),
	policy.OverrideReviews:  text.Of("点検の期限超過", "reviews overdue"),
}

var lookRoleLabels = map[string]text.Text{
	policy.LookAsDeputy: text.Of("代決者", "Deputy"), policy.LookAsStaff: text.Of("その他の職員", "Other staff"), figures.NotStated: text.Of("役割の記載なし(以前の版の記載)", "Role not stated (entries of an earlier version)"),
}

// partLabel is the name of a code within a figure, for people.
func partLabel(key, part string) text.Text {
	var label text.Text
	switch key {
	case "by_end_cause", "by_refusal":
		if _, known := policy.Lookup(policy.Reason(part)); known {
			label = policy.Reason(part).Label()
		}
		if part == "several" {
			label = text.Of("いくつかの理由", "several reasons")
		}
	case "by_judgement":
		label = api.ReviewState(part).Label()
	case "by_purpose":
		label = policy.Purpose(part).Label()
	case "by_role", "ledger_by_role":
		if label = lookRoleLabels[part]; label.IsZero() {
			label = policy.Role(part).Label()
		}
	case "by_override":
		label = overrideLabels[part]
	case "last_result":
		label = map[string]text.Text{ledger.Holds: text.Of("一致(改ざんなし)", "It holds (no tampering found)"), ledger.Mismatch: text.Of("不整合あり", "Mismatch")}[part]
	}
	if label.IsZero() {
		return text.Same(part)
	}
	return label
}
