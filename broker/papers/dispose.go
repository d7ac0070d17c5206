package papers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// timer is the actor of disposals by rule.
var timer = ledger.Actor{Kind: "broker", Via: "timer"}

// Dispose is the chore that removes copies of papers that ended as long ago as payloads of the ledger are kept. Its entry is committed before
// the copy goes; a copy that is still there after a stop goes with the next run. What was filed about the paper stays. One copy that cannot be
// removed keeps no other from its end.
func (k *Keeper) Dispose(ctx context.Context) error {
	err := k.removeDisposed(ctx)
	var over []store.Paper
	e := k.o.DB.Read(ctx, func(s *store.Snap) error {
		keep, err := s.LedgerKeptNow()
		if err != nil || keep <= 0 {
			return err
		}
		all, err := s.PapersEnded(s.Now.Add(-keep))
		for _, p := range all {
			facts, e := k.facts(s, p, keep)
			if e == nil && facts.Stays(s.Now) == policy.StaysNot {
				over = append(over, p)
			}
			err = errors.Join(err, e)
		}
		return err
	})
	if err = errors.Join(err, e); len(over) == 0 {
		return err
	}
	for _, p := range over {
		if ctx.Err() != nil {
			return err
		}
		if e := k.disposeOne(ctx, p.ID); e != nil {
			err = errors.Join(err, fmt.Errorf("dispose of the copy of %s: %w", p.ID, e))
		}
	}
	return err
}

// facts are the facts about disposing of a copy.
func (k *Keeper) facts(s *store.Snap, p store.Paper, keep time.Duration) (policy.PaperFacts, error) {
	ended, err := k.endOf(s, p)
	if err != nil {
		return policy.PaperFacts{}, err
	}
	return s.PaperFacts(p, ended, keep)
}

// endOf is the time at which a paper ended: its own end, or its withdrawal if that came first. A yearly report without an end of its own is needed until
// the end of the fiscal year after its own; another paper until the end of the vendor's contract.
func (k *Keeper) endOf(s *store.Snap, p store.Paper) (time.Time, error) {
	ended := p.Until
	switch {
	case !ended.IsZero():
	case p.Kind == store.PaperAuditReport && p.FiscalYear != 0:
		ended = time.Date(p.FiscalYear+2, time.April, 1, 0, 0, 0, 0, k.o.Zone)
	default:
		v, err := s.Vendor(p.Vendor)
		if err != nil {
			return time.Time{}, fmt.Errorf("vendor of %s: %w", p.ID, err)
		}
		ended = v.ContractUntil
	}
	if !p.Withdrawn.IsZero() && (ended.IsZero() || p.Withdrawn.Before(ended)) {
		ended = p.Withdrawn
	}
	return ended, nil
}

// disposeOne judges again in the transaction: a hold may have come in between, or the contract was extended.
func (k *Keeper) disposeOne(ctx context.Context, id string) error {
	var gone store.Paper
	err := k.o.DB.Write(ctx, func(tx *store.Tx) error {
		gone = store.Paper{}
		p, err := tx.Paper(id)
		if err != nil {
			return err
		}
		keep, err := tx.LedgerKeptNow()
		if err != nil {
			return err
		}
		facts, err := k.facts(tx.Snap, p, keep)
		if err != nil || facts.Stays(tx.Now) != policy.StaysNot {
			return err
		}
		if err := tx.DisposePaper(p.ID); err != nil {
			return err
		}
		gone = p
		return k.entry(tx, "paper.disposed", p, timer, map[string]any{"days": int(keep / (24 * time.Hour))})
	})
	if err != nil || gone.ID == "" {
		return err
	}
	if err := k.remove(gone.File); err != nil {
		return err
	}
	k.o.Log.Info("copy_disposed", "paper", gone.ID)
	return k.o.FS.SyncDir(k.o.Dir)
}

func (k *Keeper) remove(file string) error {
	if err := k.o.FS.Remove(k.path(file)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a copy: %w", err)
	}
	return nil
}

// removeDisposed removes the copies that are disposed of and still there.
func (k *Keeper) removeDisposed(ctx context.Context) error {
	var gone []string
	if err := k.o.DB.Read(ctx, func(s *store.Snap) (err error) { gone, err = s.DisposedPaperFiles(); return err }); err != nil {
		return fmt.Errorf("copies that are disposed of: %w", err)
	}
	var err error
	for _, file := range gone {
		if _, e := os.Lstat(filepath.Join(k.o.Dir, filepath.Base(file))); e == nil {
			err = errors.Join(err, k.remove(file))
		}
	}
	return err
}

// disposed is the refusal of a copy that was disposed of, and nil of any other. A row can be edited by hand, so that only an entry of the ledger
// excuses a missing copy.
func disposed(s *store.Snap, p store.Paper) error {
	if p.Disposed.IsZero() {
		return nil
	}
	for e, err := range s.Entries(store.EntryFilter{Kind: "paper.disposed", Subject: p.ID, Limit: 1}) {
		if err == nil {
			err = s.Prove(e)
		}
		if err != nil {
			return fmt.Errorf("disposal of the copy of %s: %w", p.ID, err)
		}
		return &policy.Denied{Reason: policy.PaperDisposed, Args: map[string]string{"paper": p.ID, "date": e.Time.Format(time.DateOnly)}}
	}
	return nil
}
