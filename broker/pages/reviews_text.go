package pages

import (
	"strings"

	"sekimori/broker/api"
	"sekimori/policy/text"
)

// coveredText has a line for each recording: how much of it was sent to anyone, and to each person.
func coveredText(all []api.Covered, names map[string]string) (out []text.Text) {
	for _, c := range all {
		whole := c.Session + ": " + api.SentPart(c.Sent, c.Length)
		line := text.Same(whole)
		if len(c.People) == 0 {
			line = text.Of(whole+"。まだだれにも送っていません", whole+"; sent to no one yet")
		}
		for _, by := range c.People {
			part := by.Said(nameIn(names, by.Person), c.Length)
			line = text.Of(line.JA+" / "+part.JA, line.EN+" / "+part.EN)
		}
		out = append(out, line)
	}
	return out
}

func picksText(picks []api.Pick) text.Text {
	var ja, en []string
	for _, p := range picks {
		ja, en = append(ja, p.Label().JA), append(en, p.Label().EN)
	}
	return text2(strings.Join(ja, " / "), strings.Join(en, " / "))
}

// weighedText are the reasons with their weights, and the sum.
func weighedText(r api.Review) text.Text {
	if len(r.Weighed) == 0 {
		return text.Text{}
	}
	var ja, en []string
	for _, w := range r.Weighed {
		label := w.Pick.Label()
		ja, en = append(ja, label.JA+" "+itoa(w.Weight)), append(en, label.EN+" "+itoa(w.Weight))
	}
	return text2(strings.Join(ja, " / ")+"(計 "+itoa(r.Score)+")", strings.Join(en, " / ")+" (sum "+itoa(r.Score)+")")
}
