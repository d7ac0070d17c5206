package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"sekimori/broker/store"
	"sekimori/policy/text"
)

// paper is one paper that a vendor is asked to renew, as the entry has it.
type paper struct {
	Item   string    `json:"item"`
	Name   string    `json:"name"`
	Person string    `json:"person"`
	Until  time.Time `json:"until"`
	Days   int       `json:"days"`
}

// papers are those of a request for renewal; nil for any other entry.
func (m *matter) papers() []paper {
	if m.entry.Kind != "renewal.asked" {
		return nil
	}
	var all []paper
	if json.Unmarshal(m.members["items"], &all) != nil {
		return nil
	}
	return all
}

// said is the paper as a line: kind, name, the id of its engineer, and when it ends.
func (p paper) said(zone *time.Location) text.Text {
	kind, own := store.PaperKind(p.Item).Label(), ""
	for _, s := range []string{p.Name, p.Person} {
		if s != "" {
			own += " " + text.OneLine(s, longestReason)
		}
	}
	ends := text.Of("ありません", "missing")
	switch {
	case p.Until.IsZero():
	case p.Days < 0:
		day := text.Day(p.Until.In(zone).Add(-time.Nanosecond))
		ends = text.Of("期限切れ("+day.JA+"まで)", "ended on "+day.EN)
	default:
		day := text.Day(p.Until.In(zone).Add(-time.Nanosecond))
		ends = text.Of(fmt.Sprintf("%sまで(残り%d日)", day.JA, p.Days), fmt.Sprintf("until %s (%d days left)", day.EN, p.Days))
	}
	return text.Of(kind.JA+own+": "+ends.JA, kind.EN+own+": "+ends.EN)
}
