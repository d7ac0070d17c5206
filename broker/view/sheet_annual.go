package view

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/figures"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// FiscalYear reads R8 as 2026. The first year is R1, fiscal 2019. Errors: store.ErrNotFound for anything else.
func FiscalYear(id string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "R"))
	if err != nil || n < 1 || n > 200 || id != "R"+strconv.Itoa(n) {
		return 0, fmt.Errorf("fiscal year %q: %w", id, store.ErrNotFound)
	}
	return 2018 + n, nil
}

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
}

// figuresOf counts a fiscal year and the one before, over the whole ledger as it stands now.
func (v *Views) figuresOf(ctx context.Context, fy int) (year, error) {
	from, to := figures.Year(fy, v.o.Zone)
	y := year{Report: figures.Report{FiscalYear: fy, From: from, To: to}, before: map[figures.Figure]int64{}}
	if err := v.o.DB.Read(ctx, func(s *store.Snap) (err error) { y.Entries, err = s.LedgerSize(); return err }); err != nil {
		return y, err
	}
	this, last := figures.New(from, to), figures.New(figures.Year(fy-1, v.o.Zone))
	for e, err := range v.entriesTo(ctx, y.Entries) {
		if err != nil {
			return y, fmt.Errorf("count fiscal %d: %w", fy, err)
		}
		this.Add(e)
		last.Add(e)
	}
	y.Figures = this.Figures()
	for _, f := range last.Figures() {
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
	s := &sheet.Sheet{No: text.Same(a.ID), Scope: FiscalYearText(y.FiscalYear), Marks: []text.Text{text.Of("案(未確定)", "Draft")}, Parts: y.parts()}
	s.Notes = append(s.Notes,
		text.Of(fmt.Sprintf("台帳の記載 %d 件から数えました。検証ファイルを sekimori-verify --report に渡すと、台帳の書き出しからすべての数値を数え直せます。", y.Entries),
			fmt.Sprintf("Counted from %d entries of the ledger. With the verification file, sekimori-verify --report counts every figure again from an export.", y.Entries)),
		text.Of("訓練は含みません。個人の氏名は含みません。", "Drills are left out. No person is named."))
	return s, nil
}

func (v *Views) readYear(ctx context.Context, by Reader, id string) (year, error) {
	fy, err := FiscalYear(id)
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

// AnnualFigures gives the figures of a fiscal year as they stand now. The look is ledgered (L1). Errors: *policy.Denied, ledgered;
// store.ErrNotFound.
func (v *Views) AnnualFigures(ctx context.Context, by Reader, id string) (figures.Report, error) {
	y, err := v.readYear(ctx, by, id)
	return y.Report, err
}

// AnnualFile writes the verification file of a fiscal year, for auditors with a purpose. The entry about the export is committed before begin
// is called. It is not one of the counted entries. Errors: *policy.Denied, ledgered; store.ErrNotFound.
func (v *Views) AnnualFile(ctx context.Context, by Reader, id string, why Why, begin func(FormFile) io.Writer) error {
	fy, err := FiscalYear(id)
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
