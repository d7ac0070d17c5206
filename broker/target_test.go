package broker_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A reachable target that refuses the broker's login is reported as such: to the engineer, in the
// ledger, and with details to the section and the central desk, once.
func TestTargetThatDoesNotLetTheBrokerIn(t *testing.T) {
	old := ssh.Config{KeyExchanges: []string{ssh.KeyExchangeDH14SHA256}, Ciphers: []string{ssh.CipherAES128CTR}, MACs: []string{ssh.HMACSHA256}}
	for name, tc := range map[string]struct {
		target testbed.TargetOptions
		reason policy.Reason
		offers string
	}{
		"refuses the credential": {testbed.TargetOptions{Login: func(string, ssh.PublicKey) error { return errors.New("no") }}, policy.TargetRefusedLogin, ""},
		"has only group14":       {testbed.TargetOptions{Algorithms: old}, policy.TargetTooOld, "diffie-hellman-group14-sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			o := foundWith(t, time.Hour, tc.target)
			e := o.engineers(1)[0]
			b := o.start()
			for range 2 {
				_, said, exit, err := e.mustDial(b.addr).run("id")
				if exit != tc.reason.Exit() || err != nil || !strings.Contains(said, fmt.Sprintf("[%d]", tc.reason.Number())) {
					t.Errorf("%q, %d, %v", said, exit, err)
				}
				if strings.Contains(said, "group14") {
					t.Errorf("the engineer reads the lists: %q", said)
				}
			}
			b.close()
			var alarms []store.Alarm
			o.read(func(s *store.Snap) (err error) {
				alarms, err = s.Alarms(store.AlarmFilter{What: store.AlarmTarget, About: "hr-db"})
				return err
			})
			if len(alarms) != 1 || alarms[0].Detail["reason"] != string(tc.reason) || len(alarms[0].Desks) != 2 {
				t.Fatalf("alarms %+v", alarms)
			}
			offered, _ := alarms[0].Detail["target_offers"].(string)
			broker, _ := alarms[0].Detail["broker_offers"].(string)
			if offered != tc.offers || (tc.offers != "") != strings.Contains(broker, "curve25519") {
				t.Errorf("alarm %+v", alarms[0].Detail)
			}
			ended := o.ended()
			for _, row := range o.sessions(e.id) {
				o.sealed(row, ended[row.ID], tc.reason)
			}
			o.verifyLedger()
		})
	}
}

// With legacy algorithms an old target can be reached.
func TestLegacyAlgorithmsOfATarget(t *testing.T) {
	o := foundWith(t, time.Hour, testbed.TargetOptions{Algorithms: ssh.Config{KeyExchanges: []string{ssh.InsecureKeyExchangeDH14SHA1},
		Ciphers: []string{ssh.CipherAES128CTR}, MACs: []string{ssh.HMACSHA1}}})
	e := o.engineers(1)[0]
	o.write(func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		target.LegacyAlgorithms = "2027年3月の更新まで"
		return tx.PutTarget(target)
	})
	b := o.start()
	if out, said, exit, err := e.mustDial(b.addr).run("print reached"); out != "reached" || exit != 0 || err != nil {
		t.Errorf("%q, %q, %d, %v", out, said, exit, err)
	}
}

// A target that hangs up at the request for a terminal is reported as gone.
func TestTargetThatHangsUpAtTheTerminal(t *testing.T) {
	var hangUp func()
	o := foundWith(t, time.Hour, testbed.TargetOptions{Asked: func(request string) {
		if request == "pty-req" {
			hangUp()
		}
	}})
	hangUp = o.target.Break
	e := o.engineers(1)[0]
	b := o.start()
	s, err := e.mustDial(b.addr).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	s.Stderr = &said
	if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	err = s.Run("id")
	var exit *ssh.ExitError
	if !errors.As(err, &exit) || exit.ExitStatus() != policy.TargetLost.Exit() || !strings.Contains(said.String(), "[212]") {
		t.Errorf("%v, %q", err, said.String())
	}
	b.close()
	row := o.sessions(e.id)[0]
	o.sealed(row, o.ended()[row.ID], policy.TargetLost)
}

// A target that admits the broker and hangs up at once, like a server whose session setup fails,
// is reported as gone: there was no channel yet on which to report it.
func TestTargetThatHangsUpAfterTheLogin(t *testing.T) {
	o := foundWith(t, time.Hour, testbed.TargetOptions{
		Connected: func(c *ssh.ServerConn) { c.Close() },
		Session: func(s *testbed.TargetSession) { // of a channel that was quicker than the end
			for range s.Requests {
			}
		},
	})
	e := o.engineers(1)[0]
	b := o.start()
	for i := range 20 {
		_, said, exit, err := e.mustDial(b.addr).run("id")
		if err != nil || exit != policy.TargetLost.Exit() || !strings.Contains(said, "[212]") {
			t.Errorf("login %d: %q, %d, %v", i, said, exit, err)
		}
	}
}
