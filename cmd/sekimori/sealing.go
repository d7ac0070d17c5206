package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

// viewingCommand changes the broker's viewing key, in two phases.
func (p *program) viewingCommand() *cli.Command {
	done := func(ja, en string) func(api.ViewingKey) error {
		return func(v api.ViewingKey) error {
			return p.done(v, fmt.Sprintf("閲覧用の鍵 %s: %s。%s", v.Key, word(p, policy.ViewingKeyState(v.State)), ja), fmt.Sprintf("viewing key %s: %s; %s", v.Key, word(p, policy.ViewingKeyState(v.State)), en))
		}
	}
	return p.group("viewing", "操作記録の閲覧用の鍵(関守が持つ鍵)とその交代", "the broker's viewing key of recordings, and its change",
		p.listLeaf("status", "", "鍵の一覧", "list the keys", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.ViewingKeys.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "閲覧用の鍵はありません。", "No viewing key.", []column[api.ViewingKey]{
				{"鍵", "KEY", func(v api.ViewingKey) string { return v.Key }},
				{"状態", "STATE", func(v api.ViewingKey) string { return word(p, policy.ViewingKeyState(v.State)) }},
				{"耐量子", "POST-QUANTUM", func(v api.ViewingKey) string { return p.yes(v.PostQuantum) }},
				{"作成", "MADE", func(v api.ViewingKey) string { return stamp(v.Begun) }},
				{"始めた人", "BY", func(v api.ViewingKey) string { return p.named(v.BegunBy) }},
				{"指紋", "FINGERPRINT", func(v api.ViewingKey) string { return v.Fingerprint }},
			})
		}),
		actLeaf(p, "key viewing begin", done("新しい操作記録は新旧の両方の鍵で封じます。別の人が情報システム課から確定するまで取りやめられます: sekimori key viewing status",
			"new recordings are sealed to both keys; until another person of the information-systems section confirms it can be taken back: sekimori key viewing status")),
		actLeaf(p, "key viewing confirm", done("以前の鍵は、これまでの操作記録がすべて廃棄されるまで、それを開くために残ります",
			"the former key stays for the recordings made before, until they are disposed of")),
		actLeaf(p, "key viewing rollback", done("交代の間の操作記録も、いまの鍵で開きます", "recordings made meanwhile open with the key in use")),
	)
}

// accessCommand opens recordings that were made before to further keys.
func (p *program) accessCommand() *cli.Command {
	fields := []column[api.Access]{
		{"番号", "ID", func(v api.Access) string { return v.ID }},
		{"状態", "STATE", func(v api.Access) string { return word(p, policy.AccessState(v.State)) }},
		{"秘密の側を持つ人", "HOLDER", func(v api.Access) string { return v.Holder }},
		{"操作記録", "RECORDINGS", func(v api.Access) string {
			if v.All && len(v.Sessions) == 0 {
				return p.say("すべて", "all")
			}
			return fmt.Sprint(len(v.Sessions))
		}},
		{"申し出た人", "ASKED BY", func(v api.Access) string { return p.named(v.AskedBy) }},
		{"指紋", "FINGERPRINT", func(v api.Access) string { return v.Fingerprint }},
	}
	done := func(ja, en string) func(api.Access) error {
		return func(v api.Access) error {
			return p.done(v, fmt.Sprintf("%s: %s。%s", v.ID, word(p, policy.AccessState(v.State)), ja), fmt.Sprintf("%s: %s; %s", v.ID, word(p, policy.AccessState(v.State)), en))
		}
	}
	return p.group("access", "これまでの操作記録を開く鍵を加える", "open earlier recordings to a further key",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Accesses.All(), nil)
			if err != nil {
				return err
			}
			return list(p, v, "加えた鍵はありません。", "No further key.", fields)
		}),
		actLeaf(p, "recording access ask", func(v api.Access) error {
			return p.done(v, fmt.Sprintf("受け付けました: %s。情報システム課の別の人が確かめると開けるようになります: sekimori recording access give %s", v.ID, v.ID),
				fmt.Sprintf("taken in: %s; it opens them once another person of the information-systems section agrees: sekimori recording access give %s", v.ID, v.ID))
		}),
		actLeaf(p, "recording access give", done("これからの操作記録も開けるようにするには、設定の recipients の auditors にもこの公開鍵を加えます",
			"for recordings to come, add the public key to auditors of recipients in the configuration too")),
		actLeaf(p, "recording access refuse", done("何も開いていません", "nothing was opened")),
		actLeaf(p, "recording access end", done("本人が写しを持つ操作記録と、設定の auditors にこの鍵があった間の操作記録は、今後も開けます。取り戻すことはできません",
			"recordings of which its holder has a copy, and those made while the key stood in auditors of the configuration, stay open to it; that cannot be undone")),
	)
}
