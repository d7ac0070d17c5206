package main

import (
	"net/url"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

// sessionFilterFlags narrow lists of sessions and recordings.
func (p *program) sessionFilterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "engineer", Usage: p.say("この保守要員のもの(番号かログイン名)", "of this engineer (id or login)")},
		&cli.StringFlag{Name: "vendor", Usage: p.say("この保守事業者のもの(番号かログイン名)", "of this vendor (id or login)")},
		&cli.StringFlag{Name: "system", Usage: p.say("この対象システムのもの", "on this system")},
		&cli.StringFlag{Name: "from", Usage: p.say("この日から(2026-11-24)", "from this day (2026-11-24)")},
		&cli.StringFlag{Name: "until", Usage: p.say("この日まで", "until this day")},
	}
}

// sessionFilter is the question that these options ask.
func sessionFilter(c *cli.Context) url.Values {
	q := url.Values{}
	for _, name := range []string{"engineer", "vendor", "system", "from", "until"} {
		if v := c.String(name); v != "" {
			q.Set(name, v)
		}
	}
	if c.Bool("due") {
		q.Set("state", "disposal-due")
	}
	return q
}

// purgeCommand shows what is due, and disposes of one recording at a time.
func (p *program) purgeCommand() *cli.Command {
	return p.listLeaf("purge", "[ID]", "保存期間を過ぎたものの一覧、IDがあればその一つをいま廃棄する", "list what is due; with an ID, dispose of that one now", func(c *cli.Context) error {
		id := c.Args().First()
		if id == "" {
			v, err := fetchList(p, c, api.Recordings.All(), url.Values{"state": {"disposal-due"}})
			if err != nil {
				return err
			}
			return list(p, v, "廃棄できる操作記録はありません。", "No recording is due for disposal.", p.recordingFields()[:5])
		}
		reason, err := p.reason(c)
		if err != nil {
			return err
		}
		v, err := actProved(p, c, api.Recordings.Act(id, "purge"), func(f api.Fresh) any { return api.LiftBody{Reason: reason, Fresh: f} })
		if err != nil {
			return err
		}
		return p.done(v, "廃棄しました: "+v.Session+"(台帳の recording.disposed が証拠です)", "disposed of: "+v.Session+" (the entry recording.disposed is the receipt)")
	}, p.reasonFlag(), p.authFlag())
}

// receiptCommand prints the receipt of a disposal.
func (p *program) receiptCommand() *cli.Command {
	return p.leaf("receipt", "ID", "廃棄した操作記録の廃棄証明書をPDFにする", "print the receipt of a recording's disposal, as PDF", func(c *cli.Context) error {
		return p.download(c, api.FormFile("receipt"), url.Values{"id": {c.Args().First()}, "print": {"true"}, "lang": {p.lang}})
	}, p.outputFlag(), p.forceFlag())
}
