package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/request"
	"sekimori/policy"
)

// draftCommand keeps requests that are not handed in yet: the same drafts as on the pages.
func (p *program) draftCommand() *cli.Command {
	return p.group("draft", "出していない申請(下書き)", "requests that are not handed in yet",
		p.listLeaf("list", "", "自分の下書きの一覧(新しい順)", "list one's own, newest first", p.draftList),
		p.leaf("show", "ID", "一つを、足りないところとともに見る", "show one, with what it lacks", p.draftShow,
			&cli.BoolFlag{Name: "file", Usage: p.say("申請のファイルとして出す(直して save できます)", "as a request file, to be changed and saved")}),
		p.leaf("save", "[ID]", "書きかけのファイルを下書きにする(番号があれば、その下書きを置き換える)", "keep an unfinished file as a draft (with an id: in place of that draft)", p.draftSave,
			&cli.StringFlag{Name: "f", Aliases: []string{"file"}, Usage: p.say("書きかけの申請のファイル(- は標準入力)", "unfinished request file (- for standard input)")},
			&cli.StringFlag{Name: "edit", Usage: p.say("新しい下書きを、この申請番号の変更にする", "make a new draft the new text of this request")}, p.versionFlag()),
		actLeaf(p, "request draft submit", func(v api.DraftHandedIn) error {
			return p.done(v, fmt.Sprintf("申請 %s: %s", v.Request, word(p, policy.RequestState(v.State))), fmt.Sprintf("request %s: %s", v.Request, v.State))
		}),
		actLeaf(p, "request draft drop", func(v api.Draft) error {
			return p.done(v, "下書きを捨てました: "+v.ID, "the draft is gone: "+v.ID)
		}),
	)
}

func (p *program) draftList(c *cli.Context) error {
	v, err := fetchList(p, c, api.Drafts.All(), nil)
	if err != nil {
		return err
	}
	return list(p, v, "下書きはありません。", "No draft.", []column[api.Draft]{
		{"番号", "ID", func(v api.Draft) string { return v.ID }},
		{"変更する申請", "EDITS", func(v api.Draft) string { return v.Edits }},
		{"システム", "SYSTEM", func(v api.Draft) string { return strings.Join(v.Values["system"], ", ") }},
		{"目的", "PURPOSE", func(v api.Draft) string { return strings.Join(v.Values["purpose"], " ") }},
		{"保存", "SAVED", func(v api.Draft) string { return stamp(v.Changed) }},
	})
}

func (p *program) draftShow(c *cli.Context) error {
	v, err := fetch(p, c, api.Drafts.Of(c.Args().First()), nil)
	if err != nil {
		return err
	}
	if c.Bool("file") && !p.json {
		_, err := fmt.Fprint(p.out, v.Form)
		return err
	}
	rows := []column[api.Draft]{
		{"番号", "ID", func(v api.Draft) string { return v.ID }},
		{"変更する申請", "EDITS", func(v api.Draft) string { return v.Edits }},
		{"出した申請", "BECAME", func(v api.Draft) string { return v.Became }},
		{"版", "VERSION", func(v api.Draft) string { return fmt.Sprint(v.Version) }},
		{"保存", "SAVED", func(v api.Draft) string { return stamp(v.Changed) }},
	}
	for _, row := range request.Fields.Inputs() {
		if said := saidInDraft(v.Values, row.Key); said != "" {
			rows = append(rows, column[api.Draft]{row.Label.JA, strings.ToUpper(row.Label.EN), func(api.Draft) string { return said }})
		}
	}
	if err := page(p, v, rows); err != nil {
		return err
	}
	p.hint(v.ID, v.Problems)
	return nil
}

// saidInDraft is what a draft says in one field; an instant may be there in parts.
func saidInDraft(values map[string][]string, key string) string {
	if said := values[key]; len(said) > 0 {
		return strings.Join(said, ", ")
	}
	return request.InParts(values, key)
}

func (p *program) draftSave(c *cli.Context) error {
	file, err := p.need(c, "f")
	if err != nil {
		return err
	}
	text, err := p.readText(file)
	if err != nil {
		return err
	}
	body, path := api.DraftBody{Name: file, Text: text, Version: c.Int("version"), Edits: c.String("edit")}, api.Drafts.New()
	if id := c.Args().First(); id != "" {
		if body.Edits != "" {
			return &usageError{ja: "--edit は新しい下書きにだけ付けられます", en: "--edit is for a new draft only", hintJA: "番号を外してください", hintEN: "leave the id out"}
		}
		path = api.Drafts.Act(id, "save")
	}
	v, err := act(p, c, path, body)
	if err != nil {
		return err
	}
	p.hint("", v.Problems) // of the draft: the file has no places any more
	return p.done(v, fmt.Sprintf("下書き %s を保存しました(版 %d)", v.ID, v.Version), fmt.Sprintf("draft %s is saved (version %d)", v.ID, v.Version))
}
