package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// mostKept bounds the unknown logins of one comparison that get a number; the others are counted.
const mostKept = 200

// mostMissing bounds the sessions that are named as missing in a record.
const mostMissing = 50

// faultPause keeps a target that cannot be compared from raising an alarm at each hour.
const faultPause = 24 * time.Hour

var clock = ledger.Actor{Kind: "broker", ID: "broker"}

// ask has a target's own record compared.
func (o *Office) ask(ctx context.Context, on onTarget, by ledger.Actor) (store.Reconciliation, error) {
	var from time.Time
	err := o.o.DB.Read(ctx, func(s *store.Snap) error {
		last, err := s.Reconciliation(on.Target.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		from = last.Until.Add(-overlap)
		if last.Until.IsZero() {
			from = s.Now.Add(-firstReach)
		}
		if oldest := s.Now.Add(-store.OwnLoginsKept); from.Before(oldest) {
			from = oldest
		}
		return nil
	})
	if err != nil {
		return store.Reconciliation{}, err
	}
	r, err := o.o.Steward.Logins(ctx, on.Target.ID, from)
	found := store.Reconciled{Source: "target", From: from, Until: r.Now}
	if err != nil {
		found.Until = time.Time{}
		found.Error = text.OneLine(err.Error(), 400)
	}
	return o.settle(ctx, on, r, found, by)
}

// settle compares, and writes what was found with its entry and alarm. It runs to its end even where the caller has left.
func (o *Office) settle(ctx context.Context, on onTarget, r accounts.Record, found store.Reconciled, by ledger.Actor) (out store.Reconciliation, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if by.Kind == "person" {
		found.By = by.ID
	}
	var got outcome
	if found.Error == "" {
		var k known
		err := o.o.DB.Read(ctx, func(s *store.Snap) (err error) {
			k, err = knownOf(s, on.Target, found.From, found.Until, o.o.Sources)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("what is known of logins to %s: %w", on.Target.ID, err)
		}
		got = compare(r, found.From, found.Until, k)
		found.Logins, found.Known, found.Missing, found.Ahead = got.logins, got.known, got.missing[:min(len(got.missing), mostMissing)], r.Ahead.Milliseconds()
		for kind := range r.Begins {
			found.Records = append(found.Records, kind)
		}
		slices.Sort(found.Records)
	}
	err = o.o.DB.Write(ctx, func(tx *store.Tx) error {
		out, err = o.write(tx, on, r, found, got, by)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("compare the logins of %s: %w", on.Target.ID, err)
	}
	return out, nil
}

func (o *Office) write(tx *store.Tx, on onTarget, r accounts.Record, found store.Reconciled, got outcome, by ledger.Actor) (store.Reconciliation, error) {
	id := on.Target.ID
	last, err := tx.Reconciliation(id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return last, err
	}
	var added []store.UnknownLogin
	for _, u := range got.unknown {
		if len(added) == mostKept {
			found.Beyond++
			continue
		}
		u.Target = id
		switch u.ID, err = tx.AddUnknownLogin(u); {
		case errors.Is(err, store.ErrExists):
			found.Before++
		case err != nil:
			return last, fmt.Errorf("store an unknown login: %w", err)
		default:
			added = append(added, u)
		}
	}
	found.New = len(added)
	if found.Source == "target" && found.Error == "" && !last.Until.IsZero() {
		found.Gap = gap(r, last.Until)
	}
	now := store.Reconciliation{Target: id, Until: last.Until, State: store.ReconciledAgrees, Found: found}
	switch {
	case found.Error != "":
		now.State = store.ReconciledFailed
	case found.New+found.Before+found.Beyond > 0:
		now.State = store.ReconciledUnknown
	}
	if found.Source == "target" && found.Error == "" {
		now.Until = found.Until
	}
	if err := tx.PutReconciliation(now); err != nil {
		return now, err
	}
	subjects := []string{id, on.System.ID}
	for _, u := range added {
		subjects = append(subjects, u.ID)
	}
	if _, err := tx.Append(ledger.Draft{Kind: "target.reconciled", Actor: by, Subjects: subjects, Payload: payload(id, now, added)}); err != nil {
		return now, err
	}
	return now, raise(tx, on, now, added)
}

// gap is where a target's records begin, if none of them reaches back to the end of the comparison before: something was left out, or taken away.
func gap(r accounts.Record, before time.Time) (begins time.Time) {
	for _, at := range r.Begins {
		if at.IsZero() {
			continue
		}
		if at = at.Add(-r.Ahead); begins.IsZero() || at.Before(begins) {
			begins = at
		}
	}
	if begins.After(before.Add(tolerance)) {
		return begins
	}
	return time.Time{}
}

func payload(target string, v store.Reconciliation, added []store.UnknownLogin) map[string]any {
	f := v.Found
	pay := map[string]any{"target": target, "source": f.Source, "state": v.State, "logins": f.Logins, "known": f.Known, "new": f.New, "before": f.Before, "ahead_ms": f.Ahead}
	for name, at := range map[string]time.Time{"from": f.From, "until": f.Until, "gap": f.Gap} {
		if !at.IsZero() {
			pay[name] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	if f.Beyond > 0 {
		pay["beyond"] = f.Beyond
	}
	if len(f.Records) > 0 {
		pay["records"] = f.Records
	}
	if len(f.Missing) > 0 {
		pay["missing"] = f.Missing
	}
	if f.Error != "" {
		pay["error"] = f.Error
	}
	if len(added) > 0 {
		var all []map[string]any
		for _, u := range added {
			all = append(all, map[string]any{"login": u.ID, "at": u.At.UTC().Format(time.RFC3339), "account": u.Login, "source": u.Source, "doubt": u.Doubt, "session_id": u.Session})
		}
		pay["unknown"] = all
	}
	return pay
}

// raise tells the section and the central desk of new unknown logins, and once a day of records that cannot be compared.
func raise(tx *store.Tx, on onTarget, v store.Reconciliation, added []store.UnknownLogin) error {
	a := store.Alarm{What: store.AlarmLogins, About: on.Target.ID, Detail: map[string]any{}}
	sections := []string{on.System.Section}
	switch {
	case len(added) > 0:
		var names []string
		for _, u := range added[:min(len(added), 5)] {
			names = append(names, fmt.Sprintf("%s %s from %s at %s", u.ID, u.Login, u.Source, u.At.UTC().Format(time.RFC3339)))
		}
		a.Detail["unknown"], a.Detail["names"] = len(added)+v.Found.Beyond, strings.Join(names, "; ")
		_, err := tx.RaiseAlarm(a, sections, clock)
		return err
	case v.State == store.ReconciledFailed && v.Found.By == "": // a person who asked has the answer
		a.Detail["error"] = v.Found.Error
	case !v.Found.Gap.IsZero():
		a.Detail["error"] = "the record begins at " + v.Found.Gap.UTC().Format(time.RFC3339) + ", after the last comparison"
	default:
		return nil
	}
	_, err := tx.RaiseAlarmOnce(a, faultPause, sections, clock)
	return err
}

// hour is how long after a comparison the next is due by rule, with room for the look and the answer.
const hour = 55 * time.Minute

// atOnce bounds the targets that are asked beside each other: one that hangs holds up three others for its time-out at most.
const atOnce = 4

// Hourly compares the targets of the systems whose rule asks for it. It is a chore.
func (o *Office) Hourly(ctx context.Context) error {
	var due []onTarget
	err := o.o.DB.Read(ctx, func(s *store.Snap) error {
		systems, err := s.Systems()
		if err != nil {
			return err
		}
		for _, y := range systems {
			if !y.ReconcileHourly {
				continue
			}
			targets, err := s.Targets(y.ID)
			if err != nil {
				return err
			}
			for _, t := range targets {
				last, err := s.Reconciliation(t.ID)
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
				if t.Steward != "" && (err != nil || s.Now.Sub(last.At) >= hour) {
					due = append(due, onTarget{t, y})
				}
			}
		}
		return nil
	})
	places := make(chan struct{}, atOnce)
	errs := make([]error, len(due))
	var wait sync.WaitGroup
	for i, on := range due {
		if ctx.Err() != nil {
			break
		}
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			_, errs[i] = o.ask(ctx, on, clock)
		})
	}
	wait.Wait()
	return errors.Join(append(errs, err)...)
}
