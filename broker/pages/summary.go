package pages

import (
	"fmt"
	"net/url"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

func summaryRoutes() []row {
	title := text2("接続の要約", "Summary of the session")
	return []row{
		get("/recordings/{id}/summary", staff, title, everyStaff(), l2, (*Pages).summary),
		post("/recordings/{id}/summary", staff, title, everyStaff(), l2, func(p *Pages, v *visit) error { return p.beginPlayback(v, "/summary") }),
	}
}

func summaryPages() map[string]page { return map[string]page{"summary": &SummaryPage{}} }

func summaryPath(session string) string { return recordingPath(session) + "/summary" }

// SummaryPage tells what passed in a session, in plain words. It stands under the purpose of a playback, and leads into it.
type SummaryPage struct {
	Frame
	ID      string
	Damage  text.Text
	Purpose text.Text
	Said    text.Text
	Aid     text.Text
	Left    text.Text
	Table   Table
	Steps   []StepRow
	Play    string
	Text    string
	Running bool
}

// StepRow is one step of it.
type StepRow struct {
	At, ISO string
	Until   string // of several moments; empty: there is one
	Group   text.Text
	Shape   string
	Text    text.Text
	Lines   []StepLine // of several moments
	Long    bool       // the lines are folded
	Read    string     // where it stands in the text
}

// StepLine is one moment of a step that has several.
type StepLine struct {
	At, ISO string
	Text    text.Text
}

// foldedFrom is the number of moments from which they are folded.
const foldedFrom = 9

func (p *Pages) summary(v *visit) error {
	play, line, _, err := v.timeline(true)
	if play == nil {
		return err
	}
	defer play.Close()
	if err != nil {
		return err
	}
	s, base, name := play.Summarize(line), recordingPath(play.Session), url.QueryEscape(v.r.URL.Query().Get("v"))
	page := &SummaryPage{Frame: v.frame(), ID: play.Session, Damage: play.DamageText(), Purpose: policy.Purpose(play.Why.Purpose).Label(), Said: s.Say(), Aid: api.SaidAid, Left: s.SayLeft(),
		Play: base + "?v=" + name, Text: base + "/text?v=" + name, Running: play.Live, Table: Table{
			Caption: text2("何があったか(時刻順)", "What passed, in order of time"),
			Columns: []text.Text{text2("時刻", "Time"), text2("種類", "Kind"), text2("できごと", "Event"), text2("見る", "Look")},
		}}
	page.Crumbs = []Link{{text2("接続の記録 "+play.Session, "Session "+play.Session), sessionPath(play.Session)}}
	for _, step := range s.Steps {
		page.Steps = append(page.Steps, stepRow(step, fmt.Sprintf("%s/text?v=%s&at=%d#found", base, name, step.Marks[0].AtMS)))
	}
	return v.show(page)
}

func stepRow(s api.SummaryStep, read string) StepRow {
	const clock, iso = "15:04:05", "2006-01-02T15:04:05-07:00"
	row := StepRow{At: s.At().Format(clock), ISO: s.At().Format(iso), Group: s.Group.Label(), Shape: markShapes[s.Group], Text: s.Say(), Read: read}
	if len(s.Marks) == 1 {
		return row
	}
	row.Until, row.Long = s.Until().Format(clock), len(s.Marks) >= foldedFrom
	for _, m := range s.Marks {
		row.Lines = append(row.Lines, StepLine{At: m.At.Format(clock), ISO: m.At.Format(iso), Text: text2(m.JA, m.EN)})
	}
	return row
}

// BriefRow is one session in the beginning of a day or a review: what the ledger counts in it, and where its summary is.
type BriefRow struct {
	ID, Href string
	At       Moment
	Said     text.Text
	Open     string // its summary; empty: it has no recording
}

// Briefs are the sessions at the beginning of a page.
type Briefs struct {
	Rows []BriefRow
	Note text.Text
}

func (v *visit) briefs(all []api.Session, names map[string]string) Briefs {
	out := Briefs{Note: api.SaidLedgerOnly}
	for _, s := range all {
		one, said := sessionRow(s, names, v.p.o.Zone), s.SayBrief()
		row := BriefRow{ID: s.ID, Href: one.Href, At: one.At, Said: text2(one.Engineer+"、"+said.JA, one.Engineer+", "+said.EN)}
		if s.Recorded {
			row.Open = summaryPath(s.ID)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
