package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/web"
	"sekimori/recordings"
)

// lookQuery is what every look at a recording's content asks with.
func lookQuery(c *cli.Context) url.Values {
	q := look(c)
	if c.Bool("damaged") {
		q.Set("damaged", "true")
	}
	return q
}

// damagedFlag opens a recording that does not hold.
func (p *program) damagedFlag() cli.Flag {
	return &cli.BoolFlag{Name: "damaged", Usage: p.say("台帳と合わない操作記録も開く(点検担当だけ。そのことを繰り返し表示する)", "open it although it does not hold against the ledger (auditors only; said again and again)")}
}

// sayDamaged says on standard error that what comes does not hold against the ledger, and says it once more at the end.
func (p *program) sayDamaged(resp *http.Response) (again func()) {
	finding := resp.Header.Get(api.HeaderDamaged)
	if finding == "" {
		return func() {}
	}
	say := func() {
		fmt.Fprintf(p.err, p.say("【証拠として使えません】台帳と合わない操作記録です [%s]\n", "NOT EVIDENCE: this recording does not hold against the ledger [%s]\n"), plain(finding))
	}
	say()
	return say
}

// sayDamage shows the mark that a damaged recording's frames carry, as a line of its own.
func (p *program) sayDamage(s shower, f api.PlayFrame) error {
	var d api.Damaged
	if json.Unmarshal(f.Body, &d) != nil {
		d = api.Damaged{JA: "台帳と合わない操作記録です", EN: "this recording does not hold against the ledger"}
	}
	return p.write(s.Warn(f.At(), plain(d.JA), plain(d.EN)))
}

// whoseFile requires that the sealed file itself names its session. A file that the broker calls damaged is shown with its mark instead.
func whoseFile(resp *http.Response, r *recordings.Reader) error {
	want := resp.Header.Get(api.HeaderRecording)
	if resp.Header.Get(api.HeaderDamaged) != "" || want == "" || r.Header().Session == want {
		return nil
	}
	return &failure{
		ja: fmt.Sprintf("届いた操作記録は %s のものではありません", want), en: "what arrived is not the recording of " + want,
		hintJA: "点検担当と情報システム課へ", hintEN: "call the auditors and the information-systems section",
	}
}

// inputFrames writes the frames of the fetched file. Where the broker names the file's digest, the bytes read to the end must
// match it: a file that was cut on its way does not pass for a short one.
func (p *program) inputFrames(ctx context.Context, w io.Writer, resp *http.Response, r *recordings.Reader) error {
	if finding := resp.Header.Get(api.HeaderDamaged); finding != "" {
		_, err := web.WriteDamagedFrames(ctx, w, r, api.Damaged{
			Finding: finding, JA: "【証拠として使えません】台帳と合わない操作記録です", EN: "NOT EVIDENCE: this recording does not hold against the ledger",
		})
		return err
	}
	if _, err := web.WriteFrames(ctx, w, r); err != nil {
		return err
	}
	if want := resp.Header.Get(api.HeaderSHA256); want != "" && want != r.Digest().SHA256.String() {
		return errors.New("what arrived is not the whole recording")
	}
	return nil
}
