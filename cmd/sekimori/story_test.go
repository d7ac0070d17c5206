package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/api"
	"sekimori/broker/registry"
)

// story is what one script has beyond its files: a clock, a broker, a target, and what runs.
type story struct {
	tb         testing.TB
	dir, short string
	ahead      atomic.Int64 // how far the story's clock is ahead of the machine's, ns
	town       *town
	broker     *served // nil: none
	running    map[string]*running
	sitting    map[string]*sitting
	numbers    map[int]bool // reasons whose refusal was shown in full
}

type storyKey struct{}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

func (s *story) end() {
	for _, at := range s.sitting {
		at.leave()
	}
	for _, r := range s.running {
		r.kill()
	}
	if s.broker == nil {
		return
	}
	if err := s.broker.stop(); err != nil {
		s.tb.Error(err)
	}
	if s.tb.Failed() {
		s.tb.Logf("the broker's log:\n%s", s.broker.log.String())
	}
}

// now is the story's time, for the broker and all its people. It begins at storyAt. Timers stay real, as when the
// clock of a machine is set.
func (s *story) now() time.Time { return time.Now().Round(0).Add(time.Duration(s.ahead.Load())) }

func (s *story) forward(d time.Duration) {
	if err := writeAhead(s.dir, time.Duration(s.ahead.Add(int64(d)))); err != nil {
		s.tb.Fatal(err)
	}
}

// passStory: `pass 30s` sets the story's clock forward.
func passStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "pass DURATION")
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	storyOf(ts).forward(d)
}

// passToStory: `pass-to 2s TIME` sets the clock forward to 2 s before an instant.
func passToStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "pass-to BEFORE TIME")
	before, err := time.ParseDuration(args[0])
	ts.Check(err)
	at, err := time.Parse(time.RFC3339Nano, args[1])
	ts.Check(err)
	s := storyOf(ts)
	if d := at.Add(-before).Sub(s.now()); d > 0 {
		s.forward(d)
	}
}

// code is a one-time code of a person's that was not used yet. A code counts once, and one step
// either side of the present is taken: where all three are used, half a minute passes.
func (s *story) code(ts *testscript.TestScript, login string) string {
	s.unused(login)
	code, err := useCode(s.dir, login, s.now())
	ts.Check(err)
	return code
}

// unused lets time pass until there is a code to use.
func (s *story) unused(login string) {
	if lastStep(s.dir, login) >= s.now().Unix()/30+1 {
		s.forward(30 * time.Second)
	}
}

// lastStep is the newest time step whose code was given.
func lastStep(dir, login string) int64 {
	b, err := os.ReadFile(filepath.Join(dir, "step-"+login))
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(b), 10, 64)
	return n
}

func useCode(dir, login string, now time.Time) (string, error) {
	secret, err := os.ReadFile(filepath.Join(dir, "secret-"+login))
	if err != nil {
		return "", err
	}
	// The step before the present one is taken until the present one is over: a busy machine may need the rest of it.
	const busy = 15 * time.Second
	step := max(now.Add(busy).Unix()/30-1, lastStep(dir, login)+1)
	if err := os.WriteFile(filepath.Join(dir, "step-"+login), []byte(strconv.FormatInt(step, 10)), 0o600); err != nil {
		return "", err
	}
	return registry.CodeAt(string(secret), time.Unix(step*30, 0))
}

// townStory: `town` moves the story into the town of testdata/town.yaml: its broker, started, with a
// real sshd as target, everybody enrolled. settings.yaml of the story, if any, changes settings.
func townStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "town")
	s := storyOf(ts)
	s.town.once.Do(func() { s.town.found() })
	if s.town.skip != "" { // not Failed: one story that fails hides no other
		s.tb.Skip("no town: " + s.town.skip)
	}
	home := filepath.Join(s.short, "b")
	ts.Check(copyPrivate(filepath.Join(s.town.dir, "people"), s.dir))
	ts.Check(copyPrivate(filepath.Join(s.town.dir, "b"), home))
	for name, value := range s.town.names {
		ts.Setenv(name, value)
	}
	for name, value := range dates(s.town.at) {
		ts.Setenv(name, value)
	}
	ts.Setenv("BROKER", home)
	ts.Setenv("CONFIG", filepath.Join(home, "sekimori.yaml"))
	if settings, err := os.ReadFile(ts.MkAbs("settings.yaml")); err == nil {
		ts.Check(changeSettings(filepath.Join(home, "sekimori.yaml"), string(settings)))
	}
	s.serve(ts, filepath.Join(home, "sekimori.yaml"))
	ts.Check(os.WriteFile(ts.MkAbs("ssh_config"), s.clientConfig(ts), 0o600))
}

// filledIn replaces ${NAME} by the story's variables.
func (s *story) filledIn(ts *testscript.TestScript, text string) string {
	return os.Expand(text, ts.Getenv)
}

// fillInStory: `fill-in FILE` replaces ${NAME} in it by the story's variables.
func fillInStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "fill-in FILE")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(storyOf(ts).filledIn(ts, ts.ReadFile(args[0]))), 0o600))
}

func (s *story) must(ts *testscript.TestScript, login string, line ...string) {
	if status, _, _ := s.runAs(ts, append([]string{login}, line...), false); status != 0 {
		ts.Fatalf("%s: sekimori %s: exit %d", login, strings.Join(line, " "), status)
	}
}

// submitStory: `submit LOGIN FILE` submits a request and puts its number into $NO.
func submitStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "submit LOGIN FILE")
	fillInStory(ts, false, args[1:])
	storyOf(ts).must(ts, args[0], "request", "submit", "-f", args[1], "--json")
	ts.Setenv("NO", printed(ts, "request_no"))
}

// approvedStory: `approved LOGIN…` approves $NO, stage after stage, and puts its window into $WINDOW.
func approvedStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) == 0, "approved LOGIN...")
	s := storyOf(ts)
	for _, login := range args {
		line := append([]string{login, "request", "approve", ts.Getenv("NO"), "--json"}, s.reasons(ts, login)...)
		if status, _, _ := s.runAs(ts, line, true); status != 0 {
			ts.Fatalf("%s does not approve: exit %d", login, status)
		}
	}
	ts.Setenv("WINDOW", printed(ts, "windows.0"))
	s.must(ts, args[0], "window", "show", ts.Getenv("WINDOW"), "--json")
	ts.Setenv("START", printed(ts, "start"))
	ts.Setenv("END", printed(ts, "end"))
}

// reasons are the options with a reason for each check item of $NO that calls for one.
func (s *story) reasons(ts *testscript.TestScript, login string) []string {
	status, out, _ := s.runAs(ts, []string{login, "request", "check", ts.Getenv("NO"), "--json"}, false)
	if status != 0 {
		ts.Fatalf("%s cannot read the check items: exit %d", login, status)
	}
	return becauseChecked(ts, out)
}

func becauseChecked(ts *testscript.TestScript, out string) (options []string) {
	var k api.Checked
	ts.Check(json.Unmarshal([]byte(out), &k))
	for _, item := range k.Items {
		if item.NeedsReason {
			options = append(options, "--because", item.Code+"=確認した")
		}
	}
	return options
}

// grantedStory: `granted FILE [APPROVER…]` takes a request from tantou all the way: approved (by kacho
// and joho), begun, attended by tachiai.
func grantedStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) == 0, "granted FILE [APPROVER...]")
	submitStory(ts, false, []string{"tantou", args[0]})
	if len(args) == 1 {
		args = append(args, "kacho", "joho")
	}
	approvedStory(ts, false, args[1:])
	passToStory(ts, false, []string{"0s", ts.Getenv("START")})
	authStory(ts, false, []string{"tachiai", "window", "open", ts.Getenv("WINDOW"), "--json"})
}

// ledgeredStory: `ledgered KIND [REGEXP…]`: some entry of that kind, as one line of JSON, matches each.
func ledgeredStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 0, "ledgered KIND [REGEXP...]")
	s := storyOf(ts)
	if neg {
		if s.entry(ts, args[0], args[1:]) {
			ts.Fatalf("the ledger has an entry %s", strings.Join(args, " "))
		}
		return
	}
	// An end is ledgered a moment after the client was told.
	await(ts, "the ledger has an entry "+strings.Join(args, " "), func() bool { return s.entry(ts, args[0], args[1:]) })
}

// toldStory: `told LOGIN REGEXP…`: the notices of the person, as JSON, match each. Addressees are found every few seconds.
func toldStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "told LOGIN REGEXP...")
	p := storyOf(ts).person(ts, args[0])
	for _, want := range args[1:] {
		is := regexp.MustCompile(want)
		await(ts, "the notices of "+args[0]+" say "+want, func() bool {
			out, err := p.do("notify", "list", "--json")
			ts.Check(err)
			return is.Match(out)
		})
	}
}

func (s *story) entry(ts *testscript.TestScript, kind string, wanted []string) bool {
	out, err := s.person(ts, "kanri").do("ledger", "list", "--json", "--limit", "1000")
	ts.Check(err)
	var entries api.List[json.RawMessage]
	ts.Check(json.Unmarshal(out, &entries))
	for _, e := range entries.Items {
		var line bytes.Buffer
		ts.Check(json.Compact(&line, e))
		fits := strings.Contains(line.String(), `"kind":"`+kind+`"`)
		for _, want := range wanted {
			fits = fits && regexp.MustCompile(want).Match(line.Bytes())
		}
		if fits {
			return true
		}
	}
	return false
}

// flipStory: `flip FILE PLACE` flips one bit of the byte at a place; a negative one counts from the end.
func flipStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "flip FILE PLACE")
	b := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

// verifierStory: `verifier` builds sekimori-verify, the program of the auditor, as $VERIFY.
func verifierStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "verifier")
	ts.Setenv("VERIFY", builtVerifier(ts))
}

var verifier struct {
	once sync.Once // guards the build, of which one is enough
	path string
	err  error
}

func builtVerifier(ts *testscript.TestScript) string {
	verifier.once.Do(func() {
		dir := storyOf(ts).town.t.TempDir() // a story's own goes with the story, and others need the program
		verifier.path = filepath.Join(dir, "sekimori-verify")
		out, err := exec.Command("go", "build", "-o", verifier.path, "sekimori/cmd/sekimori-verify").CombinedOutput()
		if err != nil {
			verifier.err = fmt.Errorf("build sekimori-verify: %w\n%s", err, out)
		}
	})
	ts.Check(verifier.err)
	return verifier.path
}

// lockedBuffer is written to by a broker and read when a story fails.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
