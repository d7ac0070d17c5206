package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/policy"
)

// lineUp shows the two steps before the start: the office network is cut and seen to be cut, then the maintenance line goes up. The other way
// round is refused.
func (d *demo) lineUp(ctx context.Context) error {
	var l api.Line
	if err := d.tachiai.ask(ctx, &l, "line", "test", "hr"); err != nil {
		return err
	}
	if l.Test == nil || !l.Test.OK {
		return fmt.Errorf("the test of the line is %+v", l.Test)
	}
	if _, _, err := d.tachiai.refusal(ctx, nil, "line", "on", d.window); err != nil {
		return err
	}
	if err := d.moved(ctx, "cut", "on"); err != nil {
		return err
	}
	seen, err := d.lineNow(ctx, policy.SideDown, policy.SideUp)
	if err != nil {
		return err
	}
	d.narrate("line-up", "立会者が回線を試験し、庁内網を切ってから保守回線をつなぎました。逆の順では断られます。切れたことは関守が確かめます。この実演の回線は模擬で、実際の回線は動きません。",
		"The attendant tests the line, cuts the office network, then connects the maintenance line; the other order is refused, and the broker verifies the cut. The line of this demonstration is simulated: no real line is moved.",
		map[string]any{"window": d.window}, seen...)
	return nil
}

// moved carries out steps on the window's line, as the attendant.
func (d *demo) moved(ctx context.Context, steps ...string) error {
	for _, step := range steps {
		var v api.Attendance
		if err := d.tachiai.ask(ctx, &v, "line", step, d.window); err != nil {
			return err
		}
	}
	return nil
}

// lineNow waits until the sides of the line are as given, and says how it stands.
func (d *demo) lineNow(ctx context.Context, internal, maintenance policy.LineSide) ([]string, error) {
	var l api.Line
	err := d.until(ctx, func() (bool, error) {
		l = api.Line{}
		err := d.tachiai.ask(ctx, &l, "line", "show", "hr")
		return l.Internal == internal && l.Maintenance == maintenance, err
	})
	if err != nil {
		return nil, fmt.Errorf("the line is %+v: %w", l, err)
	}
	if l.How != policy.LineSimulated {
		return nil, fmt.Errorf("the line is not called simulated but %q", l.How)
	}
	said := l.How.Said()
	return []string{d.say("庁内網: ", "Office network: ") + l.Internal.Label().In(d.Lang), d.say("保守回線: ", "Maintenance line: ") + l.Maintenance.Label().In(d.Lang),
		d.say("守り方: ", "Protection: ") + said.In(d.Lang)}, nil
}

// lineBack shows that the broker itself takes the maintenance line off after the window, and only then puts the office network back.
func (d *demo) lineBack(ctx context.Context) error {
	seen, err := d.lineNow(ctx, policy.SideUp, policy.SideDown)
	if err != nil {
		return err
	}
	d.narrate("line-back", "時間枠が終わると、関守は保守回線を外し、外れたことを確かめてから庁内網を戻します(模擬の回線です)。",
		"After the window the broker takes the maintenance line off, makes sure that it is off, and puts the office network back (on the simulated line).", nil, seen...)
	return nil
}

// patience is how long the demonstration waits for what the broker does beside its steps.
const patience = time.Minute

// until asks again and again until something holds.
func (d *demo) until(ctx context.Context, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if ok, err := holds(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// commands shows the rules for commands: one holds a line until the attendant allows it, one refuses a command.
func (d *demo) commands(ctx context.Context) error {
	t := d.terminal
	if err := t.types(ctx, "touch old-result.csv", ""); err != nil {
		return err
	}
	before, _ := t.text()
	fmt.Fprint(t.in, "rm old-result.csv; echo removed=$((40+2))\n")
	var s api.Session
	err := d.until(ctx, func() (bool, error) {
		s = api.Session{}
		err := d.tachiai.ask(ctx, &s, "session", "show", d.session)
		return len(s.Held) > 0, err
	})
	if err != nil {
		return fmt.Errorf("no command waits: %w", err)
	}
	if seen, _ := t.text(); strings.Contains(seen, "removed=42") {
		return fmt.Errorf("a held command reached the target")
	}
	held := s.Held[0]
	if err := d.tachiai.ask(ctx, &s, "session", "allow", d.session, fmt.Sprint(held.Number)); err != nil {
		return err
	}
	if err := t.follows(ctx, len(before), "removed=42", prompt); err != nil {
		return err
	}
	seen, _ := t.text()
	seen = seen[len(before):]
	d.narrate("held", "保守要員が rm を打つと、このシステムの決まり(hold rm)により止まり、立会者の画面に出ます。立会者が許可すると、初めて接続先に届きます。",
		"The engineer types rm. By a rule of this system (hold rm) the line waits and shows on the attendant's console; it reaches the target once the attendant allows it.",
		map[string]any{"session_id": d.session, "held": held.Number}, slices.Concat([]string{held.Line}, matching(seen, d.say("立会者の確認", "waiting for the attendant"), policy.LiveAllowed.Label().In(d.Lang), "removed=42"))...)

	const command = "crontab -l"
	_, said, status, err := d.conn.once(command)
	if err != nil {
		return err
	}
	if status != 250 || !strings.Contains(said, "[144]") {
		return fmt.Errorf("%s gave status %d and said: %s", command, status, said)
	}
	d.narrate("refused-command", "決まり(refuse crontab)が拒む命令は届きません(終了コード 250)。端末の中の決まりは補助で、境界ではありません。権限は接続先のアカウントで絞ります。",
		"A command that a rule refuses (refuse crontab) does not get there (exit status 250). Within a shell such rules are an aid, no boundary; the account's rights on the target are.",
		map[string]any{"number": 144, "exit": status}, append([]string{"$ ssh sato+hr-db@gate " + command}, linesOf(said)...)...)
	return nil
}
