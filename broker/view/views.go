package view

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/conformance"
	"sekimori/broker/evidence"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/papers"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/session"
	"sekimori/broker/siem"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings/search"
)

// Options are the needs of New. All but Index, SIEM, First, Zone and Clock are required.
type Options struct {
	DB         *store.DB
	Desk       *requests.Desk
	Attendance *attendance.Service
	Sessions   *session.Supervisor
	Registry   *registry.Registry
	Papers     *papers.Keeper
	Freezer    *freeze.Freezer
	Reports    *reports.Service
	Agenda     *agenda.Book
	Evidence   *evidence.Keeper  // opens recordings for pages
	Index      *search.Index     // of the text of recordings; nil: searches are off
	SIEM       *siem.Forwarder   // sends the ledger to a collector of logs; nil: there is none
	Lines      *interlock.Switch // nil: no line is known
	Ring       *keys.Ring        // its viewing key opens their output; its public keys go to targets
	Witnessing Witnessing        // zero: the ledger has no witnesses
	Sources    []netip.Prefix    // of the broker, as targets see it, beside its own addresses
	Zone       *time.Location    // of the institution. Nil: UTC
	// Institution, Version and Scratch are for forms: the name at their top, the program at their foot, and a directory of the broker in which
	// rows of a large workbook wait while it is written. Empty Scratch: the machine's directory for such files.
	Institution, Version, Scratch string
	Seals                         bool                 // printed forms have frames to be stamped
	NoticeVersion                 int                  // of the notice of monitoring in force; 0: unknown
	Clock                         func() time.Time     // nil: the machine's
	Settings                      conformance.Settings // of the configuration, for the comparison with standards
	// First counts a refused look and tells whether it is the first of its kind, which gets an entry (refusals.Tally.First). Nil: each
	// refusal gets one.
	First func(ctx context.Context, by ledger.Actor, kind, what, reason string, subjects ...string) (bool, error)
}

// Views is safe for concurrent use.
type Views struct {
	o         Options
	playbacks playbacks
	check     verification
}

// New makes views on an open store.
func New(o Options) *Views {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.First == nil {
		o.First = func(context.Context, ledger.Actor, string, string, string, ...string) (bool, error) { return true, nil }
	}
	return &Views{o: o}
}

// Reader is the person who looks, as the door knows them.
type Reader struct {
	policy.Person
	Via string // the door: "cli"
}

func (r Reader) actor() ledger.Actor { return ledger.Actor{Kind: "person", ID: r.ID, Via: r.Via} }

// Page asks for a part of a list. Errors of lists: store.ErrBadPage for a Next that no list gave out.
type Page = store.Page

// listed turns a page of rows into a page of views.
func listed[R, V any](p store.Paged[R], view func(R) V) api.List[V] {
	return api.List[V]{Items: Each(p.Rows, view), Total: p.Total, Next: p.Next}
}

// Looked writes the entry about a look. The entry is committed when Looked returns. Where the kind has the member role, Looked adds it.
func (v *Views) Looked(ctx context.Context, by Reader, kind string, subjects []string, payload any) error {
	err := v.o.DB.Write(ctx, func(tx *store.Tx) error {
		payload := payload
		if ledger.ByRole(kind) {
			var err error
			if payload, err = inRole(tx.Snap, by, subjects, payload); err != nil {
				return err
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by.actor(), Subjects: subjects, Payload: payload})
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// inRole adds to the payload of a look the role in which the person looks. The first subject may be the session that they look at.
func inRole(s *store.Snap, by Reader, subjects []string, payload any) (map[string]any, error) {
	var work policy.Subject
	if len(subjects) > 0 && subjects[0] != by.ID {
		var err error
		if work, err = s.Subject(subjects[0]); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("role of a look at %s: %w", subjects[0], err)
		}
	}
	standsInFor, err := s.StandsInFor(by.ID)
	if err != nil {
		return nil, fmt.Errorf("for whom %s stands in: %w", by.ID, err)
	}
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return nil, err
	}
	out["role"] = policy.LookRole(by.Person, work, len(standsInFor) > 0)
	return out, nil
}

// The pages of level L1 that are no list.
const (
	FreezeForm   = "freeze-form"
	LedgerVerify = "ledger-verify"
	LedgerExport = "ledger-export"
)

// OpenedPage ledgers that a person opened a page that is no list (L1).
func (v *Views) OpenedPage(ctx context.Context, by Reader, page string) error {
	return v.Looked(ctx, by, "list.viewed", []string{by.ID}, map[string]string{"list": page})
}

// refusedLook is the kind of the entry about a refused look.
const refusedLook = "access.refused"

// hidden ledgers the attempt to see a hidden thing, and returns store.ErrNotFound.
func (v *Views) hidden(ctx context.Context, by Reader, what, id string) error {
	payload := map[string]string{"act": "look", "reason": string(policy.Forbidden), "what": what}
	if err := v.Looked(ctx, by, refusedLook, []string{by.ID, id}, payload); err != nil {
		return err
	}
	return store.ErrNotFound
}

// RefusedOnce ledgers a refusal where it is the first of its kind; later ones are summed up. what is of a bounded list.
func (v *Views) RefusedOnce(ctx context.Context, by Reader, what string, subjects []string, payload map[string]string) error {
	ctx = context.WithoutCancel(ctx) // it is counted as written, also where the caller hangs up meanwhile
	first, err := v.o.First(ctx, by.actor(), refusedLook, what, payload["reason"], subjects[1:]...)
	if err != nil || !first {
		return err
	}
	return v.Looked(ctx, by, refusedLook, subjects, payload)
}
