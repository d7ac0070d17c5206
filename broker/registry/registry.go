package registry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/directory"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are what New needs. DB and Keys are required.
type Options struct {
	DB     *store.DB
	Keys   *keys.Ring
	Zone   *time.Location // of the institution: days in registry files. Nil: UTC
	Issuer string         // issuer that an authenticator app shows; empty: "Sekimori"
	Log    hclog.Logger   // nil: none
	Hash   Cost           // of passwords; zero: production's
	// NamedIDs lets new people have words or their logins as ids. A broker refuses such ids, because the ledger keeps an id
	// for ever. Tests of packages set it: names are easier to read.
	NamedIDs bool
	LDAP     *directory.LDAP // checks passwords of people of the directory; nil: there is none
	OIDC     *directory.OIDC // vouches for people of the directory; nil: there is none
	Passkeys PasskeyOptions
	// Authenticators is a further clock by which one-time codes may count; nil: there is none. Only a demonstration has one: its own clock is
	// set forward, and a newcomer's telephone goes by the machine's.
	Authenticators func() time.Time
	Proved         func(source string) // called with the address of a right proof, as the doors name sources; may be nil
}

// Registry is safe for concurrent use.
type Registry struct {
	o         Options
	hashes    chan struct{} // bounds password checks that run at once: each takes Hash.MemoryKiB
	strangers chan struct{} // those of them that are not known at their address
	decoy     string        // hash that matches no password, checked for people who do not exist

	mu       sync.Mutex             // guards the maps below
	begun    map[[32]byte]beginning // enrolments begun, by hash of the code
	renewing map[string]beginning   // second factors being renewed, by person
	adding   map[string]adding      // passkeys being added, by person
	spent    map[string]time.Time   // challenges that a passkey answered rightly, until their end
	vouchers map[[32]byte]voucher   // of the provider, by hash
	fast     map[string]fastClock   // clocks that may be fast, by person

	door [32]byte // key of this process for what a browser keeps meanwhile: challenges, conversations with the provider

	tally *tally
}

// beginning is a second factor that was shown and not confirmed yet. It is lost with the process; the
// person then begins again.
type beginning struct {
	secret string
	until  time.Time
}

// hashesAtOnce bounds memory: four checks of 64 MiB.
const (
	hashesAtOnce    = 4
	strangersAtOnce = hashesAtOnce - 1
)

// New makes a registry on an open store.
func New(o Options) *Registry {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Issuer == "" {
		o.Issuer = "Sekimori"
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	o.Hash = o.Hash.orProduction()
	return &Registry{
		o: o, hashes: make(chan struct{}, hashesAtOnce), strangers: make(chan struct{}, strangersAtOnce), decoy: o.Hash.hash(newToken()),
		begun: map[[32]byte]beginning{}, renewing: map[string]beginning{}, adding: map[string]adding{}, spent: map[string]time.Time{},
		vouchers: map[[32]byte]voucher{}, fast: map[string]fastClock{}, door: processKey(), tally: newTally(),
	}
}

// Empty reports whether no file was ever applied: then the first file needs no token.
func (r *Registry) Empty(ctx context.Context) (bool, error) {
	empty := false
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		empty, err = isEmpty(s)
		return err
	})
	return empty, err
}

func isEmpty(s *store.Snap) (bool, error) {
	people, err := s.Persons(store.PersonFilter{})
	return len(people) == 0, err
}

// Find reads a person by id or login. Error: store.ErrNotFound.
func (r *Registry) Find(ctx context.Context, name string) (policy.Person, error) {
	var p policy.Person
	err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		p, err = find(s, name)
		return err
	})
	return p, err
}

func find(s *store.Snap, name string) (policy.Person, error) {
	p, err := s.Person(name)
	if err != nil {
		return policy.Person{}, fmt.Errorf("person %q: %w", name, err)
	}
	return p.Person, nil
}

// staffWith gives the acting member of staff, who must hold the role and not be locked.
func staffWith(s *store.Snap, by ledger.Actor, role policy.Role) (policy.Person, error) {
	p, err := s.ActingPerson(by)
	if err != nil {
		return policy.Person{}, err
	}
	return p, policy.MayRegister(p, role).Err()
}
