package pages

import (
	"time"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

// HeldRow is a command that waits for the attendant.
type HeldRow struct {
	Number        int
	Line, Rule    text.Text
	Until         Moment
	Seconds       int
	Allow, Refuse string // addresses; empty: not open
	Session       string // another one, on whose console the answer is given; empty: the page's own
	Href          string // address of that console
}

func (v *visit) heldRow(h api.HeldCommand, now time.Time, address func(string) string) HeldRow {
	row := HeldRow{Number: h.Number, Line: text.Same(h.Line), Rule: policy.LiveVerdict{Rule: h.Rule, Unjudged: h.Rule == ""}.Say(), Until: moment(h.Until, v.p.o.Zone),
		Seconds: int(max(h.Until.Sub(now), 0) / time.Second), Allow: address("allow"), Refuse: address("refuse")}
	if h.Line == "" {
		row.Line = text2("(画面に出ない入力)", "(typed without an echo)")
	}
	return row
}
