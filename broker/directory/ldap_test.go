package directory_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"sekimori/broker/directory"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/testbed/directories"
)

var accounts = map[string]string{"sato": "correct horse battery", "suzuki": "staple of a battery", "weird)(uid=*": "a password"}

func ldapOf(t *testing.T, o directory.LDAPOptions) *directory.LDAP {
	t.Helper()
	if o.Clock == nil {
		o.Clock = testbed.NewClock().Now
	}
	l, err := directory.NewLDAP(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestBindAtARealDirectory(t *testing.T) {
	s := directories.StartSlapd(t, accounts)
	ways := map[string]directory.LDAPOptions{
		"template":         {URL: s.URL, UserDN: "uid={name}," + directories.Base},
		"template, TLS":    {URL: s.TLS, Roots: s.Roots, UserDN: "uid={name}," + directories.Base},
		"search":           {URL: s.URL, Base: directories.Base, Filter: "(uid={name})", BindDN: directories.BindDN, BindPassword: directories.BindPassword},
		"search, starttls": {URL: s.URL, StartTLS: true, Roots: s.Roots, Base: directories.Base, Filter: "(&(objectClass=person)(uid={name}))"},
	}
	for way, o := range ways {
		t.Run(way, func(t *testing.T) {
			l := ldapOf(t, o)
			id, err := l.Check(t.Context(), "sato", accounts["sato"])
			if err != nil || id.Name != "sato" {
				t.Fatalf("the right password: %+v, %v", id, err)
			}
			if strings.HasPrefix(way, "search") && id.Subject == "" {
				t.Error("a searched entry has a name of its own, and it was not read")
			}
			for attack, try := range map[string][2]string{
				"wrong password":               {"sato", accounts["suzuki"]},
				"empty password":               {"sato", ""},
				"nobody":                       {"nobody", "a password"},
				"empty name":                   {"", "a password"},
				"filter that matches everyone": {"*", accounts["sato"]},
				"filter closed and reopened":   {"sato)(uid=*", accounts["sato"]},
				"further part of the name":     {"sato,ou=people", accounts["sato"]},
				"name with a zero":             {"sato\x00", accounts["sato"]},
				"password with a zero":         {"sato", accounts["sato"] + "\x00"},
			} {
				if id, err := l.Check(t.Context(), try[0], try[1]); !errors.Is(err, directory.ErrWrong) {
					t.Errorf("%s: %+v, %v", attack, id, err)
				}
			}
			if l.Down() {
				t.Error("wrong passwords count as a failure of the server")
			}
		})
	}
}

func TestTheDirectoryIsDown(t *testing.T) {
	s := directories.StartSlapd(t, accounts)
	clock := testbed.NewClock()
	l := ldapOf(t, directory.LDAPOptions{URL: s.URL, UserDN: "uid={name}," + directories.Base, Clock: clock.Now})
	s.Stop()
	if _, err := l.Check(t.Context(), "sato", accounts["sato"]); !errors.Is(err, directory.ErrDown) || errors.Is(err, directory.ErrWrong) {
		t.Fatalf("a stopped server: %v", err)
	}
	if !l.Down() {
		t.Error("it is not known to be down")
	}
	s.Start(t)
	if _, err := l.Check(t.Context(), "sato", accounts["sato"]); !errors.Is(err, directory.ErrDown) {
		t.Errorf("it was asked again at once: %v", err)
	}
	clock.Step(6 * time.Second)
	if _, err := l.Check(t.Context(), "sato", accounts["sato"]); err != nil || l.Down() {
		t.Errorf("after the rest: %v", err)
	}
}

// A server that takes the connection and says nothing must not hold a sign-in for ever.
func TestAttackSilentDirectory(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l := ldapOf(t, directory.LDAPOptions{URL: "ldap://" + silent.Addr().String(), UserDN: "uid={name},dc=city"})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := l.Check(ctx, "sato", "a password"); !errors.Is(err, directory.ErrDown) {
		t.Errorf("a silent server: %v", err)
	}
}

func TestAttackDirectoryWithAnotherCertificate(t *testing.T) {
	s, other := directories.StartSlapd(t, accounts), directories.StartSlapd(t, accounts)
	for _, o := range []directory.LDAPOptions{{URL: s.TLS, Roots: other.Roots}, {URL: s.URL, StartTLS: true, Roots: other.Roots}} {
		o.UserDN = "uid={name}," + directories.Base
		if _, err := ldapOf(t, o).Check(t.Context(), "sato", accounts["sato"]); !errors.Is(err, directory.ErrDown) {
			t.Errorf("%s: the password was sent: %v", o.URL, err)
		}
	}
}

func TestOptionsOfADirectory(t *testing.T) {
	for name, o := range map[string]directory.LDAPOptions{
		"no address":             {UserDN: "uid={name}"},
		"a web address":          {URL: "https://ad.city.example", UserDN: "uid={name}"},
		"in the clear":           {URL: "ldap://ad.city.example", UserDN: "uid={name}"},
		"neither way":            {URL: "ldaps://ad.city.example"},
		"both ways":              {URL: "ldaps://ad.city.example", UserDN: "uid={name}", Base: "dc=city", Filter: "(uid={name})"},
		"template without name":  {URL: "ldaps://ad.city.example", UserDN: "uid=admin"},
		"filter without name":    {URL: "ldaps://ad.city.example", Base: "dc=city", Filter: "(uid=*)"},
		"filter that is no such": {URL: "ldaps://ad.city.example", Base: "dc=city", Filter: "(uid={name}"},
	} {
		if _, err := directory.NewLDAP(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
