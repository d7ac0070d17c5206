package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/testrun"

	"github.com/rogpeppe/go-internal/testscript"
)

// missing names the first of the programs that is not installed; none is under
// SEKIMORI_REQUIRE_PEERS=1, where a missing one is an error.
func missing(tb testing.TB, programs ...string) string {
	for _, program := range programs {
		if programPath(program) != "" {
			continue
		}
		if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
			tb.Errorf("%s is required and not installed", program)
		}
		return program + " is not installed"
	}
	// An ordinary account's sshd can give terminals away only where devpts has the group tty.
	mounts, err := os.ReadFile("/proc/mounts")
	if os.Getuid() != 0 && err == nil && !strings.Contains(string(mounts), "gid=5") {
		return "sshd of an ordinary account cannot open terminals here (devpts without gid=5)"
	}
	return ""
}

func programPath(program string) string {
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + program) // not on the path of every account
	}
	if err != nil {
		return ""
	}
	return path
}

// sshd is a real OpenSSH server on loopback, for the account that runs the test.
type sshd struct {
	t       *testing.T
	dir     string
	port    int
	login   string
	hostKey string // as the registry wants it
}

// startSSHD starts one, until the test ends, that lets in the certificates of the CA in a file.
func startSSHD(t *testing.T, ca string) (*sshd, error) {
	s := &sshd{t: t, dir: t.TempDir()}
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	s.login = me.Username
	if os.Getuid() == 0 { // run as root, sshd insists on the directory for its unprivileged half
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return nil, err
		}
	}
	if s.hostKey, err = makeKey(filepath.Join(s.dir, "host")); err != nil {
		return nil, err
	}
	for range 5 { // another process may take the port before it is listened on
		if s.port, err = strconv.Atoi(testrun.FreePort(t)); err != nil {
			return nil, err
		}
		if listens, err := s.start(t, ca); listens || err != nil {
			return s, err
		}
	}
	return nil, errors.New("sshd did not start")
}

// start runs the server once and tells whether it listens. Shells read no start-up files of the person who runs the tests: these may wait,
// and a cut session may leave their locks behind.
func (s *sshd) start(t *testing.T, ca string) (bool, error) {
	config := fmt.Sprintf(`Port %[1]d
ListenAddress 127.0.0.1
HostKey %[2]s/host
AuthorizedKeysFile none
TrustedUserCAKeys %[3]s
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
SetEnv HOME=%[2]s
AcceptEnv LANG LC_*
PrintMotd no
PrintLastLog no
UseDNS no
Subsystem sftp internal-sftp
`, s.port, s.dir, ca)
	path := filepath.Join(s.dir, "sshd_config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return false, err
	}
	cmd := exec.Command(programPath("sshd"), "-D", "-e", "-f", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return false, err
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "Server listening on") {
			continue
		}
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			for lines.Scan() { // an unread pipe would stop the server one day
			}
		}()
		t.Cleanup(func() {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the group is the server's own
			<-drained
			_ = cmd.Wait()
		})
		return true, nil
	}
	return false, cmd.Wait()
}

// clientConfig makes `gate` a host that the real clients know.
func (s *story) clientConfig(ts *testscript.TestScript) []byte {
	_, port, err := net.SplitHostPort(ts.Getenv("SSH_ADDRESS"))
	ts.Check(err)
	return fmt.Appendf(nil, `Host gate
  HostName 127.0.0.1
  Port %s
  IdentitiesOnly yes
  UserKnownHostsFile %s/known_hosts
  StrictHostKeyChecking accept-new
  PreferredAuthentications publickey,keyboard-interactive
`, port, s.dir)
}

// askpass answers the prompts of ssh as the person named in the environment: a one-time code, yes or
// no to the card. The file `asked` keeps the questions.
func askpass() {
	dir, login, prompt := os.Getenv("STORY_DIR"), os.Getenv("STORY_PERSON"), strings.Join(os.Args[1:], " ")
	f, err := os.OpenFile(filepath.Join(dir, "asked"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, prompt)
	}
	answer := ""
	switch {
	case err != nil:
	case strings.Contains(prompt, "yes/no: "):
		answer = os.Getenv("STORY_CONSENT")
	case strings.Contains(prompt, "One-time code"):
		if answer = os.Getenv("STORY_CODE"); answer == "" {
			var ahead time.Duration
			if ahead, err = readAhead(dir); err == nil {
				answer, err = useCode(dir, login, time.Now().Add(ahead))
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "askpass:", err)
		os.Exit(1)
	}
	fmt.Println(answer)
}

// client is a command line of a real client: `PERSON [NAME=VALUE…] [<FILE] ssh|scp|sftp|rsync ARGS…`.
// NAME is CODE or CONSENT, what the person answers instead.
func (s *story) client(ts *testscript.TestScript, args []string) *exec.Cmd {
	usage(ts, len(args) < 2, "... PERSON [CODE=x] [CONSENT=no] [<FILE] ssh|scp|sftp ARGS...")
	person, args := args[0], args[1:]
	answers := map[string]string{"CODE": "", "CONSENT": "yes"}
	var in io.Reader
	for ; len(args) > 0; args = args[1:] {
		if file, ok := strings.CutPrefix(args[0], "<"); ok {
			in = strings.NewReader(ts.ReadFile(file))
		} else if name, value, ok := strings.Cut(args[0], "="); ok {
			answers[name] = value
		} else {
			break
		}
	}
	if answers["CODE"] == "" {
		if _, err := os.Stat(ts.MkAbs("secret-" + person)); err == nil {
			s.unused(person)
		}
	}
	askpass, err := lookIn(ts.Getenv("PATH"), "askpass")
	ts.Check(err)
	options := []string{"-F", ts.MkAbs("ssh_config"), "-i", ts.MkAbs("key-" + person)}
	if args[0] == "rsync" {
		options = []string{"-e", "ssh " + strings.Join(options, " ")}
	}
	cmd := exec.Command(programPath(args[0]), append(options, args[1:]...)...)
	cmd.Dir, cmd.Stdin = ts.MkAbs("."), in
	cmd.Env = []string{
		"PATH=" + ts.Getenv("PATH"), "HOME=" + s.dir, "TERM=xterm", "DISPLAY=:none", "SSH_ASKPASS=" + askpass, "SSH_ASKPASS_REQUIRE=force",
		"STORY_DIR=" + s.dir, "STORY_PERSON=" + person, "STORY_CODE=" + answers["CODE"], "STORY_CONSENT=" + answers["CONSENT"],
	}
	// A session of its own, so that no prompt reaches the terminal of the tests.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

func lookIn(path, name string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name), nil
		}
	}
	return "", fmt.Errorf("%s is nowhere in %s", name, path)
}

// endsStory: `ends STATUS PERSON … ssh …` runs a real client to its end, and waits until its session has ended too. STATUS may be one of
// several: 252|255.
func endsStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 3, "ends STATUS PERSON ... ssh|scp|sftp ARGS...")
	storyOf(ts).runClient(ts, args[0], args[1:])
}

// runClient runs a client and gives what it said on standard output and standard error.
func (s *story) runClient(ts *testscript.TestScript, want string, args []string) (out, errs string) {
	var o, e strings.Builder
	cmd := s.client(ts, args)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&o, ts.Stdout()), io.MultiWriter(&e, ts.Stderr())
	checkStatus(ts, want, cmd, cmd.Run())
	s.settled(ts)
	return o.String(), e.String()
}

func checkStatus(ts *testscript.TestScript, want string, cmd *exec.Cmd, err error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%s: %v", cmd, err)
	}
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); !slices.Contains(strings.Split(want, "|"), got) {
		ts.Fatalf("%s ended with %s, want %s", cmd, got, want)
	}
}

// deniedStory: `denied NUMBER STATUS PERSON … ssh …`: the gate lets nobody through, with the reason's number
// and what to do next on standard error.
func deniedStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 4, "denied NUMBER STATUS PERSON ... ssh ARGS...")
	out, said := storyOf(ts).runClient(ts, args[1], args[2:])
	for _, part := range []string{"[" + args[0] + "] ", "Cause: ", "Next: ", "Call: ", "Record: "} {
		if !strings.Contains(said, part) {
			ts.Fatalf("no %q on standard error", part)
		}
	}
	if out != "" {
		ts.Fatalf("something came through: %q", out)
	}
}

// A session that ends has 300 ms to tell its client why, and is closed then. A machine that stands still for longer has the client end with ssh's
// own status. That may happen to mostLosses clients of a whole run.
const (
	lost       = 255
	mostLosses = 2
)

var (
	losses atomic.Int32
	ended  = []string{"250", "251", "252", "253", "254"} // statuses with which the broker ends sessions
)

// running is a client in the background.
type running struct {
	cmd  *exec.Cmd
	in   io.WriteCloser // nil: it reads a file
	done chan error
	once bool
}

func (r *running) kill() {
	if !r.once {
		_ = r.cmd.Process.Kill()
		<-r.done
	}
}

// beginning keeps the first of what a client prints, which may be a flood.
type beginning struct {
	f    *os.File
	kept int
}

func (b *beginning) Write(p []byte) (int, error) {
	const most = 1 << 20
	if keep := p[:min(len(p), most-b.kept)]; len(keep) > 0 {
		n, err := b.f.Write(keep)
		if b.kept += n; err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// startsStory: `starts NAME PERSON … ssh …` runs a real client beside the story; what it says lies in
// NAME.out and NAME.err.
func startsStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 3, "starts NAME PERSON ... ssh ARGS...")
	s := storyOf(ts)
	r := &running{cmd: s.client(ts, args[1:]), done: make(chan error, 1)}
	var err error
	if r.cmd.Stdin == nil {
		r.in, err = r.cmd.StdinPipe()
		ts.Check(err)
	}
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	r.cmd.Stdout, r.cmd.Stderr = &beginning{f: out}, errs
	ts.Check(r.cmd.Start())
	go func() {
		err := r.cmd.Wait()
		r.done <- errors.Join(err, out.Close(), errs.Close())
	}()
	s.running[args[0]] = r
}

// showsStory: `shows FILE REGEXP` waits until the file holds it.
func showsStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "shows FILE REGEXP")
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
	await(ts, args[0]+" shows "+args[1], func() bool {
		f, err := os.Open(path)
		if err != nil {
			return false
		}
		defer f.Close()
		return want.MatchReader(bufio.NewReader(f))
	})
}

// findsStory: `finds NAME FILE REGEXP` waits likewise and puts what its groups matched into a variable.
func findsStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 3, "finds NAME FILE REGEXP")
	showsStory(ts, false, args[1:])
	found := regexp.MustCompile("(?m)" + args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	ts.Setenv(args[0], strings.Join(found[1:], ""))
}

// typesStory: `types NAME TEXT` types a line into a client.
func typesStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "types NAME TEXT")
	r := storyOf(ts).running[args[0]]
	if r == nil || r.in == nil {
		ts.Fatalf("nothing called %s reads", args[0])
	}
	_, err := io.WriteString(r.in, args[1]+"\n")
	ts.Check(err)
}

// overStory: `over NAME STATUS` waits until a client has ended.
func overStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "over NAME STATUS")
	storyOf(ts).over(ts, args[0], args[1])
	storyOf(ts).settled(ts)
}

func (s *story) over(ts *testscript.TestScript, name, status string) {
	r := s.running[name]
	if r == nil {
		ts.Fatalf("nothing is called %s", name)
	}
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	select {
	case err := <-r.done:
		r.once = true
		if said, err := os.ReadFile(ts.MkAbs(name + ".err")); err == nil { // why it ended, should the status be another
			ts.Logf("%s said at last: %s", name, said[max(0, len(said)-400):])
		}
		if r.cmd.ProcessState.ExitCode() == lost && slices.Contains(ended, status) && losses.Add(1) <= mostLosses {
			ts.Logf("%s lost its connection before it read the status %s", name, status)
			return
		}
		checkStatus(ts, status, r.cmd, err)
	case <-limit.C:
		ts.Fatalf("%s does not end", name)
	}
}

// cutWithinStory: `cut-within 5s FILE TEXT NAME STATUS` writes a file, and waits until a client has ended. It must end so soon after the file.
func cutWithinStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 5, "cut-within DURATION FILE TEXT NAME STATUS")
	most, err := time.ParseDuration(args[0])
	ts.Check(err)
	began := time.Now()
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(args[2]+"\n"), 0o644))
	storyOf(ts).over(ts, args[3], args[4])
	if took := time.Since(began); took > most {
		ts.Fatalf("%s was cut after %s", args[3], took)
	} else {
		ts.Logf("%s was cut after %s", args[3], took)
	}
}

// goneStory: `gone PIDFILE` waits until the process named in a file has ended.
func goneStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "gone PIDFILE")
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	await(ts, "process "+args[0]+" has ended", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
}
