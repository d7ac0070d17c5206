package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/reconcile"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// reconcileCommand compares a target's record of logins with the ledger: `reconcile --target T [--from FILE]`. Its subcommands show what
// was found.
func (p *program) reconcileCommand() *cli.Command {
	cmd := p.group("reconcile", "突合: 接続先のログインを台帳と突き合わせる", "compare the logins of targets with the ledger",
		p.listLeaf("list", "", "接続先ごとの最後の突合", "the newest comparison of each target", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Reconciliations.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "接続先はまだ登録されていません。", "No target is registered yet.", p.reconciliationFields()[:7])
		}),
		p.leaf("show", "TARGET", "一つの接続先の突合を見る", "show the comparison of one target", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Reconciliations.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.reconciliationFields())
		}),
		p.listLeaf("logins", "", "台帳にないログインの一覧", "list the logins that the ledger does not know", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.UnknownLogins.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "台帳にないログインは見つかっていません。", "No login is known that the ledger does not know.", p.loginFields()[:7])
		}),
		p.leaf("login", "LOGIN", "台帳にないログインを一つ見る", "show one login that the ledger does not know", func(c *cli.Context) error {
			v, err := fetch(p, c, api.UnknownLogins.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.loginFields())
		}),
		actLeaf(p, "reconcile explain", func(v api.UnknownLogin) error {
			return p.done(v, "説明済みにしました: "+v.ID, "marked as explained: "+v.ID)
		}),
		actLeaf(p, "reconcile ask", p.compared),
	)
	cmd.Flags = append([]cli.Flag{
		&cli.StringFlag{Name: "target", Usage: p.say("接続先の番号", "id of the target")},
		&cli.StringFlag{Name: "from", Usage: p.say("記録のファイル(wtmp、last -F -w -i、sshd のログ)。なければ接続先に聞く", "a file of its record (wtmp, last -F -w -i, a log of sshd); none: the target is asked")},
		&cli.StringFlag{Name: "ahead", Usage: p.say("記録を書いた時計の進み(例 3m、遅れは -90s)", "how far the clock of the record is ahead (such as 3m; behind: -90s)")},
	}, cmd.Flags...)
	cmd.Action = p.reconcile
	return cmd
}

func (p *program) reconcile(c *cli.Context) error {
	target, from := c.String("target"), c.String("from")
	switch {
	case c.NArg() > 0:
		return &usageError{ja: "知らない語です: " + text.OneLine(c.Args().First(), 60), en: "unknown word: " + text.OneLine(c.Args().First(), 60)}
	case target == "":
		return &usageError{ja: "接続先を --target で指定してください", en: "name the target with --target"}
	case from == "" && c.String("ahead") != "":
		return &usageError{ja: "--ahead は --from と使います。接続先に聞くときは時計を測ります", en: "--ahead goes with --from; the clock of a target that is asked is measured"}
	case from == "":
		v, err := act(p, c, api.Reconciliations.Act(target, "reconcile"), struct{}{})
		if err != nil {
			return err
		}
		return p.compared(v)
	}
	v, err := p.compareFile(c, target, from)
	if err != nil {
		return err
	}
	return p.compared(v)
}

func (p *program) compareFile(c *cli.Context, target, name string) (api.Reconciliation, error) {
	unreadable := func(err error) (api.Reconciliation, error) {
		return api.Reconciliation{}, &failure{ja: "ファイルを読めません", en: "cannot read the file", cause: err}
	}
	q := url.Values{}
	if ahead := c.String("ahead"); ahead != "" {
		q.Set("ahead", ahead)
	}
	k, err := p.connect(c, true)
	if err != nil {
		return api.Reconciliation{}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return unreadable(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return unreadable(err)
	case !info.Mode().IsRegular():
		return unreadable(errors.New("not a regular file"))
	case info.Size() > reconcile.MostFile:
		return unreadable(fmt.Errorf("more than %d MB", reconcile.MostFile>>20))
	}
	return api.Upload(c.Context, k, api.CompareFile(target), q, io.LimitReader(f, info.Size()), info.Size())
}

// compared says what a comparison found. One that could not be made, or that found unknown logins, ends with status 1.
func (p *program) compared(v api.Reconciliation) error {
	if p.json {
		if err := p.writeJSON(v); err != nil {
			return err
		}
	} else if err := page(p, v, p.reconciliationFields()); err != nil {
		return err
	}
	found := v.New + v.Before + v.Beyond
	switch {
	case v.Error != "":
		return &failure{ja: "突き合わせられませんでした", en: "it could not be compared", hintJA: "接続先の管理の接続を確かめるか、記録のファイルを --from で渡してください", hintEN: "check the target's administrative connection, or give a file of its record with --from", cause: errors.New(v.Error)}
	case found > 0:
		return &failure{ja: fmt.Sprintf("台帳にないログインが %d 件あります", found), en: fmt.Sprintf("%d login(s) that the ledger does not know", found),
			hintJA: "`sekimori reconcile logins` で見て、点検担当が説明してください", hintEN: "see `sekimori reconcile logins`; an auditor explains them"}
	}
	return nil
}

func (p *program) reconciliationFields() []column[api.Reconciliation] {
	return []column[api.Reconciliation]{
		{"接続先", "TARGET", func(v api.Reconciliation) string { return v.Target }},
		{"状態", "STATE", func(v api.Reconciliation) string {
			if v.State == "" {
				return p.say("まだ", "not yet")
			}
			return word(p, store.ReconciledState(v.State))
		}},
		{"最後の突合", "COMPARED", func(v api.Reconciliation) string { return stamp(v.At) }},
		{"ログイン", "LOGINS", func(v api.Reconciliation) string { return fmt.Sprint(v.Logins) }},
		{"台帳にある", "KNOWN", func(v api.Reconciliation) string { return fmt.Sprint(v.Known) }},
		{"新しく見つかった", "NEW", func(v api.Reconciliation) string { return fmt.Sprint(v.New + v.Beyond) }},
		{"説明待ち", "UNEXPLAINED", func(v api.Reconciliation) string { return fmt.Sprint(v.Open) }},
		{"システム", "SYSTEM", func(v api.Reconciliation) string { return v.System }},
		{"毎時", "HOURLY", func(v api.Reconciliation) string { return p.yes(v.Hourly) }},
		{"だれが", "BY", func(v api.Reconciliation) string {
			if v.By == "" && !v.At.IsZero() {
				return p.say("時刻による", "the clock")
			}
			return p.named(v.By)
		}},
		{"記録の出所", "SOURCE", func(v api.Reconciliation) string {
			return map[string]string{"target": p.say("接続先", "the target"), "file": p.say("ファイル", "a file")}[v.Source]
		}},
		{"記録の種類", "RECORDS", func(v api.Reconciliation) string { return strings.Join(v.Records, ", ") }},
		{"比べた初め", "FROM", func(v api.Reconciliation) string { return stamp(v.From) }},
		{"比べた終わり", "UNTIL", func(v api.Reconciliation) string { return stamp(v.Until) }},
		{"接続先の時計の進み", "CLOCK AHEAD", func(v api.Reconciliation) string {
			return (time.Duration(v.AheadMS) * time.Millisecond).Round(time.Second).String()
		}},
		{"記録が始まる日時", "RECORD BEGINS LATE", func(v api.Reconciliation) string { return stamp(v.Gap) }},
		{"記録にない接続", "SESSIONS NOT IN IT", func(v api.Reconciliation) string { return strings.Join(v.Missing, ", ") }},
		{"できなかった理由", "ERROR", func(v api.Reconciliation) string { return text.OneLine(v.Error, 400) }},
	}
}

func (p *program) loginFields() []column[api.UnknownLogin] {
	return []column[api.UnknownLogin]{
		{"番号", "ID", func(v api.UnknownLogin) string { return v.ID }},
		{"状態", "STATE", func(v api.UnknownLogin) string {
			if v.State == "open" {
				return p.say("説明待ち", "unexplained")
			}
			return p.say("説明済み", "explained")
		}},
		{"いつ", "WHEN", func(v api.UnknownLogin) string { return stamp(v.At) }},
		{"接続先", "TARGET", func(v api.UnknownLogin) string { return v.Target }},
		{"アカウント", "ACCOUNT", func(v api.UnknownLogin) string { return text.OneLine(v.Account, 60) }},
		{"どこから", "FROM", func(v api.UnknownLogin) string {
			if v.Source == "" {
				return p.say("その機器の前", "at the machine")
			}
			return text.OneLine(v.Source, 60)
		}},
		{"なぜ", "WHY", func(v api.UnknownLogin) string { return word(p, v.Doubt) }},
		{"そのときの接続", "SESSION", func(v api.UnknownLogin) string { return v.Session }},
		{"見つけた日時", "FOUND", func(v api.UnknownLogin) string { return stamp(v.Found) }},
		{"説明した人", "EXPLAINED BY", func(v api.UnknownLogin) string { return p.named(v.ExplainedBy) }},
		{"説明", "REASON", func(v api.UnknownLogin) string { return v.Reason }},
	}
}
