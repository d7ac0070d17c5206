package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

func (p *program) applyCommand() *cli.Command {
	apply := p.leaf("apply", "", "登録簿を YAML から適用する", "apply the registry from YAML", p.apply,
		&cli.StringFlag{Name: "f", Aliases: []string{"file"}, Usage: p.say("登録簿のファイル(- は標準入力)", "registry file (- for standard input)")},
		&cli.StringFlag{Name: "as", Usage: p.say("空の登録簿に最初に適用する管理者(ファイルの中の人)", "the administrator in the file who founds an empty registry")},
		&cli.BoolFlag{Name: "dry-run", Usage: p.say("何が変わるかだけを示す", "only show what would change")},
	)
	apply.Subcommands = []*cli.Command{
		p.leaf("confirm", "NO", "保留中の変更を二人目として確認する", "confirm a pending change as the second person", p.applyConfirm, p.authFlag()),
		p.leaf("drop", "NO", "保留中の変更を取り下げる", "drop a pending change", p.applyDrop, p.reasonFlag()),
		p.listLeaf("pending", "", "保留中の変更の一覧", "list pending changes", p.applyPending),
	}
	apply.HideHelpCommand = true
	return apply
}

func (p *program) apply(c *cli.Context) error {
	file, err := p.need(c, "f")
	if err != nil {
		return err
	}
	text, err := p.readText(file)
	if err != nil {
		return err
	}
	// The first apply comes before anybody has a token; the broker knows this from the socket.
	k, err := p.connect(c, false)
	if err != nil {
		return err
	}
	if t, err := p.readToken(p.place); err == nil {
		k.Token = t.Token
	}
	body := api.ApplyBody{Name: file, Text: text, DryRun: c.Bool("dry-run"), As: c.String("as")}
	v, err := api.Post(c.Context, k, api.ApplyPath, body)
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(v)
	}
	for _, w := range v.Warnings {
		fmt.Fprintln(p.err, p.say("sekimori: 注意: ", "sekimori: warning: ")+plain(p.say(w.JA, w.EN)))
	}
	return p.showPlan(v)
}

// showPlan prints what an apply did or would do, a line per object and field.
func (p *program) showPlan(v api.Plan) error {
	var b strings.Builder
	p.planned(&b, v.Changes)
	switch {
	case !v.Differs():
		fmt.Fprintln(&b, p.say("変わるところはありません。", "Nothing to change."))
	case v.DryRun:
		fmt.Fprintln(&b, p.say("確かめただけです。何も変えていません。", "Dry run: nothing was changed."))
	}
	if v.Pending != "" {
		fmt.Fprintf(&b, p.say("保留 %s: 情報システム課の別の人が `sekimori apply confirm %s`\n", "pending %s: a second person of the information-systems section runs `sekimori apply confirm %s`\n"), v.Pending, v.Pending)
	}
	if v.Code != "" {
		fmt.Fprintf(&b, p.say("管理者の登録コード(一度だけ表示): %s\n次に: sekimori enroll(コードは尋ねられます)\n", "enrolment code of the administrator (shown once): %s\nnext: sekimori enroll, which asks for the code\n"), v.Code)
	}
	_, err := fmt.Fprint(p.out, b.String())
	return err
}

// planned prints what happens to each object: a line, and one for each field that tells.
func (p *program) planned(b *strings.Builder, changes []api.Change) {
	for _, ch := range changes {
		mark, shown := map[string]string{api.ActionCreate: "+", api.ActionUpdate: "~", api.ActionAbsent: "?"}[ch.Action]
		if !shown {
			continue
		}
		note := ""
		switch {
		case ch.Pending:
			note = p.say("(保留: 二人目の確認待ち)", " (pending: awaits a second person)")
		case ch.Action == api.ActionAbsent:
			note = p.say("(ファイルにない。そのまま)", " (not in the file; left as it is)")
		}
		fmt.Fprintf(b, "%s %s %s%s\n", mark, plain(ch.Kind), plain(ch.ID), note)
		for _, f := range ch.Fields {
			switch {
			case ch.Action == api.ActionUpdate:
				fmt.Fprintf(b, "    %s: %s -> %s\n", plain(f.Name), plain(f.From), plain(f.To))
			case ch.Pending: // a second person, who did not write the file, must confirm it
				fmt.Fprintf(b, "    %s: %s\n", plain(f.Name), plain(f.To))
			}
		}
	}
}

func (p *program) applyConfirm(c *cli.Context) error {
	v, err := proved(p, c, func(f api.Fresh) (api.Settled, error) { return p.settle(c, "confirm", api.ConfirmBody{Fresh: f}) })
	if err != nil {
		return err
	}
	return p.settled(c, v, "確認しました", "confirmed")
}

func (p *program) applyDrop(c *cli.Context) error {
	v, err := p.settle(c, "drop", api.DropBody{Reason: c.String("reason")})
	if err != nil {
		return err
	}
	return p.settled(c, v, "取り下げました", "dropped")
}

func (p *program) settle(c *cli.Context, what string, body any) (api.Settled, error) {
	return act(p, c, api.SettleChange(c.Args().First(), what), body)
}

func (p *program) settled(c *cli.Context, v api.Settled, ja, en string) error {
	ja, en = ja+": "+c.Args().First(), en+": "+c.Args().First()
	for _, person := range v.Suspended {
		ja += fmt.Sprintf("\n%s は一人で登録されたため、認証を止めました\n次に: sekimori person enroll-code %s", plain(person), plain(person))
		en += fmt.Sprintf("\none person alone enrolled %s: the credentials are suspended\nnext: sekimori person enroll-code %s", plain(person), plain(person))
	}
	return p.done(v, ja, en)
}

func (p *program) applyPending(c *cli.Context) error {
	v, err := fetchList(p, c, api.Changes.All(), nil)
	if err != nil {
		return err
	}
	err = list(p, v, "保留中の変更はありません。", "Nothing is pending.", []column[api.PendingChange]{
		{"番号", "NO", func(v api.PendingChange) string { return v.No }},
		{"種類", "KIND", func(v api.PendingChange) string { return word(p, api.ChangeKind(v.Kind)) }},
		{"対象", "SUBJECTS", func(v api.PendingChange) string { return strings.Join(v.Subjects, " ") }},
		{"提案した人", "BY", func(v api.PendingChange) string { return p.named(v.By) }},
		{"日時", "AT", func(v api.PendingChange) string { return stamp(v.At) }},
	})
	if err != nil || p.json {
		return err
	}
	// The confirmer answers for the content, and did not write it.
	var b strings.Builder
	for _, c := range v.Items {
		fmt.Fprintf(&b, "\n%s\n", plain(c.No))
		p.planned(&b, c.Changes)
		for _, person := range c.Suspends {
			indented(&b, "! ", fmt.Sprintf(p.say("%s は一人で登録されたため、確認すると認証が止まり、新しい登録コードが要ります", "one person alone enrolled %s: confirming suspends the credentials, and a new code is needed"), person))
		}
		switch {
		case len(c.Keys) > 0:
			fmt.Fprintf(&b, p.say("+ %s の鍵 %s\n", "+ keys of %s: %s\n"), plain(strings.Join(c.Subjects, " ")), plain(strings.Join(c.Keys, " ")))
		case c.Kind == string(api.ChangeOfEnrolment):
			indented(&b, "~ ", fmt.Sprintf(p.say("%s の登録コード。以前の認証は止まります", "an enrolment code for %s; the credentials from before are suspended"), strings.Join(c.Subjects, " ")))
		}
	}
	_, err = fmt.Fprint(p.out, b.String())
	return err
}
