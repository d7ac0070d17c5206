package directory_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sekimori/broker/directory"
	"sekimori/broker/internal/testbed/directories"
)

const redirect = "http://localhost:8443/signin/oidc/back"

// oidcOf uses the machine's clock: the provider's statements end by it.
func oidcOf(t *testing.T, o directory.OIDCOptions) *directory.OIDC {
	t.Helper()
	o.Clock = time.Now
	d, err := directory.NewOIDC(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSignInAtARealProvider(t *testing.T) {
	p := directories.StartProvider(t, redirect, map[string]string{"sato": "correct horse", "suzuki": "battery"})
	d := oidcOf(t, directory.OIDCOptions{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSeed})
	for _, fresh := range []bool{false, true} {
		address, c, err := d.Begin(t.Context(), redirect, fresh)
		if err != nil {
			t.Fatal(err)
		}
		if fresh != strings.Contains(address, "prompt=login") || !strings.Contains(address, "code_challenge_method=S256") {
			t.Errorf("address %s", address)
		}
		back := p.SignIn(t, address, "sato", "correct horse")
		if back == nil {
			t.Fatal("the provider sent nobody back")
		}
		q := back.Query()
		id, err := d.Finish(t.Context(), c, q.Get("state"), q.Get("code"))
		if err != nil || id.Name != "sato" || !strings.HasSuffix(id.Subject, " sub-sato") {
			t.Fatalf("%+v, %v", id, err)
		}
		if id.SecondFactor {
			t.Error("a claim that the configuration does not trust counts as a second factor")
		}
		if _, err := d.Finish(t.Context(), c, q.Get("state"), q.Get("code")); !errors.Is(err, directory.ErrWrong) {
			t.Errorf("a code redeemed twice: %v", err)
		}
	}
	if back := p.SignIn(t, mustBegin(t, d), "sato", "battery"); back != nil {
		t.Errorf("a wrong password came back: %s", back)
	}
}

func mustBegin(t *testing.T, d *directory.OIDC) string {
	t.Helper()
	address, _, err := d.Begin(t.Context(), redirect, false)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestTheProvidersSecondFactorCountsOnlyWhereTrusted(t *testing.T) {
	p := directories.StartProvider(t, redirect, map[string]string{"sato": "correct horse"})
	for _, c := range []struct {
		values []string
		want   bool
	}{{nil, false}, {[]string{"mfa"}, false}, {[]string{"mfa", "pwd"}, true}} { // the provider of the test states amr=pwd
		d := oidcOf(t, directory.OIDCOptions{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSeed, FactorValues: c.values})
		address, talk, err := d.Begin(t.Context(), redirect, false)
		if err != nil {
			t.Fatal(err)
		}
		q := p.SignIn(t, address, "sato", "correct horse").Query()
		id, err := d.Finish(t.Context(), talk, q.Get("state"), q.Get("code"))
		if err != nil || id.SecondFactor != c.want {
			t.Errorf("%v: %+v, %v", c.values, id, err)
		}
	}
}

// Of two sign-ins at once, neither may end with what the other brings back: neither its state, nor its code.
func TestAttackStateOrCodeOfAnotherSignIn(t *testing.T) {
	p := directories.StartProvider(t, redirect, map[string]string{"sato": "correct horse", "thief": "battery"})
	d := oidcOf(t, directory.OIDCOptions{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSeed})
	_, victim, err := d.Begin(t.Context(), redirect, false)
	if err != nil {
		t.Fatal(err)
	}
	address, _, err := d.Begin(t.Context(), redirect, false)
	if err != nil {
		t.Fatal(err)
	}
	q := p.SignIn(t, address, "thief", "battery").Query()
	for name, state := range map[string]string{"the other state": q.Get("state"), "the own state with the other code": victim.State, "no state": ""} {
		if id, err := d.Finish(t.Context(), victim, state, q.Get("code")); !errors.Is(err, directory.ErrWrong) {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
	if id, err := d.Finish(t.Context(), directory.Conversation{}, "", q.Get("code")); !errors.Is(err, directory.ErrWrong) {
		t.Errorf("a conversation that never began: %+v, %v", id, err)
	}
}

func TestTheProviderIsDown(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	d := oidcOf(t, directory.OIDCOptions{Issuer: gone.URL, ClientID: "sekimori"})
	gone.Close()
	if _, _, err := d.Begin(t.Context(), redirect, false); !errors.Is(err, directory.ErrDown) || !d.Down() {
		t.Errorf("%v, down %v", err, d.Down())
	}
}

func TestOptionsOfAProvider(t *testing.T) {
	for name, o := range map[string]directory.OIDCOptions{
		"no issuer":    {ClientID: "sekimori"},
		"in the clear": {Issuer: "http://id.city.example", ClientID: "sekimori"},
		"no client":    {Issuer: "https://id.city.example"},
	} {
		if _, err := directory.NewOIDC(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
