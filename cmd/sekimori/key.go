package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

// keyCommand manages a person's own SSH keys; with --person another person's, for the administrator and the
// information-systems section.
func (p *program) keyCommand() *cli.Command {
	person := &cli.StringFlag{Name: "person", Usage: p.say("だれの鍵か(既定は自分)", "whose key (default: one's own)")}
	return p.group("key", "自分のSSHの鍵、操作記録の閲覧用の鍵", "one's own SSH keys; the viewing key of recordings",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			if v := c.String("person"); v != "" {
				q.Set("person", v)
			}
			v, err := fetchList(p, c, api.Keys.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "鍵は登録されていません。", "No key is registered.", []column[api.Key]{
				{"指紋", "FINGERPRINT", func(v api.Key) string { return v.Fingerprint }},
				{"状態", "STATE", func(v api.Key) string { return word(p, store.KeyState(v.State)) }},
				{"登録", "ADDED", func(v api.Key) string { return stamp(v.Added) }},
			})
		}, person),
		p.leaf("add", "FILE", "公開鍵を加える(FIDO2の鍵は触れることが要ります)", "add a public key (a FIDO2 key must be touched at each login)", p.addKey, person, p.authFlag()),
		p.leaf("revoke", "FINGERPRINT", "鍵を取り消す(直ちに、戻せません)", "take a key away (at once, for good)", func(c *cli.Context) error {
			reason, err := p.reason(c)
			if err != nil {
				return err
			}
			print := c.Args().First()
			v, err := act(p, c, api.KeyRevokePath, api.KeyRevokeBody{Person: c.String("person"), Fingerprint: print, Reason: reason})
			if err != nil {
				return err
			}
			return p.done(v, "取り消しました: "+print, "revoked: "+print)
		}, person, p.reasonFlag()),
		p.viewingCommand(),
	)
}

func (p *program) addKey(c *cli.Context) error {
	text, err := p.readText(c.Args().First())
	if err != nil {
		return err
	}
	v, err := actProved(p, c, api.KeyAddPath, func(f api.Fresh) any {
		return api.KeyBody{Person: c.String("person"), Key: strings.TrimSpace(text), Fresh: f}
	})
	if err != nil {
		return err
	}
	if v.Pending != "" {
		return p.done(v, fmt.Sprintf("受け付けました: %s。%s が情報システム課の一人に確認されてから使えます", v.Fingerprint, v.Pending),
			fmt.Sprintf("taken in: %s; it works once somebody of the information-systems section confirms %s", v.Fingerprint, v.Pending))
	}
	return p.done(v, "登録しました: "+v.Fingerprint, "registered: "+v.Fingerprint)
}
