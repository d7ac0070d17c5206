package pages

import (
	"fmt"

	"sekimori/broker/sheet"
	"sekimori/policy/text"
)

// DrawnChart is a chart as SVG: for each row its words, and below them a bar with its number for each series. Bars are as wide as their share of the page, so the
// chart fits every screen with letters of the usual size. The bars of the second series are hatched; no meaning is in the colour alone.
type DrawnChart struct {
	ID          string
	Title, Desc text.Text
	Series      []text.Text
	High        int
	Rows        []DrawnRow
}

// DrawnRow is a row of a chart.
type DrawnRow struct {
	Label text.Text
	Y     int // base line of the words
	Bars  []DrawnBar
}

// DrawnBar is a bar of a row. X is where its number stands.
type DrawnBar struct {
	Second   bool // of the second series
	Y, TextY int
	Wide, X  string // in per cent of the chart
	Value    string
}

// The measures of a chart in pixels.
const (
	labelHigh = 20
	barHigh   = 16
	barStep   = 20
	rowGap    = 10
	widest    = 82 // per cent; the number stands behind the bar
)

// drawChart draws the chart of a part; nil: it has none.
func drawChart(p sheet.Part, rows [][]sheet.Cell) *DrawnChart {
	c := sheet.ChartOf(p, rows)
	if len(c.Rows) == 0 {
		return nil
	}
	d := &DrawnChart{ID: "chart-" + p.Key, Series: c.Series, Title: text2(p.Title.JA+"のグラフ", "Chart of "+p.Title.EN)}
	largest := c.Rows[0]
	for _, row := range c.Rows {
		one := DrawnRow{Label: row.Label, Y: d.High + labelHigh - 6}
		y := d.High + labelHigh
		for _, b := range row.Bars {
			wide := fmt.Sprintf("%.2f%%", max(widest*b.Share, 0.3))
			one.Bars = append(one.Bars, DrawnBar{Second: b.Series > 0, Y: y, TextY: y + barHigh - 3, Wide: wide, X: wide, Value: b.Value})
			y += barStep
		}
		if row.Bars[0].Series == 0 && row.Bars[0].Share > largest.Bars[0].Share {
			largest = row
		}
		d.Rows, d.High = append(d.Rows, one), y+rowGap
	}
	d.Desc = text2(fmt.Sprintf("%d項目の横棒グラフ。%sで最も多いのは「%s」の%s。元の表はこの下。", len(d.Rows), c.Series[0].JA, largest.Label.JA, largest.Bars[0].Value),
		fmt.Sprintf("Bars of %d items. Most in the column %q: %s, %s. The table with the numbers follows.", len(d.Rows), c.Series[0].EN, largest.Label.EN, largest.Bars[0].Value))
	return d
}
