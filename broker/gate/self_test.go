package gate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/refusals"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// types runs a word of self-service, with a form on standard input where there is one.
func (e *engineer) types(line, form string) (stdout, stderr string, exit int) {
	e.w.t.Helper()
	c := e.mustDial(e.login, nil)
	defer c.Close()
	s, err := c.NewSession()
	if err != nil {
		e.w.t.Fatal(err)
	}
	defer s.Close()
	var o, x strings.Builder
	s.Stdin, s.Stdout, s.Stderr = strings.NewReader(form), &o, &x
	var status *ssh.ExitError
	switch err := s.Run(line); {
	case err == nil:
	case errors.As(err, &status):
		exit = status.ExitStatus()
	default:
		e.w.t.Fatalf("%q: %v (%s)", line, err, x.String())
	}
	for _, text := range []string{o.String(), x.String()} {
		if strings.ContainsAny(text, "\x1b\r\a") {
			e.w.t.Errorf("%q: control characters in %q", line, text)
		}
	}
	return o.String(), x.String(), exit
}

func narrow(t *testing.T, shown string) {
	t.Helper()
	for line := range strings.Lines(shown) {
		if n := text.Width(strings.TrimSuffix(line, "\n")); n > text.Screen {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestHelpIsTheTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for lang, e := range map[string]*engineer{"ja": w.engineer("sato", "ja"), "en": w.engineer("mori", "en"), "": w.engineer("a-very-long-login-that-somebody-chose", "")} {
		out, _, exit := e.types("help", "")
		narrow(t, out)
		if lang == "ja" && strings.ContainsFunc(strings.NewReplacer("YAML", "", "S-…", "").Replace(out), unicode.IsUpper) {
			t.Errorf("words of another language for what is to be filled in:\n%s", out)
		}
		for _, word := range selfWords() {
			for _, f := range word.forms {
				if exit != 0 || !strings.Contains(out, f.as(lang)) || lang != "en" && !strings.Contains(out, f.ja) || lang == "en" && !strings.Contains(out, f.en) {
					t.Errorf("help in %q lacks %q:\n%s", lang, f.typed, out)
				}
			}
		}
	}
}

func TestOwnRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, other := w.engineer("sato", "en"), w.engineer("mori", "en")
	own := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	foreign := w.window(other, "backup", noon.Add(3*time.Hour), time.Hour, policy.WindowScheduled)
	out, _, exit := e.types("request list", "")
	if exit != 0 || !strings.Contains(out, own.Request) || strings.Contains(out, foreign.Request) {
		t.Errorf("%d %s", exit, out)
	}
	narrow(t, out)
	out, _, exit = e.types("request show "+own.Request, "")
	if exit != 0 || !strings.Contains(out, "端数誤りの調査") || !strings.Contains(out, "Approved") || !strings.Contains(out, own.ID) {
		t.Errorf("%d %s", exit, out)
	}
	out, _, exit = e.types("request copy "+own.Request, "")
	if exit != 0 || !strings.Contains(out, `system: "payroll"`) || strings.Contains(out, "端数誤り") {
		t.Errorf("%d %s", exit, out)
	}
	for _, line := range []string{"request show " + foreign.Request, "request copy " + foreign.Request, "request show R8-9999"} {
		if out, said, exit := e.types(line, ""); exit != 1 || out != "" || !strings.Contains(said, "not found") {
			t.Errorf("%s: %d %q %q", line, exit, out, said)
		}
	}
	for _, kind := range []string{"request.listed", "request.viewed"} {
		if len(w.entries(kind)) == 0 {
			t.Errorf("no %s in the ledger", kind)
		}
	}
	if n := len(w.entries("request.viewed")); n != 2 { // a refused view has no entry
		t.Errorf("%d were viewed", n)
	}
}

const proposal = `system: payroll
accounts: [hr-db/backup]
engineers: [sato]
start: +2h
end: +1h
purpose: 端数誤りの調査
work_type: survey
responsible_party: gcc
phone: 000-0000-0001
files: none
`

func TestAProposalOnStandardInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	for name, c := range map[string]struct {
		line, form, says string
		exit             int
	}{
		"a wrong line":      {"request", strings.Replace(proposal, "work_type: survey", "work_typo: survey", 1), "stdin:7:1: ", 1},
		"nothing":           {"request -", "", "stdin:1:1: ", 1},
		"escape sequences":  {"request", strings.Replace(proposal, "端数誤りの調査", `"\e[2J"`, 1), "stdin:6:10: ", 1},
		"too large":         {"request", proposal + strings.Repeat("#", maxInput), "too large (at most 64 KiB)", 2},
		"too large by one":  {"request", strings.Repeat("#", maxInput+1), "too large", 2},
		"just fits":         {"request", strings.Repeat("#", maxInput), "stdin:", 1},
		"another verb":      {"request approve R8-0001", "", "unexpected argument", 2},
		"unknown verb":      {"request approve", "", "unknown command: request approve", 2},
		"no number":         {"request show", "", "a number is missing", 2},
		"an option":         {"request --purpose x", "", "unknown option --purpose", 2},
		"an unclosed quote": {`request "`, "", "a quote is not closed", 2},
	} {
		if out, said, exit := e.types(c.line, c.form); exit != c.exit || out != "" || !strings.Contains(said, c.says) || !strings.Contains(said, "sekimori: hint: ") {
			t.Errorf("%s: %d %q\n%s", name, exit, out, said)
		}
	}
	if got := w.entries("request.proposed"); len(got) != 0 {
		t.Errorf("proposed: %v", got)
	}
	out, said, exit := e.types("request", proposal)
	got := w.entries("request.proposed")
	if exit != 0 || !strings.Contains(out, "is proposed") || len(got) != 1 {
		t.Fatalf("%d %q %q, ledger %v", exit, out, said, got)
	}
	if no, _ := got[0]["request"].(string); !strings.Contains(out, no) {
		t.Errorf("%q does not name %s", out, no)
	}
	// On a terminal there is no end of a form.
	c := e.mustDial("sato", nil)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	s.Stdout, s.Stderr = &b, &b
	if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	var status *ssh.ExitError
	if err := s.Run("request"); !errors.As(err, &status) || status.ExitStatus() != 2 || !strings.Contains(b.String(), "without a terminal") {
		t.Errorf("%v %q", err, b.String())
	}
}

func TestAnExtensionIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	win := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	for line, c := range map[string]struct {
		says string
		exit int
	}{
		"extend":                                 {"延長の長さが要ります", 2},
		"extend soon --reason x":                 {"延長の長さではありません: soon", 2},
		"extend 15m":                             {"理由", 1},
		"extend 15m --reason":                    {"値が要ります", 2},
		"extend 15m --raeson x":                  {"近いのは --reason", 2},
		"extend 15m 20m --reason a b":            {"余分な引数 20m", 2},
		"extend --reason a b 15m":                {"延長の長さが要ります", 2}, // the reason goes on to the next option
		"extend 30s --reason x":                  {"延長は", 1},
		"extend 15m --reason x --window R8-7":    {"[106]", 250},
		"extend 15m --reason \"\x1b[2Jx\"":       {"理由", 1},
		"extend -15m --reason x":                 {"延長は", 1},
		"extend 15m --reason x --window \x1b[2J": {"[106]", 250},
	} {
		if out, said, exit := e.types(line, ""); exit != c.exit || out != "" || !strings.Contains(said, c.says) {
			t.Errorf("%q: %d %q\n%s", line, exit, out, said)
		}
	}
	if got := w.entries("extension.asked"); len(got) != 0 {
		t.Errorf("asked: %v", got)
	}
	// As ssh hands it over when it was quoted once: the quotes are gone.
	out, said, exit := e.types(`extend 15m --reason 検証に 時間が必要 --window `+win.ID, "")
	got := w.entries("extension.asked")
	if exit != 0 || !strings.HasPrefix(out, "[関守] 15分の延長を申請しました。答えがなければ13:00に終わります。") || len(got) != 1 ||
		got[0]["reason"] != "検証に 時間が必要" || got[0]["window"] != win.ID || got[0]["asked_by"] != e.id {
		t.Fatalf("%d %q %q, ledger %v", exit, out, said, got)
	}
	// One question at a time.
	if _, said, exit := e.types("extend 15m --reason x --window "+win.ID, ""); exit != 1 || !strings.Contains(said, "すでに延長の申請があります") {
		t.Errorf("%d %s", exit, said)
	}
}

// Without a window in use the engineer reads what became of the nearest, or when it begins: not that there never was one.
func TestExtensionWithoutAWindowInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	refused := func(when, line string, want ...string) {
		t.Helper()
		_, said, exit := e.types(line, "")
		for _, text := range want {
			if exit < 250 || !strings.Contains(said, text) {
				t.Errorf("%s, %s: %d %q, want %q", when, line, exit, said, text)
			}
		}
	}
	next := w.window(e, "maint", noon.Add(3*time.Hour), time.Hour, policy.WindowScheduled)
	refused("not begun", "extend 15m --reason x", "[110]", "2026-11-24 15:00")
	refused("not begun", "extend 15m --reason x --window "+next.ID, "[110]")
	over := w.window(e, "maint", noon.Add(-3*time.Hour), 2*time.Hour, policy.WindowPermitted)
	refused("over", "extend 15m --reason x", "[111]", "2026-11-24 11:00", "file a new request")
	refused("over", "extend 15m --reason x --window "+over.ID, "[111]")
	closed := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	w.setState(closed, policy.WindowClosed)
	refused("closed by the attendant", "extend 15m --reason x", "[111]", "closed")
	refused("none of theirs", "extend 15m --reason x --window R8-9999-1", "[106]")
	if got := w.entries("extension.asked"); len(got) != 0 {
		t.Errorf("asked: %v", got)
	}
}

func TestAttackExtensionOfAForeignWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, other := w.engineer("sato", "en"), w.engineer("mori", "en")
	win := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	for _, line := range []string{"extend 15m --reason x", "extend 15m --reason x --window " + win.ID} {
		if out, said, exit := other.types(line, ""); exit != 250 || out != "" || !strings.Contains(said, "[106]") {
			t.Errorf("%s: %d %q %q", line, exit, out, said)
		}
	}
	if got := w.entries("extension.asked"); len(got) != 0 {
		t.Errorf("asked: %v", got)
	}
	if got := w.entries("access.refused"); len(got) != 2 || got[0]["reason"] != "no-grant" {
		t.Errorf("refusals: %v", got)
	}
	// Several at once are named, none is guessed.
	w.window(e, "backup", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	if _, said, exit := e.types("extend 15m --reason x", ""); exit != 2 || !strings.Contains(said, "--window: "+win.ID+", ") {
		t.Errorf("%d %s", exit, said)
	}
}

// Repeating a refused command costs the ledger one entry for each word and reason, and a summary.
func TestAttackFloodTheLedgerOverSSH(t *testing.T) {
	t.Parallel()
	var tally *refusals.Tally
	w := newWorld(t, func(o *Options) {
		tally = refusals.New(o.DB)
		o.Refusals = tally
	})
	e, other := w.engineer("sato", "en"), w.engineer("mori", "en")
	for range 4 {
		if _, said, exit := e.types("extend 15m --reason x", ""); exit != 250 || !strings.Contains(said, "[106]") {
			t.Fatalf("%d %q", exit, said)
		}
	}
	other.types("extend 15m --reason x", "")
	if got := w.entries("access.refused"); len(got) != 2 || len(w.entries("refusals.summed")) != 0 {
		t.Errorf("refusals: %v", got)
	}
	if err := tally.Due(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := w.entries("refusals.summed"); len(got) != 1 || got[0]["person"] != e.id || got[0]["count"] != 3.0 || got[0]["what"] != "ssh extend" || got[0]["reason"] != "no-grant" {
		t.Errorf("summaries: %v", got)
	}
}

// The factor that opened a window earlier opens it again; everything else asks for a code.
func TestAttackSelfServiceBeforeTheFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	e.mustDial("sato+hr-db", nil).Close() // remembered from here on
	keyOnly := func(user string) (*ssh.Client, error) {
		return ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(e.key)},
			HostKeyCallback: ssh.FixedHostKey(w.ring.HostSigner().PublicKey()), Timeout: 10 * time.Second})
	}
	c, err := keyOnly("sato+hr-db")
	if err != nil {
		t.Fatalf("the window: %v", err)
	}
	c.Close()
	if c, err := keyOnly("sato"); err == nil {
		c.Close()
		t.Error("self-service with the key alone")
	}
	wrong := &answers{code: func() string { return "000000" }}
	if c, err := e.dial("sato", wrong); err == nil {
		c.Close()
		t.Error("self-service with a wrong code")
	}
	// And should an authentication ever come with a remembered one, no word runs.
	for _, word := range selfWords() {
		s := &selfService{auth: &authResult{factor: factorRemembered}}
		var denied *policy.Denied
		if err := s.run(word.name); !errors.As(err, &denied) {
			t.Errorf("%s: %v", word.name, err)
		}
	}
}

func TestSelfServiceEndsWithALock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	w.write(func(tx *store.Tx) error {
		return tx.LockPerson(e.id, "U-001", "調査中")
	})
	for _, word := range selfWords() {
		_, said, exit := e.types(word.name, "")
		if word.open && exit != 0 || !word.open && (exit != 250 || !strings.Contains(said, "[101]")) {
			t.Errorf("%s: %d %s", word.name, exit, said)
		}
	}
}

func TestAReportOnStandardInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	win := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	w.write(func(tx *store.Tx) error {
		return tx.AddSession(store.Session{ID: "S-20261124-77", State: store.SessionEnded, Person: e.id, Vendor: "V-001", Grant: win.ID + "-1", Window: win.ID,
			Request: win.Request, System: "payroll", Target: "hr-db", Account: "hr-db/maint", Reason: policy.EndedByEngineer,
			Created: noon.Add(-time.Hour), Started: noon.Add(-time.Hour), Ended: noon.Add(-time.Minute)})
	})
	w.setState(win, policy.WindowClosed)
	form := "performed_from: 2026-11-24T11:00\nperformed_until: 2026-11-24T11:50\ndone: 調査した\nresult: done\nrolled_back: false\npii_viewed: false\npii_copied: false\n"
	for line, c := range map[string]struct {
		form, says string
		exit       int
	}{
		"report S-1":           {form, "not a session's number: S-1", 2},
		"report":               {form, "session", 1},
		"report S-20261124-99": {form, "sekimori: error", 1},
		"report S-20261124-78": {form + "session: S-20261124-77\n", "not about S-20261124-78", 2},
		"report S-20261124-77": {strings.Replace(form, "result: done", "result: dnoe", 1), "stdin:4:9: ", 1},
	} {
		if out, said, exit := e.types(line, c.form); exit != c.exit || out != "" || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %q\n%s", line, exit, out, said)
		}
	}
	out, said, exit := e.types("report S-20261124-77", form)
	if exit != 0 || !strings.Contains(out, "Work report W-0001 is handed in.") || len(w.entries("report.submitted")) != 1 {
		t.Errorf("%d %q %q", exit, out, said)
	}
	// No one can report on another person's sessions.
	if _, said, exit := w.engineer("mori", "en").types("report S-20261124-77", form); exit == 0 || len(w.entries("report.submitted")) != 1 {
		t.Errorf("%d %s", exit, said)
	}
}

// The number chosen is the grant that counts, also where two grants are for the same account.
func TestTheNumberChosenIsTheGrant(t *testing.T) {
	t.Parallel()
	for typed, n := range map[string]int{"1\r": 0, "2\r": 1, "\r": 0} {
		w := newWorld(t)
		e := w.engineer("sato", "en")
		wins := []store.Window{
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted),
			w.window(e, "maint", noon.Add(-time.Minute), 3*time.Hour, policy.WindowPermitted),
		}
		x := openTerminal(t, e.mustDial("sato", nil), "xterm")
		x.expect("Choose [1]: ")
		x.typeIn(typed)
		x.expect("Request " + wins[n].Request + "\r\n")
		x.expect("Continue? yes/no: ")
		x.typeIn("yes\r")
		x.expect("shell ready")
		if got := w.entries("session.consented"); len(got) != 1 || got[0]["window"] != wins[n].ID {
			t.Errorf("%q: %v", typed, got)
		}
	}
}

func TestInputOfAClientThatLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	c := e.mustDial("sato", nil)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("request"); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("system: payroll\n")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	w.gate.callers.Wait() // until the connection is over
	if err := w.db.Read(context.Background(), func(snap *store.Snap) error {
		all, err := snap.Requests(store.RequestFilter{})
		if len(all) != 0 {
			t.Errorf("handed in: %v", all)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
