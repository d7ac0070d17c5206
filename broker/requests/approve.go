package requests

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Outcome is where an approval left the request. Windows and Grants are named by the final one only.
type Outcome struct {
	State   policy.RequestState `json:"state"`
	Windows []string            `json:"windows,omitempty"`
	Grants  []string            `json:"grants,omitempty"`
}

// Approval is what an approver decides, and on what.
type Approval struct {
	Version    int               // that the approver read; another one is refused as stale-page. 0: whatever stands now
	Reason     string            // a message; may be empty
	Because    map[string]string // code of a check item → why it is acceptable
	Conditions store.Conditions  // narrow what was asked for; zero: as asked
}

// Blocked is an approval that check items stand in the way of: what is unmet, and what wants a reason.
type Blocked struct {
	Request string
	Items   []policy.CheckItem
}

// Error names the items.
func (b *Blocked) Error() string {
	codes := make([]string, 0, len(b.Items))
	for _, item := range b.Items {
		codes = append(codes, item.Code)
	}
	return fmt.Sprintf("approval of %s blocked by check items: %s", b.Request, strings.Join(codes, ", "))
}

// Unmet counts the items that no reason helps with.
func (b *Blocked) Unmet() int {
	n := 0
	for _, item := range b.Items {
		if item.State != policy.ItemCaution && !item.Overridable {
			n++
		}
	}
	return n
}

// Approve takes the stage that the request awaits. Check items are computed as the conditions leave the request: what is unmet
// blocks, what calls for caution needs a reason. The final approval makes windows and grants in the same transaction. The door has
// authenticated the approver afresh. A refusal is ledgered. Errors: *policy.Denied; *Blocked; *forms.Invalid for conditions that
// widen, for reasons that cannot be shown, and when an exclusive system has another window then.
func (d *Desk) Approve(ctx context.Context, no string, a Approval, by ledger.Actor) (Outcome, error) {
	var out Outcome
	if a.Reason != "" {
		if err := mustSay(a.Reason); err != nil {
			return out, d.refused(ctx, no, by, err)
		}
	}
	err := d.act(ctx, by, func(tx *store.Tx, p policy.Person) (err error) {
		out, err = d.approve(tx, no, a, p, by)
		return err
	})
	if err != nil {
		return Outcome{}, d.refused(ctx, no, by, err)
	}
	return out, nil
}

func (d *Desk) approve(tx *store.Tx, no string, a Approval, p policy.Person, by ledger.Actor) (out Outcome, err error) {
	r, sys, err := load(tx.Snap, no)
	if err != nil {
		return out, err
	}
	switch {
	case a.Version != 0 && a.Version != r.Version:
		return out, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": r.No}}
	case r.State == policy.RequestProposed:
		return out, untaken(r.No)
	}
	earlier, err := Conditions(tx.Snap, r)
	if err != nil {
		return out, err
	}
	left := narrowed(r, earlier)
	// Who may not approve is told so, and nothing of what the conditions or the check items say. A root account may still be taken
	// off by a condition: whether it has its reason is asked afterwards.
	facts, err := tx.PolicyRequestOf(left)
	if err != nil {
		return out, fmt.Errorf("facts of request %s: %w", r.No, err)
	}
	facts.Root = false
	if err := policy.CanApprove(p, facts, tx.Now).Err(); err != nil {
		return out, whoDecided(tx.Snap, r, tooLate(p, facts, err, tx.Now), d.o.Zone)
	}
	given, err := narrowing(left, sys, a.Conditions, d.o.Zone)
	if err != nil {
		return out, err
	}
	left = narrowed(left, given)
	gathered, err := d.gathered(tx.Snap, left, sys)
	if err != nil {
		return out, err
	}
	decision := policy.CanApprove(p, gathered.Request, tx.Now)
	if err := decision.Err(); err != nil {
		return out, whoDecided(tx.Snap, r, tooLate(p, gathered.Request, err, tx.Now), d.o.Zone)
	}
	// Another request may have been approved since this one was handed in, or the rule have changed.
	if err := d.mustBeFree(tx.Snap, left, sys, false); err != nil {
		return out, err
	}
	because, overrides, err := acceptable(r.No, policy.Check(gathered, tx.Now), a.Because)
	if err != nil {
		return out, err
	}
	stage := gathered.Request.Stage()
	err = tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, Stage: stage, By: p.ID, OnBehalf: decision.OnBehalf,
		Verdict: store.VerdictApprove, Reason: a.Reason, Conditions: given, Because: because})
	if err != nil {
		return out, fmt.Errorf("store decision: %w", err)
	}
	second := policy.SecondNeeded(gathered.Request)
	if narrows(given) {
		all := together(earlier, given)
		r.Body.Conditions = ConditionsText(all, "ja", d.o.Zone) + "\n" + ConditionsText(all, "en", d.o.Zone)
		r.Body.ExtensionLimitMS = left.Body.ExtensionLimitMS
	}
	if stage == 1 && (sys.SecondStage || len(second) > 0) {
		r.State = policy.PendingSecond
	} else {
		r.State, r.ApprovedVersion = policy.RequestApproved, r.Version
		if narrows(together(earlier, given)) {
			r.State = policy.RequestConditional
		}
	}
	if err := tx.UpdateRequest(r); err != nil {
		return out, fmt.Errorf("store request: %w", err)
	}
	if out.State = r.State; r.State.Final() {
		left.State, left.ApprovedVersion = r.State, r.ApprovedVersion
		if out.Windows, out.Grants, err = grant(tx, left, overrides...); err != nil {
			return out, err
		}
	}
	return out, d.entry(tx, "request.approved", by, r, map[string]any{"stage": stage, "reason": a.Reason, "on_behalf": decision.OnBehalf,
		"final": r.State.Final(), "conditions": given, "because": because, "overrides": overrides, "second_because": second, "windows": out.Windows, "grants": out.Grants}, out.Windows...)
}

// acceptable holds the items against the reasons given, and gives the reasons that count and the codes of what they override.
func acceptable(no string, items []policy.CheckItem, given map[string]string) (because map[string]string, overrides []string, err error) {
	bad := &forms.Invalid{}
	because = map[string]string{}
	for _, code := range slices.Sorted(maps.Keys(given)) {
		reason := strings.TrimSpace(given[code])
		at := slices.IndexFunc(items, func(item policy.CheckItem) bool {
			return item.Code == code || slices.Contains(item.Overrides, code)
		})
		switch {
		case at < 0 && !slices.ContainsFunc(items, func(item policy.CheckItem) bool { return item.Code == code }):
			bad.Problems = append(bad.Problems, forms.Problem{Field: "because." + forms.Printable(code), Code: "unknown-item",
				JA: "そのような確認事項はありません。", EN: "There is no such check item."})
		case forms.Printable(reason) != reason || len(reason) > 4*forms.MaxText:
			bad.Problems = append(bad.Problems, forms.Problem{Field: "because." + code, Code: "control-character",
				JA: "理由に使えない文字があるか、長すぎます。", EN: "The reason has characters that cannot be shown, or is too long."})
		case !policy.Blank(reason):
			because[code] = reason
		}
	}
	if err := bad.OrNil(); err != nil {
		return nil, nil, err
	}
	if blocking := policy.Blocks(items, because); len(blocking) > 0 {
		return nil, nil, &Blocked{Request: no, Items: blocking}
	}
	return because, policy.Overrides(items, because, false), nil
}

// untaken: a proposal is nobody's to approve before staff of the section made it theirs.
func untaken(no string) error {
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"request": no, "role": "approver-once-taken"}}
}

// tooLate: who could have taken the first stage, and finds it taken, is told that it is decided, not that the second is
// somebody else's.
func tooLate(p policy.Person, r policy.Request, err error, now time.Time) error {
	var denied *policy.Denied
	if r.State != policy.PendingSecond || !errors.As(err, &denied) || denied.Reason != policy.Forbidden {
		return err
	}
	r.State, r.Approvals = policy.PendingFirst, nil
	if policy.CanApprove(p, r, now).Err() != nil {
		return err
	}
	return decided(r.No)
}

// whoDecided adds to "already decided" who it was and when.
func whoDecided(s *store.Snap, r store.Request, err error, zone *time.Location) error {
	var denied *policy.Denied
	if !errors.As(err, &denied) || denied.Reason != policy.AlreadyDecided {
		return err
	}
	decisions, readErr := s.Decisions(r.No)
	if readErr != nil || len(decisions) == 0 {
		return errors.Join(err, readErr)
	}
	last := decisions[len(decisions)-1]
	p, readErr := s.Person(last.By)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	args := maps.Clone(denied.Args)
	args["request"] = r.No
	args["decided"] = "(" + strings.TrimSpace(p.Title+" "+p.Name) + ", " + last.At.In(zone).Format("2006-01-02 15:04:05") + ")"
	return &policy.Denied{Reason: denied.Reason, Args: args}
}

// refused ledgers an approval that was refused, and gives the refusal back; those alike are summed up. What is no refusal passes.
func (d *Desk) refused(ctx context.Context, no string, by ledger.Actor, err error) error {
	payload := map[string]any{"request": no}
	var why []string // codes; those alike are summed up
	var denied *policy.Denied
	var blocked *Blocked
	var invalid *forms.Invalid
	switch {
	case errors.As(err, &denied):
		payload["reason"], payload["number"] = denied.Reason, denied.Reason.Number()
		why = append(why, string(denied.Reason))
	case errors.As(err, &blocked):
		var items []map[string]any
		for _, item := range blocked.Items {
			why = append(why, item.Code)
			items = append(items, map[string]any{"item": item.Code, "state": item.State, "cause": item.Cause.JA})
		}
		payload["reason"], payload["items"] = "check-items", items
	case errors.As(err, &invalid):
		var codes []string
		for _, p := range invalid.Shown() {
			why = append(why, p.Code)
			codes = append(codes, p.Field+": "+p.Code)
		}
		payload["reason"], payload["problems"] = "invalid", codes
	default:
		return err
	}
	// Who is locked acts no more, but that they tried is told.
	const kind = "request.refused-approval"
	ledgered := d.o.DB.Read(ctx, func(s *store.Snap) error {
		if _, err := s.Person(by.ID); err != nil {
			return fmt.Errorf("person %q: %w", by.ID, err)
		}
		if _, err := s.Request(no); err != nil {
			return fmt.Errorf("request %q: %w", no, err)
		}
		return nil
	})
	first := false
	if ledgered == nil {
		first, ledgered = d.o.Refused(ctx, by, kind, "approve "+no, strings.Join(why, " "), no)
	}
	if first {
		ledgered = d.o.DB.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{no}, Payload: payload})
			return err
		})
	}
	if ledgered != nil {
		return errors.Join(err, fmt.Errorf("ledger a refused approval: %w", ledgered))
	}
	if denied != nil {
		denied.Ledgered = true
	}
	return err
}
