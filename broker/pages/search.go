package pages

import (
	"errors"
	"net/http"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// searchPath is the page that searches recordings.
const searchPath = "/recordings/search"

func searchRoutes() []row {
	title := text2("操作記録の検索", "Search recordings")
	return []row{
		get(searchPath, staff, title, sessionLookers(), l2, (*Pages).searchForm),
		post(searchPath, staff, title, sessionLookers(), l2, (*Pages).search),
	}
}

func searchPages() map[string]page { return map[string]page{"search": &SearchPage{}} }

// SearchPage asks for words and a purpose, and shows what was found. The words are posted: they do not stand in an address, which proxies
// write down.
type SearchPage struct {
	Frame
	Fields   []Field
	Purposes Field
	Searched bool
	Found    []FoundSession
	Examined text.Text
	Left     text.Text // sessions that are not indexed
	Again    []Hidden  // the same search, for its next page; none: there is no more
	Why      []Hidden  // the purpose, which opens a recording at a hit
}

// FoundSession is a session with hits.
type FoundSession struct {
	ID, Href, Read   string
	Engineer, Target string
	Started          Moment
	Hits, More       text.Text
	Lines            []FoundLine
}

// FoundLine is one hit.
type FoundLine struct {
	At, ISO string
	AtMS    int64
	Text    text.Text
	Op      bool
}

// searches tells whether a search is offered to the person.
func (v *visit) searches() bool { return v.p.o.Views.Searches() && sessionLookers().Allow(v.person) }

// searchForm shows the form to people who may search.
func (p *Pages) searchForm(v *visit) error {
	if err := p.o.Views.MaySearch(v.r.Context(), v.reader()); err != nil {
		return err
	}
	return v.show(v.searchPage())
}

// searchPage is the form with what was typed.
func (v *visit) searchPage() *SearchPage {
	typed := func(key string) string { return first(v.given(key)) }
	page := &SearchPage{Frame: v.frame()}
	page.Crumbs = []Link{{text2("接続一覧", "Sessions"), "/sessions"}}
	page.Fields = []Field{
		{Key: "words", Label: text2("探す言葉", "Words"), Hint: text2("出力、コマンド、ファイル名、操作の一行の中に続けて現れる言葉。全角・半角、大文字・小文字は区別しません。打ち込まれた文字は探せません。", "As they follow each other within one line of output, commands, names of files, operations. Width and case do not matter. What was typed cannot be searched."), Control: "text", Value: typed("words"), Required: true},
		{Key: "system", Label: text2("対象システム(番号)", "System (id)"), Control: "text", Value: typed("system")},
		{Key: "from", Label: text2("この日から", "From"), Control: "date", Value: typed("from")},
		{Key: "to", Label: text2("この日まで", "To"), Control: "date", Value: typed("to")},
	}
	page.Purposes = Field{Key: "purpose", Label: text2("閲覧目的", "Purpose of viewing"), Control: "radio", Required: true}
	for _, one := range policy.Purposes(policy.ActSearch) {
		page.Purposes.Choices = append(page.Purposes.Choices, Choice{Word: string(one), Text: one.Label(), Set: string(one) == typed("purpose")})
	}
	page.Fields = append(page.Fields, page.Purposes, Field{Key: "explanation", Label: text2("説明", "Explanation"), Control: "text", Value: typed("explanation")})
	return page
}

// search searches and shows what was found: one entry, before the first hit.
func (p *Pages) search(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	wrong := func(f *api.Fault, field string) error {
		page, one := v.searchPage(), faultProblem(f)
		one.Field = field
		page.Errors = []Problem{one}
		for i := range page.Fields {
			if page.Fields[i].Key == field {
				page.Fields[i].Error = one.Text
			}
		}
		return v.showAs(f.Status, page)
	}
	typed := func(key string) string { return v.r.PostFormValue(key) }
	why, ok := view.NewWhy(typed("purpose"), typed("explanation"))
	if !ok {
		return wrong(fault.BadRequest("説明に表示できない文字があるか、長すぎます", "the explanation has characters that cannot be shown, or is too long", nil), "explanation")
	}
	asked := view.SearchAsked{Words: typed("words"), System: typed("system"), Next: typed("next")}
	if asked.From, asked.To, ok = view.SearchDays(typed("from"), typed("to"), p.o.Zone); !ok {
		return wrong(fault.BadRequest("2026-11-24 のように、ある日を書いてください", "write a day that exists, like 2026-11-24", nil), "from")
	}
	found, err := p.o.Views.Search(v.r.Context(), v.reader(), asked, why)
	var denied *policy.Denied
	switch {
	case errors.Is(err, view.ErrSearchWords):
		return wrong(fault.SearchWords(err), "words")
	case errors.As(err, &denied) && denied.Reason == policy.ViewPurposeRequired:
		return wrong(fault.Of(err), "purpose")
	case err != nil:
		return err
	}
	return v.showAs(http.StatusOK, v.found(found))
}

// found is the form with what was found below.
func (v *visit) found(r api.SearchResult) *SearchPage {
	page := v.searchPage()
	page.Searched, page.Examined, page.Left = true, r.SayExamined(), r.SayUnindexed()
	for _, name := range []string{"purpose", "explanation"} {
		page.Why = append(page.Why, Hidden{name, v.r.PostFormValue(name)})
	}
	if r.Next != "" {
		page.Again = append(page.Again, Hidden{"next", r.Next})
		for _, name := range []string{"words", "system", "from", "to", "purpose", "explanation"} {
			page.Again = append(page.Again, Hidden{name, v.r.PostFormValue(name)})
		}
	}
	for _, s := range r.Items {
		one := FoundSession{ID: s.Session, Href: sessionPath(s.Session), Read: recordingPath(s.Session) + "/text", Engineer: s.Engineer, Target: s.Target, Started: moment(s.Started, v.p.o.Zone), Hits: s.SayHits(), More: s.SayMore()}
		for _, l := range s.Lines {
			one.Lines = append(one.Lines, FoundLine{At: l.At.Format("15:04:05"), ISO: l.At.Format("2006-01-02T15:04:05-07:00"), AtMS: l.AtMS, Text: text2(l.JA, l.EN), Op: l.Group != ""})
		}
		page.Found = append(page.Found, one)
	}
	return page
}
