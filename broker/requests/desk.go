package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Options are the arguments of New. DB is required.
type Options struct {
	DB   *store.DB
	Zone *time.Location // of the institution, for texts. Nil: UTC
	Log  hclog.Logger   // nil: none
	// Runtime gives the broker's own state and the days of recording that are free (below zero: unknown), for the check items. Nil:
	// both are unknown.
	Runtime func(*store.Snap) (policy.Runtime, int)
	Acts    *act.Runner // nil: one that knows no proof and counts no refusal
}

// Desk takes applications and lets windows be used. It is safe for concurrent use. If two people decide at the same moment, one is
// told that it is already decided.
type Desk struct{ o Options }

// New makes a desk on an open store.
func New(o Options) *Desk {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Acts == nil {
		o.Acts = act.New(act.Options{DB: o.DB})
	}
	return &Desk{o: o}
}

// onRequest runs one act on a request.
func (d *Desk) onRequest(ctx context.Context, a requestAct, no string, by act.Caller, do func(*store.Tx, act.Person, store.OnRequest) error) error {
	return act.Do(ctx, d.o.Acts, OnRequest, a, no, by, do)
}

// decided is the refusal when another person was quicker.
func decided(no string) error {
	return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": no}}
}

// The ways to hand in an application: the member "as" of request.submitted.
const (
	asRequest   = "request"
	asProposal  = "proposal"
	asEmergency = "emergency"
)

// Submit hands an application in. Staff of the owning section become its requester; an engineer or contact of the vendor proposes it,
// and staff must take it over. The start must lie ahead, because an undecided application lapses then. Errors: *forms.Invalid,
// *policy.Denied.
func (d *Desk) Submit(ctx context.Context, f request.Form, by act.Caller) (no string, err error) {
	return act.Run(ctx, d.o.Acts, nothingYet, submit, "", by, func(tx *store.Tx, p act.Person, _ struct{}) (string, error) {
		return d.submitted(tx, p, f)
	})
}

func (d *Desk) submitted(tx *store.Tx, p act.Person, f request.Form) (string, error) {
	r, sys, err := d.check(tx.Snap, f, p.Person, "")
	if err != nil {
		return "", err
	}
	if err := policy.MaySubmit(p.Person, sys.System, r.Vendor).Err(); err != nil {
		return "", err
	}
	if p.Kind == policy.Staff {
		r.Requester, r.State = p.ID, policy.PendingFirst
		return d.file(tx, r, sys, asRequest, p.By)
	}
	r.Proposer, r.State = p.ID, policy.RequestProposed
	if err := few(tx.Snap, p.ID, len(apart(r, sys))); err != nil {
		return "", err
	}
	return d.file(tx, r, sys, asProposal, p.By)
}

// file stores an application. If the system wants each occurrence of a recurring window approved separately, each becomes a request of
// its own, in a series named by the first; file returns the first number.
func (d *Desk) file(tx *store.Tx, r store.Request, sys store.System, as string, by ledger.Actor) (first string, err error) {
	each := apart(r, sys)
	for i, spans := range each {
		one := r
		place(&one, spans)
		if one.No, err = tx.NextRequestNo(); err != nil {
			return "", fmt.Errorf("number the request: %w", err)
		}
		if i == 0 {
			first = one.No
		}
		if len(each) > 1 {
			one.Body.Series = first
		}
		one.Version = 1
		if err := tx.AddRequest(one); err != nil {
			return "", fmt.Errorf("store request: %w", err)
		}
		// One kind of entry covers every application, and says how it was handed in.
		if err := d.entry(tx, "request.submitted", by, one, map[string]any{"as": as}); err != nil {
			return "", err
		}
		if as == asProposal {
			if err := d.entry(tx, "request.proposed", by, one, nil); err != nil {
				return "", err
			}
		}
	}
	return first, nil
}

// apart splits an application into its requests, by their occurrences.
func apart(r store.Request, sys store.System) [][]policy.Span {
	if sys.Recurring != policy.RecurringEach || len(r.Body.Occurrences) < 2 {
		return [][]policy.Span{spansOf(r)}
	}
	var each [][]policy.Span
	for _, span := range spansOf(r) {
		each = append(each, []policy.Span{span})
	}
	return each
}

// Bounds on the proposals of one engineer or contact. They leave room for a year's weekly maintenance approved one by one. They keep
// proposals from burying the section's other decisions, and from slowing the checks at every connection.
const (
	mostWaiting  = 60  // not taken over yet
	mostProposed = 120 // in a day
)

// few refuses proposals beyond these bounds.
func few(s *store.Snap, proposer string, more int) error {
	waiting, lately, err := s.Proposals(proposer, s.Now.Add(-24*time.Hour))
	if err != nil {
		return fmt.Errorf("count the proposals of %s: %w", proposer, err)
	}
	problem := func(ja, en string) error {
		return &forms.Invalid{Problems: []forms.Problem{{Code: "too-many", JA: ja, EN: en}}}
	}
	switch {
	case waiting+more > mostWaiting:
		return problem(fmt.Sprintf("返事を待っている提案が%d件あります。一人%d件までです。所管課に引き受けてもらうか、取り下げてから提案してください。", waiting, mostWaiting),
			fmt.Sprintf("%d of your proposals wait for the section, at most %d may: ask the section to take them over, or withdraw some.", waiting, mostWaiting))
	case lately+more > mostProposed:
		return problem(fmt.Sprintf("提案できるのは一人1日に%d件までです。明日もう一度提案するか、所管課に電話してください。", mostProposed),
			fmt.Sprintf("At most %d proposals in a day: propose again tomorrow, or phone the section.", mostProposed))
	}
	return nil
}

// Take makes a member of staff of the owning section the requester of a proposed application.
func (d *Desk) Take(ctx context.Context, no string, by act.Caller) error {
	return d.onRequest(ctx, take, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) error {
		r := on.Request
		if err := d.mustBeFree(tx.Snap, r, on.System, true); err != nil {
			return err
		}
		r.Requester, r.State = p.ID, policy.PendingFirst
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, "request.taken", p.By, r, nil)
	})
}

// Edit replaces the text of an application. Every earlier approval and its grants become void, their live sessions end, and the
// approval begins again. Only the requester edits, or the vendor while it is proposed.
func (d *Desk) Edit(ctx context.Context, no string, f request.Form, by act.Caller) error {
	return d.onRequest(ctx, edit, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) error {
		return d.edited(tx, p, on, f)
	})
}

func (d *Desk) edited(tx *store.Tx, p act.Person, on store.OnRequest, f request.Form) error {
	old := on.Request
	r, sys, err := d.check(tx.Snap, f, p.Person, old.No)
	if err != nil {
		return err
	}
	if err := policy.MaySubmit(p.Person, sys.System, r.Vendor).Err(); err != nil {
		return err
	}
	r.No, r.Requester, r.Proposer, r.Created = old.No, old.Requester, old.Proposer, old.Created
	if r.Body.Series = old.Body.Series; len(r.Body.Occurrences) > 1 && sys.Recurring == policy.RecurringEach {
		return &forms.Invalid{Name: f.Name(), Problems: []forms.Problem{f.Problem("recurrence", "recurrence-each", text.Text{
			JA: "このシステムでは回ごとに申請します。変更は1回ごとにしてください。", EN: "Each occurrence is a request of its own here: edit them one by one."})}}
	}
	r.Version, r.ApprovedVersion, r.State = old.Version+1, old.ApprovedVersion, policy.PendingFirst
	if old.State == policy.RequestProposed {
		r.State = policy.RequestProposed
	}
	void, windows, err := d.end(tx, old.No, policy.GrantVoid, policy.WindowCancelled, p.ID, "edited after approval")
	if err != nil {
		return err
	}
	if err := tx.UpdateRequest(r); err != nil {
		return fmt.Errorf("store request: %w", err)
	}
	return d.entry(tx, "request.edited", p.By, r, map[string]any{"before": summary(old), "void_grants": void, "cancelled_windows": windows}, windows...)
}

// load reads a request and its system.
func load(s *store.Snap, no string) (store.Request, store.System, error) {
	r, err := s.Request(no)
	if err != nil {
		return r, store.System{}, fmt.Errorf("request %q: %w", no, err)
	}
	sys, err := s.System(r.System)
	if err != nil {
		return r, sys, fmt.Errorf("system of request %s: %w", no, err)
	}
	return r, sys, nil
}

// end takes every grant and window of a request that is still in use out of use, and names them. Remembered second factors are
// dropped.
func (d *Desk) end(tx *store.Tx, no string, to policy.GrantState, window policy.WindowState, by, reason string) (ended, shut []string, err error) {
	grants, err := tx.GrantsWhere(store.GrantFilter{Request: no})
	if err != nil {
		return nil, nil, fmt.Errorf("read grants: %w", err)
	}
	ended, shut = []string{}, []string{}
	for _, g := range grants {
		if g.State != policy.GrantActive {
			continue
		}
		if err := tx.SetGrantState(g.ID, to, by, reason); err != nil {
			return nil, nil, fmt.Errorf("end grant %s: %w", g.ID, err)
		}
		ended = append(ended, g.ID)
	}
	// Only usable ones are read: earlier versions may have more windows than a list shows.
	windows, err := tx.Windows(store.WindowFilter{Request: no, States: usableStates, Limit: busiest})
	if err != nil {
		return nil, nil, fmt.Errorf("read windows: %w", err)
	}
	for _, w := range windows {
		w.State, w.ClosedBy, w.ClosedAt, w.Reason = window, by, tx.Now, reason
		if err := tx.UpdateWindow(w); err != nil {
			return nil, nil, fmt.Errorf("end window %s: %w", w.ID, err)
		}
		if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
			return nil, nil, fmt.Errorf("forget remembered factors: %w", err)
		}
		shut = append(shut, w.ID)
	}
	return ended, shut, nil
}

// summary is the part of an application that a reader of the ledger needs.
func summary(r store.Request) map[string]any {
	return map[string]any{
		"request": r.No, "version": r.Version, "state": r.State, "system": r.System, "vendor": r.Vendor,
		"requester": r.Requester, "proposer": r.Proposer, "start": r.Start, "end": r.End, "body": r.Body,
	}
}

// entry writes an application's entry. Its subjects are everything the application concerns, and the windows that the act makes or
// ends, so that a window's entries tell its whole life.
func (d *Desk) entry(tx *store.Tx, kind string, by ledger.Actor, r store.Request, more map[string]any, windows ...string) error {
	payload := summary(r)
	for k, v := range more {
		payload[k] = v
	}
	subjects := append([]string{r.No, r.System, r.Vendor}, r.Body.Engineers...)
	subjects = append(subjects, r.Body.Accounts...)
	subjects = append(subjects, windows...)
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}
