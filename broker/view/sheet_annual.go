package view

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/annual"
	"sekimori/broker/api"
	"sekimori/broker/figures"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// FiscalYearText is 令和8年度(2026-04〜2027-03).
func FiscalYearText(fy int) text.Text {
	era := "令和" + strconv.Itoa(fy-2018)
	if fy == 2019 {
		era = "令和元"
	}
	return text.Of(fmt.Sprintf("%s年度(%d-04〜%d-03)", era, fy, fy+1), fmt.Sprintf("fiscal %d (%d-04 to %d-03)", fy, fy, fy+1))
}

// year is a fiscal year's figures beside those of the year before.
type year struct {
	figures.Report
	before map[figures.Figure]int64
	whole  annual.Whole
}

// figuresOf gives a fiscal year's figures and those of the year before: as two offices agreed to them, or else as the ledger gives them. A
// draft is counted over the whole ledger as it stands now; what is compared with a final report is counted over the same entries.
func (v *Views) figuresOf(ctx context.Context, fy int) (year, error) {
	y := year{before: map[figures.Figure]int64{}}
	var last figures.Report
	err := v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if y.whole, err = annual.Read(s, fy); err != nil {
			return err
		}
		before, err := annual.Read(s, fy-1)
		if before.Row.Final() {
			last = before.Report
		}
		return err
	})
	if err != nil {
		return y, err
	}
	y.Report = y.whole.Report
	if last.Figures == nil || y.Figures == nil {
		all, err := annual.Count(ctx, v.o.DB, y.Entries, fy, fy-1)
		if err != nil {
			return y, err
		}
		if y.Figures == nil {
			y.Report = all[0]
		}
		if last.Figures == nil {
			last = all[1]
		}
	}
	for _, f := range last.Figures {
		n := f.Value
		f.Value = 0
		y.before[f] = n
	}
	return y, nil
}

// mayReadYear refuses those who may not read the figures, and ledgers the refusal.
func (v *Views) mayReadYear(ctx context.Context, by Reader) error {
	d := policy.MayReadYear(by.Person)
	if d.Allow {
		return nil
	}
	return v.Refused(ctx, by, policy.ActLedgerRead, "annual", policy.Facts{}, d)
}

// annualSheet is form 5.7 of a fiscal year. The look is ledgered (L1).
func (v *Views) annualSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	y, err := v.readYear(ctx, by, a.ID)
	if err != nil {
		return nil, err
	}
	return v.yearSheet(y)
}

func (v *Views) readYear(ctx context.Context, by Reader, id string) (year, error) {
	fy, err := annual.FiscalYear(id)
	if err != nil {
		return year{}, err
	}
	if err := v.mayReadYear(ctx, by); err != nil {
		return year{}, err
	}
	if err := v.Looked(ctx, by, "annual.viewed", []string{by.ID}, map[string]int{"fiscal_year": fy}); err != nil {
		return year{}, err
	}
	return v.figuresOf(ctx, fy)
}

// AnnualFile writes the verification file of a fiscal year, for auditors with a purpose. The entry about the export is committed before begin
// is called. It is not one of the counted entries. Errors: *policy.Denied, ledgered; store.ErrNotFound.
func (v *Views) AnnualFile(ctx context.Context, by Reader, id string, why Why, begin func(FormFile) io.Writer) error {
	fy, err := annual.FiscalYear(id)
	if err != nil {
		return err
	}
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose}, "form"); err != nil {
		return err
	}
	y, err := v.figuresOf(ctx, fy)
	if err != nil {
		return err
	}
	if _, err := v.exported(ctx, by, FormAsked{Form: "annual", ID: id}, why.Payload(map[string]string{"form": "annual", "of": id, "format": "json"})); err != nil {
		return err
	}
	return y.Write(begin(FormFile{"nenji-hokoku_" + id + "_" + v.o.Clock().In(v.o.Zone).Format("20060102T1504MST") + ".json", "application/json"}))
}

var annualTables = []struct {
	key    string
	ja, en string
}{
	{"requests", "表1 申請", "Table 1: requests"}, {"sessions", "表2 接続", "Table 2: sessions"}, {"supervision", "表3 監督", "Table 3: supervision"}, {"reviews", "表4 点検と指摘", "Table 4: reviews"},
	{"viewing", "表5 閲覧と監視", "Table 5: viewing and monitoring"}, {"ledger", "台帳", "The ledger"},
}

// parts are the tables with the year before beside them. What is broken down has a table of its own below, with a chart above it.
func (y year) parts() (out []sheet.Part) {
	value := map[figures.Figure]int64{}
	for _, f := range y.Figures {
		n := f.Value
		f.Value = 0
		value[f] = n
	}
	numbers := []sheet.Column{column("this_year", "今年度", "This year", sheet.Number, 2), column("year_before", "前年度", "Year before", sheet.Number, 2), column("year_on_year", "前年度比", "Change", sheet.Words, 2)}
	cells := func(f figures.Figure) []sheet.Cell {
		now, before := value[f], y.before[f]
		return []sheet.Cell{sheet.Count(now), sheet.Count(before), sheet.Text(fmt.Sprintf("%+d", now-before))}
	}
	for _, t := range annualTables {
		var rows [][]sheet.Cell
		var below []sheet.Part
		for _, k := range figures.Keys {
			label := text.Of(k.JA, k.EN)
			switch {
			case k.Table != t.key:
			case !k.Parts:
				rows = append(rows, append([]sheet.Cell{sheet.Coded(k.Key, label)}, cells(figures.Figure{Table: k.Table, Key: k.Key})...))
			default:
				var parts [][]sheet.Cell
				for _, f := range y.Figures {
					if f.Table == k.Table && f.Key == k.Key {
						f.Value = 0
						parts = append(parts, append([]sheet.Cell{sheet.Coded(f.Part, partLabel(k.Key, f.Part))}, cells(f)...))
					}
				}
				below = append(below, sheet.Part{Key: k.Table + "-" + k.Key, Title: text.Of(t.ja+" "+k.JA, t.en+", "+strings.ToLower(k.EN)), Bars: "this_year",
					Table: &sheet.Table{Columns: append([]sheet.Column{column("code", k.JA, k.EN, sheet.Code, 5)}, numbers...), Rows: sheet.Rows(parts...), Empty: none}})
			}
		}
		out = append(out, sheet.Part{Key: t.key, Title: text.Of(t.ja, t.en), Table: &sheet.Table{Columns: append([]sheet.Column{column("figure", "項目", "Figure", sheet.Code, 5)}, numbers...), Rows: sheet.Rows(rows...)}})
		out = append(out, below...)
	}
	return out
}

// partLabel is what a code within a figure is called.
func partLabel(key, part string) text.Text {
	label := text.Same(part)
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
	}
	if label.IsZero() {
		return text.Same(part)
	}
	return label
}

// thisYear is the fiscal year of a moment.
func thisYear(now time.Time) string {
	y := now.Year()
	if now.Month() < time.April {
		y--
	}
	return "R" + strconv.Itoa(y-2018)
}

// ThisFiscalYear is the fiscal year now, as R8.
func (v *Views) ThisFiscalYear() string { return thisYear(v.o.Clock().In(v.o.Zone)) }
