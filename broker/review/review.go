package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/keys"
	"sekimori/broker/store"
	"sekimori/recordings/traits"
)

// DueIn is how long the auditor has from the end of the window's last session.
const DueIn = 10 * 24 * time.Hour

// Options are the arguments of New. Acts is required.
type Options struct {
	Acts *act.Runner
	DB   *store.DB      // for Sample
	Ring *keys.Ring     // seals the seeds of draws; for Sample
	Zone *time.Location // of the institution. Nil: UTC

	// Traits derives from a session's recording by what it may stand out; for Measure.
	Traits func(ctx context.Context, s store.Session) (traits.Traits, error)
	Clock  func() time.Time // for Measure
	Log    hclog.Logger     // nil: none
}

// Queue is safe for concurrent use.
type Queue struct {
	o Options

	unmeasurable map[string]time.Time // used by Measure only, which is one goroutine: sessions whose recording could not be read, and when that was tried
}

// New makes a queue.
func New(o Options) *Queue {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Queue{o: o, unmeasurable: map[string]time.Time{}}
}

// Owe puts the work of an ended session's window into the queue, inside the transaction that ends the session. A further session of the
// window moves the due date. An auditor is named at once (name). Owing twice is no error: a session may be ended again after a crash.
func Owe(tx *store.Tx, session string) error {
	v, err := tx.Session(session)
	if err != nil {
		return fmt.Errorf("owe the review of %s: %w", session, err)
	}
	due := tx.Now.Add(DueIn)
	item := store.Review{ID: v.Window, Window: v.Window, Request: v.Request, System: v.System, Vendor: v.Vendor, Due: due}
	if v.Window != "" {
		r, err := tx.Review(v.Window)
		switch {
		case err == nil && r.Verdict == "":
			if err := tx.PutOffReview(r.ID, due); err != nil {
				return err
			}
			if r.LeftOut() {
				if err := tx.DrawAgain(r.ID); err != nil {
					return err
				}
			}
			r.Due = due
			return nameAgain(tx, r)
		case err == nil: // signed: the auditor did not see this session
			item.ID, item.Session = session, session
		case !errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("owe the review of %s: %w", v.Window, err)
		}
	} else {
		item.ID, item.Session = session, session
	}
	if _, err := tx.Review(item.ID); err == nil {
		return nil // owed before the broker crashed
	}
	if err := tx.AddReview(item); err != nil {
		return fmt.Errorf("owe the review of %s: %w", item.ID, err)
	}
	return name(tx, item)
}
