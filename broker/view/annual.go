package view

import (
	"context"
	"fmt"

	"sekimori/broker/annual"
	"sekimori/broker/api"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Year gives the yearly report of a fiscal year, with what the person may do. The look is ledgered (L1). Errors: *policy.Denied, ledgered;
// store.ErrNotFound.
func (v *Views) Year(ctx context.Context, by Reader, id string) (api.Year, error) {
	y, err := v.readYear(ctx, by, id)
	if err != nil {
		return api.Year{}, err
	}
	return v.shownYear(ctx, by, y)
}

// YearNow is the yearly report as an act on it left it. Errors: store.ErrNotFound.
func (v *Views) YearNow(ctx context.Context, by Reader, id string) (api.Year, error) {
	fy, err := annual.FiscalYear(id)
	if err != nil {
		return api.Year{}, err
	}
	y, err := v.figuresOf(ctx, fy)
	if err != nil {
		return api.Year{}, err
	}
	return v.shownYear(ctx, by, y)
}

func (v *Views) shownYear(ctx context.Context, by Reader, y year) (api.Year, error) {
	digest, err := y.Digest()
	if err != nil {
		return api.Year{}, err
	}
	out := api.Year{Report: y.Report, Year: annual.Name(y.FiscalYear), State: y.state(), Digest: digest, Sections: y.agreed(policy.InformationSystems, v), Auditors: y.agreed(policy.Auditor, v),
		Errata: []api.Erratum{}, Opinions: []api.Opinion{}}
	for _, e := range y.whole.Errata {
		out.Errata = append(out.Errata, api.Erratum{No: e.No, Place: e.Place, Wrong: e.Wrong, Correct: e.Correct, Reason: e.Reason, At: At(e.At, v.o.Zone)})
	}
	for _, o := range y.whole.Opinions {
		one := api.Opinion{No: o.No, SaidOn: o.SaidOn, Opinion: o.Opinion, Responses: []api.Response{}}
		for _, r := range o.Responses {
			one.Responses = append(one.Responses, api.Response{Response: r.Response, At: At(r.At, v.o.Zone)})
		}
		out.Opinions = append(out.Opinions, one)
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		out.Offers = annual.OnYear.Offers(s, by.Person, out.Year)
		return nil
	})
	return out, err
}

// YearOffers are the acts on a yearly report that are open to the person. Errors: store.ErrNotFound.
func (v *Views) YearOffers(ctx context.Context, by Reader, id string) (out []api.Offer, err error) {
	if _, err := annual.FiscalYear(id); err != nil {
		return nil, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error { out = annual.OnYear.Offers(s, by.Person, id); return nil })
	return out, err
}

func (y year) state() api.YearState {
	switch {
	case y.whole.Row.Final():
		return api.YearFinal
	case y.whole.Row.AgreedBy != "":
		return api.YearAgreedOnce
	}
	return api.YearDraft
}

// agreed is an office's agreement; zero: it has not agreed.
func (y year) agreed(office policy.Role, v *Views) api.YearAgreed {
	switch r := y.whole.Row; {
	case r.Office == office:
		return api.YearAgreed{By: r.AgreedBy, At: At(r.AgreedAt, v.o.Zone)}
	case r.Final():
		return api.YearAgreed{By: r.FinalisedBy, At: At(r.FinalisedAt, v.o.Zone)}
	}
	return api.YearAgreed{}
}

// yearSheet is form 5.7. It names offices, and no person.
func (v *Views) yearSheet(y year) (*sheet.Sheet, error) {
	digest, err := y.Digest()
	if err != nil {
		return nil, err
	}
	state := y.state()
	if state == api.YearDraft {
		digest = "" // each look is a further entry, so a draft's digest would be that of no other look
	}
	mark := state.Label()
	if r := y.whole.Row; r.Final() {
		day := text.Day(At(r.FinalisedAt, v.o.Zone))
		mark = text.Of(mark.JA+" "+day.JA, mark.EN+" "+day.EN)
	}
	s := &sheet.Sheet{No: text.Same(annual.Name(y.FiscalYear)), Scope: FiscalYearText(y.FiscalYear), Marks: []text.Text{mark}}
	head := sheet.Part{Key: "state", Title: text.Of("確定", "Finalisation"), Fields: []sheet.Field{
		sheet.NewField("state", text.Of("状態", "State"), sheet.Code, sheet.Coded(string(state), state.Label())),
		sheet.NewField("figures", text.Of("数値の検証値", "Digest of figures"), sheet.Words, whenFinal(digest)),
		sheet.NewField("section_agreed_at", text.Of("情報システム課の同意", "IS section agreed"), sheet.Time, sheet.At(y.agreed(policy.InformationSystems, v).At)),
		sheet.NewField("auditor_agreed_at", text.Of("点検担当の同意", "Auditor agreed"), sheet.Time, sheet.At(y.agreed(policy.Auditor, v).At)),
		sheet.NewField("checkpoint", text.Of("確定点", "Checkpoint"), sheet.Words, whenFinal(y.Checkpoint)),
	}}
	s.Parts = append([]sheet.Part{y.overview()}, y.tables()...)
	s.Parts = append(s.Parts, y.opinions(), y.errata(v), head)
	s.Notes = append(s.Notes,
		text.Of(fmt.Sprintf("台帳の記載 %d 件から数えました。検証ファイルを sekimori-verify --report に渡すと、台帳の書き出しからすべての数値を数え直せます。", y.Entries),
			fmt.Sprintf("Counted from %d entries of the ledger. With the verification file, sekimori-verify --report counts every figure again from an export.", y.Entries)),
		text.Of("割合は切捨てです。数えるものがなかった割合は、0%でも100%でもなく「—」です。", "Rates are rounded down. A rate without anything to count is a dash, neither 0% nor 100%."),
		text.Of("点検は時間枠ごとに1件です。一つの時間枠に接続がいくつあっても、まとめて点検します。", "A review covers the work of one window, however many sessions it had."),
		text.Of("「画面に出した」は、点検した人の画面に送った部分です。読んだことの証明ではありません。同じ部分は一度だけ数えます。", "“Shown” is what was sent to the reviewer's screen; it proves no reading. The same part counts once."),
		text.Of("訓練は含みません。個人の氏名は含みません。", "Drills are left out. No person is named."))
	return s, nil
}

// whenFinal is a text that a report has once it is final.
func whenFinal(s string) sheet.Cell {
	if s == "" {
		return sheet.Said(text.Of("—(確定前)", "— (not final yet)"))
	}
	return sheet.Text(s)
}

func (y year) errata(v *Views) sheet.Part {
	var rows [][]sheet.Cell
	for _, e := range y.whole.Errata {
		rows = append(rows, []sheet.Cell{sheet.Count(int64(e.No)), sheet.Text(e.Place), sheet.Text(e.Wrong), sheet.Text(e.Correct), sheet.Text(e.Reason), sheet.At(At(e.At, v.o.Zone))})
	}
	return sheet.Part{Key: "errata", Title: text.Of("正誤", "Corrections"), Table: &sheet.Table{Rows: sheet.Rows(rows...), Empty: none, Columns: []sheet.Column{
		column("no", "番号", "No.", sheet.Number, 1), column("place", "箇所", "Place", sheet.Words, 3), column("wrong", "誤", "Wrong", sheet.Words, 2), column("correct", "正", "Correct", sheet.Words, 2),
		column("reason", "理由", "Reason", sheet.Words, 4), column("at", "日時", "At", sheet.Time, 3)}}}
}

func (y year) opinions() sheet.Part {
	var rows [][]sheet.Cell
	for _, o := range y.whole.Opinions {
		var done []string
		for _, r := range o.Responses {
			done = append(done, r.Response)
		}
		rows = append(rows, []sheet.Cell{sheet.Count(int64(o.No)), {Code: o.SaidOn, Text: text.Same(o.SaidOn)}, sheet.Text(o.Opinion), lines(done)})
	}
	return sheet.Part{Key: "council_opinions", Title: text.Of("審議会の意見と対応", "Opinions of the council, and what was done"), Table: &sheet.Table{Rows: sheet.Rows(rows...), Empty: none, Columns: []sheet.Column{
		column("no", "番号", "No.", sheet.Number, 1), column("said_on", "審議会の日", "Meeting", sheet.Day, 2), column("opinion", "意見", "Opinion", sheet.Words, 6), column("response", "対応", "Response", sheet.Words, 6)}}}
}
