package accounts_test

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// checked has an administrator check the target, and gives the results as "part result", in their order.
func (w *town) checked() (string, store.TargetCheck) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		return tx.PutPerson(store.Person{Person: policy.Person{ID: "U-001", Login: "kanri", Kind: policy.Staff, Name: "管理者", Section: "S-01", Roles: []policy.Role{policy.Administrator}}})
	})
	counter := accounts.NewCounter(w.Steward, act.New(act.Options{DB: w.db}))
	if err := counter.Check(within(w.t), "hr-db", act.Caller{Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}}); err != nil {
		w.t.Fatal(err)
	}
	var c store.TargetCheck
	w.read(func(s *store.Snap) (err error) { c, err = s.TargetCheck("hr-db"); return err })
	var all []string
	for _, l := range c.Lines {
		all = append(all, l.What+" "+string(l.Result))
		said, next := accounts.SayCheck(l)
		if said.JA == "" || said.EN == "" || said.JA == said.EN || (l.Result == store.CheckOK) != (next.JA == "" && next.EN == "") {
			w.t.Errorf("%s %s is said as %+v, %+v", l.What, l.Result, said, next)
		}
	}
	return strings.Join(all, ", "), c
}

// TestTheCheckOfATarget: with a real sshd and the program of examples/hooks, each part goes well where everything is set up, and the
// account is closed again.
func TestTheCheckOfATarget(t *testing.T) {
	t.Parallel()
	l := newLinux(t, store.Account{}, nil, "")
	got, c := l.checked()
	if got != "host-key ok, no-proof ok, steward ok, login ok, wrong-principal ok, wrong-source ok" || !accounts.Passed(c) || c.Source != "127.0.0.1" {
		t.Errorf("%s from %s\n%+v", got, c.Source, c.Lines)
	}
	if _, err := l.login("true"); err == nil || len(l.open()) != 0 {
		t.Errorf("the account is open after the check: %v", l.open())
	}
	if n := l.entries("target.checked"); n != 1 {
		t.Errorf("%d entries", n)
	}
	// While a session uses the account it is left alone.
	if err := l.Prepare(within(t), use(1)); err != nil {
		t.Fatal(err)
	}
	if got, c := l.checked(); got != "host-key ok, no-proof ok, steward skipped" || accounts.Passed(c) {
		t.Errorf("in use: %s", got)
	}
	if _, err := l.login("true"); err != nil {
		t.Errorf("the check closed the account of a session: %v", err)
	}
}

// TestTheCheckNamesWhatIsMissing: another CA, another host key, principals that let everyone in, an account that the program does not know.
func TestTheCheckNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	target := func(s *testbed.SSHD) store.Target {
		host, port, err := net.SplitHostPort(s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		return store.Target{Target: policy.Target{Host: host, Port: n, HostKey: string(ssh.MarshalAuthorizedKey(s.HostKey))}}
	}
	login := func(w *town, name string) {
		w.write(func(tx *store.Tx) error {
			return tx.PutAccount(store.Account{Account: policyAccount(account, name), Credential: store.CredentialCertificate})
		})
	}
	t.Run("another CA", func(t *testing.T) {
		sshd := testbed.StartSSHD(t, testbed.SSHDOptions{CA: testbed.NewSigner(t).PublicKey()})
		w := newTownOf(t, ring, target(sshd), store.Account{}, nil)
		login(w, sshd.Login)
		if got, _ := w.checked(); got != "host-key ok, no-proof ok, login failed, wrong-principal ok, wrong-source ok" {
			t.Error(got)
		}
	})
	t.Run("another host key", func(t *testing.T) {
		sshd := testbed.StartSSHD(t, testbed.SSHDOptions{CA: ring.CAPublic()})
		other := target(sshd)
		other.HostKey = string(ssh.MarshalAuthorizedKey(testbed.NewSigner(t).PublicKey()))
		w := newTownOf(t, ring, other, store.Account{}, nil)
		if got, c := w.checked(); got != "host-key failed" || !strings.Contains(c.Lines[0].Detail, "another host key") {
			t.Errorf("%s %+v", got, c.Lines)
		}
	})
	t.Run("principals for everyone", func(t *testing.T) {
		sshd := testbed.StartSSHD(t, testbed.SSHDOptions{CA: ring.CAPublic(), Conf: []string{"AuthorizedPrincipalsCommand /bin/echo sekimori-check-of-another-name", "AuthorizedPrincipalsCommandUser nobody"}})
		w := newTownOf(t, ring, target(sshd), store.Account{}, nil)
		login(w, sshd.Login)
		if got, _ := w.checked(); got != "host-key ok, no-proof ok, login failed, wrong-principal failed, wrong-source ok" {
			t.Error(got)
		}
	})
	t.Run("an account that the program does not know", func(t *testing.T) {
		l := newLinux(t, store.Account{}, nil, "")
		if err := os.WriteFile(l.host.Path("/etc/sekimori/accounts"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, c := l.checked(); !strings.HasPrefix(got, "host-key ok, no-proof ok, steward failed") || !strings.Contains(c.Lines[2].Detail, "not in /etc/sekimori/accounts") {
			t.Errorf("%s %+v", got, c.Lines)
		}
	})
}

// TestTheStepsOfATargetAreWhatSSHDTakes: a real sshd set up by the printed lines alone passes the check.
func TestTheStepsOfATargetAreWhatSSHDTakes(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	steward, err := ring.StewardSigner()
	if err != nil {
		t.Fatal(err)
	}
	e := accounts.Enrolment{Target: store.Target{Target: policy.Target{ID: "hr-db"}, Steward: "root", Egress: []string{"192.0.2.20:5432", "198.51.100.0/24:*"}},
		Accounts: []store.Account{{Account: policyAccount(account, "maint"), Credential: store.CredentialCertificate, Groups: []string{"payroll"}}},
		CA:       ring.CAPublic(), Steward: steward.PublicKey(), Source: "127.0.0.1"}
	files := map[string]string{}
	for _, s := range e.Steps() {
		if s.Title.JA == "" || s.Title.EN == "" {
			t.Errorf("no words for %q", s.File)
		}
		if s.File != "" && len(s.Lines) > 0 {
			files[s.File] = strings.Join(s.Lines, "\n") + "\n"
		}
	}
	var setup strings.Builder
	setup.WriteString("mkdir -p /etc/sekimori /etc/ssh/sshd_config.d /etc/ssh/sekimori_principals\n")
	for name, text := range files {
		to := name
		if name == "/root/.ssh/authorized_keys" {
			to, text = "/etc/ssh/root_keys", strings.Replace(text, "/usr/local/sbin/sekimori-target", scriptPath(t), 1)
		}
		if !strings.HasPrefix(to, "/etc/nftables.d") {
			setup.WriteString("cat >" + to + " <<'EOF'\n" + text + "EOF\n")
		}
	}
	setup.WriteString("usermod -L -e 1970-01-02 maint; groupadd payroll\n")
	host := testbed.StartHost(t, testbed.HostOptions{Accounts: []string{"maint"}, Setup: setup.String(),
		Conf: []string{"Include /etc/ssh/sshd_config.d/sekimori.conf", "AuthorizedKeysFile /etc/ssh/%u_keys"}})
	name, port, err := net.SplitHostPort(host.Addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	w := newTownOf(t, ring, store.Target{Target: policy.Target{Host: name, Port: n, HostKey: string(ssh.MarshalAuthorizedKey(host.HostKey))}, Steward: "root"}, store.Account{Groups: []string{"payroll"}}, nil)
	if got, c := w.checked(); got != "host-key ok, no-proof ok, steward ok, login ok, wrong-principal ok, wrong-source ok" {
		t.Errorf("%s\n%+v", got, c.Lines)
	}
	if filter := files["/etc/nftables.d/sekimori-maint.nft"]; !strings.Contains(filter, "192.0.2.20 . 5432, 198.51.100.0/24 . 1-65535") {
		t.Errorf("%s", filter)
	}
}
