package requests

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are what New needs. DB is required.
type Options struct {
	DB   *store.DB
	Zone *time.Location // of the institution, for texts. Nil: UTC
	Log  hclog.Logger   // nil: none
	// Runtime tells how the broker itself stands and for how many days of recording there is room (below zero: not known), for
	// the check items. Nil: nothing is known.
	Runtime func(*store.Snap) (policy.Runtime, int)
	// Refused counts an approval that was refused and tells whether it is the first of its like, which gets an entry of its own
	// (refusals.Tally.First). Nil: each gets one.
	Refused func(ctx context.Context, by ledger.Actor, kind, what, reason string, subjects ...string) (first bool, err error)
}

// Desk takes applications and lets windows be used. It is safe for concurrent use; of two who decide at
// the same moment, one is told that it is decided.
type Desk struct{ o Options }

// New makes a desk on an open store.
func New(o Options) *Desk {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Refused == nil {
		o.Refused = func(context.Context, ledger.Actor, string, string, string, ...string) (bool, error) { return true, nil }
	}
	return &Desk{o: o}
}

// act runs one act of a named person in one transaction.
func (d *Desk) act(ctx context.Context, by ledger.Actor, fn func(tx *store.Tx, p policy.Person) error) error {
	return d.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		return fn(tx, p)
	})
}

func forbidden(role policy.Role) error {
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": string(role)}}
}

func decided(no string) error {
	return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": no}}
}

// ofSection: staff of the section that owns the system.
func ofSection(p policy.Person, s store.System) bool {
	return p.Kind == policy.Staff && p.Section != "" && p.Section == s.Section
}

// mayRequest: who may own a request on the system.
func mayRequest(p policy.Person, s store.System) error {
	if !ofSection(p, s) || !p.Has(policy.Requester) {
		return forbidden(policy.Requester)
	}
	return nil
}

// As what an application was handed in: the member "as" of request.submitted.
const (
	asRequest   = "request"
	asProposal  = "proposal"
	asEmergency = "emergency"
)

// Submit hands an application in. Staff of the owning section become its requester; an engineer or
// contact of the vendor proposes it, and staff must take it over. The start must lie ahead, because
// what nobody decided lapses then. Errors: *forms.Invalid, *policy.Denied.
func (d *Desk) Submit(ctx context.Context, f Form, by ledger.Actor) (no string, err error) {
	err = d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		r, sys, err := d.check(tx.Snap, f, "")
		if err != nil {
			return err
		}
		as := asRequest
		if p.Kind == policy.Staff {
			if err := mayRequest(p, sys); err != nil {
				return err
			}
			r.Requester, r.State = p.ID, policy.PendingFirst
		} else {
			if p.Vendor != r.Vendor {
				return forbidden(policy.Requester)
			}
			r.Proposer, r.State, as = p.ID, policy.RequestProposed, asProposal
			if err := few(tx.Snap, p.ID, len(apart(r, sys))); err != nil {
				return err
			}
		}
		no, err = d.file(tx, r, sys, as, by)
		return err
	})
	return no, err
}

// file stores what was handed in. Where the system wants every occurrence of a recurring window approved for itself, each becomes a
// request of its own, in one series named by the first; that one's number is given back.
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
		// Whoever reads the ledger finds that every request was handed in, and as what, under one kind.
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

// apart tells of which requests, by their occurrences, what was handed in consists.
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

// What one engineer or contact may propose: more than anybody needs, a year's weekly maintenance that is approved one by one
// included, and few enough that they cannot bury what the section has to decide, nor slow down what is asked at every connection.
const (
	mostWaiting  = 60  // that nobody has taken over yet
	mostProposed = 120 // in a day
)

// few refuses a proposer of more than that.
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
func (d *Desk) Take(ctx context.Context, no string, by ledger.Actor) error {
	return d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		r, sys, err := load(tx.Snap, no)
		if err != nil {
			return err
		}
		if err := mayRequest(p, sys); err != nil {
			return err
		}
		if r.State != policy.RequestProposed {
			return decided(r.No)
		}
		if err := d.mustBeFree(tx.Snap, r, sys, true); err != nil {
			return err
		}
		r.Requester, r.State = p.ID, policy.PendingFirst
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, "request.taken", by, r, nil)
	})
}

// the states an application may be edited in
var editable = []policy.RequestState{policy.RequestProposed, policy.RequestDraft, policy.PendingFirst, policy.PendingSecond,
	policy.RequestReturned, policy.RequestApproved, policy.RequestConditional}

// Edit replaces what an application says. Every earlier approval is void, grants with it, live sessions of
// them end, and the approval begins again. Only the requester edits, or the vendor what is still proposed.
func (d *Desk) Edit(ctx context.Context, no string, f Form, by ledger.Actor) error {
	return d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		old, _, err := load(tx.Snap, no)
		if err != nil {
			return err
		}
		owner := old.Requester
		if old.State == policy.RequestProposed {
			owner = old.Proposer
		}
		if p.ID != owner {
			return forbidden(policy.Requester)
		}
		if !slices.Contains(editable, old.State) || !tx.Now.Before(old.End) {
			return decided(old.No)
		}
		r, sys, err := d.check(tx.Snap, f, old.No)
		if err != nil {
			return err
		}
		if p.Kind == policy.Staff {
			if err := mayRequest(p, sys); err != nil {
				return err
			}
		} else if r.Vendor != p.Vendor {
			return forbidden(policy.Requester)
		}
		r.No, r.Requester, r.Proposer, r.Created = old.No, old.Requester, old.Proposer, old.Created
		if r.Body.Series = old.Body.Series; len(r.Body.Occurrences) > 1 && sys.Recurring == policy.RecurringEach {
			return &forms.Invalid{Name: f.name, Problems: []forms.Problem{f.problem("recurrence", "recurrence-each",
				"このシステムでは回ごとに申請します。変更は1回ごとにしてください。", "Each occurrence is a request of its own here: edit them one by one.")}}
		}
		r.Version, r.ApprovedVersion, r.State = old.Version+1, old.ApprovedVersion, policy.PendingFirst
		if old.State == policy.RequestProposed {
			r.State = policy.RequestProposed
		}
		void, windows, err := d.end(tx, old.No, policy.GrantVoid, policy.WindowCancelled, by.ID, "edited after approval")
		if err != nil {
			return err
		}
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, "request.edited", by, r, map[string]any{"before": summary(old), "void_grants": void, "cancelled_windows": windows}, windows...)
	})
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

// end takes every grant and window of a request out of use that is not out of use already, and names
// them. Remembered second factors go with them.
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
	// Only what may still be used: what earlier versions had is no more than counted, and may be more than a list shows.
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

// summary is what a reader of the ledger needs of an application.
func summary(r store.Request) map[string]any {
	return map[string]any{
		"request": r.No, "version": r.Version, "state": r.State, "system": r.System, "vendor": r.Vendor,
		"requester": r.Requester, "proposer": r.Proposer, "start": r.Start, "end": r.End, "body": r.Body,
	}
}

// entry writes an application's entry: its subjects are everything the application concerns, and the windows
// that the act makes or ends, so that a window's entries tell its whole life.
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

// mustSay is the problem of an act without the reason it needs.
func mustSay(reason string) error {
	if forms.Printable(reason) != reason || len(reason) > 4*forms.MaxText {
		return &forms.Invalid{Problems: []forms.Problem{{Field: "reason", Code: "control-character",
			JA: "理由に使えない文字があるか、長すぎます。", EN: "the reason has characters that cannot be shown, or is too long"}}}
	}
	if policy.Blank(reason) {
		return &forms.Invalid{Problems: []forms.Problem{{Field: "reason", Code: "reason-required",
			JA: "理由を書いてください。", EN: "a reason is needed"}}}
	}
	return nil
}
