package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"sekimori/recordings"
)

// stay keeps everything running and tells what to try. The attendant stays at the post, so that the window stays usable.
func (d *demo) stay(ctx context.Context) error {
	d.invite(ctx)
	entered := make(chan string)
	go func() {
		for scan := bufio.NewScanner(d.In); scan.Scan(); {
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
			fmt.Fprintln(d.Out, d.say("終わります。データの場所: ", "Ending. The data was in ")+d.dir)
			return nil
		case login := <-entered:
			a := d.named(login)
			if a == nil {
				fmt.Fprintln(d.Out, d.say("その人はいません: ", "nobody is called ")+recordings.Visible(login))
				continue
			}
			code, err := a.codeInTime(ctx)
			if err != nil {
				return ignoreCancelled(err)
			}
			fmt.Fprintln(d.Out, a.login+" "+d.say("認証コード: ", "one-time code: ")+code)
		}
	}
}

// named finds a person by login; an empty name is the engineer.
func (d *demo) named(login string) *actor {
	for _, a := range []*actor{d.sato, d.madoguchi, d.admin, d.joho, d.tantou, d.kacho, d.tachiai, d.tenken} {
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
	links, err := d.links(ctx)
	if err != nil {
		return
	}
	code, err := d.sato.code(ctx) // last: a later code makes it worthless
	if err != nil {
		return
	}
	port := d.broker.SSHAddr().(*net.TCPAddr).Port
	year, _, _ := strings.Cut(d.window, "-") // the fiscal year begins a request's number
	as := func(a *actor, command string) string { return "  as " + a.login + " " + command }
	ssh := fmt.Sprintf("ssh -p %d -i %s -o UserKnownHostsFile=%s", port, filepath.Join(d.dir, "engineer"), filepath.Join(d.dir, "known_hosts"))
	detail := append([]string{"", d.say("画面で試す。リンクは一度だけ使え、押すとその人としてサインインします。別の人には別のブラウザー(またはプライベートウィンドウ)を。決定のたびにパスワード demo-ログイン名-passphrase と、ここで出る認証コードを求めます:",
		"On the pages. Each link works once and signs you in as that person; use another browser or a private window for another person. Decisions ask for the password demo-LOGIN-passphrase and a one-time code from here:")}, links...)
	detail = append(detail, d.say("起きたことは画面にも残っています。たとえば点検担当で、接続 "+d.first+"(回線、命令の決まり)とファイル授受。",
		"The pages tell what happened: as the auditor, look at session "+d.first+" (line, live rules) and at File exchange."))
	d.narrate("try",
		"次は自分で。時間枠 "+d.window+" が "+d.clock(d.end, "15:04")+" まで開いていて、立会者は席に着いたままです。ここで Enter を押すと保守要員の認証コード、ログイン名と Enter でその人の認証コードが出ます。パスワードは demo-ログイン名-passphrase。Ctrl-C で終わります。",
		"Now by hand. Window "+d.window+" is open until "+d.clock(d.end, "15:04")+", and the attendant stays at the post. Enter here gives a one-time code of the engineer, a login and Enter one of that person. Passwords are demo-LOGIN-passphrase. Ctrl-C ends.",
		map[string]any{"ssh": ssh + " sato+hr-db@127.0.0.1", "code": code, "window": d.window, "ahead": time.Duration(d.ahead.Load()).String()},
		append(detail, []string{
			"", d.say("別の端末で、このリポジトリから:", "In another terminal, from this repository:"),
			"  D=" + d.dir, "  export SEKIMORI_SOCKET=$D/broker/run/sekimori.sock",
			fmt.Sprintf("  gate() { ssh -p %d -i $D/engineer -o UserKnownHostsFile=$D/known_hosts \\", port), `    "$@"; }`,
			fmt.Sprintf("  box() { sftp -P %d -i $D/engineer -o UserKnownHostsFile=$D/known_hosts \\", port), `    "$@"; }`,
			"  as() { w=$1; shift; SEKIMORI_TOKEN_FILE=$D/tokens/$w.json \\", "    go run ./cmd/sekimori --lang " + d.Lang + ` "$@"; }`,
			"", d.say("保守要員として接続する。別のアドレスから入るので、認証コードと同意を求めます(認証コード ", "Connect as the engineer, from another address, so that code and consent are asked for (one-time code ") + code + ")",
			"  gate -b 127.0.0.2 sato+hr-db@127.0.0.1",
			d.say("同じアドレスからは、時間枠の終わりまで鍵だけで入れます", "From the address of the walk the key alone suffices until the window ends"),
			"  gate sato+hr-db@127.0.0.1 id",
			d.say("命令の決まりを試す: 接続した端末で rm x と打つと立会者を待ち、crontab -l は断られます。30秒以内に、立会者の画面(立会いコンソール)か次の命令で答えます", "Try the rules for commands: in that terminal rm x waits for the attendant, and crontab -l is refused. Answer within 30 s on the attendant's console, or with"),
			"  S=$(as tachiai session list --live --json | grep -o 'S-[0-9-]*' | head -1)",
			as(d.tachiai, "session show $S"),
			as(d.tachiai, "session allow $S 1"),
			d.say("ファイルを送る、取る: put も get も承認を待ちます", "Send and take files: put and get both wait for approvals"),
			"  box sato+hr-db@127.0.0.1",
			as(d.joho, "files list"),
			d.say("保守要員として、自分の時間枠を見る、延長を申請する(新しいコードは Enter で)", "As the engineer, see your windows, ask for more time (Enter for a new code)"),
			"  gate sato@127.0.0.1 windows",
			"  gate sato@127.0.0.1 extend 15m --reason more",
			"", d.say("立会者として見る・止める・延長する・閉じる", "Watch, pause, extend and close as the attendant"),
			as(d.tachiai, "attend show "+d.window),
			as(d.tachiai, "session list --live"),
			as(d.tachiai, "session watch $S --purpose attendance"),
			as(d.tachiai, "session pause $S --reason test"),
			as(d.tachiai, "extension grant X-0002"),
			as(d.tachiai, "window close "+d.window),
			"", d.say("点検担当として読む・確かめる", "Read and verify as the auditor"),
			as(d.tenken, "recording play "+d.session+" --purpose periodic-review"),
			as(d.tenken, "session summary "+d.session+" --purpose periodic-review"),
			as(d.tenken, "recording search removed --purpose periodic-review"),
			as(d.tenken, "review list"),
			as(d.tenken, "ledger list"),
			as(d.tenken, "annual show "+year),
			"", d.say("凍結の経過、知らせる先、証拠一式", "The freeze: who must be told, and its evidence in one archive"),
			as(d.kacho, "incident show I-001"),
			as(d.kacho, "incident told I-001 section-head --text test"),
			as(d.tenken, "incident export I-001 --purpose incident -o incident.zip"),
			"", d.say("人事課長としてすべてを凍結する", "Freeze everything as the head of section"),
			as(d.kacho, "freeze on --all --reason test"),
		}...)...)
}

// clock says a time in the zone of the demonstration's institution.
func (d *demo) clock(t time.Time, layout string) string { return t.In(d.zone).Format(layout) + " JST" }
