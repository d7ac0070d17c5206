package main

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

func (p *program) accountCommand() *cli.Command {
	return p.group("account", "作業用アカウント", "accounts", noun(p, api.Accounts, "作業用アカウントはまだ登録されていません。", "No account is registered yet.", 4, []column[api.Account]{
		{"番号", "ID", func(v api.Account) string { return v.ID }},
		{"接続先", "TARGET", func(v api.Account) string { return v.Target }},
		{"管理者権限", "ROOT", func(v api.Account) string { return p.yes(v.Root) }},
		{"認証", "CREDENTIAL", func(v api.Account) string { return word(p, store.CredentialKind(v.Credential)) }},
		{"世話", "LOOKED AFTER", func(v api.Account) string { return p.yes(v.Cared) }},
		{"グループ", "GROUPS", func(v api.Account) string { return strings.Join(v.Groups, " ") }},
		{"読めないことの検査", "PROBE", p.probesSaid},
		{"備考", "NOTE", func(v api.Account) string { return v.Note }},
		{"ロールのパスワード", "ROLE PASSWORD", func(v api.Account) string { return p.yes(v.RolePassword) }},
		{"認証情報の交換", "SECRET CHANGE", func(v api.Account) string { return p.changesSaid(v.Changes) }},
	})...)
}

func (p *program) targetCommand() *cli.Command {
	commands := noun(p, api.Targets, "接続先はまだ登録されていません。", "No target is registered yet.", 3, []column[api.Target]{
		{"番号", "ID", func(v api.Target) string { return v.ID }},
		{"システム", "SYSTEM", func(v api.Target) string { return v.System }},
		{"アドレス", "ADDRESS", func(v api.Target) string { return net.JoinHostPort(v.Host, strconv.Itoa(v.Port)) }},
		{"ホスト鍵", "HOST KEY", func(v api.Target) string { return v.HostKey }},
		{"古い暗号方式", "LEGACY ALGORITHMS", func(v api.Target) string { return v.Legacy }},
		{"アカウントの世話", "STEWARD", func(v api.Target) string { return v.Steward }},
		{"外向き接続先", "EGRESS", func(v api.Target) string { return strings.Join(v.Egress, "\n") }},
		{"設定の確認", "LAST CHECK", p.checkSaid},
		{"訓練用", "DRILL", func(v api.Target) string { return p.yes(v.Drill) }},
		{"備考", "NOTE", func(v api.Target) string { return v.Note }},
		{"認証情報の交換", "SECRET CHANGE", func(v api.Target) string { return p.changesSaid(v.Changes) }},
	})
	commands = append(commands,
		p.leaf("enroll", "TARGET", "接続先の管理者が置くものを示し、置いたあとで確かめる", "show what the target's administrator puts there, and check it afterwards", p.enrolTarget,
			&cli.BoolFlag{Name: "check", Usage: p.say("すぐに確かめる", "check at once")}),
		actLeaf(p, "target check", p.checked),
		p.group("secret", "接続先の認証情報", "what opens an account on a target",
			p.leaf("set", "ACCOUNT", "アカウントの秘密鍵かパスワードを封じて預ける", "seal an account's private key or password", p.setSecret,
				&cli.StringFlag{Name: "file", Usage: p.say("秘密のファイル(- は標準入力)", "file of the secret (- for standard input)")}, p.authFlag()),
		))
	return p.group("target", "接続先", "targets", commands...)
}

// said is a text in the person's language.
func (p *program) said(t text.Text) string { return p.say(t.JA, t.EN) }

// probesSaid are the trials of what an account must not be able to read, one a line.
func (p *program) probesSaid(a api.Account) string {
	var all []string
	for _, one := range a.Probes {
		said := p.say("検査していません", "not probed")
		if !one.At.IsZero() {
			said = p.said(store.ProbeResult(one.Result).Label()) + " (" + stamp(one.At) + ")"
		}
		all = append(all, one.What+": "+said)
	}
	if len(all) == 0 {
		return p.say("検査していません", "not probed")
	}
	return strings.Join(all, "\n")
}

// changesSaid are the changes of stored secrets that are not over.
func (p *program) changesSaid(all []api.SecretChange) string {
	var lines []string
	for _, c := range all {
		state := p.say("進行中", "under way")
		if c.Failed > 0 {
			state = p.say("失敗", "failed")
		}
		lines = append(lines, fmt.Sprintf("[%s] %s (%s, %s)", state, c.Account, p.said(store.CredentialKind(c.Credential).Label()), stamp(c.Since)), "    "+p.said(c.Said))
		if c.Failed > 0 {
			lines = append(lines, "    "+c.Error, "    → "+p.say(fmt.Sprintf("%d回失敗。次は %s。", c.Failed, stamp(c.Again)), fmt.Sprintf("failed %d times, next try %s; ", c.Failed, stamp(c.Again)))+p.said(c.Next))
		}
	}
	if len(lines) == 0 {
		return p.say("なし", "none under way")
	}
	return strings.Join(lines, "\n")
}

// checkSaid is the newest check, a line for each part.
func (p *program) checkSaid(t api.Target) string {
	if t.Check == nil {
		return p.say("まだ", "none")
	}
	return stamp(t.Check.At) + "\n" + strings.Join(p.checkLines(*t.Check), "\n")
}

func (p *program) checkLines(c api.TargetCheck) (all []string) {
	for _, l := range c.Lines {
		line := "[" + p.said(store.CheckResult(l.Result).Label()) + "] " + p.said(l.Said)
		if l.Account != "" {
			line += " (" + l.Account + ")"
		}
		all = append(all, line)
		if l.Detail != "" {
			all = append(all, "    "+l.Detail)
		}
		if next := p.said(l.Next); next != "" {
			all = append(all, "    → "+next)
		}
	}
	return all
}

// checked prints what a check showed. A part that did not go well makes exit status 1.
func (p *program) checked(t api.Target) error {
	if t.Check == nil {
		return &failure{ja: "確認の結果がありません", en: "the check has no result"}
	}
	if p.json {
		if err := p.writeJSON(t.Check); err != nil {
			return err
		}
	} else {
		for _, line := range p.checkLines(*t.Check) {
			fmt.Fprintln(p.out, plain(line))
		}
	}
	if !t.Check.OK {
		return &failure{ja: "接続先 " + t.ID + " の設定に、直すところがあります", en: "the set-up of target " + t.ID + " needs mending",
			hintJA: "上の → を済ませて、sekimori target check " + t.ID, hintEN: "follow each → above, then: sekimori target check " + t.ID}
	}
	return nil
}

// enrolTarget shows what goes onto a target. With --check, or after Enter at a terminal, the broker then checks it.
func (p *program) enrolTarget(c *cli.Context) error {
	id := c.Args().First()
	t, err := fetch(p, c, api.Targets.Of(id), nil)
	if err != nil {
		return err
	}
	if len(t.Enrol) == 0 {
		return &failure{ja: "接続先に置くものを見られるのは、管理者と情報システム課です", en: "what goes onto a target is shown to administrators and the information-systems section",
			hintJA: "管理者でサインインする: sekimori login", hintEN: "sign in as an administrator: sekimori login"}
	}
	if p.json && !c.Bool("check") {
		return p.writeJSON(t.Enrol)
	}
	if !p.json {
		for i, s := range t.Enrol {
			fmt.Fprintf(p.out, "%d. %s\n", i+1, plain(p.said(s.Title)))
			if s.File != "" {
				fmt.Fprintf(p.out, "   %s\n", plain(s.File))
			}
			for _, line := range s.Lines {
				fmt.Fprintf(p.out, "     %s\n", plain(line))
			}
		}
	}
	_, terminal := p.terminal(p.in)
	if !c.Bool("check") {
		if !terminal {
			return p.done(nil, "置いたら: sekimori target check "+id, "when it is in place: sekimori target check "+id)
		}
		a, err := p.ask(c)
		if err != nil {
			return err
		}
		_, err = a.line(c.Context, "接続先に置いたら Enter(確かめます)", "press Enter when it is in place, to check it")
		a.close()
		if err != nil {
			return err
		}
	}
	after, err := act(p, c, api.Path[api.Target](string(api.Targets)+"/"+url.PathEscape(id)+"/check"), struct{}{})
	if err != nil {
		return err
	}
	return p.checked(after)
}
