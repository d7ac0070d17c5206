package main

import (
	"net/url"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

// passkeyCommand shows a person's own passkeys and takes one away; with --person another person's, for the administrator and the
// information-systems section. A passkey is made in a browser.
func (p *program) passkeyCommand() *cli.Command {
	person := &cli.StringFlag{Name: "person", Usage: p.say("だれのパスキーか(既定は自分)", "whose passkey (default: one's own)")}
	return p.group("passkey", "自分のパスキー(登録は画面から)", "one's own passkeys (a browser makes them)",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			if v := c.String("person"); v != "" {
				q.Set("person", v)
			}
			v, err := fetchList(p, c, api.Passkeys.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "パスキーは登録されていません。", "No passkey is registered.", []column[api.Passkey]{
				{"番号", "ID", func(v api.Passkey) string { return v.ID }},
				{"名前", "LABEL", func(v api.Passkey) string { return v.Label }},
				{"状態", "STATE", func(v api.Passkey) string { return word(p, store.KeyState(v.State)) }},
				{"登録", "ADDED", func(v api.Passkey) string { return stamp(v.Added) }},
				{"最後に使った日時", "LAST USED", func(v api.Passkey) string { return stamp(v.LastUsed) }},
			})
		}, person),
		p.leaf("remove", "ID", "パスキーを取り消す(直ちに、戻せません。ほかの場所でのサインインは終わります)", "take a passkey away (at once, for good; sign-ins elsewhere end)", func(c *cli.Context) error {
			reason, err := p.reason(c)
			if err != nil {
				return err
			}
			v, err := act(p, c, api.PasskeyEndPath, api.PasskeyEndBody{Person: c.String("person"), Passkey: c.Args().First(), Reason: reason})
			if err != nil {
				return err
			}
			return p.done(v, "取り消しました: "+v.ID, "revoked: "+v.ID)
		}, person, p.reasonFlag()),
	)
}
