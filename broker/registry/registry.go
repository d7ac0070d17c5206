package registry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

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
	Issuer string         // who an authenticator app says the code is for; empty: "Sekimori"
	Log    hclog.Logger   // nil: none
	Hash   Cost           // of passwords; zero: production's
	// NamedIDs lets new people have ids that are words or their logins. A broker refuses them: an id stands in the headers of the
	// ledger for ever. Tests of packages, whose people are easier to read by name, set it.
	NamedIDs bool
	Proved   func(source string) // told where a person proved right, as the doors name sources; nil: nobody asks
}

// Registry is safe for concurrent use.
type Registry struct {
	o         Options
	hashes    chan struct{} // bounds password checks that run at once: each takes Hash.MemoryKiB
	strangers chan struct{} // those of them that are not known at their address
	decoy     string        // hash that nobody's password has, checked for people who do not exist

	mu       sync.Mutex             // guards begun and renewing
	begun    map[[32]byte]beginning // enrolments begun, by hash of the code
	renewing map[string]beginning   // second factors being renewed, by person

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
		begun: map[[32]byte]beginning{}, renewing: map[string]beginning{}, tally: newTally(),
	}
}

// Empty reports whether nothing was ever applied: then the first file needs no token.
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

// staffWith is the acting member of staff, who must hold the role and not be locked.
func staffWith(s *store.Snap, by ledger.Actor, role policy.Role) (policy.Person, error) {
	p, err := s.ActingPerson(by)
	if err != nil {
		return policy.Person{}, err
	}
	if p.Kind != policy.Staff || !p.Has(role) {
		return policy.Person{}, &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": string(role)}}
	}
	return p, nil
}
