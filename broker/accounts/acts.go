package accounts

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Counter does the acts of people on targets.
type Counter struct {
	care *Steward
	acts *act.Runner
}

// NewCounter makes the counter of a steward.
func NewCounter(care *Steward, acts *act.Runner) *Counter { return &Counter{care, acts} }

var checking = act.Act[store.Target]{Spec: act.Spec{Name: "check", Path: api.Targets.Pattern("id", "check"), Command: "target check", Operands: "TARGET",
	JA: "接続先の設定を確かめる(接続し、各アカウントに入れること、ほかの名前では入れないことを試す)", EN: "check what was put on a target (connects, and tries each account and a wrong name)",
	Callers: act.Those(policy.Administrator, policy.InformationSystems), Shows: act.ShowsTarget},
	May: func(p policy.Person, _ store.Target, _ time.Time) policy.Decision { return policy.MayCheckTarget(p) }}

// OnTarget is a target with the act on it.
var OnTarget = act.Subject[store.Target]{Load: loadTarget, Acts: []act.Act[store.Target]{checking}}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Counter] {
	return []act.Mount[*Counter]{act.Bare(checking.Spec, (*Counter).Check)}
}

func loadTarget(s *store.Snap, id string) (store.Target, error) {
	t, err := s.Target(id)
	if err != nil {
		return t, fmt.Errorf("target %q: %w", id, err)
	}
	return t, nil
}

// checkWithin bounds a whole check.
const checkWithin = 90 * time.Second

// Check connects to a target and tries what its administrator put there. The result is stored, with its entry, also where a part
// failed. Errors: *policy.Denied.
func (c *Counter) Check(ctx context.Context, target string, by act.Caller) error {
	if _, err := act.Judge(ctx, c.acts, OnTarget, checking, target, by); err != nil {
		return err
	}
	trying, cancel := context.WithTimeoutCause(ctx, checkWithin, fmt.Errorf("the check of %s was not over within %s", target, checkWithin))
	defer cancel()
	found, err := c.care.check(trying, target)
	if err != nil {
		return err
	}
	return act.Do(context.WithoutCancel(ctx), c.acts, OnTarget, checking, target, by, func(tx *store.Tx, p act.Person, t store.Target) error {
		found.By = p.ID
		if err := tx.PutTargetCheck(found); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "target.checked", Actor: p.By, Subjects: []string{t.ID, t.System}, Payload: map[string]any{
			"target": t.ID, "ok": Passed(found), "lines": found.Lines,
		}})
		return err
	})
}

// Passed tells that no part of a check failed or was left out.
func Passed(c store.TargetCheck) bool {
	for _, l := range c.Lines {
		if l.Result != store.CheckOK {
			return false
		}
	}
	return len(c.Lines) > 0
}
