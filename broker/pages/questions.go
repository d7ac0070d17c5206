package pages

import (
	"net/url"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// questionRoutes are the questions of reviews as their addressees read them. Each is answered on the form of its act.
func questionRoutes() []row {
	title := text2("点検からの質問", "Questions from reviews")
	return []row{
		get("/questions", staff, title, everyStaff(), levelOf(api.QuestionsPath), (*Pages).questions),
		get("/v/questions", portal, title, vendors(), levelOf(api.QuestionsPath), (*Pages).questions),
	}
}

func questionPages() map[string]page { return map[string]page{"questions": &QuestionsPage{}} }

// QuestionsPage lists what reviews ask of the person.
type QuestionsPage struct {
	Frame
	Rows    []QuestionRow
	Reviews bool // the person may open the reviews themselves
	Pager   Pager
}

// QuestionRow is one question.
type QuestionRow struct {
	ID     string
	Chip   Chip
	Rows   []CardRow
	Answer string // where it is answered; empty: it waits for no answer
}

func (p *Pages) questions(v *visit) error {
	list, err := p.o.Views.Questions(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &QuestionsPage{Frame: v.frame(), Reviews: v.leadsTo("/reviews"), Pager: v.pager(len(list.Items), list.Total, list.Next)}
	for _, q := range list.Items {
		card, err := v.questionCard(q)
		if err != nil {
			return err
		}
		one := QuestionRow{ID: q.ID, Chip: v.questionChip(q), Rows: card.Rows}
		if q.Open {
			one.Answer = v.root() + "/reviews/" + url.PathEscape(q.Review) + "/answer"
		}
		page.Rows = append(page.Rows, one)
	}
	return v.show(page)
}

// openQuestions are the questions that wait for the person's answer, the earliest date first.
func (v *visit) openQuestions() ([]api.Question, error) {
	list, err := v.p.o.Views.Questions(v.r.Context(), v.reader(), view.Page{Limit: api.PageItems})
	var open []api.Question
	for _, q := range list.Items {
		if q.Open {
			open = append(open, q)
		}
	}
	return open, err
}

// questionsTodo is the line about open questions among what the person must do.
func questionsTodo(n int, until time.Time, late bool, href string, zone *time.Location) TodoRow {
	by := text.Day(until.In(zone).Add(-time.Nanosecond))
	return TodoRow{Text: text2("点検からの質問 "+itoa(n)+"件(最も早い期限 "+by.JA+")", "Questions from reviews: "+itoa(n)+" (the earliest is due "+by.EN+")"), Button: text2("質問に答える", "Answer"), Href: href, Warning: late}
}

// questionCard is a question as its addressee reads it.
func (v *visit) questionCard(q api.Question) (Card, error) {
	names, err := v.p.o.Views.Names(v.r.Context(), q.System, q.AnsweredBy)
	if err != nil {
		return Card{}, err
	}
	z := v.p.o.Zone
	work := q.Window
	if work == "" {
		work = q.Review
	}
	card := Card{Rows: []CardRow{
		{Label: text2("作業(時間枠)", "Work (window)"), Text: text.Same(work)}, {Label: text2("対象システム", "System"), Text: text.Same(nameIn(names, q.System))},
	}}
	card.Rows = append(card.Rows, v.askedRows(q, names)...)
	if !q.Open && q.Answer == "" {
		at := text.Moment(q.ClosedAt.In(z))
		card.Rows = append(card.Rows, CardRow{Label: text2("終わり", "Closed"), Text: text2(at.JA+"(回答のないまま判定されました)", at.EN+" (the review was signed without an answer)")})
	}
	return card, nil
}

// askedRows are the question, its addressee and date, and the answer where there is one.
func (v *visit) askedRows(q api.Question, names map[string]string) []CardRow {
	z := v.p.o.Zone
	rows := []CardRow{
		{Label: text2("質問", "Question"), Text: text.Same(q.Question)}, {Label: text2("相手", "Addressee"), Text: text.Same(q.Addressee)},
		{Label: text2("期限", "Answer by"), Text: text.Day(q.AnswerBy.In(z).Add(-time.Nanosecond))},
	}
	if q.Answer != "" {
		at := text.Moment(q.AnsweredAt.In(z))
		rows = append(rows, CardRow{Label: text2("回答", "Answer"), Text: text.Same(q.Answer)},
			CardRow{Label: text2("回答した人", "Answered by"), Text: text2(namesIn(names, []string{q.AnsweredBy})+"、"+at.JA, namesIn(names, []string{q.AnsweredBy})+", "+at.EN)})
	}
	return rows
}

// askedRow is a question on the page of its review.
func (v *visit) askedRow(q api.Question, names map[string]string) QuestionRow {
	return QuestionRow{ID: q.ID, Chip: v.questionChip(q), Rows: v.askedRows(q, names)}
}

func (v *visit) questionChip(q api.Question) Chip {
	switch {
	case q.Answer != "":
		return Chip{text2("回答あり", "Answered"), "check", "ok"}
	case !q.Open:
		return Chip{text2("回答なし(判定済み)", "No answer (signed)"), "dash", "waiting"}
	case !v.p.o.Clock().Before(q.AnswerBy):
		return Chip{text2("期限超過", "Overdue"), "triangle", "warning"}
	}
	return Chip{text2("回答待ち", "Awaiting the answer"), "clock", "waiting"}
}

// signedForGood tells whether a review needs no further signature.
func signedForGood(r api.Review) bool {
	return r.SignedBy != "" && r.State != string(api.ReviewQuestion) && r.State != string(api.ReviewAnswered)
}
