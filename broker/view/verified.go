package view

import (
	"context"
	"errors"
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

// verification is the broker's own verification of the ledger. It is asked for by people who look at the ledger, and done by a chore.
type verification struct {
	mu    sync.Mutex // guards the rest
	asked bool
	last  Verified
	runs  bool
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

// VerifyAsked verifies the ledger where someone asked for it. The broker's timer calls it. A ledger that does not hold raises an alarm.
func (v *Views) VerifyAsked(ctx context.Context) error {
	v.check.mu.Lock()
	if !v.check.asked || v.check.runs {
		v.check.mu.Unlock()
		return nil
	}
	v.check.asked, v.check.runs, v.check.last.Done = false, true, 0
	v.check.mu.Unlock()
	found := Verified{State: LedgerVerified}
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
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
	if err != nil || found.State == LedgerVerified {
		return err
	}
	return v.tellMismatch(ctx, found)
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
