package siem

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
)

// A real rsyslogd takes every entry over TCP and over TLS with a client certificate, in order and whole.
func TestRsyslogTakesEveryEntry(t *testing.T) {
	t.Parallel()
	daemon := testbed.Need(t, "rsyslogd")
	for _, way := range []string{"tcp", "tls"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			address := testrun.FreeAddress(t)
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{DB: r.db, Address: address, Format: SyslogJSON, Whole: true, Host: "gate", Origin: "test.example/ledger", Version: "1"}
			driver := ""
			if way == "tls" {
				if o.TLS, err = bothSides(r.dir); err != nil {
					t.Fatal(err)
				}
				o.EndIsEnough = true // its gtls driver sends no close_notify; ossl does
				driver = `StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"`
			}
			got := filepath.Join(r.dir, "got")
			config := fmt.Sprintf(`global(workDirectory="%[1]s" DefaultNetstreamDriverCAFile="%[1]s/cert.pem" DefaultNetstreamDriverCertFile="%[1]s/cert.pem" DefaultNetstreamDriverKeyFile="%[1]s/key.pem")
module(load="imtcp" %[2]s)
input(type="imtcp" address="127.0.0.1" port="%[3]s")
template(name="whole" type="string" string="%%protocol-version%% %%app-name%% %%msgid%% %%structured-data%% %%msg%%\n")
*.* action(type="omfile" file="%[4]s" template="whole")
`, r.dir, driver, port, got)
			file := filepath.Join(r.dir, "rsyslog.conf")
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(daemon, "-n", "-f", file, "-i", filepath.Join(r.dir, "pid"))
			log, err := os.Create(filepath.Join(r.dir, "log"))
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			cmd.Stdout, cmd.Stderr = log, log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { cmd.Process.Kill(); cmd.Wait() }()
			if err := appended(t.Context(), r.db, 60); err != nil {
				t.Fatal(err)
			}
			f := New(o)
			f.part = 25
			size := r.size(t)
			for limit := time.Now().Add(stuck); ; <-time.After(50 * time.Millisecond) { // it may be starting
				if err = f.Forward(t.Context()); err == nil {
					break
				}
				if time.Now().After(limit) {
					said, _ := os.ReadFile(log.Name())
					t.Fatalf("%v: %s", err, said)
				}
			}
			var a *arrived
			for limit := time.Now().Add(stuck); ; <-time.After(20 * time.Millisecond) { // it writes after it has read
				text, _ := os.ReadFile(got)
				a = &arrived{}
				for line := range strings.Lines(string(text)) {
					if !strings.HasPrefix(line, "1 sekimori test.act [ledger@32473 origin=\"test.example/ledger\" index=") || !strings.Contains(line, `"payload":{"note":"\u969c\u5bb3 \"=|\\ `) {
						continue // rsyslogd's own
					}
					if err := a.take(strings.TrimSpace(line)); err != nil {
						t.Fatal(err)
					}
				}
				if int64(len(a.all)) >= size || time.Now().After(limit) {
					break
				}
			}
			a.holds(t, size)
		})
	}
}
