package gate

import (
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/connlimit"
	"sekimori/broker/files"
	"sekimori/broker/keys"
	"sekimori/broker/refusals"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
)

// FactorMemory says how long a second factor counts.
type FactorMemory string

// The ways to remember a second factor. Anything but FactorWindow asks at every login.
const (
	FactorWindow FactorMemory = "window" // once per person, key, source address and window
	FactorNever  FactorMemory = "never"
)

// Notice holds the card's statements about watching and recording, from the settings in force.
type Notice struct {
	Version     string      // a new version asks for consent anew
	URL         string      // the full text; also in the banner; empty: not said
	Retention   string      // as shown to people, such as "1年" / "1 year"; see RetentionEN
	RetentionEN string      // English form of Retention; empty: Retention
	Contact     string      // telephone number for questions
	Purposes    policy.Text // zero: the usual sentence
	SeenBy      policy.Text // zero: the usual sentence
}

// Limits bound the cost of clients that have proven nothing. Zero values take the defaults.
type Limits struct {
	Unauthenticated int           // at once, all addresses; 256
	PerAddress      int           // at once, one address (IPv6: /64); 32
	Burst           int           // connections from one address before its rate applies; 120
	PerMinute       int           // connections per minute from one address after that; 60
	Hello           time.Duration // from accept to the client's lists, which begin the key exchange; 30 s
	Handshake       time.Duration // from there to a proven key: people type passphrases and compare host keys; 120 s
	Prompt          time.Duration // how long one prompt lives; 3 min
	FirstChannel    time.Duration // from authentication to the first channel; 30 s
	Attendant       time.Duration // how long after the start the waiting room still waits; 15 min
}

func (l Limits) withDefaults() Limits {
	number := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	duration := func(n *time.Duration, d time.Duration) {
		if *n <= 0 {
			*n = d
		}
	}
	number(&l.Unauthenticated, 256)
	number(&l.PerAddress, 32)
	number(&l.Burst, 120)
	number(&l.PerMinute, 60)
	duration(&l.Hello, 30*time.Second)
	duration(&l.Handshake, 120*time.Second)
	duration(&l.Prompt, 3*time.Minute)
	duration(&l.FirstChannel, 30*time.Second)
	duration(&l.Attendant, 15*time.Minute)
	return l
}

// keptPerPerson is how many connections of one person's key the gate keeps before admission.
const keptPerPerson = 16

func (l Limits) connections() connlimit.Limits {
	return connlimit.Limits{Total: l.Unauthenticated, PerAddress: l.PerAddress, Burst: l.Burst, PerMinute: l.PerMinute, PerPerson: keptPerPerson}
}

// Options holds the parts and settings of a Server. Every field without a default named here is required.
type Options struct {
	HostSigner   ssh.Signer // Ed25519
	Ring         *keys.Ring // seals the numbers of identity checks
	DB           *store.DB
	Registry     *registry.Registry
	Sessions     *session.Supervisor
	Desk         *requests.Desk   // for self-service
	Files        *files.Desk      // the outbox, and the list of files; nil: there is none
	Reports      *reports.Service // for self-service
	Refusals     *refusals.Tally  // sums up repeated refusals of self-service; nil: each refusal has an entry
	Clock        func() time.Time
	Zone         *time.Location // of the institution
	Notice       Notice
	BannerURL    string // of the page that the banner points to; empty: Notice.URL
	Version      string // of the software, as the gate says it; empty: wire.Version
	GateName     string // the gate's name after the @, for hints; empty: "gate"
	Limits       Limits
	Known        *connlimit.Known // addresses with room of their own when strangers fill the gate; nil: none
	FactorMemory FactorMemory
	ChaCha20     bool // offer chacha20-poly1305 too
	Log          hclog.Logger
}

func (o Options) check() error {
	switch {
	case o.HostSigner == nil:
		return errors.New("no host key")
	case o.HostSigner.PublicKey().Type() != ssh.KeyAlgoED25519:
		return errors.New("the host key is not Ed25519")
	case o.DB == nil || o.Ring == nil || o.Registry == nil || o.Sessions == nil:
		return errors.New("no store, keys, registry or supervisor")
	case o.Desk == nil || o.Reports == nil:
		return errors.New("no desk or reports")
	case o.Clock == nil || o.Zone == nil || o.Log == nil:
		return errors.New("no clock, zone or logger")
	}
	return nil
}
