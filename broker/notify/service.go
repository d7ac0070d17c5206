package notify

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/calendar"
	"sekimori/broker/store"
)

// Options are the needs of New. DB is required. Without senders people are told in their lists only.
type Options struct {
	DB      *store.DB
	Senders map[store.Channel]Sender
	Webhook string // address of the calls
	// CentralMail is the mailbox of the central desk; empty: its people.
	CentralMail string
	// CheckpointMail is a mailbox that gets each day's checkpoint of the ledger; empty: none does.
	CheckpointMail string
	StaffPages     string // "https://gate.example.jp:8443": links of staff; empty: no links
	PortalPages    string // links of a vendor's people; empty: no links
	Institution    string
	Contact        string        // telephone, below each mail
	Language       string        // of mailboxes
	From           string        // address of the sender, which invitations name as their organizer
	Domain         string        // after the @ of message ids
	GiveUp         time.Duration // a delivery that fails for so long is given up; 0: three days
	Zone           *time.Location
	// Events gives the appointments of a request for people's own calendars (agenda.Book.EventsOf). Nil: none go with an approval.
	Events func(s *store.Snap, request, lang string) ([]calendar.Event, error)
	Log    hclog.Logger // nil: none
}

// giveUp is the standard of Options.GiveUp: longer than a weekend.
const giveUp = 72 * time.Hour

// keptFor is how long notices stay in the lists.
const keptFor = 180 * 24 * time.Hour

// Service is safe for concurrent use.
type Service struct {
	o Options

	mu   sync.Mutex                 // guards rest
	rest map[store.Channel]*resting // channels whose server does not answer
}

// resting is a pause of a channel. Its length doubles with each failure.
type resting struct {
	until  time.Time
	length time.Duration
}

// New makes a service on an open store.
func New(o Options) *Service {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.GiveUp == 0 {
		o.GiveUp = giveUp
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Domain == "" {
		o.Domain = "sekimori"
	}
	return &Service{o: o, rest: map[store.Channel]*resting{}}
}

// link is the whole address of a page; empty where the institution has not said where its pages are.
func (s *Service) link(page string) string {
	base := s.o.StaffPages
	if strings.HasPrefix(page, "/v/") {
		base = s.o.PortalPages
	}
	if base == "" || page == "" {
		return ""
	}
	u, err := url.JoinPath(base, page)
	if err != nil {
		return ""
	}
	return u
}

// Forget removes notices that are long past, a bounded number at a time.
func (s *Service) Forget(ctx context.Context) error {
	return s.keep(ctx, func(k *store.KeepTx) error {
		_, err := k.ForgetNotices(k.Now.Add(-keptFor), 1000)
		return err
	})
}

// SeeAll marks a person's notices up to a number as seen; 0: all.
func (s *Service) SeeAll(ctx context.Context, person string, upTo int64) error {
	return s.keep(ctx, func(k *store.KeepTx) error { return k.SeeNotices(person, upTo) })
}

// See marks one notice of the person as seen. Errors: store.ErrNotFound.
func (s *Service) See(ctx context.Context, person string, id int64) error {
	return s.keep(ctx, func(k *store.KeepTx) error { return k.SeeNotice(person, id) })
}
