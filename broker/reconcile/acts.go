package reconcile

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the parts of an Office. Sources may be empty.
type Options struct {
	DB      *store.DB
	Acts    *act.Runner
	Steward *accounts.Steward
	Sources []netip.Prefix // of the broker as targets see it, where it is behind an address translation
	Zone    *time.Location // of records without a zone
	Log     hclog.Logger
}

// Office compares records of logins. It is safe for concurrent use.
type Office struct{ o Options }

// New makes an office.
func New(o Options) *Office { return &Office{o} }

// onTarget has the facts for a comparison.
type onTarget struct {
	Target store.Target
	System store.System
}

// onLogin has the facts for the act on an unknown login.
type onLogin struct{ Login store.UnknownLogin }

var reconciling = act.Act[onTarget]{Spec: act.Spec{Name: "reconcile", Path: api.Reconciliations.Pattern("id", "reconcile"), Command: "reconcile ask", Operands: "TARGET",
	JA: "接続先のログインの記録を台帳と突き合わせる", EN: "compare the target's record of logins with the ledger",
	Callers: act.Those(policy.Requester, policy.Approver, policy.Auditor, policy.Administrator, policy.InformationSystems), Shows: act.ShowsReconciliation},
	May: func(p policy.Person, on onTarget, _ time.Time) policy.Decision {
		return policy.MayReconcile(p, on.System.System)
	}, Ready: asked}

var explaining = act.Act[onLogin]{Spec: act.Spec{Name: "explain", Path: api.UnknownLogins.Pattern("id", "explain"), Command: "reconcile explain", Operands: "LOGIN",
	JA: "台帳にないログインを説明済みにする(理由は台帳に残る)", EN: "mark a login that the ledger does not know as explained; the reason is ledgered",
	Fields: act.Why, Callers: act.Those(policy.Auditor), Shows: act.ShowsUnknownLogin},
	May: func(p policy.Person, on onLogin, now time.Time) policy.Decision {
		return policy.MayExplainLogin(p, policy.LoginFacts{ID: on.Login.ID, Explained: !on.Login.Open()}, now)
	}}

// OnTarget is a target with the act on its record of logins.
var OnTarget = act.Subject[onTarget]{Load: loadTarget, Acts: []act.Act[onTarget]{reconciling}}

// OnLogin is an unknown login with the act on it.
var OnLogin = act.Subject[onLogin]{Load: loadLogin, Acts: []act.Act[onLogin]{explaining}}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Office] {
	return []act.Mount[*Office]{act.Bare(reconciling.Spec, (*Office).Ask), act.Saying(explaining.Spec, (*Office).Explain)}
}

func loadTarget(s *store.Snap, id string) (on onTarget, err error) {
	if on.Target, err = s.Target(id); err != nil {
		return on, fmt.Errorf("target %q: %w", id, err)
	}
	on.System, err = s.System(on.Target.System)
	return on, err
}

func loadLogin(s *store.Snap, id string) (on onLogin, err error) {
	if on.Login, err = s.UnknownLogin(id); err != nil {
		err = fmt.Errorf("unknown login %q: %w", id, err)
	}
	return on, err
}

// asked refuses a question to a target that has no program to answer it.
func asked(_ *store.Snap, _ policy.Person, on onTarget) error {
	if on.Target.Steward == "" {
		return forms.Wrong("target", "no-steward", "この接続先には管理の接続がありません。記録のファイル(wtmp、last -F、sshd のログ)を渡してください。",
			"this target has no administrative connection; give a file of its record (wtmp, last -F, a log of sshd)")
	}
	return nil
}

// overlap is how far a comparison reaches back behind the end of the one before: what was written late is found too.
const overlap = 10 * time.Minute

// firstReach is how far back the first comparison of a target goes.
const firstReach = 24 * time.Hour

// Ask has the target's own record compared. A target that does not answer is no error: the comparison says that it failed. Errors:
// *policy.Denied, *forms.Invalid without an administrative connection, store.ErrNotFound.
func (o *Office) Ask(ctx context.Context, target string, by act.Caller) error {
	on, err := act.Judge(ctx, o.o.Acts, OnTarget, reconciling, target, by)
	if err != nil {
		return err
	}
	_, err = o.ask(ctx, on, by.Actor)
	return err
}

// File has a file of a target's record compared; ahead is how far the clock that wrote it is ahead of the broker's. Errors: *policy.Denied,
// *forms.Invalid with the line, store.ErrNotFound.
func (o *Office) File(ctx context.Context, target string, content io.Reader, ahead time.Duration, by act.Caller) error {
	fromFile := reconciling
	fromFile.Ready = nil // it needs no program on the target
	on, err := act.Judge(ctx, o.o.Acts, OnTarget, fromFile, target, by)
	if err != nil {
		return err
	}
	if ahead.Abs() > mostAhead {
		return forms.Wrong("ahead", "too-long", "時計の差は24時間までです。", "the difference of the clocks is at most 24 hours")
	}
	var now time.Time
	if err := o.o.DB.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return err
	}
	r, err := Read(content, o.o.Zone, now)
	if err != nil {
		return err
	}
	r.Ahead = ahead
	_, err = o.settle(ctx, on, r, store.Reconciled{Source: "file", From: now.Add(-store.OwnLoginsKept), Until: now}, by.Actor)
	return err
}

// mostAhead bounds a stated difference of clocks.
const mostAhead = 24 * time.Hour

// Explain marks an unknown login as explained. Errors: *policy.Denied, *forms.Invalid without a reason, store.ErrNotFound.
func (o *Office) Explain(ctx context.Context, id, reason string, by act.Caller) error {
	return act.Do(ctx, o.o.Acts, OnLogin, explaining, id, by, func(tx *store.Tx, p act.Person, on onLogin) error {
		if err := forms.Reason(reason, true); err != nil {
			return err
		}
		if err := tx.ExplainLogin(id, p.ID, reason); err != nil {
			return fmt.Errorf("explain %s: %w", id, err)
		}
		_, err := tx.Append(ledger.Draft{Kind: "login.explained", Actor: p.By, Subjects: []string{id, on.Login.Target},
			Payload: map[string]any{"login": id, "target": on.Login.Target, "reason": reason}})
		return err
	})
}
