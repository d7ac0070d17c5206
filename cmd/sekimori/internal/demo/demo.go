package demo

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
	"golang.org/x/crypto/ssh"

	"sekimori/broker"
	"sekimori/broker/keys"
	"sekimori/cmd/sekimori/internal/screen"
	"sekimori/cmd/sekimori/internal/target"
	"sekimori/policy/text"
)

//go:embed registry.yaml
var demoRegistry string

// The lengths of the demonstration's windows and waits. The clock skips most of them: see skip.
const (
	demoLead   = time.Minute     // how far ahead a request begins: time to approve, and codes to use
	demoWindow = time.Minute     // of the first window, before it is extended
	demoHour   = time.Hour       // of the second, to try by hand
	demoRest   = time.Minute     // between two stretches of decisions: each takes a code, and each code counts once
	demoFinish = 4 * time.Second // real wait before a window ends
)

// World is what the demonstration has of the program around it.
type World struct {
	In   io.Reader // people at the keyboard, once the walk is over
	Out  io.Writer
	JSON bool   // steps as objects, for scripts
	Lang string // "ja" or "en"
	Now  func() time.Time
	// Broker is what the broker is started with beside log and clock.
	Broker broker.Options
	// Sekimori carries out one command line of the program and returns its exit status.
	Sekimori func(context.Context, Call) int
}

// Call is one command line, with what it sees of the world.
type Call struct {
	Args     []string
	In       io.Reader
	Out, Err io.Writer
	Env      map[string]string
	Now      func() time.Time
}

// demo is one demonstration: a broker, a target and the people of a city hall, on this machine.
type demo struct {
	World
	dir     string
	life    context.Context // until the demonstration ends: of what goes on beside its steps
	ahead   atomic.Int64    // how far its clock was set ahead of the machine's, ns
	zone    *time.Location  // of the institution
	broker  *broker.Broker
	target  *target.Target
	line    *line
	scanner *scanner

	key       ssh.Signer // the engineer's
	publicKey string
	hostKey   ssh.PublicKey // of the gate, as first seen

	admin, joho, tantou, kacho, tachiai, tenken, sato, madoguchi *actor

	request, window, session string
	first                    string    // the session of the first window
	start, end               time.Time // of the window
	post                     *post     // nil: no one attends
	conn                     *connection
	terminal                 *terminal
}

// Run shows one maintenance from beginning to end. Where once is false it goes on afterwards, until ctx ends, for people to try by hand.
// The data lies in dir, which must be there and empty. An error of the walk is a *StepError.
func Run(ctx context.Context, w World, dir string, once bool) error {
	d := &demo{World: w, dir: dir}
	defer d.close()
	ctx, leave := context.WithCancel(ctx) // the attendant goes before the broker does
	defer leave()
	d.life = ctx
	if err := d.walk(ctx); err != nil || once {
		return err
	}
	return d.stay(ctx)
}

// StepError says which step of the walk did not hold.
type StepError struct {
	Step  string
	Cause error
}

func (e *StepError) Error() string { return "step " + e.Step + " did not hold: " + e.Cause.Error() }
func (e *StepError) Unwrap() error { return e.Cause }

func (d *demo) say(ja, en string) string {
	if d.Lang == "ja" {
		return ja
	}
	return en
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
	s := step{Step: name, OK: true, Text: d.say(ja, en), Detail: detail, Facts: facts}
	if d.JSON {
		screen.JSON(d.Out).Encode(s)
		return
	}
	for i, line := range text.Wrap(s.Text, 76, "") {
		fmt.Fprintf(d.Out, "%s%s\n", map[bool]string{true: "\n● ", false: "  "}[i == 0], line)
	}
	for _, line := range detail {
		for _, part := range broken(line, screen.Width) {
			fmt.Fprintf(d.Out, "  %s\n", part)
		}
	}
}

// walk is the whole story. The first step that does not hold ends it.
func (d *demo) walk(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"prepare", d.prepare}, {"enroll", d.enrollAll}, {"request", d.file}, {"refused-before-approval", d.tooSoon},
		{"check", d.check}, {"approve", d.approve}, {"open", d.open}, {"connect", d.enter}, {"work", d.work}, {"pause", d.pause}, {"commands", d.commands},
		{"extend", d.extend}, {"cut", d.cut}, {"line-back", d.lineBack}, {"account", d.account}, {"report", d.report}, {"review", d.review},
		{"second", d.second}, {"file-in", d.fileIn}, {"file-out", d.fileOut}, {"freeze", d.freeze}, {"lift", d.lift}, {"verify", d.verify},
	} {
		if err := s.do(ctx); err != nil {
			if d.JSON {
				screen.JSON(d.Out).Encode(step{Step: s.name, Text: err.Error()})
			}
			return &StepError{Step: s.name, Cause: err}
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
	made := Call{Args: []string{"init", filepath.Join(d.dir, "broker"), "--listen", "127.0.0.1:0"}, In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: d.Now}
	if status := d.Sekimori(ctx, made); status != 0 {
		return fmt.Errorf("init ended with status %d", status)
	}
	cfg, err := broker.LoadConfig(filepath.Join(d.dir, "broker", "sekimori.yaml"))
	if err != nil {
		return err
	}
	d.zone = cfg.Location()
	cfg.Notice.Contact, cfg.Notice.Night = "0000-00-0000", "0000-00-0009"
	cfg.APIListen, cfg.PortalListen, cfg.PlainHTTP = "127.0.0.1:0", "127.0.0.1:0", true // pages, on this machine only
	cfg.Recordings.MinFreeSpace = 64 << 20                                              // a demonstration fits on a small machine
	cfg.RecheckInterval = broker.Duration(time.Second)
	logFile, err := os.OpenFile(filepath.Join(d.dir, "broker.log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	d.line = &line{now: d.Now, office: true}
	if d.scanner, err = newScanner(); err != nil {
		return err
	}
	cfg.Gate.Clamd = d.scanner.listener.Addr().String()
	options := d.Broker
	options.SimulatedLine = d.line
	options.Authenticators = d.Now // a newcomer's telephone does not follow the clock that is set forward
	options.Clock, options.Log = d.now, hclog.New(&hclog.LoggerOptions{Name: "sekimori", Output: logFile})
	if d.broker, err = broker.Start(ctx, cfg, options); err != nil {
		return err
	}
	ca, steward, err := d.authority(cfg)
	if err != nil {
		return err
	}
	if d.target, err = target.Start(ca, steward, filepath.Join(d.dir, "home"), d.now, "hrmnt01"); err != nil {
		return err
	}
	if err := d.engineerKey(); err != nil {
		return err
	}
	d.narrate("prepare",
		"関守と、保守される側の機械(接続先)を、この機械の中だけに用意しました。",
		"A broker and a target to be maintained are running, on this machine only.",
		map[string]any{"dir": d.dir, "gate": d.broker.SSHAddr().String(), "target": d.target.Addr().String()},
		d.say("関守 ", "gate   ")+d.broker.SSHAddr().String(), d.say("接続先 ", "target ")+d.target.Addr().String())
	return nil
}

// authority is the broker's CA, which the target is told to trust, and the key of its administrative connection.
func (d *demo) authority(cfg broker.Config) (ca, steward ssh.PublicKey, err error) {
	master, err := keys.LoadMaster(cfg.MasterKeyFile)
	if err != nil {
		return nil, nil, err
	}
	ring, err := keys.Open(filepath.Join(cfg.DataDir, "keys"), master)
	if err != nil {
		return nil, nil, err
	}
	signer, err := ring.StewardSigner()
	if err != nil {
		return nil, nil, err
	}
	return ring.CAPublic(), signer.PublicKey(), nil
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
	if d.scanner != nil {
		d.scanner.close()
	}
}

// registry fills the demonstration's registry in.
func (d *demo) registry() string {
	now := d.now().In(d.zone)
	return strings.NewReplacer(
		"HOSTKEY", strconv.Quote(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(d.target.HostKey())))),
		"ENGINEERKEY", strconv.Quote(d.publicKey),
		"HOST", d.target.Addr().IP.String(), "PORT", strconv.Itoa(d.target.Addr().Port), "LANG", d.Lang,
		"FROM", now.AddDate(0, -1, 0).Format("2006-01-02"), "UNTIL", now.AddDate(1, 0, 0).Format("2006-01-02"),
	).Replace(demoRegistry)
}
