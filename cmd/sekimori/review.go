package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) reviewFields() []column[api.Review] {
	return []column[api.Review]{
		{"点検番号", "REVIEW", func(v api.Review) string { return v.ID }},
		{"接続", "SESSIONS", func(v api.Review) string { return strconv.Itoa(len(v.Sessions)) }},
		{"状態", "STATE", func(v api.Review) string { return word(p, api.ReviewState(v.State)) }},
		{"期限", "DUE", func(v api.Review) string { return stamp(v.Due) }},
		{"点検担当", "AUDITOR", func(v api.Review) string { return p.named(v.Auditor) }},
		{"重み", "WEIGHT", func(v api.Review) string { return strconv.Itoa(v.Score) }},
		{"目に付く点", "STANDS OUT", func(v api.Review) string { return p.picks(v.Picks) }},
	}
}

// reviewPage are the further fields of a single review.
func (p *program) reviewPage() []column[api.Review] {
	return append(p.reviewFields(), []column[api.Review]{
		{"要約", "SUMMARY", func(v api.Review) string { return p.briefly(v.Work) }},
		{"接続番号", "NUMBERS", func(v api.Review) string { return strings.Join(v.Sessions, " ") }},
		{"申請番号", "REQUEST", func(v api.Review) string { return v.Request }},
		{"対象システム", "SYSTEM", func(v api.Review) string { return v.System }},
		{"断られた接続", "REFUSED", func(v api.Review) string { return p.attempts(v.Refused) }},
		{"送った範囲", "SENT", func(v api.Review) string { return p.covered(v.Covered) }},
		{"ファイル授受", "FILES", func(v api.Review) string { return p.reviewed(v.Files) }},
		{"署名した人", "SIGNED BY", func(v api.Review) string { return p.named(v.SignedBy) }},
		{"署名日時", "SIGNED AT", func(v api.Review) string { return stamp(v.SignedAt) }},
		{"判定の理由", "GROUNDS", func(v api.Review) string { return v.Note }},
		{"相手", "ADDRESSEE", func(v api.Review) string { return v.Addressee }},
		{"回答の期限", "ANSWER BY", func(v api.Review) string { return stamp(v.AnswerBy) }},
		{"指摘事項", "FINDINGS", func(v api.Review) string { return strings.Join(v.Findings, " ") }},
		{"質問と回答", "QUESTIONS", func(v api.Review) string { return p.asked(v.Asked) }},
		{"接続ごとの点検", "BY SESSION", func(v api.Review) string { return p.bySession(v.Before) }},
	}...)
}

func (p *program) picks(picks []api.Pick) string {
	said := make([]string, 0, len(picks))
	for _, v := range picks {
		said = append(said, word(p, v))
	}
	return strings.Join(said, " / ")
}

func (p *program) attempts(refused []api.Session) string {
	said := make([]string, 0, len(refused))
	for _, v := range refused {
		said = append(said, fmt.Sprintf("%s [%d]", v.ID, v.EndNumber))
	}
	return strings.Join(said, " ")
}

func (p *program) reviewed(f *api.ReviewedFiles) string {
	if f == nil {
		return ""
	}
	said := p.say("なし", "none")
	if f.Allowed == "allowed" {
		said = strings.TrimSpace(p.say("あり ", "allowed ") + f.Detail)
	}
	for _, one := range f.Reported {
		said += "; " + one.Direction + " " + one.Name + " " + strconv.FormatInt(one.Size, 10) + " B"
	}
	return said
}

// covered says how much of each recording people were sent.
func (p *program) covered(all []api.Covered) string {
	said := make([]string, 0, len(all))
	for _, c := range all {
		one := c.Session + " " + api.SentPart(c.Sent, c.Length)
		for _, by := range c.People {
			part := by.Said(p.named(by.Person), c.Length)
			one += ", " + p.say(part.JA, part.EN)
		}
		said = append(said, one)
	}
	return strings.Join(said, "; ")
}

func (p *program) bySession(before []api.SessionReview) string {
	said := make([]string, 0, len(before))
	for _, v := range before {
		verdict := p.say("署名なし", "not signed")
		if v.Verdict != "" {
			verdict = word(p, api.ReviewState(v.Verdict)) + " " + p.named(v.SignedBy)
		}
		said = append(said, v.Session+" "+verdict)
	}
	return strings.Join(said, "; ")
}

// asked are the questions of a review with their answers.
func (p *program) asked(all []api.Question) string {
	said := make([]string, 0, len(all))
	for _, q := range all {
		answer := p.say("回答なし", "no answer")
		if q.Answer != "" {
			answer = p.named(q.AnsweredBy) + " " + stamp(q.AnsweredAt) + ": " + q.Answer
		}
		said = append(said, q.ID+" "+q.Question+" → "+answer)
	}
	return strings.Join(said, "; ")
}

func (p *program) questionFields() []column[api.Question] {
	return []column[api.Question]{
		{"質問番号", "QUESTION", func(v api.Question) string { return v.ID }},
		{"状態", "STATE", func(v api.Question) string {
			switch {
			case v.Open:
				return p.say("回答待ち", "open")
			case v.Answer != "":
				return p.say("回答あり", "answered")
			}
			return p.say("回答なし(判定済み)", "signed without an answer")
		}},
		{"期限", "ANSWER BY", func(v api.Question) string { return stamp(v.AnswerBy) }},
		{"対象システム", "SYSTEM", func(v api.Question) string { return v.System }},
		{"質問", "ASKS", func(v api.Question) string { return v.Question }},
		{"回答", "ANSWER", func(v api.Question) string { return v.Answer }},
	}
}

func (p *program) questionDone(q api.Question) error {
	return p.done(q, "質問 "+q.ID+" に回答しました。点検担当が読みます。", "question "+q.ID+" is answered; the auditors read it")
}

func (p *program) reviewDone(v api.Review) error {
	state := word(p, api.ReviewState(v.State))
	return p.done(v, fmt.Sprintf("点検 %s: %s", v.ID, state), fmt.Sprintf("review %s: %s", v.ID, v.State))
}

func (p *program) reviewCommand() *cli.Command {
	return p.group("review", "点検(時間枠の作業ごと)", "reviews, one per window's work",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			query := url.Values{}
			if c.Bool("ranked") {
				query.Set("order", "rank")
			}
			v, err := fetchList(p, c, api.Reviews.All(), query)
			if err != nil {
				return err
			}
			return list(p, v, "点検待ちはありません。", "Nothing to review.", p.reviewFields())
		}, &cli.BoolFlag{Name: "ranked", Usage: p.say("点検待ちだけを、理由の重みの合計が大きい順に", "owed reviews only, by the sum of the weights of their reasons")}),
		p.leaf("show", "ID", "一つを見る(接続番号でもよい)", "show one; a session names the review that covers it", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Reviews.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.reviewPage())
		}),
		p.leaf("report", "", "月の点検報告書を書き出す(点検担当だけ)", "export a month's review report (auditors only)", func(c *cli.Context) error {
			return p.exportForm(c, "reviews", "")
		}, append(p.formFlags(anyForm), p.monthFlag())...),
		actLeaf(p, "review take", p.reviewDone),
		actLeaf(p, "review handover", p.reviewDone),
		actLeaf(p, "review sign", p.reviewDone),
		p.listLeaf("questions", "", "あなたへの質問", "what reviews ask you", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.QuestionsPath, nil)
			if err != nil {
				return err
			}
			return list(p, v, "あなたへの質問はありません。", "No review asks you anything.", p.questionFields())
		}),
		actLeaf(p, "review answer", p.questionDone),
	)
}
