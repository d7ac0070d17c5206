package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Limits of the conversation. A server that does not answer costs a person these seconds, and then, for restFor, no person any.
const (
	dialTime = 3 * time.Second
	askTime  = 5 * time.Second
	restFor  = 5 * time.Second
	atOnce   = 8
)

// LDAPOptions say where people are and how they are found. Either UserDN is set, or Base.
type LDAPOptions struct {
	URL      string         // ldaps://host:636, or ldap://host with StartTLS; ldap:// alone for this machine only
	StartTLS bool           // encrypt the conversation after it began
	Roots    *x509.CertPool // that vouch for the server; nil: the system's

	UserDN string // with {name}: "uid={name},ou=people,dc=city" or, with Active Directory, "{name}@city.example"

	Base         string // where people are searched
	Filter       string // with {name}: "(sAMAccountName={name})"
	BindDN       string // that may search; empty: anonymously
	BindPassword string

	Clock func() time.Time
}

// LDAP is safe for concurrent use.
type LDAP struct {
	o      LDAPOptions
	host   string
	places chan struct{}

	mu   sync.Mutex // guards down
	down time.Time  // the latest failure to reach the server; zero while it answers
}

// The marker of a person's name in UserDN and Filter.
const nameMark = "{name}"

// NewLDAP checks the options. It does not reach for the server.
func NewLDAP(o LDAPOptions) (*LDAP, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("address of the directory: %w", err)
	case u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Hostname() == "":
		return nil, errors.New("the address of the directory is ldaps://HOST or ldap://HOST")
	case u.Scheme == "ldap" && !o.StartTLS && !loopback(u.Hostname()):
		return nil, errors.New("passwords go to a directory on another machine only encrypted: ldaps://, or start_tls")
	case (o.UserDN == "") == (o.Base == ""):
		return nil, errors.New("give either user_dn or base")
	case o.UserDN != "" && !strings.Contains(o.UserDN, nameMark):
		return nil, errors.New("user_dn needs {name}")
	case o.Base != "" && !strings.Contains(o.Filter, nameMark):
		return nil, errors.New("filter needs {name}")
	}
	if o.Base != "" {
		if _, err := ldap.CompileFilter(o.filter("name")); err != nil {
			return nil, fmt.Errorf("filter: %w", err)
		}
	}
	return &LDAP{o: o, host: u.Hostname(), places: make(chan struct{}, atOnce)}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (o LDAPOptions) filter(name string) string {
	return strings.ReplaceAll(o.Filter, nameMark, ldap.EscapeFilter(name))
}

// dn is the name to bind with. A distinguished name needs its own escaping; "{name}@city.example" must have none.
func (o LDAPOptions) dn(name string) string {
	if strings.Contains(o.UserDN, "=") {
		name = ldap.EscapeDN(name)
	}
	return strings.ReplaceAll(o.UserDN, nameMark, name)
}

// Down tells whether the latest attempt to reach the server failed, a moment ago.
func (l *LDAP) Down() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.down.IsZero() && l.o.Clock().Sub(l.down).Abs() < restFor
}

func (l *LDAP) reached(yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down = (time.Time{}); !yes {
		l.down = l.o.Clock()
	}
}

// Check binds with the person's name and password. Errors: ErrWrong, ErrDown.
func (l *LDAP) Check(ctx context.Context, name, password string) (Identity, error) {
	if name == "" || password == "" { // RFC 4513 §5.1.2: a bind without a password is anonymous, and succeeds
		return Identity{}, ErrWrong
	}
	if l.Down() {
		return Identity{}, ErrDown
	}
	select {
	case l.places <- struct{}{}:
		defer func() { <-l.places }()
	case <-ctx.Done():
		return Identity{}, fmt.Errorf("%w: %w", ErrDown, context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, dialTime+askTime, errors.New("the directory took too long"))
	defer cancel()
	id, err := l.check(ctx, name, password)
	switch {
	case err == nil, errors.Is(err, ErrWrong):
		l.reached(true)
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded): // the caller went away
	default:
		l.reached(false)
	}
	if err != nil && !errors.Is(err, ErrWrong) {
		err = fmt.Errorf("%w: %w", ErrDown, err)
	}
	return id, err
}

func (l *LDAP) check(ctx context.Context, name, password string) (Identity, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return Identity{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if l.o.UserDN != "" {
		if err := bind(conn, l.o.dn(name), password); err != nil {
			return Identity{}, err
		}
		return Identity{Name: name}, nil
	}
	if l.o.BindDN != "" {
		if err := conn.Bind(l.o.BindDN, l.o.BindPassword); err != nil {
			return Identity{}, fmt.Errorf("bind as %s: %w", l.o.BindDN, err)
		}
	}
	found, err := conn.Search(ldap.NewSearchRequest(l.o.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 2, int(askTime/time.Second), false,
		l.o.filter(name), []string{"entryUUID", "objectGUID"}, nil))
	if err != nil && !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		return Identity{}, fmt.Errorf("search the person: %w", err)
	}
	if found == nil || len(found.Entries) != 1 {
		return Identity{}, ErrWrong // nobody, or more than one: an ambiguous name is no one's
	}
	entry := found.Entries[0]
	if err := bind(conn, entry.DN, password); err != nil {
		return Identity{}, err
	}
	id := Identity{Name: name, Subject: entry.GetAttributeValue("entryUUID")}
	if guid := entry.GetRawAttributeValue("objectGUID"); len(guid) > 0 {
		id.Subject = hex.EncodeToString(guid)
	}
	return id, nil
}

// bind gives ErrWrong where the server refuses the person: a wrong password, an account that is disabled or must change its password.
func bind(conn *ldap.Conn, dn, password string) error {
	err := conn.Bind(dn, password)
	for _, code := range []uint16{
		ldap.LDAPResultInvalidCredentials, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultUnwillingToPerform,
		ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultConstraintViolation,
	} {
		if ldap.IsErrorWithCode(err, code) {
			return fmt.Errorf("%w: %w", ErrWrong, err)
		}
	}
	if err != nil {
		return fmt.Errorf("bind as the person: %w", err)
	}
	return nil
}

func (l *LDAP) dial(ctx context.Context) (*ldap.Conn, error) {
	config := &tls.Config{ServerName: l.host, RootCAs: l.o.Roots, MinVersion: tls.VersionTLS12}
	dialer := &net.Dialer{Timeout: dialTime}
	if end, ok := ctx.Deadline(); ok {
		dialer.Deadline = end
	}
	conn, err := ldap.DialURL(l.o.URL, ldap.DialWithDialer(dialer), ldap.DialWithTLSConfig(config))
	if err != nil {
		return nil, fmt.Errorf("reach the directory: %w", err)
	}
	conn.SetTimeout(askTime)
	if l.o.StartTLS {
		if err := conn.StartTLS(config); err != nil {
			conn.Close()
			return nil, fmt.Errorf("encrypt the conversation: %w", err)
		}
	}
	return conn, nil
}
