package directory

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// largestAnswer bounds what is read of one answer of the provider.
const largestAnswer = 1 << 20

// OIDCOptions describe a provider and this client of it.
type OIDCOptions struct {
	Issuer       string // https://…; http:// for this machine only
	ClientID     string
	ClientSecret string         // empty: a public client, PKCE alone
	Roots        *x509.CertPool // that vouch for the provider; nil: the system's
	Scopes       []string       // beside openid; nil: profile
	NameClaim    string         // the claim that holds a person's name; empty: preferred_username
	// The statement of the provider that is taken for a second factor: the claim, and the values of which one must be there.
	// Without values none is.
	FactorClaim  string
	FactorValues []string

	Clock func() time.Time
}

// OIDC is safe for concurrent use.
type OIDC struct {
	o      OIDCOptions
	client *http.Client

	mu       sync.Mutex // guards the fields below
	provider *oidc.Provider
	down     time.Time // the latest failure to reach the provider; zero while it answers
}

// NewOIDC checks the options. It does not reach for the provider: a broker starts while the provider is away.
func NewOIDC(o OIDCOptions) (*OIDC, error) {
	u, err := url.Parse(o.Issuer)
	switch {
	case err != nil:
		return nil, fmt.Errorf("issuer: %w", err)
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) || u.Host == "":
		return nil, errors.New("the issuer is an https:// address")
	case o.ClientID == "":
		return nil, errors.New("client_id is missing")
	}
	if o.Scopes == nil {
		o.Scopes = []string{"profile"}
	}
	if o.NameClaim == "" {
		o.NameClaim = "preferred_username"
	}
	if o.FactorClaim == "" {
		o.FactorClaim = "amr"
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: askTime, MaxIdleConns: 2, IdleConnTimeout: time.Minute,
	}
	return &OIDC{o: o, client: &http.Client{Timeout: dialTime + askTime, Transport: bounded{transport}}}, nil
}

// bounded reads no more of an answer than largestAnswer.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		body := a.Body
		a.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(body, largestAnswer), body}
	}
	return a, err
}

// Conversation is one sign-in that began at the provider. It is kept on this side until the person comes back.
type Conversation struct {
	State    string    `json:"state"`    // comes back with the person
	Nonce    string    `json:"nonce"`    // stands in the provider's statement
	Verifier string    `json:"verifier"` // of PKCE: only this side can redeem the code
	Redirect string    `json:"redirect"`
	Fresh    bool      `json:"fresh,omitempty"` // the person must have been asked again
	Began    time.Time `json:"began"`
}

// Begin gives the address to which the person's browser goes. redirect is the address to which the provider sends it back. fresh asks
// the provider to ask the person again, whatever it remembers. Error: ErrDown.
func (d *OIDC) Begin(ctx context.Context, redirect string, fresh bool) (address string, c Conversation, err error) {
	p, err := d.discovered(ctx)
	if err != nil {
		return "", c, err
	}
	c = Conversation{State: token(), Nonce: token(), Verifier: oauth2.GenerateVerifier(), Redirect: redirect, Fresh: fresh, Began: d.o.Clock()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(c.Nonce), oauth2.S256ChallengeOption(c.Verifier)}
	if fresh {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return d.config(p, redirect).AuthCodeURL(c.State, options...), c, nil
}

func token() string {
	b := make([]byte, 24)
	rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (d *OIDC) config(p *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: d.o.ClientID, ClientSecret: d.o.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: redirect,
		Scopes: append([]string{oidc.ScopeOpenID}, d.o.Scopes...),
	}
}

// Down tells whether the latest attempt to reach the provider failed, a moment ago.
func (d *OIDC) Down() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.down.IsZero() && d.o.Clock().Sub(d.down).Abs() < restFor
}

// discovered reads the provider's description once.
func (d *OIDC) discovered(ctx context.Context) (*oidc.Provider, error) {
	d.mu.Lock()
	p, rests := d.provider, !d.down.IsZero() && d.o.Clock().Sub(d.down).Abs() < restFor
	d.mu.Unlock()
	switch {
	case p != nil:
		return p, nil
	case rests:
		return nil, ErrDown
	}
	// The provider keeps this context for its keys: it must not end with the caller's.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), d.client), d.o.Issuer)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.down = d.o.Clock()
		return nil, fmt.Errorf("%w: %w", ErrDown, err)
	}
	d.provider, d.down = p, time.Time{}
	return p, nil
}

// leeway for clocks: a fresh statement may be as much older than its question.
const leeway = time.Minute

// Finish redeems the code with which the person came back. Errors: ErrWrong, ErrDown.
func (d *OIDC) Finish(ctx context.Context, c Conversation, state, code string) (Identity, error) {
	if c.State == "" || subtle.ConstantTimeCompare([]byte(c.State), []byte(state)) != 1 || code == "" {
		return Identity{}, ErrWrong
	}
	p, err := d.discovered(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, d.client)
	answer, err := d.config(p, c.Redirect).Exchange(ctx, code, oauth2.VerifierOption(c.Verifier))
	if err != nil {
		if refused := new(oauth2.RetrieveError); errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError {
			return Identity{}, fmt.Errorf("%w: %w", ErrWrong, err)
		}
		return Identity{}, fmt.Errorf("%w: redeem the code: %w", ErrDown, err)
	}
	raw, ok := answer.Extra("id_token").(string)
	if !ok {
		return Identity{}, fmt.Errorf("%w: the provider gave no statement", ErrWrong)
	}
	statement, err := p.Verifier(&oidc.Config{ClientID: d.o.ClientID, Now: d.o.Clock}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	if subtle.ConstantTimeCompare([]byte(statement.Nonce), []byte(c.Nonce)) != 1 {
		return Identity{}, fmt.Errorf("%w: the statement answers another question", ErrWrong)
	}
	var claims map[string]any
	if err := statement.Claims(&claims); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	if asked, _ := claims["auth_time"].(float64); c.Fresh && time.Unix(int64(asked), 0).Before(c.Began.Add(-leeway)) {
		return Identity{}, fmt.Errorf("%w: the provider did not ask the person again", ErrWrong)
	}
	name, err := d.name(ctx, p, answer, claims)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Name: name, Subject: statement.Issuer + " " + statement.Subject, SecondFactor: d.secondFactor(claims)}, nil
}

// name reads the person's name from the statement, or where it lacks the claim, from the provider's page about the person.
func (d *OIDC) name(ctx context.Context, p *oidc.Provider, answer *oauth2.Token, claims map[string]any) (string, error) {
	read := func(claims map[string]any) string {
		name, _ := claims[d.o.NameClaim].(string)
		if verified, _ := claims["email_verified"].(bool); d.o.NameClaim == "email" && !verified {
			return "" // anyone may have typed it
		}
		return strings.TrimSpace(name)
	}
	if name := read(claims); name != "" {
		return name, nil
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(answer))
	if err != nil {
		return "", fmt.Errorf("%w: the statement has no %s: %w", ErrWrong, d.o.NameClaim, err)
	}
	further := map[string]any{}
	if err := info.Claims(&further); err != nil || info.Subject != claims["sub"] {
		return "", fmt.Errorf("%w: the provider's answer is about somebody else", ErrWrong)
	}
	if name := read(further); name != "" {
		return name, nil
	}
	return "", fmt.Errorf("%w: no claim %s", ErrWrong, d.o.NameClaim)
}

// secondFactor looks for a trusted value in the claim of the signed statement.
func (d *OIDC) secondFactor(claims map[string]any) bool {
	switch v := claims[d.o.FactorClaim].(type) {
	case string:
		return slices.Contains(d.o.FactorValues, v)
	case []any:
		return slices.ContainsFunc(v, func(one any) bool {
			text, ok := one.(string)
			return ok && slices.Contains(d.o.FactorValues, text)
		})
	}
	return false
}
