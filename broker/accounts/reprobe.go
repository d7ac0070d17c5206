package accounts

import (
	"context"
	"errors"

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

// probeAlone prepares an account for its probe, without a session, and takes it away.
func (s *Steward) probeAlone(ctx context.Context, account string) error {
	return s.alone(ctx, account, "probe", func(ctx context.Context, v subject) error {
		results, err := s.tryReading(ctx, v, "")
		if err != nil {
			return err
		}
		return s.o.DB.Write(ctx, func(tx *store.Tx) error { return s.keepProbe(tx, v, Use{}, results) })
	})
}
