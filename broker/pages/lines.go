package pages

import (
	"net/url"
	"time"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

// byBroker is the actor of a step that the broker did by itself.
const byBroker = "broker"

// doneBy says when and by whom a step on a line was done; empty: it was not.
func doneBy(at time.Time, by string, names map[string]string, z *time.Location) text.Text {
	if at.IsZero() {
		return text.Text{}
	}
	when := text.Moment(at.In(z))
	if by == byBroker {
		return text2(when.JA+" 関守", when.EN+" the broker")
	}
	who := namesIn(names, []string{by})
	return text2(when.JA+" "+who, when.EN+" "+who)
}

// lineColumns are the columns 13, 14, 20 and 21 of a connection. Empty ones say why: why before the session, open after it.
type lineColumns struct {
	cut, on, off, back text.Text
	why, open, note    text.Text
}

func newLineColumns(l *api.SessionLine, names map[string]string, z *time.Location, unnamed text.Text) lineColumns {
	switch {
	case l == nil:
		return lineColumns{why: unnamed, open: unnamed}
	case l.How == api.LineNone:
		return lineColumns{why: l.Words(), open: l.Words()}
	}
	out := lineColumns{note: l.Words(), why: text2("台帳に記載がない", "The ledger has no entry"), open: text2("まだ行われていない", "Not done yet"),
		cut: doneBy(l.CutAt, l.CutBy, names, z), on: doneBy(l.OnAt, l.OnBy, names, z), off: doneBy(l.OffAt, l.OffBy, names, z), back: doneBy(l.RestoredAt, l.RestoredBy, names, z)}
	return out
}

// LinePart is a system's line as people see it now: words first, and how far they go.
type LinePart struct {
	State       Chip
	Internal    text.Text // of the office network
	Maintenance text.Text
	How, Limit  text.Text
	Why         string // why the driver or a probe cannot look
	Probes      []LineProbeRow
	Test        text.Text // the last one; empty: none is on file
	Open        *Link     // the window whose line is open
}

// LineProbeRow is one probe with what it sees.
type LineProbeRow struct {
	Words  string
	Saw    text.Text
	Proven bool
	Why    string
}

var lineLooks = map[policy.LineState]look{policy.LineSeparated: {"check", "ok"}, policy.LineJoined: {"octagon", "stop"}, policy.LineUnknown: {"triangle", "warning"}}

// linePart is the part of a line; nil: the system has none.
func (v *visit) linePart(l *api.Line) *LinePart {
	if l == nil || l.Rule == policy.LineNone {
		return nil
	}
	part := &LinePart{State: chip(l.State.Label(), lineLooks[l.State]), How: l.How.Label(), Limit: l.Limit, Why: l.Why}
	part.Internal, part.Maintenance = l.Internal.Label(), l.Maintenance.Label()
	for _, p := range l.Probes {
		part.Probes = append(part.Probes, LineProbeRow{p.Probe, p.Saw.Label(), p.Proven, p.Why})
	}
	if t := l.Test; t != nil {
		when := text.Moment(t.At.In(v.p.o.Zone))
		part.Test = text2(when.JA+" 成功", when.EN+" went well")
		if !t.OK {
			part.Test = text2(when.JA+" 失敗", when.EN+" failed")
		}
	}
	if w := l.Window; w != nil {
		part.Open = &Link{text2("時間枠 "+w.Window+" のために開いている", "Open for window "+w.Window), "/windows/" + url.PathEscape(w.Window)}
	}
	return part
}

// lineRows are the rows of a window's card on its line: what stands behind it, and the steps that were done.
func (v *visit) lineRows(w api.Window) ([]CardRow, error) {
	if w.LineNow == nil && w.Line == nil {
		return nil, nil
	}
	var rows []CardRow
	if l := w.LineNow; l != nil {
		state := chip(l.State.Label(), lineLooks[l.State])
		rows = append(rows, CardRow{Label: text2("回線", "Line"), Text: l.How.Said()}, CardRow{Label: text2("いまの回線", "The line now"), Chip: &state},
			CardRow{Label: text2("庁内網", "Office network"), Text: l.Internal.Label()}, CardRow{Label: text2("保守回線", "Maintenance line"), Text: l.Maintenance.Label()})
	}
	l := w.Line
	if l == nil {
		return rows, nil
	}
	known, err := v.p.o.Views.Names(v.r.Context(), l.CutBy, l.OnBy, l.OffBy, l.RestoredBy)
	if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		label text.Text
		at    time.Time
		by    string
	}{
		{text2("庁内網切断", "Office network cut"), l.CutAt, l.CutBy}, {text2("保守回線接続", "Maintenance line on"), l.OnAt, l.OnBy},
		{text2("分離を失った", "Separation lost"), l.LostAt, byBroker},
		{text2("保守回線切断", "Maintenance line off"), l.OffAt, l.OffBy}, {text2("庁内網復旧", "Office network back"), l.RestoredAt, l.RestoredBy},
	} {
		if said := doneBy(step.at, step.by, known, v.p.o.Zone); !said.IsZero() {
			rows = append(rows, CardRow{Label: step.label, Text: said})
		}
	}
	return rows, nil
}

// sessionLineRows are the rows of a session's card on what protected it.
func (v *visit) sessionLineRows(s api.Session) []CardRow {
	if s.Line == nil {
		return nil
	}
	return []CardRow{{Label: text2("回線", "Line"), Text: s.Line.Words()}}
}
