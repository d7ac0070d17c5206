package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/registry"
	"sekimori/policy"
)

// refusal is a row of the grid: one act or look of evidence and audit, and its outcome for each of the people. Its body is valid, so that the rule is
// reached, and it carries no proof, so that nothing comes of it where one is needed.
type refusal struct {
	route, path string
	body        fields
	roles       roles  // may, of any section
	own         roles  // may, of the section that owns the system only
	granted     string // code for those who may; empty: it succeeds. They come after all others, and only one of them where it is an act
	refused     string // code for the others; empty: forbidden
	but         people // codes for single people and for vendors' people, before all else
	proved      bool   // once gives a proof: the act asks for it before it looks at a separation
}

const unproven = "fresh-authentication-required"

// outcome is the code that a person gets.
func (r refusal) outcome(p policy.Person) string {
	may := func(role policy.Role) bool {
		return slices.Contains(r.roles, role) || p.Section == "jinji" && slices.Contains(r.own, role)
	}
	code, alone := r.but[p.ID]
	switch {
	case p.ID == "nobody", p.ID == "stranger", p.ID == "locked": // a lock ends the tokens
		return "unauthenticated"
	case alone:
		return code
	case slices.ContainsFunc(p.Roles, may):
		return r.granted
	case r.refused != "" && p.Kind == policy.Staff:
		return r.refused
	}
	return string(policy.Forbidden)
}

// TestEveryRefusalOfEvidenceAndAudit: every act and look of evidence and audit is tried by each role of the owning section and of another, by people
// of vendors, by those who had a part in the work, and by the person who agreed before. Each refusal has its code, changes nothing in the store, and
// stands in the ledger. A plain run tries a fifth of the people at each act, and all whose outcome is their own.
func TestEveryRefusalOfEvidenceAndAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kanri := w.found()["kanri"]
	about := strconv.FormatInt(w.evidence(), 10)
	tokens := map[string]string{"nobody": "", "once": w.enrol(ok[registry.Code](w, "POST", "/v1/people/once/enroll-code", kanri, api.EnrollCodeBody{}).Text)}
	if a := w.call("POST", "/v1/annual/R7/finalise", tokens["once"], fields{"password": password, "code": w.code("once")}); a.fault != nil { // agrees as an auditor
		t.Fatalf("the first agreement to a yearly report: %+v", a.fault)
	}
	all := gridPeople()
	order := slices.Sorted(maps.Keys(all))
	for n, r := range evidenceRefusals() {
		method, _, _ := strings.Cut(r.route, " ")
		call := func(who string) {
			want := r.outcome(all[who])
			token, given := tokens[who]
			if !given {
				token = "token-" + who
			}
			var body any
			if method == "POST" {
				said := fields{}
				maps.Copy(said, r.body)
				if r.proved && who == "once" {
					said["password"], said["code"] = password, w.code(who)
				}
				body = said
			}
			from := w.size()
			a := w.call(method, strings.Replace(r.path, "{about}", about, 1), token, body)
			kinds := w.since(from)
			got := ""
			if a.fault != nil {
				got = a.fault.Code
			}
			if got != want {
				t.Errorf("%s by %s: %d %q, want %q", r.route, who, a.status, got, want)
			}
			if inLedger := slices.Equal(kinds, []string{"access.refused"}); inLedger != r.ledgered(got) || got != "" && !inLedger && len(kinds) > 0 {
				t.Errorf("%s by %s: refused with %q, the ledger tells %v", r.route, who, got, kinds)
			}
		}
		before := w.dump()
		var permitted []string
		for i, who := range order {
			_, alone := r.but[who]
			switch {
			case r.outcome(all[who]) == "":
				permitted = append(permitted, who)
			case alone || testbed.Whole() || (i+n)%5 == 0:
				call(who)
			}
		}
		for table, sum := range w.dump() {
			if sum != before[table] {
				t.Errorf("%s: a refusal changed the table %s", r.route, table)
			}
		}
		if n := len(permitted); method == "POST" && n > 1 { // the act can succeed once
			permitted = permitted[n-1:]
		}
		for _, who := range permitted {
			call(who)
		}
	}
}

// ledgered tells whether a refusal with this code has an entry: every one by policy of a known person, but for a lost race, and for what the
// person can still bring.
func (r refusal) ledgered(code string) bool {
	switch code {
	case "", "unauthenticated", "invalid", unproven, string(policy.AlreadyDecided):
		return false
	case string(policy.SearchOff):
		return strings.HasPrefix(r.route, "POST ")
	case "not-found": // the thing is there, and the person does not see it
		return r.granted != code
	}
	return true
}

// elsewhere are the addresses that are not of evidence and audit: each act below them is refused in tests of its own part.
var elsewhere = []string{
	"/calendar/", "/v1/accounts", "/v1/alarms", "/v1/apply", "/v1/calendar", "/v1/changes", "/v1/days", "/v1/deputies", "/v1/drafts", "/v1/emergencies", "/v1/enroll", "/v1/extensions", "/v1/factor", "/v1/files", "/v1/keys",
	"/v1/lines", "/v1/login", "/v1/logout", "/v1/names", "/v1/notifications", "/v1/papers", "/v1/passkeys", "/v1/password", "/v1/people", "/v1/permits", "/v1/reconcile", "/v1/reports", "/v1/requests", "/v1/secrets",
	"/v1/status", "/v1/systems", "/v1/targets", "/v1/unknown-logins", "/v1/vendors", "/v1/whoami", "/v1/windows",
}

// apart are routes below the addresses of evidence and audit that need no row.
var apart = map[string]string{
	"GET /v1/notice": "open to all", "GET /v1/questions": "each sees the own", "GET /v1/findings": "each sees what the sight allows", "GET /v1/sessions": "a list that everyone's own part tests", "GET /v1/sessions/{id}": "what a session is, not what passed in it", "GET /v1/sessions/{id}/watch": "live",
	"POST /v1/sessions/{id}/allow": "live", "POST /v1/sessions/{id}/bookmark": "live", "POST /v1/sessions/{id}/end": "live", "POST /v1/sessions/{id}/explain": "live", "POST /v1/sessions/{id}/message": "live",
	"POST /v1/sessions/{id}/pause": "live", "POST /v1/sessions/{id}/refuse": "live", "POST /v1/sessions/{id}/resume": "live",
}

// Every route of evidence and audit has its row in the grid. A new one that has none fails here.
func TestEveryActOfEvidenceAndAuditHasItsRefusals(t *testing.T) {
	rows := map[string]bool{}
	for _, r := range evidenceRefusals() {
		if rows[r.route] {
			t.Errorf("%s has two rows", r.route)
		}
		rows[r.route] = true
	}
	for _, r := range routes() {
		route := r.method + " " + r.path
		below := slices.ContainsFunc(elsewhere, func(address string) bool { return strings.HasPrefix(r.path, address) })
		if told := apart[route] != ""; !below && !told && !rows[route] {
			t.Errorf("%s has no row in evidenceRefusals: say who is refused, and with which code", route)
		} else if (below || told) && rows[route] {
			t.Errorf("%s has a row and stands in a list of those without", route)
		}
		delete(rows, route)
	}
	for route := range rows {
		t.Errorf("%s has a row and no route", route)
	}
}
