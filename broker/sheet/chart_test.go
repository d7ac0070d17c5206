package sheet_test

import (
	"testing"

	"sekimori/broker/sheet"
	"sekimori/policy/text"
)

// A bar is a share of the longest of all series. A cell without a number has no bar, and a part without rows no chart.
func TestAChartShowsTheTablesNumbers(t *testing.T) {
	t.Parallel()
	p := sheet.Part{Bars: []string{"now", "before"}, Table: &sheet.Table{Columns: []sheet.Column{{Key: "code"}, {Key: "now", Label: text.Of("今年度", "This year")}, {Key: "before"}}}}
	none := sheet.Cell{Text: text.Same("—")}
	c := sheet.ChartOf(p, [][]sheet.Cell{{sheet.Text("a"), sheet.Count(5), sheet.Count(10)}, {sheet.Text("b"), sheet.Count(-1), none}, {sheet.Text("c"), none, none}})
	if len(c.Series) != 2 || c.Series[0].EN != "This year" || len(c.Rows) != 2 {
		t.Fatalf("%+v", c)
	}
	if a := c.Rows[0].Bars; a[0].Share != 0.5 || a[1].Share != 1 || a[1].Series != 1 || a[1].Value != "10" {
		t.Errorf("%+v", a)
	}
	if b := c.Rows[1].Bars; len(b) != 1 || b[0].Share != 0 || b[0].Value != "-1" {
		t.Errorf("%+v", b)
	}
	if len(sheet.ChartOf(p, nil).Rows) != 0 || len(sheet.ChartOf(sheet.Part{}, nil).Rows) != 0 {
		t.Error("a chart of nothing")
	}
}
