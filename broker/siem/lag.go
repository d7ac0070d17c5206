package siem

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// State is how far the ledger went out.
type State struct {
	Address string
	Format  Format
	TLS     bool
	Whole   bool
	Next    int64         // the first entry that is not confirmed
	Size    int64         // of the ledger
	At      time.Time     // of the last confirmation; zero: none yet
	Lag     time.Duration // age of the oldest entry that is not confirmed; 0: none waits
	Error   string        // of the last try; empty: it succeeded
}

// State reads how far the ledger went out.
func (f *Forwarder) State(s *store.Snap) (State, error) {
	out := State{Address: f.o.Address, Format: f.o.Format, TLS: f.o.TLS != nil, Whole: f.o.Whole}
	at, err := s.Forwarded(f.o.Address)
	if err != nil {
		return out, err
	}
	out.Next, out.At, out.Error = max(at.Next, f.trail.position()), at.At, at.Error
	if out.Size, err = s.LedgerSize(); err != nil || out.Next >= out.Size {
		return out, err
	}
	e, err := s.Entry(out.Next)
	if err != nil {
		return out, err
	}
	out.Lag = max(s.Now.Sub(e.Time), 0)
	return out, nil
}

// alarmAgain is the time between two alarms about the same collector.
const alarmAgain = 24 * time.Hour

// Due raises an alarm where an entry has waited for longer than the bound. The entry about the alarm waits as well, and goes out in its turn.
func (f *Forwarder) Due(ctx context.Context) error {
	var state State
	err := f.o.DB.Read(ctx, func(s *store.Snap) (err error) { state, err = f.State(s); return err })
	if err != nil || state.Lag < f.o.Late && state.Next <= state.Size {
		return err
	}
	err = f.o.DB.Write(ctx, func(tx *store.Tx) error {
		a := store.Alarm{What: store.AlarmNotForwarded, About: "siem", Detail: map[string]any{"collector": state.Address, "next": state.Next, "entries": state.Size, "error": state.Error}}
		_, err := tx.RaiseAlarmOnce(a, alarmAgain, nil, ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	})
	if err != nil {
		return fmt.Errorf("raise alarm about the collector of logs: %w", err)
	}
	return nil
}
