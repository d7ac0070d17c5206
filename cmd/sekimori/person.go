package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// stamp is a time in a list: short, in the zone it came in.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

// lastDay is the last day of a period whose end is kept as the first instant after it.
func lastDay(until time.Time) string {
	if until.IsZero() {
		return ""
	}
	return until.Add(-time.Nanosecond).Format(time.DateOnly)
}

// day is the day of a time on a page: 令和8年11月24日(火)(2026-11-24), or 2026-11-24.
func (p *program) day(t time.Time) string {
	iso := t.Format(time.DateOnly)
	return p.say(text.Day(t).JA+"("+iso+")", iso)
}

// moment is an instant on a page: 令和8年11月24日(火)10:00(2026-11-24), or 2026-11-24 10:00.
func (p *program) moment(t time.Time) string { return text.Moment(t).In(p.lang) }

// long is a time on a page, to the second.
func long(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

func (p *program) yes(b bool) string {
	if b {
		return p.say("はい", "yes")
	}
	return p.say("いいえ", "no")
}

func (p *program) personFields() []column[api.Person] {
	return []column[api.Person]{
		{"番号", "ID", func(v api.Person) string { return v.ID }},
		{"ログイン名", "LOGIN", func(v api.Person) string { return v.Login }},
		{"氏名", "NAME", func(v api.Person) string { return strings.TrimSpace(v.Title + " " + v.Name) }},
		{"区分", "KIND", func(v api.Person) string { return word(p, policy.PersonKind(v.Kind)) }},
		{"所属", "OF", func(v api.Person) string { return v.Section + v.Vendor }},
		{"役割", "ROLES", func(v api.Person) string { return words[policy.Role](p, v.Roles, p.say("、", ",")) }},
		{"電話", "PHONE", func(v api.Person) string { return v.Phone }},
		{"誓約書の期限", "PLEDGE UNTIL", func(v api.Person) string { return lastDay(v.PledgeUntil) }},
		{"接続元", "SOURCES", func(v api.Person) string { return strings.Join(v.Sources, ",") }},
		{"鍵", "KEYS", func(v api.Person) string {
			var out []string
			for _, k := range v.Keys {
				out = append(out, strings.TrimSpace(k.Fingerprint+" "+word(p, store.KeyState(k.State))+" "+k.Label))
			}
			return strings.Join(out, "\n")
		}},
		{"状態", "STATE", func(v api.Person) string { return p.lock(v.Locked) }},
	}
}

func (p *program) personCommand() *cli.Command {
	return p.group("person", "人(保守要員、窓口、職員)", "people: engineers, vendor contacts, staff",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.People.All(), nil)
			if err != nil {
				return err
			}
			f := p.personFields()
			return listWhy(p, v, "人はまだ登録されていません。", "Nobody is registered yet.", []column[api.Person]{f[0], f[1], f[2], f[3], f[4], f[5], f[10]})
		}),
		p.leaf("show", "ID", "一人を見る", "show one", func(c *cli.Context) error {
			v, err := fetch(p, c, api.People.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.personFields())
		}),
		p.leaf("lock", "ID", "利用を停止し、接続中なら切る", "lock; live sessions are cut", func(c *cli.Context) error {
			return lockAct(p, c, api.People, "lock", "利用を停止しました", "locked", func(v api.Person) string { return v.ID })
		}, p.reasonFlag()),
		p.leaf("unlock", "ID", "利用停止の解除に同意する(二人目で解ける)", "agree to unlock (two people, one of the information-systems section)", func(c *cli.Context) error {
			return lockAct(p, c, api.People, "unlock", "利用停止を解きました", "unlocked", func(v api.Person) string { return v.ID })
		}, p.reasonFlag(), p.authFlag()),
		lockNote(p, api.People, func(v api.Person) string { return v.ID }),
		p.leaf("revoke-tokens", "ID", "その人のトークンをすべて無効にする", "end all tokens of a person", func(c *cli.Context) error {
			reason, err := p.reason(c)
			if err != nil {
				return err
			}
			v, err := act(p, c, api.RevokeTokens(c.Args().First()), api.ReasonBody{Reason: reason})
			if err != nil {
				return err
			}
			return p.done(v, "トークンを無効にしました: "+v["person"], "tokens revoked: "+v["person"])
		}, p.reasonFlag()),
		p.leaf("enroll-code", "ID", "登録コードを出す(登録済みの人には認証を尋ね、以前の認証は止まる)", "issue an enrolment code (for who is enrolled it asks for password and code, and old credentials are suspended)", func(c *cli.Context) error {
			v, err := actAnew(p, c, api.EnrollCodeFor(c.Args().First()), func(f api.Fresh) any { return api.EnrollCodeBody{Fresh: f, ByTwo: c.Bool("by-two")} })
			if err != nil {
				return err
			}
			if v.Pending != "" && !p.json {
				fmt.Fprintf(p.err, p.say("このコードは %s が確認されるまで効きません\n", "the code works once %s is confirmed\n"), v.Pending)
			}
			return p.done(v,
				fmt.Sprintf("%s の登録コード: %s(%s まで、一度だけ表示)", v.Person, v.Text, stamp(v.Until)),
				fmt.Sprintf("enrolment code of %s: %s (until %s, shown once)", v.Person, v.Text, stamp(v.Until)))
		}, p.authFlag(), &cli.BoolFlag{Name: "by-two", Usage: p.say("二人目の確認を待つコードにする(承認者や代決者になる人に)", "let the code wait for a second person (for who is to be an approver or a deputy)")}),
	)
}
