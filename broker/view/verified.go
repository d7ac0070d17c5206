package view

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// Verified is how the ledger stood when the broker verified it last (screens §3.6).
type Verified struct {
	State   VerifiedState
	At      time.Time // end of the last verification; zero: none since the start
	Entries int64     // that it read
	Done    int64     // while verifying: entries read so far
	Of      int64     // and to read
	Place   text.Text // the first place that does not hold
}

// VerifiedState is what the badge says.
type VerifiedState string

// The states of the badge.
const (
	LedgerVerified  VerifiedState = "verified"
	LedgerVerifying VerifiedState = "verifying"
	LedgerStale     VerifiedState = "stale"
	LedgerMismatch  VerifiedState = "mismatch"
)

// verifiedFor is how long a verification counts.
const verifiedFor = 24 * time.Hour

// verification is the broker's own verification of the ledger. It is asked for by people who look at the ledger, falls due once a day, and is done by a chore.
type verification struct {
	mu    sync.Mutex // guards the rest
	asked bool
	last  Verified
	runs  bool
	// since is the time of the last entry about a verification, or that of the first entry where there is none. Zero: not read yet.
	since time.Time
}

// AskVerify asks for a verification of the ledger, which the chore then does.
func (v *Views) AskVerify() {
	v.check.mu.Lock()
	defer v.check.mu.Unlock()
	v.check.asked = true
}

// Verified tells how the ledger stood last. A ledger that was not verified for a day is verified again: the state is stale until then.
func (v *Views) Verified() Verified {
	v.check.mu.Lock()
	defer v.check.mu.Unlock()
	out := v.check.last
	switch {
	case v.check.runs:
		out.State = LedgerVerifying
	case out.State == LedgerMismatch:
	case out.At.IsZero() || v.o.Clock().Sub(out.At) >= verifiedFor:
		out.State, v.check.asked = LedgerStale, true
	}
	return out
}

// VerifyAsked verifies the ledger where someone asked for it, and once a day. The broker's timer calls it. The result has an entry; a ledger that
// does not hold raises an alarm.
func (v *Views) VerifyAsked(ctx context.Context) error {
	daily, err := v.verifyDaily(ctx)
	if err != nil {
		return err
	}
	v.check.mu.Lock()
	if !v.check.asked && !daily || v.check.runs {
		v.check.mu.Unlock()
		return nil
	}
	v.check.asked, v.check.runs, v.check.last.Done = false, true, 0
	v.check.mu.Unlock()
	found := Verified{State: LedgerVerified}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		var err error
		if found.Entries, err = s.LedgerSize(); err != nil {
			return err
		}
		v.progress(0, found.Entries)
		if err := s.VerifyLedger(nil, func(n int64) {
			if n%1000 == 0 {
				v.progress(n, found.Entries)
			}
		}); err != nil {
			if ctx.Err() != nil {
				return err
			}
			found.State, found.Place = LedgerMismatch, text.Same(err.Error())
			if damage := (*store.Damage)(nil); errors.As(err, &damage) {
				found.Place = damage.Text
			}
		}
		return nil
	})
	v.check.mu.Lock()
	v.check.runs = false
	if err == nil {
		found.At = v.o.Clock()
		v.check.last = found
	}
	v.check.mu.Unlock()
	if err != nil {
		return err
	}
	err = v.EnterVerified(ctx, ledger.Actor{Kind: "broker", Via: "timer"}, found)
	if found.State == LedgerVerified {
		return err
	}
	return errors.Join(err, v.tellMismatch(ctx, found))
}

// verifyDaily tells whether no verification was entered for a day.
func (v *Views) verifyDaily(ctx context.Context) (bool, error) {
	v.check.mu.Lock()
	since := v.check.since
	v.check.mu.Unlock()
	if since.IsZero() {
		err := v.o.DB.Read(ctx, func(s *store.Snap) error {
			for e, err := range s.Entries(store.EntryFilter{Kind: ledger.KindVerified, Newest: true, Limit: 1}) {
				since = e.Time
				return err
			}
			first, err := s.Entry(0)
			if since = first.Time; errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		})
		if err != nil || since.IsZero() {
			return false, err
		}
		v.check.mu.Lock()
		v.check.since = since
		v.check.mu.Unlock()
	}
	return v.o.Clock().Sub(since) >= verifiedFor, nil
}

// EnterVerified enters the result of a verification of the ledger.
func (v *Views) EnterVerified(ctx context.Context, by ledger.Actor, found Verified) error {
	payload := map[string]any{"result": ledger.Holds, "entries": found.Entries}
	if found.State != LedgerVerified {
		payload["result"], payload["place"] = ledger.Mismatch, found.Place.EN
	}
	at := time.Time{}
	err := v.o.DB.Write(ctx, func(tx *store.Tx) error {
		at = tx.Now
		_, err := tx.Append(ledger.Draft{Kind: ledger.KindVerified, Actor: by, Payload: payload})
		return err
	})
	if err != nil {
		return fmt.Errorf("enter the verification of the ledger: %w", err)
	}
	v.check.mu.Lock()
	v.check.since = at
	v.check.mu.Unlock()
	return nil
}

// tellMismatch raises an alarm, unless one was raised within a day.
func (v *Views) tellMismatch(ctx context.Context, found Verified) error {
	told := false
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		last, err := s.Alarms(store.AlarmFilter{What: store.AlarmLedger, Limit: 1})
		told = len(last) > 0 && s.Now.Sub(last[0].At) < verifiedFor
		return err
	})
	if err != nil || told {
		return err
	}
	return v.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.RaiseAlarm(store.Alarm{What: store.AlarmLedger, About: "ledger", Detail: map[string]any{"place": found.Place.EN}}, nil,
			ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	})
}

func (v *Views) progress(done, of int64) {
	v.check.mu.Lock()
	defer v.check.mu.Unlock()
	v.check.last.Done, v.check.last.Of = done, of
}
