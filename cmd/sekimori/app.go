package main

import (
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

// app is the tree of commands.
func (p *program) app() *cli.App {
	return &cli.App{
		Name:                 "sekimori",
		HelpName:             "sekimori",
		Usage:                p.say("関守: 外部からの保守接続を、承認された時間枠の中だけ通す", "broker for remote maintenance: nobody in without an approved window"),
		HideVersion:          true,
		EnableBashCompletion: true,
		Writer:               p.out,
		ErrWriter:            p.err,
		Reader:               p.in,
		ExitErrHandler:       func(*cli.Context, error) {}, // run says it
		OnUsageError:         usageProblem,
		// A reason may hold commas: an option that may be repeated is repeated, never split.
		DisableSliceFlagSeparator: true,
		Flags:                     p.commonFlags(),
		Commands: append([]*cli.Command{
			p.initCommand(), p.serveCommand(), p.checkCommand(), p.applyCommand(),
			p.enrollCommand(), p.loginCommand(), p.logoutCommand(), p.whoamiCommand(),
			p.vendorCommand(), p.pledgeCommand(), p.paperCommand(), p.personCommand(), p.systemCommand(), p.targetCommand(), p.accountCommand(),
			p.requestCommand(), p.deputyCommand(), p.windowCommand(), p.attendCommand(),
			p.permitCommand(), p.filesCommand(), p.rosterCommand(), p.extensionCommand(), p.reportCommand(), p.sessionCommand(), p.recordingCommand(), p.reviewCommand(), p.findingCommand(), p.dayCommand(), p.lineCommand(), p.reconcileCommand(), p.freezeCommand(), p.incidentCommand(), p.alarmCommand(), p.notifyCommand(),
			p.keyCommand(), p.passkeyCommand(), p.passwordCommand(), p.factorCommand(),
			p.calendarCommand(), p.ledgerCommand(), p.formCommand(), p.annualCommand(), p.noticeCommand(),
		}, p.moreCommands()...),
	}
}

// commonFlags are understood by every command.
func (p *program) commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: p.say("結果と誤りを JSON で出す", "results and errors as JSON")},
		&cli.StringFlag{Name: "lang", Usage: p.say("言語 ja|en(既定は LANG)", "language ja|en (default from LANG)")},
		&cli.StringFlag{Name: "socket", Usage: p.say("関守のソケット(既定は $SEKIMORI_SOCKET か設定)", "the broker's socket (default $SEKIMORI_SOCKET or the configuration's)")},
		&cli.StringFlag{Name: "server", Usage: p.say("関守の HTTPS のアドレス https://HOST:PORT(既定は $SEKIMORI_SERVER か前回のサインイン)", "the broker over HTTPS, https://HOST:PORT (default $SEKIMORI_SERVER or the last sign-in's)")},
		&cli.StringFlag{Name: "server-fingerprint", Usage: p.say("そのサーバの指紋 SHA256:…", "fingerprint of that server, SHA256:…")},
		&cli.StringFlag{Name: "server-ca", Usage: p.say("そのサーバの証明書を確かめる PEM のファイル", "PEM file that the server's certificate is verified with")},
		&cli.StringFlag{Name: "config", Usage: p.say("設定ファイル(既定は $SEKIMORI_CONFIG か ./sekimori.yaml)", "configuration (default $SEKIMORI_CONFIG or ./sekimori.yaml)")},
	}
}

// authFlag goes with commands that ask for password and code.
func (p *program) authFlag() cli.Flag {
	return &cli.BoolFlag{Name: "auth-stdin", Usage: p.say("パスワードと認証コードを標準入力の二行から読む", "read password and one-time code as two lines from standard input")}
}

func (p *program) reasonFlag() cli.Flag {
	return &cli.StringFlag{Name: "reason", Usage: p.say("理由(記録されます)", "why; it is ledgered")}
}

// purposeFlag names the purposes that an act has.
func (p *program) purposeFlag(act policy.Act) cli.Flag {
	return &cli.StringFlag{Name: "purpose", Usage: p.say("閲覧目的(台帳に載ります): ", "purpose of viewing; it is ledgered: ") + p.purposes(act)}
}

// explanationFlag is what there is to say beside the purpose.
func (p *program) explanationFlag() cli.Flag {
	return &cli.StringFlag{Name: "explanation", Usage: p.say("閲覧目的の説明(台帳に載ります)", "what there is to explain about the purpose; it is ledgered")}
}

// purposes are the words for --purpose, each with what it means.
func (p *program) purposes(act policy.Act) string {
	var said []string
	for _, one := range policy.Purposes(act) {
		label := one.Label()
		word := string(one)
		if p.lang == "ja" {
			word += "(" + label.JA + ")"
		}
		said = append(said, word)
	}
	return strings.Join(said, p.say("、", ", "))
}

// look is the query of a call that looks at what is kept.
func look(c *cli.Context) url.Values {
	q := url.Values{"purpose": {c.String("purpose")}}
	if said := c.String("explanation"); said != "" {
		q.Set("explanation", said)
	}
	return q
}

// leaf is a command that does something; group is one that only holds others.
func (p *program) leaf(name, operands, ja, en string, act func(*cli.Context) error, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, ArgsUsage: operands, Usage: p.say(ja, en), Flags: append(flags, p.commonFlags()...),
		Action: act, OnUsageError: usageProblem, HideHelpCommand: true,
	}
}

// listLeaf is a command that shows a list, page by page.
func (p *program) listLeaf(name, operands, ja, en string, act func(*cli.Context) error, flags ...cli.Flag) *cli.Command {
	next := &cli.StringFlag{Name: "next", Usage: p.say("続きから(前の表の末尾に示されます)", "go on from here; the end of the page before names it")}
	return p.leaf(name, operands, ja, en, act, append(flags, next)...)
}

func (p *program) group(name, ja, en string, commands ...*cli.Command) *cli.Command {
	return &cli.Command{Name: name, Usage: p.say(ja, en), Subcommands: commands, Flags: p.commonFlags(), OnUsageError: usageProblem, HideHelpCommand: true}
}

func usageProblem(_ *cli.Context, err error, _ bool) error {
	return &usageError{ja: "オプションの値が違います: " + err.Error(), en: "an option's value is wrong: " + err.Error()}
}

// fetch reads one thing from the broker.
func fetch[T any](p *program, c *cli.Context, path api.Path[T], query url.Values) (T, error) {
	k, err := p.connect(c, true)
	if err != nil {
		var none T
		return none, err
	}
	return api.Get(c.Context, k, path, query)
}

// fetchList reads a page of a list: the first, or the one that --next names.
func fetchList[T any](p *program, c *cli.Context, path api.Path[api.List[T]], query url.Values) (api.List[T], error) {
	if next := c.String("next"); next != "" {
		if query == nil {
			query = url.Values{}
		}
		query.Set("next", next)
	}
	return fetch(p, c, path, query)
}

// act sends one act to the broker and reads the result.
func act[T any](p *program, c *cli.Context, path api.Path[T], body any) (T, error) {
	k, err := p.connect(c, true)
	if err != nil {
		var none T
		return none, err
	}
	return api.Post(c.Context, k, path, body)
}

// flagOr returns an option's value or a usage error that names it.
func (p *program) need(c *cli.Context, name string) (string, error) {
	v := c.String(name)
	if v == "" {
		return "", &usageError{
			ja: "--" + name + " が要ります", en: "--" + name + " is required",
			hintJA: "`" + c.Command.HelpName + " --help` をご覧ください", hintEN: "see `" + c.Command.HelpName + " --help`",
		}
	}
	return v, nil
}
