package pages

import (
	"sekimori/broker/api"
	"sekimori/policy/text"
)

// renewOffer is the button that asks a vendor to renew n papers.
func renewOffer(o Offer, n int) *Offer {
	o.Text = text2("更新を依頼する(期限60日以内 "+itoa(n)+"件)", "Ask for renewal (within 60 days: "+itoa(n)+")")
	return &o
}

// renewalRows are the papers on the form that asks for them; engineer narrows them to those of one.
func (v *visit) renewalRows(all []api.Ending, engineer string) (rows []CardRow) {
	for _, e := range all {
		if engineer == "" || e.Person == engineer {
			rows = append(rows, CardRow{Label: text2("更新する書類", "To be renewed"), Text: v.renewalLine(e)})
		}
	}
	return rows
}

// renewalLine says of one paper when it ends.
func (v *visit) renewalLine(e api.Ending) text.Text {
	name := paperName(e.Kind, e.Name)
	if e.Person != "" {
		name = text2(name.JA+" "+e.Person, name.EN+" "+e.Person)
	}
	left := text2("写しなし", "no copy on file")
	switch until := endDay(e.Until, v.p.o.Zone); {
	case e.Until.IsZero():
	case e.Days < 0:
		left = text2("期限切れ("+until.JA+")", "expired ("+until.EN+")")
	default:
		left = text2(until.JA+"まで(残り"+itoa(e.Days)+"日)", "until "+until.EN+" ("+itoa(e.Days)+" days left)")
	}
	return text2(name.JA+": "+left.JA, name.EN+": "+left.EN)
}

// wanted says which papers the vendor was asked to renew, and when.
func (v *visit) wanted(all []api.Ending) []text.Text {
	var out []text.Text
	for _, e := range all {
		if e.Wanted.IsZero() {
			continue
		}
		line, at := v.renewalLine(e), text.Moment(e.Wanted.In(v.p.o.Zone))
		out = append(out, text2(line.JA+"(依頼 "+at.JA+")", line.EN+" (asked for on "+at.EN+")"))
	}
	return out
}
