package sheet

import (
	"strings"

	"sekimori/policy/text"
)

// Options are how a file for machines is written.
type Options struct {
	Lang string // of words: ja or en
	Keys bool   // stable keys head the columns, and flags are yes and no; else the words of Lang
	CP932
}

// CP932 says that a CSV is written in CP932, and not in UTF-8 with a mark at its beginning.
type CP932 bool

// flatColumn is one column of a file for machines.
type flatColumn struct {
	head   string
	value  func(Cell) string
	number bool
}

// flat gives the columns of a file for one column of a table: codes and instants take two.
func (o Options) flat(c Column) []flatColumn {
	label := o.heading(c)
	words := func(v Cell) string { return v.Text.In(o.Lang) }
	code := func(v Cell) string { return v.Code }
	second := func(suffix string, ja, en string) string {
		if o.Keys {
			return c.Key + suffix
		}
		return c.Label.In(o.Lang) + text.Of(ja, en).In(o.Lang)
	}
	switch c.Kind {
	case Code:
		if o.Keys {
			return []flatColumn{{head: c.Key, value: code}, {head: second("_label", "", ""), value: words}}
		}
		return []flatColumn{{head: second("", "(符号)", " (code)"), value: code}, {head: label, value: words}}
	case Time:
		return []flatColumn{{head: label, value: code}, {head: second("_wareki", "(和暦)", " (era)"), value: wareki}}
	case Day:
		return []flatColumn{{head: label, value: code}, {head: second("_wareki", "(和暦)", " (era)"), value: wareki}}
	case Flag:
		if o.Keys {
			return []flatColumn{{head: label, value: code}}
		}
	case Number:
		return []flatColumn{{head: label, number: true, value: func(v Cell) string {
			if v.Code == "" {
				return words(v) // why there is no number
			}
			return v.Code
		}}}
	}
	return []flatColumn{{head: label, value: words}}
}

// wareki is the day with its era, in Japanese: no other language counts by it.
func wareki(v Cell) string {
	ja, _, _ := strings.Cut(v.Text.JA, "(20") // the western day in parentheses stands in the column before
	return ja
}

func (o Options) heading(c Column) string {
	if o.Keys {
		return c.Key
	}
	return c.Label.In(o.Lang)
}

// flatTable is all columns of a table's file.
func (o Options) flatTable(columns []Column) (heads []string, row func([]Cell) []string, number []bool) {
	var values []func([]Cell) string
	for i, c := range columns {
		for _, f := range o.flat(c) {
			heads, number = append(heads, f.head), append(number, f.number)
			values = append(values, func(cells []Cell) string {
				if i >= len(cells) {
					return ""
				}
				return f.value(cells[i])
			})
		}
	}
	return heads, func(cells []Cell) []string {
		out := make([]string, len(values))
		for i, v := range values {
			out[i] = v(cells)
		}
		return out
	}, number
}

// The file of a form's fields has a row for each field.
var fieldColumns = []Column{
	{Key: "part", Label: text.Of("区分", "Part")}, {Key: "key", Label: text.Of("符号", "Key")}, {Key: "item", Label: text.Of("項目", "Item")},
	{Key: "value", Label: text.Of("値(符号)", "Value (code)")}, {Key: "words", Label: text.Of("内容", "Content")},
}

// fieldRow is a field as a row of that file.
func fieldRow(p Part, f Field) []Cell {
	return []Cell{Said(p.Title), Text(f.Key), Said(f.Label), Text(codeBeside(f)), {Code: f.Code, Text: f.Text}}
}
