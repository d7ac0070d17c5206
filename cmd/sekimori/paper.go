package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (p *program) paperState(v api.Paper) string {
	state := word(p, store.PaperState(v.State))
	if v.Replaced {
		state = p.say("更新あり", "renewed") // a newer one is on file beside it
	}
	return state
}

func (p *program) paperColumns() []column[api.Paper] {
	return []column[api.Paper]{
		{"番号", "ID", func(v api.Paper) string { return v.ID }},
		{"種類", "KIND", func(v api.Paper) string { return word(p, store.PaperKind(v.Kind)) }},
		{"名前", "NAME", func(v api.Paper) string {
			if v.FiscalYear != 0 {
				return strconv.Itoa(v.FiscalYear)
			}
			return v.Name
		}},
		{"対象", "ABOUT", func(v api.Paper) string { return strings.TrimSpace(v.Vendor + " " + v.Person) }},
		{"期限", "UNTIL", func(v api.Paper) string { return lastDay(v.Until) }},
		{"状態", "STATE", p.paperState},
		{"写し", "COPY", func(v api.Paper) string {
			if v.Copy == nil {
				return p.say("写しなし", "no copy")
			}
			if !v.Copy.There() {
				return p.say("廃棄済み ", "disposed ") + lastDay(v.Copy.Disposed.AddDate(0, 0, 1))
			}
			return v.Copy.FileName
		}},
	}
}

func (p *program) paperFields() []column[api.Paper] {
	copied := func(field func(api.PaperCopy) string) func(api.Paper) string {
		return func(v api.Paper) string {
			if v.Copy == nil {
				return ""
			}
			return field(*v.Copy)
		}
	}
	return append(p.paperColumns(), []column[api.Paper]{
		{"始まり", "FROM", func(v api.Paper) string { return stamp(v.From) }},
		{"備考", "NOTE", func(v api.Paper) string { return v.Note }},
		{"届け出た人", "FILED BY", func(v api.Paper) string { return p.named(v.FiledBy) + " " + stamp(v.Filed) }},
		{"受理した人", "ACCEPTED BY", func(v api.Paper) string { return strings.TrimSpace(p.named(v.AcceptedBy) + " " + stamp(v.Accepted)) }},
		{"取り消した人", "WITHDRAWN BY", func(v api.Paper) string { return strings.TrimSpace(p.named(v.WithdrawnBy) + " " + stamp(v.Withdrawn)) }},
		{"取消しの理由", "REASON", func(v api.Paper) string { return v.Reason }},
		{"ファイルの種類", "MEDIA TYPE", copied(func(c api.PaperCopy) string { return c.MediaType })},
		{"大きさ", "BYTES", copied(func(c api.PaperCopy) string { return strconv.FormatInt(c.Size, 10) })},
		{"検証値", "SHA256", copied(func(c api.PaperCopy) string { return c.SHA256 })},
	}...)
}

func (p *program) paperCommand() *cli.Command {
	day := func(name, ja, en string) cli.Flag { return &cli.StringFlag{Name: name, Usage: p.say(ja, en)} }
	vendor := &cli.StringFlag{Name: "vendor", Usage: p.say("この保守事業者だけ", "only this vendor's")}
	return p.group("paper", "保守事業者の書類", "papers of vendors and engineers",
		p.leaf("file", "VENDOR KIND [FILE]", "書類を届け出る(KIND: contract、special-clauses、certification、audit-report、training、other)",
			"file a paper (KIND: contract, special-clauses, certification, audit-report, training, other)", p.filePaper,
			day("from", "始まりの日(2026-04-01)", "the day it begins (2026-04-01)"), day("until", "最後の日(この日を含む)", "its last day, inclusive"),
			&cli.StringFlag{Name: "name", Usage: p.say("認証の名前(isms など)、特記事項の版", "name of the certification (isms), version of the clauses")},
			&cli.IntFlag{Name: "fiscal-year", Usage: p.say("監査報告書の年度(西暦)", "fiscal year of an audit report (Gregorian)")},
			&cli.StringFlag{Name: "engineer", Usage: p.say("対象の保守要員", "the engineer whom it concerns")},
			&cli.StringFlag{Name: "note", Usage: p.say("備考", "note")}),
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			for _, name := range []string{"vendor", "kind", "state"} {
				if v := c.String(name); v != "" {
					q.Set(name, v)
				}
			}
			v, err := fetchList(p, c, api.Papers.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "書類はまだありません。", "No paper is on file yet.", p.paperColumns())
		}, vendor, &cli.StringFlag{Name: "kind", Usage: p.say("この種類だけ", "only this kind")}, &cli.StringFlag{Name: "state", Usage: "submitted|accepted|withdrawn"}),
		p.leaf("show", "ID", "一つを見る(写しの中身は見ない)", "show one (not the content of its copy)", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Papers.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.paperFields())
		}),
		p.leaf("get", "ID", "写しを取り出して見る", "get the copy to look at it", func(c *cli.Context) error {
			return p.download(c, api.PaperCopyOf(c.Args().First()), look(c))
		}, p.purposeFlag(policy.ActPlay), p.explanationFlag(), p.outputFlag(), p.forceFlag()),
		p.leaf("accept", "ID", "保守事業者が届け出たものを受理する", "accept what the vendor filed", func(c *cli.Context) error {
			return p.settlePaper(c, "accept", c.String("reason"), "受理しました", "accepted")
		}, p.reasonFlag()),
		p.leaf("withdraw", "ID", "書類を取り消す(残り、数えられなくなる)", "withdraw a paper (it stays on file and counts no more)", func(c *cli.Context) error {
			reason, err := p.reason(c)
			if err != nil {
				return err
			}
			return p.settlePaper(c, "withdraw", reason, "取り消しました", "withdrawn")
		}, p.reasonFlag()),
		p.leaf("verify", "ID", "写しを台帳の検証値と突き合わせる", "hold the copy against the digest in the ledger", p.verifyPaper),
		p.listLeaf("due", "", "期限が近いもの、切れたもの、足りないもの", "what ends soon, has ended, or is missing", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.PapersDuePath, url.Values{"days": {strconv.Itoa(c.Int("days"))}})
			if err != nil {
				return err
			}
			return list(p, v, "期限の近いものはありません。", "Nothing ends soon.", []column[api.Ending]{
				{"保守事業者", "VENDOR", func(e api.Ending) string { return e.Vendor }},
				{"保守要員", "ENGINEER", func(e api.Ending) string { return e.Person }},
				{"状態", "STATE", p.ending},
			})
		}, &cli.IntFlag{Name: "days", Value: 60, Usage: p.say("何日先までか", "how many days ahead")}),
	)
}

func (p *program) pledgeCommand() *cli.Command {
	return p.group("pledge", "誓約書", "engineers' pledges",
		p.leaf("file", "ENGINEER FILE", "誓約書の写しを届け出る", "file the copy of a pledge", func(c *cli.Context) error {
			signed, err := p.need(c, "signed")
			if err != nil {
				return err
			}
			until, err := p.need(c, "until")
			if err != nil {
				return err
			}
			q := url.Values{"kind": {"pledge"}, "person": {c.Args().First()}, "from": {signed}, "until": {until}, "note": {c.String("note")}}
			return p.uploadPaper(c, q, c.Args().Get(1))
		},
			&cli.StringFlag{Name: "signed", Usage: p.say("署名の日(2026-04-01)", "the day it was signed (2026-04-01)")},
			&cli.StringFlag{Name: "until", Usage: p.say("最後の日(この日を含む)", "its last day, inclusive")},
			&cli.StringFlag{Name: "note", Usage: p.say("備考", "note")}),
		p.listLeaf("list", "[ENGINEER]", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{"kind": {"pledge"}}
			if e := c.Args().First(); e != "" {
				q.Set("person", e)
			}
			v, err := fetchList(p, c, api.Papers.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "誓約書の写しはまだありません。", "No copy of a pledge is on file yet.", p.paperColumns())
		}),
	)
}

func (p *program) filePaper(c *cli.Context) error {
	q := url.Values{"vendor": {c.Args().First()}, "kind": {c.Args().Get(1)}}
	for name, field := range map[string]string{"from": "from", "until": "until", "name": "name", "engineer": "person", "note": "note"} {
		if v := c.String(name); v != "" {
			q.Set(field, v)
		}
	}
	if year := c.Int("fiscal-year"); year != 0 {
		q.Set("fiscal_year", strconv.Itoa(year))
	}
	return p.uploadPaper(c, q, c.Args().Get(2))
}

// uploadPaper sends a statement with the file of its copy; no name, no copy.
func (p *program) uploadPaper(c *cli.Context, q url.Values, name string) error {
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	var v api.Paper
	if name == "" {
		v, err = api.Upload(c.Context, k, api.Papers.New(), q, nil, 0)
	} else {
		v, err = p.sendFile(c, k, q, name)
	}
	if err != nil {
		return err
	}
	if v.State == "submitted" {
		return p.done(v, fmt.Sprintf("届け出ました: %s(職員が受理すると有効になります)", v.ID), fmt.Sprintf("filed: %s (it counts when staff have accepted it)", v.ID))
	}
	return p.done(v, fmt.Sprintf("登録しました: %s", v.ID), fmt.Sprintf("on file: %s", v.ID))
}

func (p *program) sendFile(c *cli.Context, k *api.Client, q url.Values, name string) (api.Paper, error) {
	unreadable := func(err error) (api.Paper, error) {
		return api.Paper{}, &failure{ja: "ファイルを読めません", en: "cannot read the file", cause: err}
	}
	f, err := os.Open(name)
	if err != nil {
		return unreadable(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return unreadable(err)
	}
	if !info.Mode().IsRegular() {
		return unreadable(errors.New("not a regular file"))
	}
	q.Set("copy", "yes")
	q.Set("file_name", filepath.Base(name))
	m := p.meter(p.say("送信中", "sending"))
	defer m.done()
	return api.Upload(c.Context, k, api.Papers.New(), q, io.TeeReader(io.LimitReader(f, info.Size()), m), info.Size())
}

func (p *program) settlePaper(c *cli.Context, what, reason, ja, en string) error {
	v, err := act(p, c, api.Papers.Act(c.Args().First(), what), api.PaperBody{Reason: reason})
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("%s: %s", ja, v.ID), fmt.Sprintf("%s: %s", en, v.ID))
}

func (p *program) verifyPaper(c *cli.Context) error {
	v, err := fetch(p, c, api.VerifyPaper(c.Args().First()), nil)
	if err != nil {
		return err
	}
	if p.json {
		if err := p.writeJSON(v); err != nil {
			return err
		}
	}
	if !v.OK {
		return &failure{
			ja: fmt.Sprintf("%s の写しは台帳と合いません(%s): %s", v.Paper, v.Damage, v.Place), en: fmt.Sprintf("the copy of %s does not hold against the ledger (%s): %s", v.Paper, v.Damage, v.Place),
			hintJA: "ファイルに触れず、点検担当と情報システム課へ", hintEN: "leave the file as it is; call the auditor and the information-systems section",
		}
	}
	if p.json {
		return nil
	}
	return p.done(v, fmt.Sprintf("合っています: %s sha256 %s(%d バイト)", v.Paper, v.SHA256, v.Size), fmt.Sprintf("holds: %s sha256 %s (%d bytes)", v.Paper, v.SHA256, v.Size))
}
