package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/recordings"
)

func (p *program) recordingFields() []column[api.Recording] {
	return []column[api.Recording]{
		{"接続番号", "SESSION", func(v api.Recording) string { return v.Session }},
		{"状態", "STATE", func(v api.Recording) string {
			state := word(p, api.RecordingState(v.State))
			switch {
			case !v.Disposed.IsZero():
				state += " " + stamp(v.Disposed)
			case v.Held:
				state += p.say(" 保全中(廃棄停止)", ", on hold")
			case !v.Due.IsZero():
				state += fmt.Sprintf(p.say(" 廃棄予定(%s)", ", disposal due %s"), v.Due.Format(time.DateOnly))
			}
			return p.drill(v.Drill) + state
		}},
		{"保守要員", "ENGINEER", func(v api.Recording) string { return p.named(v.Engineer) }},
		{"接続先", "TARGET", func(v api.Recording) string { return v.Target }},
		{"開始", "STARTED", func(v api.Recording) string { return stamp(v.Started) }},
		{"終了", "ENDED", func(v api.Recording) string { return stamp(v.Ended) }},
		{"大きさ", "BYTES", func(v api.Recording) string { return strconv.FormatInt(v.Size, 10) }},
		{"検証値", "SHA256", func(v api.Recording) string { return v.SHA256 }},
		{"保存(日)", "KEPT (DAYS)", func(v api.Recording) string {
			if v.KeptDays == 0 {
				return ""
			}
			return strconv.Itoa(v.KeptDays)
		}},
		{"保全(廃棄停止)", "ON HOLD", func(v api.Recording) string { return p.holds(v.Holds) }},
	}
}

func (p *program) recordingCommand() *cli.Command {
	damaged := p.damagedFlag()
	return p.group("recording", "操作記録", "recordings",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.Recordings.All(), sessionFilter(c))
			if err != nil {
				return err
			}
			return list(p, v, "操作記録はありません。", "No recordings.", p.recordingFields()[:5])
		}, append(p.sessionFilterFlags(), &cli.BoolFlag{Name: "due", Usage: p.say("保存期間を過ぎ、廃棄できるものだけ", "only those whose time is over and which nothing keeps")})...),
		p.leaf("show", "ID", "一つを見る(中身は見ない)", "show one (not its content)", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Recordings.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.recordingFields())
		}),
		p.leaf("play", "ID|FILE.skr", "再生する(ファイルは --identity を付けて、関守なしで)", "play; a file with --identity, without a broker", p.play, append(p.showFlags(), p.purposeFlag(policy.ActPlay), p.explanationFlag(), damaged,
			&cli.StringFlag{Name: "identity", Usage: p.say("入力を開く age の秘密鍵のファイル(この機械だけで使い、送りません)", "file of the age identity that opens the input (used here only, never sent)")},
			&cli.Float64Flag{Name: "speed", Value: 1, Usage: p.say("速さ(0 は待たずに全部)", "speed (0: all at once)")},
			&cli.DurationFlag{Name: "idle", Value: 2 * time.Second, Usage: p.say("操作のない間を長くともこれだけ待つ(0 は縮めない)", "wait at most so long where nothing happened (0: as it was)")},
			&cli.DurationFlag{Name: "from", Usage: p.say("開始からの時間。そこまでは待たずに進む(例 12m30s)", "time since the start; up to there without waiting (12m30s)")})...),
		p.leaf("export", "ID", "書き出す(点検担当だけ)", "export (auditors only)", p.exportRecording, p.purposeFlag(policy.ActPlay), p.explanationFlag(), damaged,
			&cli.StringFlag{Name: "format", Usage: "asciicast|text|raw|html"}, p.channelFlag(), p.encodingFlag(),
			p.outputFlag(), p.forceFlag()),
		p.searchCommand(), p.indexCommand(),
		p.holdCommand(), p.releaseCommand(), p.purgeCommand(), p.receiptCommand(), p.accessCommand(),
		p.leaf("verify", "ID", "台帳の検証値と突き合わせる", "hold it against the digest in the ledger", p.verifyRecording),
	)
}

// identitiesIn reads the identities of a file as age writes it.
func identitiesIn(name string) ([]age.Identity, error) {
	key, err := os.Open(name)
	if err != nil {
		return nil, &failure{ja: "秘密鍵のファイルを読めません", en: "cannot read the identity file", cause: err}
	}
	defer key.Close()
	identities, err := age.ParseIdentities(key)
	if err != nil {
		return nil, &failure{ja: "age の秘密鍵ではありません", en: "not an age identity", cause: err}
	}
	return identities, nil
}

// playInput fetches the sealed file and opens it here: the identity that opens the input never
// goes to the broker.
func (p *program) playInput(c *cli.Context, o showing) error {
	identities, err := identitiesIn(c.String("identity"))
	if err != nil {
		return err
	}
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	resp, err := k.Open(c.Context, api.Look(c.Args().First(), "file"), lookQuery(c))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	defer p.sayDamaged(resp)()
	keys := &lateKeys{open: func() (io.ReadCloser, error) {
		more, err := k.Open(c.Context, api.Look(c.Args().First(), "keys"), lookQuery(c))
		var f *api.Fault
		if errors.As(err, &f) && f.Code == api.CodeNotFound {
			return nil, io.EOF // the recording has no keys file
		}
		if err != nil {
			return nil, err
		}
		return more.Body, nil
	}}
	defer keys.Close()
	r, err := recordings.NewReaderWithKeys(resp.Body, keys, identities...)
	if err != nil {
		return &failure{
			ja: "この鍵では操作記録を開けません", en: "this identity does not open the recording",
			hintJA: "入力は設定の recipients の input の鍵だけが、画面出力は auditors の鍵と、後から加えた鍵(sekimori recording access list)が開けます",
			hintEN: "the input opens with the identities of input of recipients only; the output with those of auditors, and with further keys (sekimori recording access list)", cause: err,
		}
	}
	if err := whoseFile(resp, r); err != nil {
		return err
	}
	h := r.Header()
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		zone = time.UTC
	}
	o.view.Started = h.Started.In(zone)
	if err := p.readAs(c, &o.view, resp); err != nil {
		return err
	}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(p.inputFrames(c.Context, pw, resp, r)) }()
	defer pr.Close()
	return p.show(c.Context, pr, o)
}

// lateKeys fetches the keys file of a recording only when it is read: most identities open the recording by its own header.
type lateKeys struct {
	open func() (io.ReadCloser, error)
	body io.ReadCloser
}

func (l *lateKeys) Read(b []byte) (n int, err error) {
	if l.body == nil {
		if l.body, err = l.open(); err != nil {
			return 0, err
		}
	}
	return l.body.Read(b)
}

func (l *lateKeys) Close() error {
	if l.body == nil {
		return nil
	}
	return l.body.Close()
}

func (p *program) exportRecording(c *cli.Context) error {
	format, err := p.need(c, "format")
	if err != nil {
		return err
	}
	switch format {
	case "asciicast", "text", "raw", "html":
	default:
		return &usageError{ja: fmt.Sprintf("知らない形式 %q", format), en: fmt.Sprintf("unknown format %q", format), hintJA: "asciicast、text、raw、html のどれかです", hintEN: "one of asciicast, text, raw, html"}
	}
	q := lookQuery(c)
	q.Set("format", format)
	if n := c.Int("channel"); n >= 0 {
		q.Set("channel", strconv.Itoa(n))
	}
	if e := c.String("encoding"); e != "" {
		q.Set("encoding", e)
	}
	return p.download(c, api.Look(c.Args().First(), "export"), q)
}

func (p *program) verifyRecording(c *cli.Context) error {
	v, err := fetch(p, c, api.VerifyRecording(c.Args().First()), nil)
	if err != nil {
		return err
	}
	if p.json {
		if err := p.writeJSON(v); err != nil {
			return err
		}
	}
	if !v.OK {
		return &failure{
			ja: fmt.Sprintf("操作記録 %s は台帳と合いません: %s", v.Session, cmp.Or(v.PlaceJA, v.Place)), en: fmt.Sprintf("recording %s does not hold against the ledger: %s", v.Session, v.Place),
			hintJA: "ファイルに触れず、点検担当と情報システム課へ", hintEN: "leave the file as it is; call the auditor and the information-systems section",
		}
	}
	if p.json {
		return nil
	}
	return p.done(v, fmt.Sprintf("合っています: %s sha256 %s(%d バイト)", v.Session, v.SHA256, v.Size), fmt.Sprintf("holds: %s sha256 %s (%d bytes)", v.Session, v.SHA256, v.Size))
}
