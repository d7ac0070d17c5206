package pages

import "sekimori/broker/api"

// lineLost tells whether the separation was lost since the office network was cut.
func lineLost(l *api.WindowLine) bool { return !l.LostAt.IsZero() && !l.LostAt.Before(l.CutAt) }

// lineOn adds the line of the window's system, and says when its separation was lost.
func (v *visit) lineOn(page *ConsolePage, a api.Attendance) {
	page.Line = v.linePart(a.LineNow)
	if a.Line == nil || !a.Line.RestoredAt.IsZero() || !lineLost(a.Line) {
		return
	}
	at := a.Line.LostAt.In(v.p.o.Zone).Format("15:04:05")
	lost := text2("庁内網との分離を失いました("+at+")。保守回線を外し、電話で知らせてください。", "Separation from the office network was lost ("+at+"). Disconnect the maintenance line and phone.")
	page.LineLost = lost
	page.CutSaid = text2(page.CutSaid.JA+lost.JA, page.CutSaid.EN+lost.EN)
}

// openingLine adds the steps on the line before the start: the office network first, then the maintenance line. A separation that was lost
// asks for both anew.
func (v *visit) openingLine(a api.Attendance, base string, add func(Step)) {
	if a.LineRule == "" {
		return
	}
	cut, on := v.lineStep(a, "line-cut", base), v.lineStep(a, "line-on", base)
	if l := a.Line; l != nil && l.RestoredAt.IsZero() && !lineLost(l) {
		cut.Told = v.told(l.CutBy, l.CutAt, l.How.Label())
		if !l.OnAt.IsZero() && l.OffAt.IsZero() {
			on.Told = v.told(l.OnBy, l.OnAt, l.How.Label())
		}
	}
	if l := a.Line; l != nil && !l.RestoredAt.IsZero() && !a.Now.Before(a.End) {
		cut.Told, on.Told = v.told(l.CutBy, l.CutAt, l.How.Label()), v.told(l.OnBy, l.OnAt, l.How.Label())
		if l.OnAt.IsZero() {
			on.Told = text2("つながなかった", "was not connected")
		}
	}
	add(cut)
	add(on)
}

// closingLine adds the steps on the line after the end, in reverse order. The broker does them by itself where it drives the line.
func (v *visit) closingLine(a api.Attendance, base string, add func(Step)) {
	if a.LineRule == "" && a.Line == nil {
		return
	}
	off, back := v.lineStep(a, "line-off", base), v.lineStep(a, "line-back", base)
	if l := a.Line; l != nil {
		switch {
		case !l.OffAt.IsZero():
			off.Told = v.told(l.OffBy, l.OffAt, l.How.Label())
		case l.OnAt.IsZero():
			off.Told = text2("つながなかった", "was not connected")
		}
		if !l.RestoredAt.IsZero() {
			back.Told = v.told(l.RestoredBy, l.RestoredAt, l.How.Label())
		}
	}
	add(off)
	add(back)
}

func (v *visit) lineStep(a api.Attendance, act, base string) Step {
	s := Step{Label: actName(act), Button: actName(act), Closed: whyClosed(a.Offers, act)}
	if openOffer(a.Offers, act) {
		s.Action = base + "/" + act
	}
	return s
}
