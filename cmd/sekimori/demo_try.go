package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// stay keeps everything running and tells what to try. The attendant stays at the post, so that the window stays usable.
func (d *demo) stay(ctx context.Context) error {
	d.invite(ctx)
	entered := make(chan string)
	go func() {
		for scan := bufio.NewScanner(d.p.in); scan.Scan(); {
			select {
			case entered <- strings.TrimSpace(scan.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(d.p.out, d.p.say("終わります。", "Ending."))
			return nil
		case login := <-entered:
			a := d.named(login)
			if a == nil {
				fmt.Fprintln(d.p.out, d.p.say("その人はいません: ", "nobody is called ")+plain(login))
				continue
			}
			code, err := a.code(ctx)
			if err != nil {
				return ignoreCancelled(err)
			}
			fmt.Fprintln(d.p.out, a.login+" "+d.p.say("認証コード: ", "one-time code: ")+code)
		}
	}
}

// named is somebody by login; no name is the engineer.
func (d *demo) named(login string) *actor {
	for _, a := range []*actor{d.sato, d.admin, d.joho, d.tantou, d.kacho, d.tachiai, d.tenken} {
		if login == "" || a.login == login {
			return a
		}
	}
	return nil
}

func ignoreCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
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
	short := "  " + strings.ReplaceAll(ssh, d.dir, "$D")
	d.narrate("try",
		"次は自分で。時間枠 "+d.window+" が "+d.clock(d.end, "15:04")+" まで開いていて、立会者は席に着いたままです。ここで Enter を押すと保守要員の認証コード、ログイン名と Enter でその人の認証コードが出ます。パスワードは demo-ログイン名-passphrase。Ctrl-C で終わります。",
		"Now by hand. Window "+d.window+" is open until "+d.clock(d.end, "15:04")+", and the attendant stays at the post. Enter here gives a one-time code of the engineer, a login and Enter one of that person. Passwords are demo-LOGIN-passphrase. Ctrl-C ends.",
		map[string]any{"ssh": ssh + " sato+hr-db@127.0.0.1", "code": code, "window": d.window, "ahead": time.Duration(d.ahead.Load()).String()},
		"", d.p.say("別の端末で、このリポジトリから:", "In another terminal, from this repository:"),
		"  D="+d.dir, "  export SEKIMORI_SOCKET=$D/broker/run/sekimori.sock",
		"", d.p.say("保守要員として接続する。別のアドレスから入るので、認証コードと同意を求めます(認証コード ", "Connect as the engineer, from another address, so that code and consent are asked for (one-time code ")+code+")",
		short+" -b 127.0.0.2 sato+hr-db@127.0.0.1",
		d.p.say("同じアドレスからは、時間枠の終わりまで鍵だけで入れます", "From the address of the walk the key alone suffices until the window ends"),
		short+" sato+hr-db@127.0.0.1 id",
		d.p.say("保守要員として、自分の時間枠を見る、延長を申請する", "As the engineer, see your windows and ask for more time"),
		short+" sato@127.0.0.1 windows",
		short+" sato@127.0.0.1 extend 15m --reason more",
		"", d.p.say("立会者として見る・止める・延長する・閉じる", "Watch, pause, extend and close as the attendant"),
		at(d.tachiai, "attend show "+d.window),
		at(d.tachiai, "session list --live"),
		at(d.tachiai, "session watch S-… --purpose attendance"),
		at(d.tachiai, "session pause S-… --reason test"),
		at(d.tachiai, "extension grant X-0002"),
		at(d.tachiai, "window close "+d.window),
		"", d.p.say("点検担当として読む・確かめる", "Read and verify as the auditor"),
		at(d.tenken, "recording play S-… --purpose periodic-review"),
		at(d.tenken, "ledger list"),
		"", d.p.say("人事課長としてすべてを凍結する", "Freeze everything as the head of section"),
		at(d.kacho, "freeze on --all --reason test"))
}

// clock says a time in the zone of the demonstration's institution.
func (d *demo) clock(t time.Time, layout string) string { return t.In(d.zone).Format(layout) + " JST" }
