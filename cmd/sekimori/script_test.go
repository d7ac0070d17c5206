package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/testrun"
)

// The stories of testdata/script run the command itself: this test binary is `sekimori` when it
// is called by that name, and `askpass`, which answers the prompts of a real ssh.
func TestMain(m *testing.M) {
	testrun.Waiting()
	testscript.Main(m, map[string]func(){"sekimori": storyProgram, "askpass": askpass})
}

// storyFiles are the stories. Those that wait longest, for a limit of 30 seconds and the like, begin first and end with the others.
func storyFiles(t *testing.T) []string {
	const dir = "testdata/script"
	files, err := filepath.Glob(dir + "/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories in %s: %v", dir, err)
	}
	var waiting, others []string
	for _, f := range files {
		switch strings.TrimSuffix(filepath.Base(f), ".txtar") {
		case "absence", "identity", "r29-live-rules":
			waiting = append(waiting, f)
		default:
			others = append(others, f)
		}
	}
	return append(waiting, others...)
}

func TestScripts(t *testing.T) {
	t.Parallel()
	town := &town{t: t, at: storyAt()}
	testscript.Run(t, testscript.Params{
		Files:     storyFiles(t),
		Setup:     town.setUp,
		Condition: conditionOf,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// the broker and its people
			"serve": serveStory, "left-behind": leftBehindStory, "stop-broker": stopStory, "town": townStory, "pass": passStory, "pass-to": passToStory,
			"enroll": enrollStory, "enroll-printed": enrollPrinted, "code": codeStory,
			"as": asStory, "comes": comesStory, "auth": authStory, "japanese": japaneseStory, "refused": refusedStory, "field": fieldStory, "ledgered": ledgeredStory, "bundle": bundleStory, "told": toldStory,
			"submit": submitStory, "approved": approvedStory, "granted": grantedStory,
			"sits": sitsStory, "keys": keysStory, "left": leftStory, "learns": learnsStory,
			"says": saysStory, "renews": renewsStory,
			// real OpenSSH
			"ends": endsStory, "denied": deniedStory, "starts": startsStory, "shows": showsStory, "finds": findsStory, "types": typesStory,
			"over": overStory, "cut-within": cutWithinStory, "gone": goneStory, "over-https": overHTTPS,
			"denied-both": deniedBothStory, "over-both": overBothStory, "every-number": everyNumberStory, "every-row-named": everyRowNamedStory, "within": withinStory,
			// examples/city
			"city": cityStory, "city-approved": cityApproved, "heard": heardStory,
			// calendars
			"fetches": fetchesStory, "reads-calendar": readsCalendarStory, "month-of": monthOfStory,
			// files
			"wait-file": waitFile, "flip": flipStory, "by-hand": byHandStory, "fill-in": fillInStory, "verifier": verifierStory, "certificate": certificateStory,
		},
	})
}

// conditionOf answers a story's condition: [root] tells that the programs of hooks may belong to root. CI must be root.
func conditionOf(cond string) (bool, error) {
	whole := os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1"
	switch cond {
	case "whole": // CI: plain runs leave out what waits for half a minute and more
		return whole, nil
	case "root":
	default:
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	if os.Geteuid() != 0 && whole {
		return false, errors.New("this story needs root")
	}
	return os.Geteuid() == 0, nil
}

// setUp gives a story what it has beyond its files.
func (t *town) setUp(env *testscript.Env) error {
	// A socket's path is short; a story's directory may not be.
	short, err := os.MkdirTemp("", "skm")
	if err != nil {
		return err
	}
	s := &story{tb: env.T().(testing.TB), town: t, dir: env.WorkDir, short: short, running: map[string]*running{}, numbers: map[int]bool{}}
	s.ahead.Store(int64(aheadOf(t.at)))
	if err := writeAhead(s.dir, time.Duration(s.ahead.Load())); err != nil {
		return err
	}
	env.Values[storyKey{}] = s
	env.Defer(func() {
		s.end()
		os.RemoveAll(short)
	})
	for name, value := range map[string]string{
		"LANG": "C", "HOME": env.WorkDir, "SHORT": short, "SEKIMORI_TOKEN_FILE": env.WorkDir + "/token.json", "STORY_DIR": env.WorkDir,
	} {
		env.Setenv(name, value)
	}
	return nil
}

// person is a person with a directory, whose token is there in token-LOGIN.json.
type person struct {
	dir, socket, login string
	now                func() time.Time
}

// program is the command in this process, as that person, on the story's clock.
func (p person) program(in io.Reader, out, errs io.Writer) *program {
	env := map[string]string{
		"SEKIMORI_TOKEN_FILE": filepath.Join(p.dir, "token-"+p.login+".json"), "SEKIMORI_SOCKET": p.socket, "LANG": "C", "HOME": p.dir,
	}
	if server, fingerprint, remote := strings.Cut(p.socket, "#"); remote { // from a machine of their own
		env["SEKIMORI_SOCKET"], env["SEKIMORI_SERVER"], env["SEKIMORI_SERVER_FINGERPRINT"] = "", server, fingerprint
	}
	return &program{
		in: in, out: out, err: errs, now: p.now, broker: storyBroker, getenv: func(name string) string { return env[name] },
		terminal: func(any) (int, bool) { return 0, false },
	}
}

func (s *story) person(ts *testscript.TestScript, login string) person {
	return person{s.dir, ts.Getenv("SEKIMORI_SOCKET"), login, s.now}
}

// overHTTPS: `over-https`: from now on everybody is on a machine of their own, and speaks to the broker at $API.
func overHTTPS(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "over-https")
	ts.Setenv("SEKIMORI_SOCKET", ts.Getenv("API")+"#"+ts.Getenv("API_FINGERPRINT"))
}

// serveStory: `serve CONFIG` runs `sekimori serve` on the story's clock and returns once it accepts.
// When the story ends it is interrupted, and must then stop cleanly.
func serveStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "serve CONFIG")
	storyOf(ts).serve(ts, ts.MkAbs(args[0]))
}

func (s *story) serve(ts *testscript.TestScript, config string) {
	b, err := serveFor(person{dir: s.dir, login: "nobody", now: s.now}, config)
	ts.Check(err)
	ts.Setenv("SSH_ADDRESS", b.ssh)
	ts.Setenv("SEKIMORI_SOCKET", b.socket)
	ts.Setenv("API", b.api)
	ts.Setenv("API_FINGERPRINT", b.fingerprint)
	s.broker = b
	if _, err := os.Stat(ts.MkAbs("ssh_config")); err == nil { // the gate listens elsewhere now
		ts.Check(os.WriteFile(ts.MkAbs("ssh_config"), s.clientConfig(ts), 0o600))
	}
}

// served is a broker under way.
type served struct {
	ssh, socket string
	api         string // "https://…"; empty: on the socket only
	fingerprint string // of its certificate
	log         *lockedBuffer
	cancel      context.CancelFunc
	ended       chan int
}

func serveFor(p person, config string) (*served, error) {
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	b := &served{log: &lockedBuffer{}, cancel: cancel, ended: make(chan int, 1)}
	go func() {
		status := p.program(strings.NewReader(""), in, b.log).run(ctx, []string{"serve", "--config", config, "--json"})
		in.Close()
		b.ended <- status
	}()
	var said struct {
		SSH, Socket, API string
		Fingerprint      string `json:"api_fingerprint"`
	}
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		cancel()
		return nil, fmt.Errorf("the broker did not start: exit %d\n%s", <-b.ended, b.log.String())
	}
	go io.Copy(io.Discard, out)
	b.ssh, b.socket, b.api, b.fingerprint = said.SSH, said.Socket, said.API, said.Fingerprint
	return b, nil
}

// stop interrupts it. It must go cleanly, and have written no entry that the catalogue of kinds does not know.
func (b *served) stop() error {
	b.cancel()
	if status := <-b.ended; status != 0 {
		return fmt.Errorf("serve ended with %d\n%s", status, b.log.String())
	}
	if log := b.log.String(); strings.Contains(log, "entry_not_in_catalogue") {
		return fmt.Errorf("the broker wrote an entry that broker/ledger/KINDS.md does not describe:\n%s", log)
	}
	return nil
}

// stopStory: `stop-broker` stops the broker, which must go cleanly. Under the name `stop` it was testscript's own command, which ends the story there
// and lets it pass.
func stopStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "stop-broker")
	s := storyOf(ts)
	ts.Check(s.broker.stop())
	s.broker = nil
}

// enrollStory: `enroll LOGIN CODE [KEY.pub…]` goes through the two steps of an enrolment as a person
// would and keeps the secret of the second factor.
func enrollStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "enroll LOGIN CODE [KEY.pub...]")
	var keys []string
	for _, key := range args[2:] {
		keys = append(keys, "--key", ts.MkAbs(key))
	}
	s := storyOf(ts)
	s.unused(args[0])
	ts.Check(s.person(ts, args[0]).enrol(args[1], keys...))
}

// enrol goes through both steps and keeps the secret of the second factor in secret-LOGIN.
func (p person) enrol(code string, keys ...string) error {
	// The secret is printed before the answers are read.
	outR, outW := io.Pipe()
	inR, inW := io.Pipe()
	var errs bytes.Buffer
	done := make(chan int, 1)
	go func() {
		status := p.program(inR, outW, &errs).run(context.Background(), append([]string{"enroll", "--auth-stdin", "--json"}, keys...))
		outW.Close()
		inR.Close()
		done <- status
	}()
	var shown struct {
		Secret string `json:"totp_secret"`
	}
	_, err := fmt.Fprintln(inW, code)
	if err == nil {
		err = json.NewDecoder(outR).Decode(&shown)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "secret-"+p.login), []byte(shown.Secret), 0o600)
	}
	if err == nil {
		var first string
		if first, err = useCode(p.dir, p.login, p.now()); err == nil {
			_, err = fmt.Fprintf(inW, "%s\n%s\n", storyPassword, first)
		}
	}
	inW.Close()
	_, _ = io.Copy(io.Discard, outR)
	if status := <-done; status != 0 || err != nil {
		return fmt.Errorf("enroll %s: exit %d, %v\n%s", p.login, status, err, errs.String())
	}
	return nil
}

// enrollPrinted: `enroll-printed LOGIN` enrols with the code that the last `as` printed as JSON.
func enrollPrinted(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "enroll-printed LOGIN")
	enrollStory(ts, false, []string{args[0], printed(ts, "code")})
}

const storyPassword = "correct horse battery staple"

// codeStory: `code LOGIN` prints an unused one-time code.
func codeStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "code LOGIN")
	_, err := fmt.Fprintln(ts.Stdout(), storyOf(ts).code(ts, args[0]))
	ts.Check(err)
}

// asStory: `as LOGIN COMMAND…` runs `sekimori COMMAND…` with LOGIN's token.
func asStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) < 2, "as LOGIN COMMAND...")
	if status, _, _ := storyOf(ts).runAs(ts, args, false); (status != 0) != neg {
		ts.Fatalf("as %s: exit %d", strings.Join(args, " "), status)
	}
}

// comesStory: `comes REGEXP LOGIN COMMAND…` runs `sekimori COMMAND…` with LOGIN's token until its output matches: what it asks about happens a
// moment after the client was told.
func comesStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 3, "comes REGEXP LOGIN COMMAND...")
	is, p := regexp.MustCompile("(?m)"+args[0]), storyOf(ts).person(ts, args[1])
	await(ts, strings.Join(args[1:], " ")+" says "+args[0], func() bool {
		out, err := p.do(args[2:]...)
		ts.Check(err)
		return is.Match(out)
	})
}

// authStory is `as` with password and a fresh code on standard input.
func authStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) < 2, "auth LOGIN COMMAND...")
	if status, _, _ := storyOf(ts).runAs(ts, args, true); (status != 0) != neg {
		ts.Fatalf("auth %s: exit %d", strings.Join(args, " "), status)
	}
}

// refusedStory: `refused NUMBER LOGIN [auth] COMMAND…`: policy refuses the command, exit status 3,
// with the reason's number, or one of several (111|305), on standard error.
func refusedStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 3, "refused NUMBER LOGIN [auth] COMMAND...")
	number, rest := args[0], args[1:]
	fresh := len(rest) > 1 && rest[1] == "auth"
	if fresh {
		rest = append([]string{rest[0]}, rest[2:]...)
	}
	status, out, errs := storyOf(ts).runAs(ts, rest, fresh)
	// Before it a command may say that an answer was late.
	said := slices.ContainsFunc(strings.Split(number, "|"), func(n string) bool { return strings.Contains("\n"+errs, "\nsekimori: error: ["+n+"] ") })
	if status != 3 || !said || !strings.Contains(errs, "\nsekimori: hint: ") {
		ts.Fatalf("%s: exit %d, want 3 and [%s]", strings.Join(rest, " "), status, number)
	}
	if out != "" {
		ts.Fatalf("%s was refused and printed %q", strings.Join(rest, " "), out)
	}
}

func (s *story) runAs(ts *testscript.TestScript, args []string, fresh bool) (status int, out, errs string) {
	in := strings.NewReader("")
	line := append([]string(nil), args[1:]...)
	if fresh {
		in = strings.NewReader(storyPassword + "\n" + s.code(ts, args[0]) + "\n")
		line = append(line, "--auth-stdin")
	}
	for i, a := range line {
		if i > 0 && slices.Contains([]string{"-f", "-o", "--identity", "--file"}, line[i-1]) {
			line[i] = ts.MkAbs(a)
		}
	}
	var o, e strings.Builder
	p := s.person(ts, args[0]).program(in, io.MultiWriter(&o, ts.Stdout()), io.MultiWriter(&e, ts.Stderr()))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // what should be refused might go on for ever
	defer cancel()
	status = p.run(ctx, line)
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(o.String()), 0o600))
	return status, o.String(), e.String()
}

// printed is a field of the JSON that the last command printed; a dot goes down, a number picks.
func printed(ts *testscript.TestScript, path string) string {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("out")), &v))
	for _, name := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n >= len(at) {
				ts.Fatalf("no %q in %s", path, ts.ReadFile("out"))
			}
			v = at[n]
		default:
			v = nil
		}
	}
	if v == nil {
		ts.Fatalf("no %q in %s", path, ts.ReadFile("out"))
	}
	return fmt.Sprint(v)
}

// fieldStory: `field NAME PATH` puts a field of the JSON printed last into a variable.
func fieldStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "field NAME PATH")
	ts.Setenv(args[0], printed(ts, args[1]))
}

// waitFile: `wait-file PATH` waits until a file, or a socket that answers, is there.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "wait-file PATH")
	path := ts.MkAbs(args[0])
	await(ts, path, func() bool {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Type() == os.ModeSocket {
			var c net.Conn
			if c, err = net.Dial("unix", path); err == nil {
				c.Close()
			}
		}
		return err == nil
	})
}

// await looks until something is so, and fails after patience.
func await(ts *testscript.TestScript, what string, is func() bool) {
	const patience = 3 * time.Minute // a machine may be slow; what is waited for is a condition, and some chores come once a minute
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for again := 5 * time.Millisecond; !is(); again = min(2*again, 100*time.Millisecond) { // looking costs, too
		select {
		case <-time.After(again):
		case <-deadline.C:
			ts.Fatalf("after %s still not so: %s", patience, what)
		}
	}
}

func usage(ts *testscript.TestScript, wrong bool, line string) {
	if wrong {
		ts.Fatalf("usage: %s", line)
	}
}
