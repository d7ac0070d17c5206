package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/web"
)

// enrollAll applies the registry, which on an empty one founds it and hands out the enrolment
// codes, and lets everybody enrol.
func (d *demo) enrollAll(ctx context.Context) error {
	cast := func(login, ja, en string) *actor {
		return &actor{d: d, login: login, ja: ja, en: en, password: "demo-" + login + "-passphrase"}
	}
	d.admin, d.tantou = cast("admin", "管理者", "administrator"), cast("tantou", "担当職員", "requester")
	d.kacho, d.tachiai = cast("kacho", "人事課長", "head of section"), cast("tachiai", "立会者", "attendant")
	d.tenken, d.sato = cast("tenken", "点検担当", "auditor"), cast("sato", "保守要員", "engineer")
	file := filepath.Join(d.dir, "registry.yaml")
	if err := os.WriteFile(file, []byte(d.registry()), 0o600); err != nil {
		return err
	}
	var applied web.ApplyReply
	if err := d.admin.ask(ctx, &applied, "apply", "-f", file); err != nil {
		return err
	}
	// Founding hands out one enrolment code, the administrator's; everybody else's come from there.
	if err := d.admin.enroll(ctx, applied.Code); err != nil {
		return err
	}
	for _, a := range []*actor{d.tantou, d.kacho, d.tachiai, d.tenken, d.sato} {
		var code registry.Code
		if err := d.admin.ask(ctx, &code, "person", "enroll-code", a.login); err != nil {
			return err
		}
		if err := a.enroll(ctx, code.Text); err != nil {
			return err
		}
	}
	d.narrate("enroll",
		"人事課の職員、情報システム課、保守事業者の保守要員を登録しました。全員が自分のパスワードと二つ目の認証を持ちます。共用の利用者はありません。",
		"Staff of the personnel section, the information-systems section and the vendor's engineer are enrolled. Everybody has a password and a second factor of their own; nothing is shared.",
		map[string]any{"people": 6})
	return nil
}

// file submits the request.
func (d *demo) file(ctx context.Context) error {
	no, end, err := d.submit(ctx, demoLead, demoWindow)
	if err != nil {
		return err
	}
	d.request, d.end = no, end
	d.narrate("request",
		"担当職員が申請 "+no+" を出しました: 保守要員A が hr-db に、"+d.clock(end, "15:04:05")+" まで。",
		"The requester filed request "+no+": engineer A to hr-db, until "+d.clock(end, "15:04:05")+".",
		map[string]any{"request_no": no, "end": end.Format(time.RFC3339)})
	return nil
}

// submit files a request for a window that begins after lead: an approval comes before the start.
func (d *demo) submit(ctx context.Context, lead, length time.Duration) (no string, end time.Time, err error) {
	start := d.p.now().Truncate(time.Second).Add(lead)
	end = start.Add(length)
	text := fmt.Sprintf(`system: hr
accounts: [hr-db/hrmnt01]
engineers: [sato]
start: %s
end: %s
purpose: 給与計算の端数誤りの調査
work_type: survey
responsible: reiji
phone: 000-0000-0000
attendant: tachiai
files: none
`, start.Format(time.RFC3339), end.Format(time.RFC3339))
	file := filepath.Join(d.dir, "request.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", end, err
	}
	var r web.Request
	err = d.tantou.ask(ctx, &r, "request", "submit", "-f", file)
	return r.No, end, err
}

// tooSoon shows that nobody gets in before the approval, and with which words.
func (d *demo) tooSoon(ctx context.Context) error {
	c, err := d.connect(ctx)
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
			out = append(out, plain(l))
		}
	}
	return out
}

func (d *demo) approve(ctx context.Context) error {
	// The requester's own approval first: it must not go through.
	var r web.Request
	var failed *commandFailed
	err := d.tantou.sign(ctx, &r, "request", "approve", d.request)
	if !errors.As(err, &failed) || failed.status != 3 {
		return fmt.Errorf("the requester could approve their own request: %v", err)
	}
	if err := d.consent(ctx, &r, d.request); err != nil {
		return err
	}
	if r.State != "approved" || len(r.Windows) != 1 {
		return fmt.Errorf("after the approval the request is %s with %d windows", r.State, len(r.Windows))
	}
	d.window = r.Windows[0]
	d.narrate("approve",
		"申請者自身の承認は断られ、人事課長がパスワードと認証コードで承認しました。",
		"The requester's own approval is refused; the head of section approves with password and one-time code.",
		map[string]any{"window": d.window, "self_approval": failed.status})
	return nil
}

// consent lets the head approve, with a reason for each check item that calls for one.
func (d *demo) consent(ctx context.Context, r *web.Request, no string) error {
	var k web.Checked
	if err := d.kacho.ask(ctx, &k, "request", "check", no); err != nil {
		return err
	}
	line := []string{"request", "approve", no}
	for _, item := range k.Items {
		if item.NeedsReason {
			line = append(line, "--because", item.Code+"="+d.p.say("確かめました", "looked into"))
		}
	}
	return d.kacho.sign(ctx, r, line...)
}

func (d *demo) open(ctx context.Context) error {
	var w web.Window
	if err := d.tachiai.ask(ctx, &w, "window", "open", d.window); err != nil {
		return err
	}
	if w.State != "permitted" {
		if err := d.tachiai.sign(ctx, &w, "attend", "permit", d.window); err != nil {
			return err
		}
	}
	wait := time.Until(d.end.Add(-demoWindow))
	d.narrate("open", "立会者が持ち場につき、開始を許可しました。開始時刻まで待ちます…", "The attendant takes the post and permits the start. Waiting for the window to begin …",
		map[string]any{"window": w.ID, "state": w.State, "seconds": int(wait.Seconds())})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// work connects, works, tries to copy a file, and is cut when the window ends.
func (d *demo) work(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoWindow+30*time.Second)
	defer cancel()
	c, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := d.knownHosts(); err != nil {
		return err
	}
	d.narrate("connect", "保守要員が普通の ssh で接続しました。鍵と認証コードのあと、告知に同意します。",
		"The engineer connects with ordinary ssh: key, one-time code, then consent to the notice.", nil, linesOf(c.card)...)
	out, _, status, err := c.once("echo work done by $USER; exit 7")
	if err != nil {
		return err
	}
	if status != 7 || strings.TrimSpace(out) != "work done by hrmnt01" {
		return fmt.Errorf("the command gave status %d and %q", status, out)
	}
	d.narrate("work", "接続先で作業しました。出力と終了コード(7)はそのまま届き、中継の前に記録されています。",
		"Work on the target: output and exit status (7) arrive unchanged, recorded before they are relayed.",
		map[string]any{"exit": status}, "$ echo work done by $USER; exit 7", strings.TrimSpace(out))
	said, status, err := c.sftp()
	if err != nil {
		return err
	}
	if !strings.Contains(said, "[117]") {
		return fmt.Errorf("a file copy was not refused: status %d, %q", status, said)
	}
	d.narrate("refused-copy", "許可のないファイルの持出しは断られます。", "Copying a file, which the window does not permit, is refused.",
		map[string]any{"number": 117, "exit": status}, linesOf(said)...)
	return d.cut(ctx, c)
}

func (d *demo) cut(ctx context.Context, c *connection) error {
	t, err := c.shell()
	if err != nil {
		return err
	}
	fmt.Fprint(t.in, "while :; do date; sleep 1; done\n")
	d.narrate("wait", "端末を開いたまま、時間枠の終わりを待ちます…", "A terminal stays open with output running, until the window ends …",
		map[string]any{"seconds": int(time.Until(d.end).Seconds())})
	if err := t.await(ctx, "[201]"); err != nil {
		return err
	}
	t.session.Wait()
	c.Wait()
	closed := time.Now()
	seen, last := t.text()
	if late := max(last.Sub(d.end), closed.Sub(d.end)); late > time.Second {
		return fmt.Errorf("the connection outlived the window by %s", late)
	}
	for wait := time.Now().Add(2 * time.Second); d.target.Open() > 0; {
		if time.Now().After(wait) {
			return fmt.Errorf("%d connections are still open on the target", d.target.Open())
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.narrate("cut", "時間枠が終わり、関守が両側の接続を切りました。接続先には何も残っていません。",
		"The window ended and the broker cut both sides. Nothing is left on the target.",
		map[string]any{"after_end_ms": closed.Sub(d.end).Milliseconds()},
		matching(seen[strings.Index(seen, "[201]"):], "[201]", ":")...)

	again, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer again.Close()
	_, said, status, err := again.once("id")
	if err != nil {
		return err
	}
	if status != 252 || !strings.Contains(said, "[111]") {
		return fmt.Errorf("a connection after the end gave status %d and said: %s", status, said)
	}
	d.narrate("refused-after-end", "終わったあとの再接続は断られます(終了コード 252)。", "Connecting again after the end is refused (exit status 252).",
		map[string]any{"number": 111, "exit": status}, linesOf(said)[:1]...)
	return nil
}

// review lets somebody who neither approved nor attended look and sign.
func (d *demo) review(ctx context.Context) error {
	var reviews []web.Review
	if err := d.tenken.ask(ctx, &reviews, "review", "list"); err != nil {
		return err
	}
	if len(reviews) != 1 {
		return fmt.Errorf("%d sessions are due for review, not 1", len(reviews))
	}
	d.session = reviews[0].Session
	shown, err := d.tenken.sekimori(ctx, nil, "recording", "export", d.session, "--purpose", "periodic-review", "--format", "text", "--channel", "0")
	if err != nil {
		return err
	}
	if !strings.Contains(string(shown), "work done by hrmnt01") {
		return fmt.Errorf("the recording does not hold the output that the engineer saw")
	}
	var failed *commandFailed
	var r web.Review
	if err := d.tachiai.ask(ctx, &r, "review", "sign", d.session, "--verdict", "ok"); !errors.As(err, &failed) || failed.status != 3 {
		return fmt.Errorf("the attendant could review their own session: %v", err)
	}
	if err := d.tenken.ask(ctx, &r, "review", "sign", d.session, "--verdict", "ok", "--note", "demonstration"); err != nil {
		return err
	}
	d.narrate("review", "点検担当が目的を示して操作記録 "+d.session+" を読み、「適正」と署名しました。立会者自身の点検は断られます。",
		"The auditor states a purpose, reads recording "+d.session+" and signs it as appropriate. The attendant's own review is refused.",
		map[string]any{"session_id": d.session, "verdict": r.State})
	return nil
}

// verify exports the ledger and checks it offline, with nothing but the verifier key.
func (d *demo) verify(ctx context.Context) error {
	file := filepath.Join(d.dir, "ledger.jsonl")
	if _, err := d.tenken.sekimori(ctx, nil, "ledger", "export", "--format", "jsonl", "--purpose", "periodic-review", "-o", file); err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(d.dir, "broker", "ledger.pub"))
	if err != nil {
		return err
	}
	verifier, err := ledger.ParseKey(strings.TrimSpace(string(key)))
	if err != nil {
		return err
	}
	export, err := os.Open(file)
	if err != nil {
		return err
	}
	defer export.Close()
	report, err := ledger.Verify(export, ledger.VerifyOptions{Key: verifier})
	if err != nil {
		return fmt.Errorf("the exported ledger does not verify: %w", err)
	}
	if !report.SignerVerified {
		return errors.New("the ledger's signer was not verified")
	}
	d.narrate("verify", fmt.Sprintf("台帳を書き出し、関守の外で検証しました: %d 件、改ざんなし。", report.Entries),
		fmt.Sprintf("The ledger is exported and verified apart from the broker: %d entries, no tampering found.", report.Entries),
		map[string]any{"entries": report.Entries})
	return nil
}

// second opens a longer window, for whoever wants to try by hand.
func (d *demo) second(ctx context.Context) error {
	no, end, err := d.submit(ctx, demoLead, time.Hour)
	if err != nil {
		return err
	}
	var r web.Request
	if err := d.consent(ctx, &r, no); err != nil {
		return err
	}
	d.request, d.window, d.end = no, r.Windows[0], end
	var w web.Window
	if err := d.tachiai.ask(ctx, &w, "window", "open", d.window); err != nil {
		return err
	}
	if w.State != "permitted" {
		return d.tachiai.sign(ctx, &w, "attend", "permit", d.window)
	}
	return nil
}

// invite prints what to try next.
func (d *demo) invite(ctx context.Context) {
	code, err := d.sato.code(ctx)
	if err != nil {
		return
	}
	port := d.broker.SSHAddr().(*net.TCPAddr).Port
	at := func(a *actor, command string) string {
		return fmt.Sprintf("  SEKIMORI_TOKEN_FILE=$D/tokens/%s.json go run ./cmd/sekimori %s", a.login, command)
	}
	ssh := fmt.Sprintf("ssh -p %d -i %s -o UserKnownHostsFile=%s", port, filepath.Join(d.dir, "engineer"), filepath.Join(d.dir, "known_hosts"))
	d.narrate("try", "次は自分で。新しい時間枠 "+d.window+" が "+d.clock(d.end, "15:04")+" まで開いています。Enter で新しい認証コード、Ctrl-C で終わります。",
		"Now by hand. A new window, "+d.window+", is open until "+d.clock(d.end, "15:04")+". Enter gives a fresh one-time code, Ctrl-C ends.",
		map[string]any{"ssh": ssh + " sato+hr-db@127.0.0.1", "code": code, "window": d.window},
		"", d.p.say("別の端末で、このリポジトリから:", "In another terminal, from this repository:"),
		"  D="+d.dir, "  export SEKIMORI_SOCKET=$D/broker/run/sekimori.sock",
		"", d.p.say("保守要員として接続する(認証コード ", "Connect as the engineer (one-time code ")+code+")",
		"  "+strings.ReplaceAll(ssh, d.dir, "$D")+" sato+hr-db@127.0.0.1",
		"", d.p.say("立会者として見る・閉じる", "Watch and close as the attendant"),
		at(d.tachiai, "session list"),
		at(d.tachiai, "session watch S-… --purpose attendance"),
		at(d.tachiai, "window close "+d.window),
		"", d.p.say("点検担当として読む・確かめる", "Read and verify as the auditor"),
		at(d.tenken, "recording play S-… --purpose periodic-review"),
		at(d.tenken, "ledger list"),
		"", d.p.say("人事課長としてすべてを凍結する", "Freeze everything as the head of section"),
		at(d.kacho, "freeze on --all --reason test"))
}

// clock says a time in the zone of the demonstration's institution.
func (d *demo) clock(t time.Time, layout string) string { return t.In(d.zone).Format(layout) + " JST" }
