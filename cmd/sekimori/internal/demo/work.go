package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
)

// atTarget is the user name with which the engineer logs in to reach the target.
const atTarget = "sato+hr-db"

// enter connects once the window has begun.
func (d *demo) enter(ctx context.Context) error {
	if err := d.skip(ctx, d.start); err != nil {
		return err
	}
	d.skipped(d.start, "開始時刻になりました", "to the start of the window")
	c, err := d.connect(ctx, atTarget)
	if err != nil {
		return err
	}
	d.conn = c
	if err := d.knownHosts(); err != nil {
		return err
	}
	d.narrate("connect", "保守要員が普通の ssh で接続しました。鍵と認証コードのあと、告知に同意します。",
		"The engineer connects with ordinary ssh: key, one-time code, then consent to the notice.", nil, linesOf(c.card)...)
	return nil
}

// work works, and tries to copy a file.
func (d *demo) work(ctx context.Context) error {
	out, _, status, err := d.conn.once("echo work done by $USER; exit 7")
	if err != nil {
		return err
	}
	if status != 7 || strings.TrimSpace(out) != "work done by hrmnt01" {
		return fmt.Errorf("the command gave status %d and %q", status, out)
	}
	d.narrate("work", "接続先で作業しました。出力と終了コード(7)はそのまま届き、中継の前に記録されています。",
		"Work on the target: output and exit status (7) arrive unchanged, recorded before they are relayed.",
		map[string]any{"exit": status}, "$ echo work done by $USER; exit 7", strings.TrimSpace(out))
	const number = "1234-5678-9018" // with a right check digit; nobody has it
	out, _, _, err = d.conn.once("echo " + number)
	if err != nil {
		return err
	}
	if strings.TrimSpace(out) != "****-****-****" {
		return fmt.Errorf("an individual number reached the engineer: %q", out)
	}
	d.narrate("masked", "個人番号に見える数字は、保守要員の画面では伏せられます。目隠しであり、アクセス制御ではありません。",
		"What looks like an individual number is masked on its way to the engineer. This is a blind, no access control.", nil, "$ echo "+number, strings.TrimSpace(out))
	said, status, err := d.conn.sftp()
	if err != nil {
		return err
	}
	if !strings.Contains(said, "[117]") {
		return fmt.Errorf("a file copy was not refused: status %d, %q", status, said)
	}
	d.narrate("refused-copy", "許可のないファイルの持出しは断られます。", "Copying a file, which the window does not permit, is refused.",
		map[string]any{"number": 117, "exit": status}, linesOf(said)...)
	return nil
}

// pause lets the attendant hold the engineer's input back, and let it go on.
func (d *demo) pause(ctx context.Context) error {
	var err error
	if d.terminal, err = d.conn.shell(); err != nil {
		return err
	}
	t := d.terminal
	if err := t.await(ctx, prompt); err != nil {
		return err
	}
	if err := t.types(ctx, "echo ready=$((40+2))", "ready=42"); err != nil {
		return err
	}
	live, err := d.live(ctx)
	if err != nil {
		return err
	}
	d.session, d.first = live.ID, live.ID
	var v api.Session
	if err := d.tachiai.ask(ctx, &v, "session", "pause", d.session, "--reason", d.say("電話で確かめる", "phoning to make sure")); err != nil {
		return err
	}
	if err := t.await(ctx, d.say("入力は届きません", "keys are not delivered")); err != nil {
		return err
	}
	fmt.Fprint(t.in, "echo typed while paused=$((50+4))\n")
	select { // long enough for what is typed to come back, if it were let through
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	seen, _ := t.text()
	if strings.Contains(seen, "paused=54") {
		return fmt.Errorf("what was typed during the pause reached the target")
	}
	d.narrate("pause", "立会者が作業を一時停止しました。保守要員が打った命令は接続先に届きません。",
		"The attendant pauses the work. What the engineer types does not reach the target.",
		map[string]any{"session_id": d.session}, matching(seen, d.say("一時停止中", "Paused"))...)
	if err := d.tachiai.ask(ctx, &v, "session", "resume", d.session, "--reason", d.say("確かめた", "made sure")); err != nil {
		return err
	}
	if err := t.follows(ctx, 0, "paused=54", prompt); err != nil {
		return err
	}
	seen, _ = t.text()
	d.narrate("resume", "再開すると、止まっていた入力が届きました。", "Work resumes, and what was held back arrives.",
		nil, matching(seen, d.say("再開しました", "Resumed"), "paused=54")...)
	return nil
}

// extend lets the engineer ask for more time with ssh alone, and the attendant grant it.
func (d *demo) extend(ctx context.Context) error {
	asking, err := d.connect(ctx, "sato")
	if err != nil {
		return err
	}
	defer asking.Close()
	command := "extend 1m --reason " + d.say("検証に時間が必要", "checking-takes-longer")
	out, problems, status, err := asking.once(command)
	if err != nil {
		return err
	}
	if status != 0 {
		return fmt.Errorf("ssh sato@gate %s: status %d: %s", command, status, problems)
	}
	var asked api.List[api.Extension]
	if err := d.tachiai.ask(ctx, &asked, "extension", "list", "--state", "asked"); err != nil {
		return err
	}
	if len(asked.Items) != 1 {
		return fmt.Errorf("%d extensions are asked for, not 1", len(asked.Items))
	}
	// The attendant sees it at the post, at the latest with the next sign of being there.
	if err := d.post.seen.await(ctx, asked.Items[0].ID); err != nil {
		return err
	}
	d.narrate("extend", "保守要員が、別の端末から ssh だけで延長を申請します。立会者の席に届きます。",
		"From a second terminal the engineer asks for more time, with ssh alone. It shows at the attendant's post.",
		map[string]any{"extension": asked.Items[0].ID},
		slices.Concat([]string{"$ ssh sato@gate " + command}, linesOf(out), []string{d.say("立会者の席:", "At the attendant's post:")}, d.post.lines(asked.Items[0].ID))...)

	var granted api.Extension
	if err := d.tachiai.ask(ctx, &granted, "extension", "grant", asked.Items[0].ID); err != nil {
		return err
	}
	if !granted.NewEnd.Equal(d.end.Add(time.Minute)) {
		return fmt.Errorf("extended to %s, not to a minute after %s", granted.NewEnd, d.end)
	}
	told := d.say("延長されました", "Extended to")
	if err := d.terminal.await(ctx, told); err != nil {
		return err
	}
	seen, _ := d.terminal.text()
	old := d.end
	d.end = granted.NewEnd
	d.narrate("grant", "立会者が、任された枠の中で延長しました。作業中の端末に知らせが出ます。",
		"The attendant grants it, within what is delegated to attendants. The terminal at work is told.",
		map[string]any{"end": d.end.Format(time.RFC3339)}, matching(seen, told)...)
	return d.pastOldEnd(ctx, old)
}

// pastOldEnd shows that the live session goes on beyond the end that no longer holds.
func (d *demo) pastOldEnd(ctx context.Context, old time.Time) error {
	if err := d.skip(ctx, old.Add(2*time.Second)); err != nil {
		return err
	}
	d.skipped(old.Add(2*time.Second), "元の終了時刻 "+d.clock(old, "15:04:05")+" を過ぎました", "past the old end, "+d.clock(old, "15:04:05"))
	if err := d.terminal.types(ctx, "echo still at work=$((42+7))", "work=49"); err != nil {
		return err
	}
	d.narrate("deadline-moved", "元の終了時刻を過ぎても、同じ接続で作業が続いています。", "The old end has passed, and work goes on over the same connection.",
		nil, "$ echo still at work=$((42+7))", "still at work=49")
	return nil
}

// cut lets the window end with output running, and shows that nothing is left.
func (d *demo) cut(ctx context.Context) error {
	t, c := d.terminal, d.conn
	fmt.Fprint(t.in, "while :; do echo working; sleep 0.2; done\n")
	if err := d.skip(ctx, d.end.Add(-demoFinish)); err != nil {
		return err
	}
	d.skipped(d.end.Add(-demoFinish), "終了の 4秒前です。ここからは飛ばさずに待ちます", "to 4 s before the end; from here on it is really waited for")
	if err := t.await(ctx, "[201]"); err != nil {
		return err
	}
	late, err := d.closed(ctx, c, t, d.end)
	if err != nil {
		return err
	}
	seen, _ := t.text()
	d.narrate("cut", "時間枠が終わり、関守が両側の接続を切りました。接続先には何も残っていません。",
		"The window ended and the broker cut both sides. Nothing is left on the target.",
		map[string]any{"after_end_ms": late.Milliseconds()},
		matching(seen[strings.Index(seen, "[201]"):], "[201]", ":")...)
	d.gone()

	again, err := d.connect(ctx, atTarget)
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

// closed waits until a connection is gone on both sides, which must be within a second of its cause.
func (d *demo) closed(ctx context.Context, c *connection, t *terminal, cause time.Time) (late time.Duration, err error) {
	t.session.Wait()
	c.Wait()
	_, last := t.text()
	if late = max(last.Sub(cause), d.now().Sub(cause)); late > time.Second {
		return late, fmt.Errorf("the connection outlived its end by %s", late)
	}
	for wait := time.Now().Add(2 * time.Second); d.target.Open() > 0; {
		if time.Now().After(wait) || ctx.Err() != nil {
			return late, fmt.Errorf("%d connections are still open on the target", d.target.Open())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return late, nil
}
