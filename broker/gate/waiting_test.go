package gate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/act"
	"sekimori/broker/attendance"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

func asError[T error](err error, target *T) bool { return errors.As(err, target) }

func TestWaitingRoomUntilTheAttendantPermits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	win := w.window(e, "maint", noon.Add(10*time.Minute), time.Hour, policy.WindowScheduled)
	c := e.mustDial("sato+hr-db", nil)
	x := openTerminal(t, c, "xterm")
	x.expect("[待合] 開始時刻前  開始まで 10分(12:10 JST)")
	w.clock.set(noon.Add(5 * time.Minute))
	x.expect("開始まで 5分(12:10 JST)")
	if !strings.Contains(x.all.String(), "\r[待合]") {
		t.Errorf("not in place: %q", x.all.String())
	}
	x.typeIn("rm -rf /\r") // discarded
	w.clock.set(noon.Add(11 * time.Minute))
	x.expect("[待合] 開始可能(立会者待ち)  12:25まで待ちます。")
	if err := x.s.WindowChange(50, 132); err != nil {
		t.Fatal(err)
	}
	// While waiting nothing else is opened, and nothing has been at the target.
	if _, err := c.NewSession(); err == nil {
		t.Error("a second channel while waiting")
	}
	if n := w.target.reached(); n != 0 {
		t.Fatalf("target reached while waiting")
	}
	w.setState(win, policy.WindowPermitted)
	x.expect("shell ready")
	x.typeIn("hello")
	x.expect("echo:hello")
	if strings.Contains(x.all.String(), "rm -rf") {
		t.Errorf("input of the waiting room reached the target: %q", x.all.String())
	}
}

// TestTheWaitingRoomNeverEntersTheOutputOfACommand: ssh -tt gate COMMAND > file.
func TestTheWaitingRoomNeverEntersTheOutputOfACommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	win := w.window(e, "maint", noon, time.Hour, policy.WindowAttended)
	s, err := e.mustDial("sato+hr-db", nil).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	s.Stdout = &out
	errs, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.StdinPipe(); err != nil { // without it the input ends at once, which is leaving
		t.Fatal(err)
	}
	if err := s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Start("report"); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(errs)
	if text, err := said.ReadString(']'); err != nil || !strings.Contains(text, "[waiting]") {
		t.Fatalf("%q, %v", text, err)
	}
	go io.Copy(io.Discard, said)
	w.setState(win, policy.WindowPermitted)
	var status *ssh.ExitError
	if err := s.Wait(); !asError(err, &status) || out.String() != "ran report\n" {
		t.Errorf("%v, output %q", err, out.String())
	}
}

func TestWaitingRoomPlainTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(10*time.Minute), time.Hour, policy.WindowScheduled)
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "dumb")
	x.expect("[waiting] Too early. Opens in 10 min (12:10 JST).\r\n")
	w.clock.set(noon.Add(5 * time.Minute))
	x.expect("Opens in 5 min")
	w.clock.set(noon.Add(11 * time.Minute))
	x.expect("[waiting] Ready; waiting for attendant, until 12:25.\r\n")
	if strings.ContainsAny(x.all.String(), "\x1b") || strings.Contains(x.all.String(), "\r[") {
		t.Errorf("cursor tricks on a plain terminal: %q", x.all.String())
	}
	if n := strings.Count(x.all.String(), "Too early"); n != 2 {
		t.Errorf("%d lines before the start: %q", n, x.all.String())
	}
}

func TestWaitingRoomEndsWithoutAnAttendant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon, time.Hour, policy.WindowScheduled)
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	x.expect("waiting for attendant")
	w.clock.set(noon.Add(16 * time.Minute))
	if exit := x.exit(); exit != 251 || !strings.Contains(x.all.String(), "[118]") || !strings.Contains(x.all.String(), "内線1234") {
		t.Errorf("exit %d:\n%s", exit, x.all.String())
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
	refused := w.entries("session.refused")
	if len(refused) != 1 || refused[0]["reason"] != "attendant-absent" {
		t.Errorf("ledger: %v", refused)
	}
}

func TestWaitingRoomJudgesAnewOnEveryCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	win := w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	x.expect("Too early")
	w.setState(win, policy.WindowCancelled)
	if exit := x.exit(); exit != 250 || !strings.Contains(x.all.String(), "[112]") {
		t.Errorf("exit %d:\n%s", exit, x.all.String())
	}
}

func TestWaitingRoomIsLeftByKey(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(x *terminal){
		"Ctrl-C": func(x *terminal) { x.typeIn("\x03") },
		"Ctrl-D": func(x *terminal) { x.typeIn("\x04") },
		"EOF":    func(x *terminal) { x.in.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := w.engineer("sato", "en")
			w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
			x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
			x.expect("Too early")
			leave(x)
			if exit := x.exit(); exit != 251 {
				t.Errorf("exit %d:\n%s", exit, x.all.String())
			}
			if got := w.entries("session.refused"); len(got) != 1 || got[0]["reason"] != "client-lost" {
				t.Errorf("ledger: %v", got)
			}
		})
	}
}

// Floods while waiting: requests of every kind, global requests and channels are answered, and
// the countdown goes on.
func TestAttackFloodWhileWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	win := w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
	c := e.mustDial("sato+hr-db", nil)
	x := openTerminal(t, c, "xterm")
	x.expect("Too early")
	for i := range 2000 {
		if err := x.s.WindowChange(24, 80+i%50); err != nil {
			t.Fatalf("window-change %d: %v", i, err)
		}
	}
	for _, kind := range []string{"auth-agent-req@openssh.com", "x11-req", "subsystem", "exec", "shell", "break", "signal", "unknown@example"} {
		if ok, err := x.s.SendRequest(kind, true, nil); ok || err != nil {
			t.Errorf("%s while waiting: %v %v", kind, ok, err)
		}
	}
	for _, kind := range []string{"tcpip-forward", "cancel-tcpip-forward", "streamlocal-forward@openssh.com", "tun@openssh.com", "hostkeys-00@openssh.com"} {
		if ok, _, err := c.SendRequest(kind, true, nil); ok || err != nil {
			t.Errorf("%s while waiting: %v %v", kind, ok, err)
		}
	}
	for _, kind := range []string{"session", "direct-tcpip", "direct-streamlocal@openssh.com", "x11", "auth-agent@openssh.com", "tun@openssh.com", "\x1b[31m"} {
		_, _, err := c.OpenChannel(kind, nil)
		var refused *ssh.OpenChannelError
		if !asError(err, &refused) {
			t.Errorf("%q while waiting: %v", kind, err)
		}
	}
	w.clock.set(noon.Add(6 * time.Minute))
	x.expect("waiting for attendant")
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached while waiting")
	}
	w.setState(win, policy.WindowPermitted)
	x.expect("shell ready")
}

// Channels in a loop end the connection instead of costing the broker.
func TestAttackRejectedChannelsInALoop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
	c := e.mustDial("sato+hr-db", nil)
	x := openTerminal(t, c, "xterm")
	x.expect("Too early")
	var opened atomic.Int64
	go func() { // nothing waits for it: the library's OpenChannel never returns if the connection dies at the wrong moment
		for {
			_, _, err := c.OpenChannel("direct-tcpip", nil)
			var refused *ssh.OpenChannelError
			if !asError(err, &refused) || opened.Add(1) == 10*maxRejected {
				c.Close()
				return
			}
		}
	}()
	_ = c.Wait()
	if n := opened.Load(); n > maxRejected {
		t.Errorf("%d channels refused one by one", n)
	}
}

// identified is a world whose system asks for an identity check, with an engineer in the waiting room,
// the digits shown there, and the post at which the attendant acts.
func identified(t *testing.T) (w *world, e *engineer, post *attendance.Service, win store.Window) {
	w = newWorld(t)
	e = w.engineer("sato", "ja")
	w.write(func(tx *store.Tx) error {
		s, err := tx.System("payroll")
		if err != nil {
			return err
		}
		s.IdentityCheck = true
		return tx.PutSystem(s)
	})
	win = w.window(e, "maint", noon.Add(-time.Minute), time.Hour, policy.WindowScheduled)
	return w, e, attendance.New(attendance.Options{DB: w.db, Acts: act.New(act.Options{DB: w.db, Prove: func(context.Context, string, string, string, string) error { return nil }}), Ring: w.ring, Zone: w.zone}), win
}

// proven is an act by a person who gave a proof.
func proven(id string) act.Caller {
	return act.Caller{Actor: ledger.Actor{Kind: "person", ID: id, Via: "cli"}, Password: "right", Code: "right"}
}

// digitsShown waits for the number on the terminal. The newest ledger entry names its engineer, and not the number.
func digitsShown(t *testing.T, w *world, e *engineer, win store.Window, x *terminal) string {
	t.Helper()
	x.expect("照合番号は ")
	x.expect(" です。")
	_, after, _ := strings.Cut(x.all.String(), "照合番号は ")
	said, _, _ := strings.Cut(after, " です。")
	digits := strings.ReplaceAll(said, " ", "")
	got := w.entries("window.identity-number")
	last := got[len(got)-1]
	sealed, _ := last["sealed_number"].(string)
	if len(digits) != 3 || last["window"] != win.ID || last["person"] != e.id || sealed == "" || last["source"] == "" || len(last) != 5 {
		t.Fatalf("ledger %v, shown:\n%s", got, x.all.String())
	}
	return digits
}

// The engineer sees three digits; the attendant, who hears them, says them.
func TestWaitingRoomIdentityCheck(t *testing.T) {
	t.Parallel()
	w, e, post, win := identified(t)
	by := proven("U-001")
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	x.expect("立会者待ち")
	if err := post.Open(t.Context(), win.ID, by); err != nil { // no permission: the check comes first
		t.Fatal(err)
	}
	digits := digitsShown(t, w, e, win, x)
	if err := post.Permit(t.Context(), win.ID, by); err == nil {
		t.Error("permitted before the identity check")
	}
	if err := post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{Digits: digits}, by); err != nil {
		t.Fatal(err)
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times before the permission", n)
	}
	if err := post.Permit(t.Context(), win.ID, by); err != nil {
		t.Fatal(err)
	}
	x.expect("shell ready")
}

// The connections that count as an identified session's own: those with its key, from its address, while it is open.
func TestBesideAnIdentifiedSession(t *testing.T) {
	t.Parallel()
	w, e, post, win := identified(t)
	by := proven("U-001")
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	x.expect("立会者待ち")
	if err := post.Open(t.Context(), win.ID, by); err != nil {
		t.Fatal(err)
	}
	digits := digitsShown(t, w, e, win, x)
	if err := errors.Join(post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{Digits: digits}, by), post.Permit(t.Context(), win.ID, by)); err != nil {
		t.Fatal(err)
	}
	x.expect("shell ready")
	var open store.Session
	err := w.db.Read(t.Context(), func(s *store.Snap) error {
		live, err := s.Sessions(store.SessionFilter{Live: true, Person: e.id})
		if err == nil && len(live) == 1 {
			open = live[0]
		}
		return err
	})
	if err != nil || open.ID == "" {
		t.Fatalf("no session: %v", err)
	}
	beside := func(change func(c *caller, p *authResult, window *string, matched map[string]bool)) (yes bool) {
		c, p, window, matched := &caller{source: open.Source}, &authResult{person: policy.Person{ID: e.id}, fingerprint: open.Fingerprint}, win.ID, map[string]bool{open.ID: true}
		if change != nil {
			change(c, p, &window, matched)
		}
		err := w.db.Read(t.Context(), func(s *store.Snap) (err error) {
			yes, err = c.besideOneOf(s, p, window, matched)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return yes
	}
	if !beside(nil) {
		t.Error("the same key from the same address is not taken for the session's")
	}
	for name, change := range map[string]func(c *caller, p *authResult, window *string, matched map[string]bool){
		"another address": func(c *caller, _ *authResult, _ *string, _ map[string]bool) {
			c.source = netip.MustParseAddrPort("192.0.2.66:22")
		},
		"no address":     func(c *caller, _ *authResult, _ *string, _ map[string]bool) { c.source = netip.AddrPort{} },
		"another key":    func(_ *caller, p *authResult, _ *string, _ map[string]bool) { p.fingerprint = "SHA256:other" },
		"another person": func(_ *caller, p *authResult, _ *string, _ map[string]bool) { p.person.ID = "E-9999" },
		"another window": func(_ *caller, _ *authResult, window *string, _ map[string]bool) { *window = "R8-9999-1" },
		"not identified": func(_ *caller, _ *authResult, _ *string, matched map[string]bool) { delete(matched, open.ID) },
	} {
		if beside(change) {
			t.Errorf("%s is taken for the identified session's", name)
		}
	}
}

func TestWaitingRoomIdentityMismatchRefuses(t *testing.T) {
	t.Parallel()
	w, e, post, win := identified(t)
	by := proven("U-001")
	if err := post.Open(t.Context(), win.ID, by); err != nil {
		t.Fatal(err)
	}
	for _, answer := range []string{"wrong", ""} {
		x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
		digits := digitsShown(t, w, e, win, x)
		heard := answer
		if answer == "wrong" {
			heard = digits[:2] + string('0'+(digits[2]-'0'+1)%10) // another last digit
		}
		err := post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{Digits: heard}, by)
		for range 2 { // wrong digits may be read again
			if answer != "" {
				err = post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{Digits: heard}, by)
			}
		}
		if denied := (*policy.Denied)(nil); (answer != "") != asError(err, &denied) {
			t.Errorf("heard %q: %v", heard, err)
		}
		x.expect("[126]")
		if exit := x.exit(); exit != policy.ExitStopped {
			t.Errorf("exit %d", exit)
		}
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
	refused := w.entries("session.refused")
	if len(refused) != 2 || refused[1]["reason"] != "identity-failed" || refused[1]["number"] != float64(126) {
		t.Errorf("ledger: %v", refused)
	}
}

// TestSecondEngineerIsIdentifiedToo: the permission for the window is no identity check of a
// later engineer, and a mismatch of one takes nothing from another.
func TestSecondEngineerIsIdentifiedToo(t *testing.T) {
	t.Parallel()
	w, e, post, win := identified(t)
	other := w.engineer("mori", "ja")
	w.write(func(tx *store.Tx) error {
		return tx.AddGrant(policy.Grant{ID: win.ID + "-2", Person: other.id, Vendor: "V-001", Target: "hr-db", Account: "hr-db/maint",
			Window: win.Window, Request: win.Request, Files: policy.FilesNone, State: policy.GrantActive, PersonLimit: 9})
	})
	by := proven("U-001")
	if err := post.Open(t.Context(), win.ID, by); err != nil {
		t.Fatal(err)
	}
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	if err := post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{Digits: digitsShown(t, w, e, win, x)}, by); err != nil {
		t.Fatal(err)
	}
	if err := post.Permit(t.Context(), win.ID, by); err != nil {
		t.Fatal(err)
	}
	x.expect("shell ready")
	y := openTerminal(t, other.mustDial("mori+hr-db", nil), "xterm")
	digitsShown(t, w, other, win, y)
	if err := post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{}, by); err != nil { // no one answers
		t.Fatal(err)
	}
	y.expect("[126]")
	if n := w.target.reached(); n != 1 {
		t.Errorf("target reached %d times", n)
	}
	if live := w.sup.Live(); len(live) != 1 || live[0].Person != e.id {
		t.Errorf("the other's session did not go on: %+v", live)
	}
}

// TestAttackWaitBesideTheRealEngineer: a thief who has the key and a code waits in the room while the real engineer does. The
// attendant calls the registered telephone and hears the digits of the real one, which let in that connection and no other.
func TestAttackWaitBesideTheRealEngineer(t *testing.T) {
	t.Parallel()
	w, e, post, win := identified(t)
	by := proven("U-001")
	if err := post.Open(t.Context(), win.ID, by); err != nil {
		t.Fatal(err)
	}
	thief := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	stolen := digitsShown(t, w, e, win, thief)
	w.clock.set(w.clock.Now().Add(time.Minute)) // a code counts once
	real := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	heard := digitsShown(t, w, e, win, real)
	if heard == stolen {
		t.Fatal("both are shown the same number")
	}
	checks, err := post.IdentityChecks(t.Context(), win.ID)
	if err != nil || len(checks) != 2 || checks[0].Session == checks[1].Session || checks[0].Source == "" || checks[1].Source == "" {
		t.Fatalf("the attendant is not told of two connections and where they come from: %+v, %v", checks, err)
	}
	if err := post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{Digits: heard}, by); err != nil {
		t.Fatal(err)
	}
	// The other is settled before the start: no one answers for it.
	if err := post.Permit(t.Context(), win.ID, by); err == nil {
		t.Error("permitted while a connection that nobody identified waits")
	}
	if err := post.Identity(t.Context(), win.ID, attendance.IdentityAnswer{}, by); err != nil {
		t.Fatal(err)
	}
	thief.expect("[126]")
	if err := post.Permit(t.Context(), win.ID, by); err != nil {
		t.Fatal(err)
	}
	real.expect("shell ready")
	if n := w.target.reached(); n != 1 {
		t.Errorf("target reached %d times", n)
	}
	// A later connection is not let in by it either.
	w.clock.set(w.clock.Now().Add(time.Minute))
	late := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	digitsShown(t, w, e, win, late)
	if n := w.target.reached(); n != 1 {
		t.Errorf("target reached %d times", n)
	}
}

// The SSH library keeps a client's standard error until it is read, and for fifteen minutes no one would read it.
func TestAttackStandardErrorWhileWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
	ch, reqs, err := e.mustDial("sato+hr-db", nil).OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(reqs)
	go io.Copy(io.Discard, ch)
	pty := ssh.Marshal(struct {
		Term       string
		C, R, W, H uint32
		Modes      string
	}{"xterm", 80, 24, 0, 0, "\x00"})
	if ok, err := ch.SendRequest("pty-req", true, pty); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := ch.SendRequest("shell", true, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
	// Four windows: untaken bytes would stop at one.
	sent := make(chan error, 1)
	go func() {
		_, err := ch.Stderr().Write(make([]byte, 8<<20))
		sent <- err
	}()
	select {
	case err := <-sent:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("what a client sends as standard error is kept")
	}
}

// The variables of the first channel are the relay's to judge, also where the gate answered them: as many, and as long.
func TestLocaleVariablesThroughTheWaitingRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon, time.Hour, policy.WindowPermitted)
	s, err := e.mustDial("sato+hr-db", nil).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 64 {
		if err := s.Setenv(fmt.Sprintf("LC_%d", i), strings.Repeat("語", 1300)); err != nil {
			t.Errorf("variable %d: %v", i, err)
		}
	}
	out, _ := s.Output("report")
	if string(out) != "ran report\n" {
		t.Errorf("%q", out)
	}
}
