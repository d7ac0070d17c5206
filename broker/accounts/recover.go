package accounts

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// Reconcile takes away the accounts that a crash left in use. It runs after the sessions were ended and before anybody is admitted, the
// targets side by side, each bounded in time. An account that cannot be proved gone raises an alarm and is tried again by Retry.
func (s *Steward) Reconcile(ctx context.Context) error { return s.takeBack(ctx, nil) }

// Retry takes away the accounts that were not proved gone. It is a chore.
func (s *Steward) Retry(ctx context.Context) error {
	return s.takeBack(ctx, unproved)
}

// unproved tells that an account was not proved gone and that no session uses it; the end of one would take it away.
func unproved(uses []store.AccountUse) bool {
	failed := false
	for _, u := range uses {
		if u.State == store.UsePrepared || u.State == store.UsePreparing {
			return false
		}
		failed = failed || u.State == store.UseFailed
	}
	return failed
}

// takeBack withdraws every account with an open use that the caller wants; nil: all.
func (s *Steward) takeBack(ctx context.Context, want func([]store.AccountUse) bool) error {
	byAccount := map[string][]store.AccountUse{}
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		all, err := snap.OpenUses("")
		for _, u := range all {
			byAccount[u.Account] = append(byAccount[u.Account], u)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("accounts in use: %w", err)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex // guards errs
	var errs []error
	for account, uses := range byAccount {
		if want != nil && !want(uses) {
			continue
		}
		wait.Go(func() {
			if err := s.takeAway(ctx, account, want); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (s *Steward) takeAway(ctx context.Context, account string, want func([]store.AccountUse) bool) error {
	v, err := s.subject(ctx, account)
	if err != nil {
		return err
	}
	done, err := s.turn(ctx, v.target.ID)
	if err != nil {
		return err
	}
	defer done()
	var uses []store.AccountUse
	err = s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		uses, err = snap.OpenUses(account)
		return err
	})
	if err != nil || len(uses) == 0 || want != nil && !want(uses) {
		return err // it changed while the turn was waited for
	}
	gone, found := s.withdraw(ctx, v)
	return s.o.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		sessions := make([]string, 0, len(uses))
		for _, u := range uses {
			alone := isAlone(u)
			if !alone {
				sessions = append(sessions, u.Session)
			}
			if u.State, u.Note = store.UseGone, ""; !gone {
				u.State, u.Note = store.UseFailed, failures(found)
			}
			if err := tx.PutUse(u); err != nil {
				return err
			}
			if alone {
				continue
			}
			if err := mend(tx, u.Session, found); err != nil {
				return err
			}
		}
		if _, err := tx.Append(ledger.Draft{Kind: "account.withdrawn", Actor: broker, Subjects: append(sessions, account, v.target.ID, v.system.ID),
			Payload: map[string]any{"account": account, "target": v.target.ID, "sessions": sessions, "state": Sum(found), "findings": found}}); err != nil {
			return err
		}
		if gone {
			return nil
		}
		last := uses[len(uses)-1]
		row, err := tx.Session(last.Session)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return s.alarm(tx, v, Use{Session: last.Session, Window: last.Window, Vendor: row.Vendor, Account: account}, found)
	})
}

// mend puts what was found now in the place of what could not be verified at a session's end.
func mend(tx *store.Tx, session string, found []store.Finding) error {
	p, err := tx.EndProof(session)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	p.Session = session
	for _, f := range found {
		replaced := false
		for i := range p.Findings {
			if p.Findings[i].What == f.What {
				p.Findings[i], replaced = f, true
			}
		}
		if !replaced {
			p.Findings = append(p.Findings, f)
		}
	}
	p.State = Sum(p.Findings)
	return tx.PutEndProof(p)
}
