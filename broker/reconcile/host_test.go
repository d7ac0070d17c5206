package reconcile_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/reconcile"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestADirectLoginBesideTheBrokerIsFlagged: a real sshd; a session through the broker is known, and so are the broker's own looks. Logins
// that went round it are flagged once, with an alarm, until an auditor explains them.
func TestADirectLoginBesideTheBrokerIsFlagged(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.session("S-20261124-01")
	h.login("maint", "", true, true)
	if err := h.ask("mori"); err != nil {
		t.Fatal(err)
	}
	r := h.last()
	// The clocks of the hall and of the host are days apart; the difference is measured.
	if r.State != store.ReconciledAgrees || r.Found.Logins < 3 || r.Found.Known != r.Found.Logins || len(r.Found.Missing) != 0 || r.Found.By == "" || r.Found.Ahead == 0 {
		t.Fatalf("%+v", r)
	}
	if len(h.alarms()) != 0 {
		t.Errorf("an alarm about known logins")
	}

	h.login("maint", "127.0.0.9", false, true)  // with the session's account, from elsewhere
	h.login("maint", "127.0.0.1", false, false) // from the broker's own host
	h.login("other", "127.0.0.9", false, false)
	if err := h.ask("mori"); err != nil {
		t.Fatal(err)
	}
	found := map[string]policy.LoginDoubt{}
	for _, u := range h.unknown() {
		found[u.Login+" "+u.Source] = u.Doubt
		if d := u.At.Sub(h.Now()).Abs(); d > time.Minute {
			t.Errorf("%s at %s, by the broker's clock it is %s", u.ID, u.At, h.Now())
		}
	}
	if len(h.unknown()) != 3 || found["maint 127.0.0.9"] != policy.LoginElsewhere || found["maint 127.0.0.1"] != policy.LoginTooMany || found["other 127.0.0.9"] != policy.LoginNoSession {
		t.Fatalf("%+v", h.unknown())
	}
	if all := h.alarms(); len(all) != 1 || len(all[0].Desks) != 2 || !strings.Contains(all[0].Detail["names"].(string), "other") {
		t.Errorf("%+v", all)
	}
	if r := h.last(); r.State != store.ReconciledUnknown || r.Found.New != 3 {
		t.Errorf("%+v", r)
	}
	// Again: the same logins are no news.
	if err := h.ask("admin"); err != nil {
		t.Fatal(err)
	}
	if r := h.last(); r.Found.New != 0 || r.Found.Before != 3 || len(h.alarms()) != 1 || len(h.unknown()) != 3 {
		t.Errorf("%+v", r)
	}

	id := h.unknown()[0].ID
	for by, want := range map[string]string{"admin": string(policy.Forbidden), "kato": string(policy.Forbidden), "mori": ""} {
		if err := h.Explain(t.Context(), id, "保守の人が課の端末から入った", h.by(by)); reasonOf(err) != want {
			t.Errorf("%s: %v", by, err)
		}
	}
	if err := h.Explain(t.Context(), id, "again", h.by("mori")); reasonOf(err) != string(policy.AlreadyDecided) {
		t.Errorf("twice: %v", err)
	}
	if err := h.Explain(t.Context(), h.unknown()[1].ID, " ", h.by("mori")); err == nil {
		t.Error("without a reason")
	}
	if kinds := strings.Join(h.Kinds(t, id), " "); kinds != "target.reconciled access.refused access.refused login.explained access.refused" && !strings.Contains(kinds, "login.explained") {
		t.Errorf("%s", kinds)
	}
}

// TestARealWtmp: sshd wrote it; as a file it says what last says of it.
func TestARealWtmp(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.login("maint", "127.0.0.9", false, true)
	h.login("maint", "127.0.0.9", false, false) // wtmp has no logins without a terminal
	whole, err := os.ReadFile(h.Path("/var/log/wtmp"))
	if err != nil {
		t.Fatal(err)
	}
	full := exec.Command("last", "-F", "-w", "-i", "-f", h.Path("/var/log/wtmp"))
	full.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	text, err := full.Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"wtmp": whole, "last": text} {
		r, err := reconcile.Read(bytes.NewReader(content), time.UTC, time.Now())
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if len(r.Logins) != 1 || r.Logins[0].Login != "maint" || r.Logins[0].Source != "127.0.0.9" || r.Logins[0].Record != accounts.Terminal || time.Since(r.Logins[0].At).Abs() > time.Minute {
			t.Errorf("%s: %+v\n%s", name, r, text)
		}
	}
	ahead := time.Since(h.Now()).Round(time.Second)
	if ahead.Abs() > 24*time.Hour {
		h.Pass(ahead)
		ahead = 0
	}
	if err := h.File(t.Context(), "hr-db", bytes.NewReader(whole), ahead, h.by("kato")); err != nil {
		t.Fatal(err)
	}
	if all := h.unknown(); len(all) != 1 || all[0].Doubt != policy.LoginNoSession || h.last().Found.Source != "file" || !h.last().Until.IsZero() {
		t.Errorf("%+v, %+v", all, h.last())
	}
	if err := h.File(t.Context(), "hr-db", strings.NewReader("systems:\n"), 0, h.by("kato")); err == nil {
		t.Error("a wrong file")
	}
	if err := h.File(t.Context(), "hr-db", bytes.NewReader(whole), 0, h.by("sato")); reasonOf(err) != string(policy.Forbidden) {
		t.Errorf("an engineer: %v", err)
	}
}
