package view

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"sekimori/broker/annual"
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
	now, before map[figures.Figure]int64 // Value is not used in the key
	whole       annual.Whole
}

// byName gives the values of figures by their names.
func byName(all []figures.Figure) map[figures.Figure]int64 {
	out := map[figures.Figure]int64{}
	for _, f := range all {
		n := f.Value
		f.Value = 0
		out[f] = n
	}
	return out
}

// figuresOf gives a fiscal year's figures and those of the year before: as two offices agreed to them, or else as the ledger gives them. A
// draft is counted over the whole ledger as it stands now; what is compared with a final report is counted over the same entries.
func (v *Views) figuresOf(ctx context.Context, fy int) (year, error) {
	y := year{}
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
	y.now, y.before = byName(y.Figures), byName(last.Figures)
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
