package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/recordings"
)

// enrollAll applies the registry, which on an empty one founds it and hands out the enrolment
// codes, and lets everybody enrol.
func (d *demo) enrollAll(ctx context.Context) error {
	cast := func(login, ja, en string) *actor {
		return &actor{d: d, login: login, ja: ja, en: en, password: "demo-" + login + "-passphrase"}
	}
	d.admin, d.joho = cast("admin", "管理者", "administrator"), cast("joho", "情報システム課長", "head of information systems")
	d.tantou = cast("tantou", "担当職員", "requester")
	d.kacho, d.tachiai = cast("kacho", "人事課長", "head of section"), cast("tachiai", "立会者", "attendant")
	d.tenken, d.sato = cast("tenken", "点検担当", "auditor"), cast("sato", "保守要員", "engineer")
	file := filepath.Join(d.dir, "registry.yaml")
	if err := os.WriteFile(file, []byte(d.registry()), 0o600); err != nil {
		return err
	}
	var applied api.Plan
	if err := d.admin.ask(ctx, &applied, "apply", "-f", file); err != nil {
		return err
	}
	// Founding hands out one enrolment code, the administrator's; everybody else's come from there.
	if err := d.admin.enroll(ctx, applied.Code); err != nil {
		return err
	}
	d.madoguchi = cast("madoguchi", "保守事業者窓口", "vendor contact")
	for _, a := range []*actor{d.joho, d.tantou, d.kacho, d.tachiai, d.tenken, d.sato, d.madoguchi} {
		var code api.EnrollCode
		if err := d.admin.ask(ctx, &code, "person", "enroll-code", a.login); err != nil {
			return err
		}
		if err := a.enroll(ctx, code.Text); err != nil {
			return err
		}
	}
	d.narrate("enroll",
		"人事課の職員、情報システム課、保守事業者の保守要員と窓口を登録しました。全員が自分のパスワードと二つ目の認証を持ちます。共用の利用者はありません。",
		"Staff of the personnel section, the information-systems section and the vendor's engineer and contact are enrolled. Everybody has a password and a second factor of their own; nothing is shared.",
		map[string]any{"people": 8})
	return nil
}

// file submits the request.
func (d *demo) file(ctx context.Context) error {
	if err := d.submit(ctx, demoWindow, "給与計算の端数誤りの調査", "files: none"); err != nil {
		return err
	}
	d.narrate("request",
		"担当職員が申請 "+d.request+" を出しました: 保守要員A が hr-db に、"+d.clock(d.end, "15:04:05")+" まで。保守要員が特記事項と録画を承知していることも届け出ています。",
		"The requester filed request "+d.request+": engineer A to hr-db, until "+d.clock(d.end, "15:04:05")+". It declares that the engineer knows the special clauses and the recording.",
		map[string]any{"request_no": d.request, "end": d.end.Format(time.RFC3339)})
	return nil
}

// submit files a request for a window that begins after demoLead: an approval comes before the start.
func (d *demo) submit(ctx context.Context, length time.Duration, purpose, files string) error {
	d.start = d.now().Truncate(time.Second).Add(demoLead)
	d.end = d.start.Add(length)
	text := fmt.Sprintf(`system: hr
accounts: [hr-db/hrmnt01]
engineers: [sato]
start: %s
end: %s
purpose: %s
work_type: survey
responsible_party: reiji
phone: 000-0000-0000
attendant: tachiai
%s
clauses_told: true
recording_told: true
`, d.start.Format(time.RFC3339), d.end.Format(time.RFC3339), purpose, files)
	file := filepath.Join(d.dir, "request.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	var r api.Request
	err := d.tantou.ask(ctx, &r, "request", "submit", "-f", file)
	d.request = r.No
	return err
}

// tooSoon shows that no one gets in before the approval, and the text of the refusal.
func (d *demo) tooSoon(ctx context.Context) error {
	c, err := d.connect(ctx, atTarget)
	if err != nil {
		return err
	}
	defer c.Close()
	_, said, status, err := c.once("id")
	if err != nil {
		return err
	}
	if status != 251 || !strings.Contains(said, "[107]") {
		return fmt.Errorf("an unapproved connection ended with status %d and said: %s", status, said)
	}
	d.narrate("refused-before-approval",
		"承認の前に保守要員が接続してみると、断られます(終了コード 251)。",
		"The engineer tries before the approval and is refused (exit status 251).",
		map[string]any{"number": 107, "exit": status}, linesOf(said)...)
	return nil
}

// linesOf gives the lines of a text, fit for a terminal.
func linesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if l := strings.TrimSpace(line); l != "" {
			out = append(out, recordings.Visible(l))
		}
	}
	return out
}

// check shows what the head reads before deciding: the items to confirm and, from the second time on, what differs.
func (d *demo) check(ctx context.Context) error {
	var k api.Checked
	if err := d.kacho.ask(ctx, &k, "request", "check", d.request); err != nil {
		return err
	}
	if len(k.Items) != 11 || !k.First {
		return fmt.Errorf("%d check items, first %t", len(k.Items), k.First)
	}
	seen, err := d.kacho.reads(ctx, "request", "check", d.request)
	if err != nil {
		return err
	}
	d.narrate("check", "人事課長は、決める前に確認事項と前回との違いを見ます。今回は初回です。",
		"Before deciding, the head of section sees the items to confirm and what differs from last time. This is the first time.",
		map[string]any{"items": len(k.Items), "reasons_needed": len(needing(k))}, seen...)
	return nil
}

// needing lists the check items whose approval needs a reason.
func needing(k api.Checked) (items []string) {
	for _, item := range k.Items {
		if item.NeedsReason {
			items = append(items, item.Code)
		}
	}
	return items
}

func (d *demo) approve(ctx context.Context) error {
	// The requester's own approval and one without reasons first: neither must go through.
	var r api.Request
	var failed *commandFailed
	err := d.tantou.sign(ctx, &r, "request", "approve", d.request)
	if !errors.As(err, &failed) || failed.status != 3 {
		return fmt.Errorf("the requester could approve their own request: %v", err)
	}
	own := failed.status
	if err := d.kacho.sign(ctx, &r, "request", "approve", d.request); !errors.As(err, &failed) {
		return fmt.Errorf("the head could approve without a reason: %v", err)
	}
	because, err := d.consent(ctx, &r)
	if err != nil {
		return err
	}
	if r.State != "approved" || len(r.Windows) != 1 {
		return fmt.Errorf("after the approval the request is %s with %d windows", r.State, len(r.Windows))
	}
	d.window = r.Windows[0]
	d.narrate("approve",
		"申請者自身の承認は断られます。人事課長も、注意や不適合の項目に理由を書かなければ承認できません。理由を添え、パスワードと認証コードで承認しました。",
		"The requester's own approval is refused. The head, too, cannot approve without a reason for each item that is not met; with reasons, password and one-time code the request is approved.",
		map[string]any{"window": d.window, "self_approval": own, "because": because}, because...)
	return nil
}

// consent lets the head approve, with a reason for each check item that calls for one.
func (d *demo) consent(ctx context.Context, r *api.Request) (because []string, err error) {
	var k api.Checked
	if err := d.kacho.ask(ctx, &k, "request", "check", d.request); err != nil {
		return nil, err
	}
	words := map[string]string{
		"attendant": d.say("係長が初回だけ付き添う", "the chief sits beside the first time"),
		"backup":    d.say("当日、開始前に立会者が確かめる", "the attendant confirms it on the day, before the start"),
	}
	line := []string{"request", "approve", d.request}
	for _, item := range needing(k) {
		why := words[item]
		if why == "" {
			why = d.say("担当職員と確かめた", "looked into with the requester")
		}
		because = append(because, item+": "+why)
		line = append(line, "--because", item+"="+why)
	}
	return because, d.kacho.sign(ctx, r, line...)
}
