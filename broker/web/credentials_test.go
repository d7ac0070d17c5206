package web

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/policy"
)

func newKey(t *testing.T) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// TestStopsAndCredentialsNameTheirRoles compares the routes of this part with the people who may call them.
func TestStopsAndCredentialsNameTheirRoles(t *testing.T) {
	staff := act.Staff().Roles
	for path, roles := range map[string][]policy.Role{
		"POST /v1/people/{id}/lock-note": staff, "POST /v1/vendors/{id}/lock-note": staff, "POST /v1/freezes/{id}/note": staff,
		"POST /v1/freezes/{id}/agree": staff, "GET /v1/alarms": staff, "POST /v1/alarms/{id}/ack": staff,
		"POST /v1/people/{id}/unlock":        {policy.Approver, policy.SecondApprover, policy.InformationSystems},
		"POST /v1/vendors/{id}/unlock":       {policy.Approver, policy.SecondApprover, policy.InformationSystems},
		"POST /v1/people/{id}/enroll-code":   {policy.Administrator, policy.InformationSystems},
		"POST /v1/recordings/{id}/hold":      {policy.Auditor, policy.InformationSystems, policy.Approver},
		"POST /v1/recordings/{id}/release":   {policy.Auditor, policy.InformationSystems},
		"POST /v1/recordings/{id}/purge":     {policy.Auditor, policy.InformationSystems},
		"GET /v1/keys":                       nil,
		"POST /v1/keys":                      nil,
		"POST /v1/keys/revoke":               nil,
		"GET /v1/passkeys":                   nil,
		"POST /v1/passkeys/end":              nil,
		"POST /v1/password":                  nil,
		"POST /v1/factor/begin":              nil,
		"POST /v1/factor/finish":             nil,
		"POST /v1/people/{id}/revoke-tokens": nil,
	} {
		i := slices.IndexFunc(routes(), func(r route) bool { return r.method+" "+r.path == path })
		if i < 0 {
			t.Errorf("%s is not in the table", path)
			continue
		}
		r := routes()[i]
		if r.callers.open || r.callers.bootstrap {
			t.Errorf("%s is open", path)
		}
		engineer := policy.Person{ID: "E-0031", Kind: policy.Engineer}
		if r.callers.Allow(engineer) != (roles == nil) {
			t.Errorf("%s for an engineer: %v", path, r.callers.Allow(engineer))
		}
		for _, role := range staff {
			if want := roles == nil || slices.Contains(roles, role); r.callers.Allow(person(role)) != want {
				t.Errorf("%s for %s: want %v", path, role, want)
			}
		}
	}
}

// TestOthersCredentialsAreNotYours: every signed-in person may call the routes of self-care; the handler checks
// the owner of the key.
func TestOthersCredentialsAreNotYours(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	key := newKey(t)
	added := ok[api.KeyAdded](w, "POST", "/v1/keys", tokens["kacho"], api.KeyBody{Key: key, Fresh: w.fresh("kacho")})
	for _, c := range []struct {
		path string
		body any
	}{
		{"/v1/keys", api.KeyBody{Person: "kacho", Key: newKey(t), Fresh: w.fresh("tachiai")}},
		{"/v1/keys/revoke", api.KeyRevokeBody{Person: "kacho", Fingerprint: added.Fingerprint, Reason: "x"}},
		{"/v1/people/kacho/revoke-tokens", api.ReasonBody{Reason: "x"}},
	} {
		if a := w.call("POST", c.path, tokens["tachiai"], c.body); a.status != http.StatusForbidden || a.fault.Number != 301 {
			t.Errorf("%s: %d %s", c.path, a.status, a.body)
		}
	}
	if a := w.call("GET", "/v1/keys?person=kacho", tokens["tachiai"], nil); a.status != http.StatusForbidden {
		t.Errorf("keys of somebody else: %d", a.status)
	}
	// Without a fresh proof a token alone changes no credential.
	for path, body := range map[string]any{
		"/v1/keys": api.KeyBody{Key: newKey(t)}, "/v1/password": api.PasswordBody{New: "another horse battery staple"}, "/v1/factor/begin": api.FactorBody{},
	} {
		if a := w.call("POST", path, tokens["kacho"], body); a.fault == nil || a.fault.Code != "fresh-authentication-required" {
			t.Errorf("%s with a token alone: %d %s", path, a.status, a.body)
		}
	}
	if v := ok[api.Person](w, "POST", "/v1/keys/revoke", tokens["joho1"], api.KeyRevokeBody{Person: "kacho", Fingerprint: added.Fingerprint, Reason: "lost"}); len(v.Keys) != 1 || v.Keys[0].State != "revoked" {
		t.Errorf("revoked by the information-systems section: %+v", v.Keys)
	}
}

func TestPasswordAndFactorOfOnesOwn(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	const next = "another horse battery staple"
	a := w.call("POST", "/v1/password", tokens["kacho"], api.PasswordBody{New: "short", Fresh: api.Fresh{Password: password, Code: "000000"}})
	if a.fault == nil || a.fault.Code != api.CodeInvalid {
		t.Errorf("a short one, before anything is used up: %d %s", a.status, a.body)
	}
	ok[api.Person](w, "POST", "/v1/password", tokens["kacho"], api.PasswordBody{New: next, Fresh: w.fresh("kacho")})
	ok[api.Person](w, "GET", "/v1/whoami", tokens["kacho"], nil)
	s := ok[api.FactorSecret](w, "POST", "/v1/factor/begin", tokens["kacho"], api.FactorBody{Fresh: api.Fresh{Password: next, Code: w.code("kacho")}})
	if s.Secret == "" || !strings.HasPrefix(s.URL, "otpauth://") {
		t.Errorf("%+v", s)
	}
	old := w.secret["kacho"]
	w.secret["kacho"] = s.Secret
	ok[api.Person](w, "POST", "/v1/factor/finish", tokens["kacho"], api.FactorProof{Code: w.code("kacho")})
	ok[api.TokenReply](w, "POST", "/v1/login", "", api.LoginBody{Login: "kacho", Fresh: api.Fresh{Password: next, Code: w.code("kacho")}})
	w.secret["kacho"] = old
	if a := w.call("POST", "/v1/login", "", api.LoginBody{Login: "kacho", Fresh: api.Fresh{Password: next, Code: w.code("kacho")}}); a.fault == nil || a.fault.Number != 100 {
		t.Errorf("the old factor: %d %s", a.status, a.body)
	}
}

// TestAttackGuessesAtTheAPI: wrong passwords, codes and enrolment codes lock with 102, and a lock is an alarm at two desks.
func TestAttackGuessesAtTheAPI(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	for i := range 5 {
		a := w.call("POST", "/v1/login", "", api.LoginBody{Login: "kacho", Fresh: api.Fresh{Password: fmt.Sprint(i), Code: "000000"}})
		if a.fault == nil || a.fault.Number != 100 {
			t.Fatalf("guess %d: %d %s", i, a.status, a.body)
		}
	}
	a := w.call("POST", "/v1/login", "", api.LoginBody{Login: "kacho", Fresh: w.fresh("kacho")})
	if a.fault == nil || a.fault.Number != 102 || a.fault.Exit != api.ExitRefused || !strings.Contains(a.fault.JA, "一時ロック") {
		t.Fatalf("the right proof after five guesses: %d %s", a.status, a.body)
	}
	for _, login := range []string{"tachiai", "joho1"} { // of kacho's section, and of the central desk
		all := ok[api.List[api.Alarm]](w, "GET", "/v1/alarms?open=true", tokens[login], nil).Items
		if len(all) != 1 || all[0].What != "locked-out" || all[0].About != "U-001" || len(all[0].To) != 2 {
			t.Errorf("%s: %+v", login, all)
		}
	}
	if all := ok[api.List[api.Alarm]](w, "GET", "/v1/alarms", tokens["kanri"], nil).Items; len(all) != 0 {
		t.Errorf("another section reads it: %+v", all)
	}
	ok[api.Alarm](w, "POST", "/v1/alarms/A-0001/ack", tokens["tachiai"], api.AckBody{Note: "本人に確認"})
	if all := ok[api.List[api.Alarm]](w, "GET", "/v1/alarms?open=true", tokens["joho1"], nil).Items; len(all) != 1 {
		t.Errorf("the section silenced the central desk: %+v", all)
	}
	w.set.Step(11 * time.Minute)
	for i := range 20 {
		a = w.call("POST", "/v1/enroll/begin", "", api.EnrollBegin{Code: fmt.Sprintf("AAAAA-%05d", i)})
	}
	if a.fault == nil || a.fault.Number != 100 {
		t.Errorf("the twentieth guess: %d %s", a.status, a.body)
	}
	if a = w.call("POST", "/v1/enroll/begin", "", api.EnrollBegin{Code: "AAAAA-BBBBB"}); a.fault == nil || a.fault.Number != 102 {
		t.Errorf("the twenty-first: %d %s", a.status, a.body)
	}
}

func TestLocksFreezesAndDrillsOverTheAPI(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	ok[api.Person](w, "POST", "/v1/people/tachiai/lock", tokens["tenken"], api.LockBody{})
	v := ok[api.Person](w, "POST", "/v1/people/tachiai/lock-note", tokens["kanri"], api.LockBody{Reason: "端末の紛失"})
	if v.Locked == nil || v.Locked.Reason != "端末の紛失" || v.Locked.State != "locked" {
		t.Errorf("%+v", v.Locked)
	}
	v = ok[api.Person](w, "POST", "/v1/people/tachiai/unlock", tokens["kacho"], api.LockBody{Reason: "発見", Fresh: w.fresh("kacho")})
	if v.Locked == nil || v.Locked.State != "lift-one" || len(v.Locked.Lifts) != 1 {
		t.Errorf("after one of two: %+v", v.Locked)
	}
	if a := w.call("POST", "/v1/people/tachiai/unlock", tokens["joho1"], api.LockBody{Reason: "発見"}); a.fault == nil || a.fault.Code != "fresh-authentication-required" {
		t.Errorf("a token alone unlocks: %d %s", a.status, a.body)
	}
	if v = ok[api.Person](w, "POST", "/v1/people/tachiai/unlock", tokens["joho1"], api.LockBody{Reason: "発見", Fresh: w.fresh("joho1")}); v.Locked != nil {
		t.Errorf("after two: %+v", v.Locked)
	}
	f := ok[api.Freeze](w, "POST", "/v1/freezes", tokens["kacho"], api.FreezeBody{Scope: "all", Reason: "年次訓練", Drill: true})
	if f.State != "drill-asked" || !f.Drill {
		t.Errorf("%+v", f)
	}
	if a := w.call("POST", "/v1/freezes/"+f.ID+"/agree", tokens["kacho"], api.DrillBody{Fresh: w.fresh("kacho")}); a.fault == nil || a.fault.Number != 302 {
		t.Errorf("agreed alone: %d %s", a.status, a.body)
	}
	if f = ok[api.Freeze](w, "POST", "/v1/freezes/"+f.ID+"/agree", tokens["tenken"], api.DrillBody{Fresh: w.fresh("tenken")}); f.State != "frozen" || f.AgreedBy != "U-005" {
		t.Errorf("%+v", f)
	}
}
