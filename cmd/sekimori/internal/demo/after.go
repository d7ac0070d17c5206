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
	"sekimori/broker/ledger"
)

// report: the engineer reports on the work, the section accepts, the attendant confirms how it was attended.
func (d *demo) report(ctx context.Context) error {
	file := filepath.Join(d.dir, "report.yaml")
	text := fmt.Sprintf("session: %s\ndone: %s\nresult: done\nrolled_back: false\npii_viewed: false\npii_copied: false\n",
		d.session, d.say("端数処理の設定を調べた", "looked into the rounding"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	var r api.Report
	if err := d.sato.ask(ctx, &r, "report", "submit", "-f", file); err != nil {
		return err
	}
	if err := d.tantou.ask(ctx, &r, "report", "accept", r.ID); err != nil {
		return err
	}
	d.narrate("report", "保守要員が作業報告書 "+r.ID+" を出し、担当職員が確認しました。個人情報を見たか、写したかは、書かずに済ませられません。",
		"The engineer hands in work report "+r.ID+" and the requester accepts it. Whether personal information was seen or copied has to be said.",
		map[string]any{"report": r.ID, "state": r.State}, strings.Split(strings.TrimSpace(text), "\n")...)

	// The step of the close first: the record holds what was ticked when.
	var v api.Attendance
	if err := d.tachiai.ask(ctx, &v, "attend", "tick", d.window, "restored"); err != nil {
		return err
	}
	var record api.AttendanceRecord
	if err := d.tachiai.ask(ctx, &record, "report", "attest", d.window, "--unexpected", "no", "--lines-restored", "yes"); err != nil {
		return err
	}
	seen, err := d.tachiai.reads(ctx, "report", "attendance", d.window)
	if err != nil {
		return err
	}
	state, err := d.concluded(ctx)
	if err != nil {
		return err
	}
	d.narrate("attest", "立会者が終了後の手順を済ませ、立会確認書 "+record.ID+" を出しました。手順、回線、一時停止、命令の許可、延長は、起きたときに書かれています。申請は完了です。",
		"The attendant ticks what comes after the end and confirms attendance record "+record.ID+". Steps, line, pause, the allowed command and the extension stand there as they were written when they happened. The request is closed.",
		map[string]any{"record": record.ID, "request": state}, seen...)
	return nil
}

// concluded waits until the broker has noticed that the request is over and owes nothing: it looks every few seconds.
func (d *demo) concluded(ctx context.Context) (string, error) {
	for began := time.Now(); ; {
		var r api.Request
		if err := d.tantou.ask(ctx, &r, "request", "show", d.request); err != nil {
			return "", err
		}
		if r.State == "closed" {
			return r.State, nil
		}
		if time.Since(began) > patience {
			return "", fmt.Errorf("after report and record the request is %s", r.State)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// review lets a person who neither approved nor attended look and sign.
func (d *demo) review(ctx context.Context) error {
	shown, err := d.tenken.sekimori(ctx, nil, "recording", "export", d.session, "--purpose", "periodic-review", "--format", "text", "--channel", "0")
	if err != nil {
		return err
	}
	if !strings.Contains(string(shown), "work done by hrmnt01") {
		return fmt.Errorf("the recording does not hold the output that the engineer saw")
	}
	var failed *commandFailed
	var r api.Review
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

// second does the same again with a longer window, so that a reader can try by hand in it.
func (d *demo) second(ctx context.Context) error {
	if err := d.submit(ctx, demoHour, "給与計算の端数誤りの修正版を置き、結果を確かめる", "files: allowed\nfile_direction: both\nfiles_detail: 修正版 fix.sql を置き、結果の表 result.csv を受け取る"); err != nil {
		return err
	}
	var k api.Checked
	if err := d.kacho.ask(ctx, &k, "request", "check", d.request); err != nil {
		return err
	}
	if k.First || len(k.Differences) == 0 {
		return fmt.Errorf("request %s shows no differences from the last one", d.request)
	}
	seen, err := d.kacho.reads(ctx, "request", "check", d.request)
	if err != nil {
		return err
	}
	for i, l := range seen { // the lines after the differences were shown before
		if strings.TrimSpace(l) == "" {
			seen = seen[:i]
			break
		}
	}
	var r api.Request
	if _, err := d.consent(ctx, &r); err != nil {
		return err
	}
	if len(r.Windows) != 1 {
		return fmt.Errorf("request %s is %s and has %d windows", r.No, r.State, len(r.Windows))
	}
	d.window = r.Windows[0]
	if _, err := d.prepared(ctx); err != nil {
		return err
	}
	if err := d.moved(ctx, "cut", "on"); err != nil {
		return err
	}
	if err := d.take(ctx); err != nil {
		return err
	}
	if err := d.skip(ctx, d.start); err != nil {
		return err
	}
	if d.conn, err = d.connect(ctx, atTarget); err != nil {
		return err
	}
	if d.terminal, err = d.conn.shell(); err != nil {
		return err
	}
	if err := d.terminal.await(ctx, prompt); err != nil {
		return err
	}
	live, err := d.live(ctx)
	if err != nil {
		return err
	}
	d.session = live.ID
	d.narrate("second", "二つ目の申請 "+d.request+"。課長には前回との違いが先に見えます。同じ手順で承認され、開かれ(待ち時間は飛ばしました)、作業が始まりました。",
		"A second request, "+d.request+": the head sees first what differs from last time. Approved and opened in the same way (waiting skipped), work is under way.",
		map[string]any{"request_no": d.request, "window": d.window, "session_id": d.session}, seen...)
	return nil
}

// freeze stops everything: one person is enough.
func (d *demo) freeze(ctx context.Context) error {
	fmt.Fprint(d.terminal.in, "while :; do echo working; sleep 0.2; done\n")
	if err := d.terminal.await(ctx, "\nworking"); err != nil {
		return err
	}
	pressed := d.now()
	var f api.Freeze
	if err := d.kacho.ask(ctx, &f, "freeze", "on", "--system", "hr", "--reason", d.say("予定外の動き", "something unplanned")); err != nil {
		return err
	}
	if err := d.terminal.await(ctx, "[205]"); err != nil {
		return err
	}
	late, err := d.closed(ctx, d.conn, d.terminal, pressed)
	if err != nil {
		return err
	}
	again, err := d.connect(ctx, atTarget)
	if err != nil {
		return err
	}
	defer again.Close()
	_, said, status, err := again.once("id")
	if err != nil {
		return err
	}
	if status != 253 || !strings.Contains(said, "[125]") {
		return fmt.Errorf("a connection during the freeze gave status %d and said: %s", status, said)
	}
	seen, _ := d.terminal.text()
	d.narrate("freeze", fmt.Sprintf("緊急凍結: 一人が押せば足ります。押してから %d ミリ秒で切れ、再接続も断られます。", late.Milliseconds()),
		fmt.Sprintf("Freeze: one person is enough. %d ms after the press the connection is gone, and connecting again is refused.", late.Milliseconds()),
		map[string]any{"freeze": f.ID, "cut_after_ms": late.Milliseconds(), "number": 205, "refused": 125},
		append(matching(seen[strings.Index(seen, "[205]"):], "[205]", ":"), linesOf(said)[:1]...)...)
	return nil
}

// lift takes two people, one of them of the information-systems section.
func (d *demo) lift(ctx context.Context) error {
	var all api.List[api.Freeze]
	if err := d.kacho.ask(ctx, &all, "freeze", "status"); err != nil {
		return err
	}
	if len(all.Items) != 1 {
		return fmt.Errorf("%d freezes, not 1", len(all.Items))
	}
	why := d.say("電話で確かめた", "cleared by telephone")
	var states []string
	for _, a := range []*actor{d.kacho, d.joho} {
		var f api.Freeze
		if err := a.sign(ctx, &f, "freeze", "lift", all.Items[0].ID, "--reason", why); err != nil {
			return err
		}
		states = append(states, f.State)
	}
	if states[0] != "lift-one" || states[1] != "lifted" {
		return fmt.Errorf("the freeze was lifted as %v", states)
	}
	c, err := d.connect(ctx, atTarget)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, said, status, err := c.once("true"); err != nil || status != 0 {
		return fmt.Errorf("after the lift a connection gave status %d, %v: %s", status, err, said)
	}
	d.narrate("lift", "解除には二人が要ります。人事課長の同意だけではまだ凍結中で、情報システム課長の同意で解けました。保守要員はまた接続できます。",
		"Lifting takes two. With the head's consent alone it stays frozen; the head of information systems agrees too, and it is lifted. The engineer can connect again.",
		map[string]any{"states": states})
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
