package pages

import (
	"net/url"
	"strconv"
	"strings"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

// nextReview leads an auditor to the review that waits for them and falls due first, beside one. Zero: none waits, or the reader is no auditor.
func (v *visit) nextReview(beside string) (Link, error) {
	if !those(policy.Auditor).Allow(v.person) {
		return Link{}, nil
	}
	id, n, err := v.p.o.Views.NextReview(v.r.Context(), v.reader(), beside)
	if err != nil || id == "" {
		return Link{}, err
	}
	return Link{text2("次の点検 "+id+"(点検待ち "+itoa(n)+"件)", "Next review "+id+" ("+itoa(n)+" to review)"), "/reviews/" + url.PathEscape(id)}, nil
}

// toHear links to the first recording of the work. Most people open it for the review, so the page before it offers this purpose.
func (page *ReviewPage) toHear() {
	for i, s := range page.Sessions {
		if s.Play == "" {
			continue
		}
		page.Sessions[i].Play += "?purpose=" + string(policy.PeriodicReview)
		if page.Hear.Href == "" {
			page.Hear = Link{text2("操作記録を再生 "+s.ID, "Play the recording "+s.ID), page.Sessions[i].Play}
		}
	}
}

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

func filesText(f *api.ReviewedFiles) []text.Text {
	if f == nil {
		return nil
	}
	label := policy.FilesRule(f.Allowed).Label()
	out := []text.Text{text2("承認: "+strings.TrimSpace(label.JA+" "+f.Detail), "Approved: "+strings.TrimSpace(label.EN+" "+f.Detail))}
	for _, one := range f.Reported {
		way := text2("持込み", "in")
		if one.Direction == "out" {
			way = text2("持出し", "out")
		}
		size := strconv.FormatInt(one.Size, 10)
		out = append(out, text2("作業報告: "+way.JA+" "+one.Name+" "+size+"バイト", "Work report: "+way.EN+" "+one.Name+" "+size+" bytes"))
	}
	return out
}

func beforeText(b api.SessionReview, names map[string]string) text.Text {
	if b.Verdict == "" {
		return text2(b.Session+": 署名なし", b.Session+": not signed")
	}
	label := api.ReviewState(b.Verdict).Label()
	by := nameIn(names, b.SignedBy)
	return text2(strings.TrimSpace(b.Session+": "+label.JA+"("+by+") "+b.Note), strings.TrimSpace(b.Session+": "+label.EN+" ("+by+") "+b.Note))
}
