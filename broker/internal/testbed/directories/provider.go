package directories

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// Provider is a running OpenID Connect provider. It asks for name and password, and states amr=pwd.
type Provider struct {
	Issuer               string
	ClientID, ClientSeed string
}

// people are the provider's accounts, by the id that it states as sub.
type people map[string]*storage.User

func (p people) GetUserByID(id string) *storage.User { return p[id] }

func (p people) GetUserByUsername(name string) *storage.User {
	for _, u := range p {
		if u.Username == name {
			return u
		}
	}
	return nil
}

func (people) ExampleClientID() string { return "" }

// StartProvider starts a provider with accounts, by name and password. redirect is the address of the client. The id of an account is
// "sub-" and its name.
func StartProvider(tb testing.TB, redirect string, accounts map[string]string) *Provider {
	tb.Helper()
	all := people{}
	for name, password := range accounts {
		all["sub-"+name] = &storage.User{ID: "sub-" + name, Username: name, Password: password, FirstName: name, LastName: name}
	}
	const client, secret = "sekimori", "the client's secret"
	storage.RegisterClients(storage.WebClient(client, secret, redirect))
	held := storage.NewStorage(all)
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String() + "/"
	quiet := slog.Default()
	server.Config.Handler = exampleop.SetupServer(issuer, held, slog.New(slog.NewTextHandler(io.Discard, nil)), false)
	slog.SetDefault(quiet)
	server.Start()
	tb.Cleanup(server.Close)
	return &Provider{Issuer: issuer, ClientID: client, ClientSeed: secret}
}

// SignIn does what the person's browser does at the provider: it follows the address, fills in the form, and stops where the provider
// sends it back. It gives the address of that.
func (p *Provider) SignIn(tb testing.TB, address, name, password string) *url.URL {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	var back *url.URL
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), p.Issuer) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	get := func(r *http.Request, err error) *http.Response {
		if err != nil {
			tb.Fatal(err)
		}
		a, err := browser.Do(r)
		if err != nil {
			tb.Fatal(err)
		}
		io.Copy(io.Discard, a.Body)
		a.Body.Close()
		return a
	}
	form := get(http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)).Request.URL
	fields := url.Values{"id": {form.Query().Get("authRequestID")}, "username": {name}, "password": {password}}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, form.String(), strings.NewReader(fields.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	get(r, err)
	return back
}
