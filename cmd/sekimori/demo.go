package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/urfave/cli/v2"
	"golang.org/x/crypto/ssh"

	"sekimori/broker"
	"sekimori/broker/keys"
	"sekimori/cmd/sekimori/internal/target"
)

//go:embed demo/registry.yaml
var demoRegistry string

// The lengths of the demonstration's windows and waits. Nobody waits for most of them: see skip.
const (
	demoLead   = 45 * time.Second // how far ahead a request begins: time to approve, and codes to use
	demoWindow = time.Minute      // of the first window, before it is extended
	demoHour   = time.Hour        // of the second, to try by hand
	demoFinish = 4 * time.Second  // what is really waited for before a window ends
)

// demo is one demonstration: a broker, a target and the people of a city hall, on this machine.
type demo struct {
	p      *program
	dir    string
	once   bool
	life   context.Context // until the demonstration ends: of what goes on beside its steps
	ahead  atomic.Int64    // how far its clock was set ahead of the machine's, ns
	zone   *time.Location  // of the institution
	broker *broker.Broker
	target *target.Target

	key       ssh.Signer // the engineer's
	publicKey string
	hostKey   ssh.PublicKey // of the gate, as first seen

	admin, joho, tantou, kacho, tachiai, tenken, sato *actor

	request, window, session string
	start, end               time.Time // of the window
	post                     *post     // nil: nobody attends
	conn                     *connection
	terminal                 *terminal
}

func (p *program) demoCommand() *cli.Command {
	return p.leaf("demo", "", "一回の保守作業を、この機械の中だけで最初から最後まで見せる", "show one maintenance from beginning to end, on this machine only", p.demo,
		&cli.StringFlag{Name: "dir", Usage: p.say("データを残す空の場所(既定は一時的な場所)", "empty directory to keep the data in (default: a temporary one)")},
		&cli.BoolFlag{Name: "once", Usage: p.say("終わったら止まる", "stop after the walk")},
	)
}

func (p *program) demo(c *cli.Context) (err error) {
	d := &demo{p: p, once: c.Bool("once")}
	ctx := c.Context
	if d.dir = c.String("dir"); d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "sekimori-demo-"); err != nil {
			return &failure{ja: "場所を作れません", en: "cannot make a directory", cause: err}
		}
		defer os.RemoveAll(d.dir)
	} else if _, err := vacant(d.dir); err != nil {
		return err
	} else if d.dir, err = filepath.Abs(d.dir); err != nil {
		return err
	}
	defer d.close()
	ctx, leave := context.WithCancel(ctx) // the attendant goes before the broker does
	defer leave()
	d.life = ctx
	if err := d.walk(ctx); err != nil {
		return err
	}
	if d.once {
		return nil
	}
	return d.stay(ctx)
}

// step is one line of the narration and one object of --json.
type step struct {
	Step   string         `json:"step"`
	OK     bool           `json:"ok"`
	Text   string         `json:"text"`
	Detail []string       `json:"detail,omitempty"`
	Facts  map[string]any `json:"facts,omitempty"`
}

// narrate says what a step showed. detail are lines as the person of the step sees them.
func (d *demo) narrate(name, ja, en string, facts map[string]any, detail ...string) {
	s := step{Step: name, OK: true, Text: d.p.say(ja, en), Detail: detail, Facts: facts}
	if d.p.json {
		jsonTo(d.p.out).Encode(s)
		return
	}
	for i, line := range wrapped(s.Text, 76) {
		fmt.Fprintf(d.p.out, "%s%s\n", map[bool]string{true: "\n● ", false: "  "}[i == 0], line)
	}
	for _, line := range detail {
		for _, part := range broken(line, screenWidth) {
			fmt.Fprintf(d.p.out, "  %s\n", part)
		}
	}
}

// broken breaks a line of a page that is wider than the room for it: below its value where the words of that fit, and where one does
// not, such as a digest, below its name.
func broken(line string, room int) []string {
	if columns(line) <= room {
		return []string{line}
	}
	if command, is := strings.CutPrefix(line, "  "); is && (strings.HasPrefix(command, "ssh ") || strings.HasPrefix(command, "SEKIMORI_")) {
		out := wrapped(command, room-6) // the shell takes it as it stands here
		for i := range out {
			out[i] = "  " + strings.Repeat("  ", min(i, 1)) + out[i] + map[bool]string{true: " \\"}[i < len(out)-1]
		}
		return out
	}
	head, value := "", line
	if at := strings.LastIndex(line, "  "); at >= 0 {
		head, value = line[:at+2], line[at+2:]
	}
	longest := 0
	for _, word := range strings.Fields(value) {
		longest = max(longest, columns(word))
	}
	left := columns(head)
	var out []string
	if longest > room-left && !strings.ContainsFunc(value, func(r rune) bool { return columns(string(r)) == 2 }) {
		out, left = append(out, strings.TrimRight(head, " ")), max(0, room-max(longest, room/2))
		head = strings.Repeat(" ", left)
	}
	for _, part := range wrapped(value, room-left) {
		out = append(out, head+part)
		head = strings.Repeat(" ", left)
	}
	return out
}

// wrapped breaks a text into lines of at most room columns: at a space, or anywhere between
// characters of full width, which have none.
func wrapped(text string, room int) []string {
	var out []string
	line, width, space := "", 0, -1
	for _, r := range text {
		w := columns(string(r))
		if width+w > room && !strings.ContainsRune("。、」)", r) { // those never begin a line
			cut, rest := line, ""
			if space >= 0 {
				cut, rest = line[:space], line[space+1:]
			}
			out = append(out, cut)
			line, width, space = rest, columns(rest), -1
		}
		switch {
		case r == ' ':
			space = len(line)
		case w == 2:
			space = -1 // a break before this character is closer than the last space
		}
		line += string(r)
		width += w
	}
	return append(out, line)
}

// walk is the whole story. The first step that does not hold ends it.
func (d *demo) walk(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"prepare", d.prepare}, {"enroll", d.enrollAll}, {"request", d.file}, {"refused-before-approval", d.tooSoon},
		{"check", d.check}, {"approve", d.approve}, {"open", d.open}, {"connect", d.enter}, {"work", d.work}, {"pause", d.pause},
		{"extend", d.extend}, {"cut", d.cut}, {"report", d.report}, {"review", d.review},
		{"second", d.second}, {"freeze", d.freeze}, {"lift", d.lift}, {"verify", d.verify},
	} {
		if err := s.do(ctx); err != nil {
			if d.p.json {
				jsonTo(d.p.out).Encode(step{Step: s.name, Text: err.Error()})
			}
			return &failure{
				ja: "「" + s.name + "」の段が成り立ちませんでした", en: "step " + s.name + " did not hold", cause: err,
				hintJA: "動作の記録: --dir で場所を残すと broker.log にあります", hintEN: "the broker's log is broker.log in the directory given with --dir",
			}
		}
	}
	return nil
}

// prepare makes a broker of its own with target and registry.
func (d *demo) prepare(ctx context.Context) error {
	for _, sub := range []string{"tokens", "home"} {
		if err := os.MkdirAll(filepath.Join(d.dir, sub), 0o700); err != nil {
			return err
		}
	}
	made := *d.p
	made.out, made.err = io.Discard, io.Discard
	if status := made.run(ctx, []string{"init", filepath.Join(d.dir, "broker"), "--listen", "127.0.0.1:0"}); status != 0 {
		return fmt.Errorf("init ended with status %d", status)
	}
	cfg, err := broker.LoadConfig(filepath.Join(d.dir, "broker", "sekimori.yaml"))
	if err != nil {
		return err
	}
	d.zone = cfg.Location()
	cfg.NoticeContact = "0000-00-0000"
	cfg.MinFreeSpace = 64 << 20 // a demonstration fits on a small machine
	cfg.RecheckInterval = broker.Duration(time.Second)
	logFile, err := os.OpenFile(filepath.Join(d.dir, "broker.log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if d.broker, err = broker.Start(ctx, cfg, broker.Options{
		Clock: d.now, Log: hclog.New(&hclog.LoggerOptions{Name: "sekimori", Output: logFile}),
	}); err != nil {
		return err
	}
	ca, err := d.authority(cfg)
	if err != nil {
		return err
	}
	if d.target, err = target.Start(ca, filepath.Join(d.dir, "home"), d.now, "hrmnt01"); err != nil {
		return err
	}
	if err := d.engineerKey(); err != nil {
		return err
	}
	d.narrate("prepare",
		"関守と、保守される側の機械(接続先)を、この機械の中だけに用意しました。",
		"A broker and a target to be maintained are running, on this machine only.",
		map[string]any{"dir": d.dir, "gate": d.broker.SSHAddr().String(), "target": d.target.Addr().String()},
		d.p.say("関守 ", "gate   ")+d.broker.SSHAddr().String(), d.p.say("接続先 ", "target ")+d.target.Addr().String())
	return nil
}

// authority is the broker's CA, which the target is told to trust.
func (d *demo) authority(cfg broker.Config) (ssh.PublicKey, error) {
	master, err := keys.LoadMaster(cfg.MasterKeyFile)
	if err != nil {
		return nil, err
	}
	ring, err := keys.Open(filepath.Join(cfg.DataDir, "keys"), master)
	if err != nil {
		return nil, err
	}
	return ring.CAPublic(), nil
}

func (d *demo) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if d.broker != nil {
		d.broker.Close(ctx)
	}
	if d.target != nil {
		d.target.Close()
	}
}

// registry fills the demonstration's registry in.
func (d *demo) registry() string {
	now := d.now().In(d.zone)
	return strings.NewReplacer(
		"HOSTKEY", strconv.Quote(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(d.target.HostKey())))),
		"ENGINEERKEY", strconv.Quote(d.publicKey),
		"HOST", d.target.Addr().IP.String(), "PORT", strconv.Itoa(d.target.Addr().Port), "LANG", d.p.lang,
		"FROM", now.AddDate(0, -1, 0).Format("2006-01-02"), "UNTIL", now.AddDate(1, 0, 0).Format("2006-01-02"),
	).Replace(demoRegistry)
}
