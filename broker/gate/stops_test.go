package gate

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/act"
	"sekimori/broker/freeze"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A waiting engineer cannot sit out a stop: a freeze or a lock ends the waiting at once, and nothing
// reaches the target when the window begins.
func TestStopsReachTheWaitingRoom(t *testing.T) {
	t.Parallel()
	by := act.Caller{Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}}
	for name, c := range map[string]struct {
		stop   func(*testing.T, *freeze.Freezer) error
		number string
		exit   int
	}{
		"freeze": {func(t *testing.T, f *freeze.Freezer) error {
			_, err := f.On(t.Context(), policy.FreezeAll, "", "", by)
			return err
		}, "[125]", 253},
		"freeze of the vendor": {func(t *testing.T, f *freeze.Freezer) error {
			_, err := f.On(t.Context(), policy.FreezeVendor, "gcc", "", by)
			return err
		}, "[125]", 253},
		"lock":          {func(t *testing.T, f *freeze.Freezer) error { return f.LockPerson(t.Context(), "sato", "", by) }, "[101]", 250},
		"vendor's lock": {func(t *testing.T, f *freeze.Freezer) error { return f.LockVendor(t.Context(), "gcc", "", by) }, "[103]", 250},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := w.engineer("sato", "en")
			w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
			x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
			x.expect("Too early")
			begun := time.Now()
			if err := c.stop(t, freeze.New(freeze.Options{DB: w.db, Acts: act.New(act.Options{DB: w.db})})); err != nil {
				t.Fatal(err)
			}
			if exit := x.exit(); exit != c.exit || !strings.Contains(x.all.String(), c.number) {
				t.Errorf("exit %d:\n%s", exit, x.all.String())
			}
			if took := time.Since(begun); took > time.Minute { // by the commit, and not by the reminder, which comes after five
				t.Errorf("the waiting room was left after %v", took)
			}
			if n := w.target.reached(); n != 0 {
				t.Errorf("target reached %d times", n)
			}
		})
	}
}

// An engineer whose key is revoked, or whose credentials are suspended for a new enrolment, can no longer wait with the earlier proof.
func TestAKeyTakenAwayReachesTheWaitingRoom(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*world, *engineer) func(tx *store.Tx) error{
		"revoked": func(_ *world, e *engineer) func(tx *store.Tx) error {
			return func(tx *store.Tx) error {
				keys, err := tx.Keys(e.id)
				if err != nil {
					return err
				}
				return tx.SetKeyState(keys[0].ID, store.KeyRevoked)
			}
		},
		"suspended": func(_ *world, e *engineer) func(tx *store.Tx) error {
			return func(tx *store.Tx) error { return tx.SuspendKeys(e.id) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := w.engineer("sato", "en")
			win := w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
			x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
			x.expect("Too early")
			w.write(take(w, e))
			w.setState(win, policy.WindowPermitted)
			w.clock.set(noon.Add(6 * time.Minute))
			if exit := x.exit(); exit == 0 || strings.Contains(x.all.String(), "shell ready") {
				t.Errorf("exit %d:\n%s", exit, x.all.String())
			}
			if n := w.target.reached(); n != 0 {
				t.Errorf("target reached %d times", n)
			}
		})
	}
}

// A stop that comes between the key and the code, and one between the code and the consent, stops the login.
func TestStopsDuringTheHandshake(t *testing.T) {
	t.Parallel()
	by := act.Caller{Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}}
	for name, atCode := range map[string]bool{"at the code": true, "at the consent": false} {
		w := newWorld(t)
		e := w.engineer("sato", "en")
		w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		stop := func() {
			if _, err := freeze.New(freeze.Options{DB: w.db, Acts: act.New(act.Options{DB: w.db})}).On(t.Context(), policy.FreezeAll, "", "", by); err != nil {
				t.Error(err)
			}
		}
		a := &stopping{answers: answers{consent: "yes", code: e.code}, atCode: atCode, stop: stop}
		c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{
			User: "sato+hr-db", Auth: []ssh.AuthMethod{ssh.PublicKeys(e.key), ssh.KeyboardInteractive(a.respond)},
			HostKeyCallback: ssh.FixedHostKey(w.ring.HostSigner().PublicKey()), Timeout: 10 * time.Second,
		})
		if err != nil {
			t.Errorf("%s: a denial is told on the channel, not by the login: %v", name, err)
			continue
		}
		_, said, exit := run(t, c, "id")
		c.Close()
		if exit != 253 || !strings.Contains(said, "[125]") {
			t.Errorf("%s: exit %d: %s", name, exit, said)
		}
		if n := w.target.reached(); n != 0 {
			t.Errorf("%s: target reached %d times", name, n)
		}
	}
}

// stopping freezes everything while a prompt is open.
type stopping struct {
	answers
	atCode bool
	stop   func()
}

func (s *stopping) respond(name, instruction string, questions []string, echo []bool) ([]string, error) {
	for _, q := range questions {
		if consent := strings.Contains(q, "yes/no: "); consent != s.atCode {
			s.stop()
		}
	}
	return s.answers.respond(name, instruction, questions, echo)
}

// TestAttackKeyTakenAwayBeforeTheFirstChannel: the session checks the login's proof again when it opens.
func TestAttackKeyTakenAwayBeforeTheFirstChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 4*time.Hour, policy.WindowPermitted)
	c := e.mustDial("sato+hr-db", nil) // in, and no channel yet
	w.write(func(tx *store.Tx) error { return tx.SuspendKeys(e.id) })
	if out, said, exit := run(t, c, "whoami"); exit != policy.AuthFailed.Exit() || out != "" || !strings.Contains(said, "[100]") {
		t.Errorf("exit %d, %q, %q", exit, out, said)
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
}

// TestAttackSelfServiceWithAKeyTakenAway: nor does it file or extend anything.
func TestAttackSelfServiceWithAKeyTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 4*time.Hour, policy.WindowPermitted)
	c := e.mustDial("sato", nil)
	w.write(func(tx *store.Tx) error { return tx.SuspendKeys(e.id) })
	if out, said, exit := run(t, c, "extend 15m --reason more"); exit != policy.AuthFailed.Exit() || out != "" || !strings.Contains(said, "[100]") {
		t.Errorf("exit %d, %q, %q", exit, out, said)
	}
	if got := w.entries("extension.asked"); len(got) != 0 {
		t.Errorf("asked all the same: %v", got)
	}
}

// TestAttackSelfServiceFromElsewhere: from an address that opens no session, nothing is filed or extended either.
func TestAttackSelfServiceFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 4*time.Hour, policy.WindowPermitted)
	w.write(func(tx *store.Tx) error {
		p, err := tx.Person(e.id)
		p.Sources = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		return errors.Join(err, tx.PutPerson(p))
	})
	for _, frozen := range []bool{false, true} { // a freeze, which is told first of a login, must not hide where the call comes from
		if frozen {
			if _, err := freeze.New(freeze.Options{DB: w.db, Acts: act.New(act.Options{DB: w.db})}).On(t.Context(), policy.FreezeAll, "", "", act.Caller{Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range []string{"extend 15m --reason more", "windows", "request list"} {
			out, said, exit := run(t, e.mustDial("sato", nil), line)
			if exit != policy.SourceNotAllowed.Exit() || out != "" || !strings.Contains(said, "[115]") {
				t.Errorf("%s, frozen %v: exit %d, %q, %q", line, frozen, exit, out, said)
			}
		}
	}
}

// TestAttackUnopenedOutlivesADroppedFactor: a forced end, a freeze, a lock or a revocation drops remembered factors. A connection
// that gave its factor before and opened nothing yet opens nothing afterwards, although no cause stands any more.
func TestAttackUnopenedOutlivesADroppedFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	win := w.window(e, "maint", noon.Add(-time.Hour), 4*time.Hour, policy.WindowPermitted)
	print := ssh.FingerprintSHA256(e.key.PublicKey())
	for name, f := range map[string]struct {
		filter store.FactorFilter
		drops  bool
	}{
		"all":              {store.FactorFilter{}, true},
		"the person":       {store.FactorFilter{Person: e.id}, true},
		"the key":          {store.FactorFilter{Person: e.id, Fingerprint: print}, true},
		"the window":       {store.FactorFilter{Window: win.ID}, true},
		"the system":       {store.FactorFilter{System: "payroll"}, true},
		"the vendor":       {store.FactorFilter{Vendor: "V-001"}, true},
		"another person":   {store.FactorFilter{Person: "E-9999"}, false},
		"another key":      {store.FactorFilter{Person: e.id, Fingerprint: "SHA256:other"}, false},
		"another window":   {store.FactorFilter{Window: "R8-9999-1"}, false},
		"another system":   {store.FactorFilter{System: "tax"}, false},
		"another vendor":   {store.FactorFilter{Vendor: "V-009"}, false},
		"windows in drill": {store.FactorFilter{Drill: true}, false},
	} {
		for _, factor := range []string{"given", "remembered"} {
			c := e.mustDial("sato+hr-db", nil) // in, and no channel yet; the first time with a code
			w.write(func(tx *store.Tx) error { return tx.ForgetFactors(f.filter) })
			before := w.target.reached()
			out, said, exit := run(t, c, "whoami")
			switch {
			case f.drops && (exit != policy.FactorDropped.Exit() || out != "" || !strings.Contains(said, "[136]") || w.target.reached() != before):
				t.Errorf("%s, %s: exit %d, %q, %q", name, factor, exit, out, said)
			case !f.drops && (exit != 7 || out != "ran whoami\n"):
				t.Errorf("%s, %s: exit %d, %q, %q", name, factor, exit, out, said)
			}
			c.Close()
			e.mustDial("sato+hr-db", nil).Close() // remembered, for the second turn
		}
		w.write(func(tx *store.Tx) error { return tx.ForgetFactors(store.FactorFilter{}) })
	}
}

// TestAttackWaitThroughACut: neither the waiting room nor the list, nor a card that is not answered yet, keeps a factor that was dropped.
func TestAttackWaitThroughACut(t *testing.T) {
	t.Parallel()
	cut := func(w *world, e *engineer) {
		w.write(func(tx *store.Tx) error { return tx.ForgetFactors(store.FactorFilter{Person: e.id}) })
	}
	t.Run("waiting room", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		e := w.engineer("sato", "en")
		w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
		x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
		x.expect("Opens in 5 min")
		cut(w, e)
		if exit := x.exit(); exit != policy.FactorDropped.Exit() || !strings.Contains(x.all.String(), "[136]") {
			t.Errorf("exit %d:\n%s", exit, x.all.String())
		}
	})
	t.Run("list", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		e := w.engineer("sato", "en")
		w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		x := openTerminal(t, e.mustDial("sato", nil), "xterm")
		x.expect("Choose [1]")
		cut(w, e)
		x.typeIn("1\r")
		if exit := x.exit(); exit != policy.FactorDropped.Exit() || !strings.Contains(x.all.String(), "[136]") {
			t.Errorf("exit %d:\n%s", exit, x.all.String())
		}
		c := e.mustDial("sato", nil)
		cut(w, e)
		if out, said, exit := run(t, c, "extend 15m --reason more"); exit != policy.FactorDropped.Exit() || out != "" || !strings.Contains(said, "[136]") {
			t.Errorf("self-service: exit %d, %q, %q", exit, out, said)
		}
	})
	t.Run("card", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		e := w.engineer("sato", "en")
		w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		a := &answers{consent: "yes", code: e.code, asked: func() { cut(w, e) }}
		_, said, exit := run(t, e.mustDial("sato+hr-db", a), "whoami")
		if exit != policy.FactorDropped.Exit() || !strings.Contains(said, "[136]") {
			t.Errorf("exit %d, %q", exit, said)
		}
		again := &answers{consent: "yes", code: e.code}
		if _, said, exit := run(t, e.mustDial("sato+hr-db", again), "whoami"); exit != 7 {
			t.Errorf("afterwards: exit %d, %q", exit, said)
		}
		if again.prompts == nil {
			t.Error("the factor that was dropped is remembered")
		}
	})
}
