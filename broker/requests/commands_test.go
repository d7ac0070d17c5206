package requests_test

import (
	"slices"
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Approvers take listed commands away, each further ones, and none brings one back. The grant holds those that are left.
func TestAnApprovalTakesCommandsAway(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Accounts, f.RootReason = []string{"map-web/root"}, "設定の修正"
	f.Commands = []string{"uptime", "systemctl status *", "systemctl status payroll", "systemctl restart payroll", "id"}
	no := submit(t, d, f, "kato")
	approved := func(by string, taken ...string) (requests.Outcome, error) {
		return d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because(), Conditions: store.Conditions{Commands: taken}}, townhall.Caller(by))
	}
	for name, c := range map[string]struct {
		code, en string
		taken    []string
	}{
		"another command":        {"condition-unknown", `The command "reboot" is not asked for`, []string{"reboot"}},
		"a command of a pattern": {"condition-unknown", "is not asked for", []string{"systemctl status web"}},
		"another spelling":       {"condition-unknown", "is not asked for", []string{"uptime "}},
		"all":                    {"condition-leaves-nothing", "No command would be left", f.Commands},
		"one that a rest covers": {"condition-no-effect", `would still run under "systemctl status *"`, []string{"systemctl status payroll"}},
	} {
		if _, err := approved("head", c.taken...); !has(err, c.code) || !strings.Contains(err.Error(), c.en) {
			t.Errorf("%s: %v", name, err)
		}
	}
	out, err := approved("head", "systemctl restart payroll", "systemctl restart payroll")
	if err != nil || out.State != policy.PendingSecond {
		t.Fatalf("%+v, %v", out, err)
	}
	checked, err := d.Check(t.Context(), no)
	if err != nil || slices.Contains(checked.Request.Body.Commands, "systemctl restart payroll") || len(checked.Request.Body.Commands) != 4 {
		t.Errorf("the second approver decides on %v, %v", checked.Request.Body.Commands, err)
	}
	if _, err := approved("deputy", "systemctl restart payroll"); !has(err, "condition-unknown") || !strings.Contains(err.Error(), "an earlier approval took it away") {
		t.Errorf("taken away twice: %v", err)
	}
	if _, err := approved("deputy", "uptime", "systemctl status *", "systemctl status payroll", "id"); !has(err, "condition-leaves-nothing") {
		t.Errorf("the rest taken away: %v", err)
	}
	out, err = approved("deputy", "systemctl status *", "systemctl status payroll")
	if err != nil || out.State != policy.RequestConditional {
		t.Fatalf("%+v, %v", out, err)
	}
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	if got := shown.Grants[0].Commands; !slices.Equal(got, []string{"uptime", "id"}) {
		t.Errorf("the grant holds %q", got)
	}
	if !slices.Equal(shown.Request.Body.Commands, f.Commands) {
		t.Errorf("the request now asks for %q", shown.Request.Body.Commands)
	}
	for _, say := range []string{"命令「systemctl restart payroll」は除く", `without the command "systemctl status *"`} {
		if !strings.Contains(shown.Request.Body.Conditions, say) {
			t.Errorf("the conditions do not say %q: %s", say, shown.Request.Body.Conditions)
		}
	}
	if got := conditionsIn(t, h, no); len(got) != 2 || !strings.Contains(got[0], `"conditions":{"commands":["systemctl restart payroll"]}`) || !strings.Contains(got[1], `"commands":["systemctl status *","systemctl status payroll"]`) {
		t.Errorf("the ledger has %q", got)
	}
}

// A request without a list asks for a shell: there is no command to take away from it.
func TestNoCommandIsTakenFromAShell(t *testing.T) {
	_, d := desk(t)
	for _, forced := range []string{"", "uptime"} {
		f := simple()
		f.ForcedCommand = forced
		if forced != "" {
			f.Start, f.End = f.End, f.End.Add(f.End.Sub(f.Start))
		}
		no := submit(t, d, f, "kato")
		_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because(), Conditions: store.Conditions{Commands: []string{"uptime"}}}, townhall.Caller("head"))
		if !has(err, "condition-unknown") || !strings.Contains(err.Error(), "lists no commands") {
			t.Errorf("forced %q: %v", forced, err)
		}
	}
}

// After work with commands that an approval took away, the next request for them is one for more.
func TestATakenCommandIsNewTheNextTime(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Commands = []string{"uptime", "id"}
	no := submit(t, d, f, "kato")
	out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because(), Conditions: store.Conditions{Commands: []string{"id"}}}, townhall.Caller("head"))
	if err != nil {
		t.Fatal(err)
	}
	w := out.Windows[0]
	change(t, h, func(tx *store.Tx) error {
		return tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Grant: w + "-1", Window: w,
			Request: no, System: "map", Target: "map-web", Created: h.Now(), Ended: h.Now(), Reason: policy.EndedByEngineer})
	})
	f.Start, f.End = f.Start.AddDate(0, 0, 1), f.End.AddDate(0, 0, 1)
	checked, err := d.Check(t.Context(), submit(t, d, f, "kato"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range checked.Differences {
		if one.Field == policy.FieldCommands && one.Kind == policy.DiffAdded {
			return
		}
	}
	t.Errorf("differences: %+v", checked.Differences)
}

// conditionsIn gives the payloads of the approvals of a request in the ledger.
func conditionsIn(t *testing.T, h *townhall.Hall, no string) (out []string) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Subject: no}) {
			if err != nil {
				return err
			}
			if e.Kind == "request.approved" {
				out = append(out, string(e.Payload))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
