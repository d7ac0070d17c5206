package sheet

import (
	"strconv"

	"sekimori/policy/text"
)

// Chart has the contents of the chart of a part, for paper and pages alike.
type Chart struct {
	Series []text.Text // what the bars of each series count; at most two
	Rows   []ChartRow
}

// ChartRow is one row of the table: its words, and a bar for each series that has a number.
type ChartRow struct {
	Label text.Text
	Bars  []ChartBar
}

// ChartBar is one bar.
type ChartBar struct {
	Series int     // from 0
	Value  string  // the number
	Share  float64 // of the longest bar, from 0 to 1
}

// ChartOf makes the chart of a part from the rows of its table. Without rows, or where the part has none, it has no rows.
func ChartOf(p Part, rows [][]Cell) (c Chart) {
	if p.Table == nil {
		return c
	}
	var columns []int
	for _, key := range p.Bars {
		for i, col := range p.Table.Columns {
			if col.Key == key {
				columns, c.Series = append(columns, i), append(c.Series, col.Label)
			}
		}
	}
	most := int64(1)
	numbers := func(row []Cell) (all []ChartBar) {
		for series, at := range columns {
			if n, err := strconv.ParseInt(row[at].Code, 10, 64); err == nil { // else the cell says why there is none
				most = max(most, n)
				all = append(all, ChartBar{Series: series, Value: row[at].Code, Share: float64(max(n, 0))})
			}
		}
		return all
	}
	for _, row := range rows {
		if bars := numbers(row); len(bars) > 0 {
			c.Rows = append(c.Rows, ChartRow{row[0].Text, bars})
		}
	}
	for _, row := range c.Rows {
		for i := range row.Bars {
			row.Bars[i].Share /= float64(most)
		}
	}
	return c
}
