package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/store"
)

// Reprobe probes again the accounts that could read what they must not: their windows do not open, so no session would. Each is prepared
// as for a session and taken away after. It is a chore.
func (s *Steward) Reprobe(ctx context.Context) error {
	var again []string
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		all, err := snap.Accounts("")
		if err != nil {
			return err
		}
		for _, a := range all {
			probes, err := snap.Probes(a.ID)
			if err != nil {
				return err
			}
			open, err := snap.OpenUses(a.ID)
			if err != nil {
				return err
			}
			for _, p := range probes {
				if p.Result == store.CanRead && len(open) == 0 && len(a.Probe) > 0 {
					again = append(again, a.ID)
					break
				}
			}
		}
		return nil
	})
	for _, account := range again {
		if ctx.Err() != nil {
			break
		}
		err = errors.Join(err, s.probeAlone(ctx, account))
	}
	return err
}

// probeLength bounds how long an account is prepared for its probe alone; probeUse begins the key of such a use.
const (
	probeLength = 10 * time.Minute
	probeUse    = "probe:"
)

// probeAlone prepares an account for its probe, without a session, and takes it away. Its use stands in the same table as those of
// sessions, so that a crash in between leaves nothing open.
func (s *Steward) probeAlone(ctx context.Context, account string) error {
	v, err := s.subject(ctx, account)
	if err != nil || v.target.Steward == "" {
		return err
	}
	done, err := s.turn(ctx, v.target.ID)
	if err != nil {
		return err
	}
	var until time.Time
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		open, err := tx.OpenUses(account)
		if err == nil && len(open) > 0 {
			err = fmt.Errorf("account %s is in use", account)
		}
		if err != nil {
			return err
		}
		until = tx.Now.Add(probeLength)
		if err := tx.PutUse(store.AccountUse{Session: probeUse + account, Account: account, Target: v.target.ID, State: store.UseFailed, Until: until, Since: tx.Now}); err != nil {
			return err
		}
		return s.entry(tx, "account.preparing", v, Use{}, map[string]any{"until": instant(until), "groups": v.account.Groups})
	})
	if err != nil {
		done()
		return err
	}
	var results []store.Probe
	if _, err = s.ask(ctx, v.target, Order{Verb: VerbPrepare, Account: v.account.Login, Until: until.Add(s.ahead()), Groups: v.account.Groups}); err == nil {
		results, err = s.tryReading(ctx, v, "")
	}
	if err == nil {
		err = s.o.DB.Write(ctx, func(tx *store.Tx) error { return s.keepProbe(tx, v, Use{}, results) })
	}
	done()
	return errors.Join(err, s.takeAway(ctx, account, unproved))
}
