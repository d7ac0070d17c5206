package requests

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Outcome is the state of the request after an approval. Only the final approval names windows and grants.
type Outcome struct {
	State   policy.RequestState
	Windows []string
	Grants  []string
	Shown   Shown // the request after the approval
}

// Approval is an approver's decision and the version it is for.
type Approval struct {
	Version    int               `json:"version,omitempty"`   // version that the approver read; another one is refused as stale-page. 0: the present one
	Reason     string            `json:"reason,omitempty"`    // a message; may be empty
	Because    map[string]string `json:"because,omitempty"`   // code of a check item → why it is acceptable
	Conditions store.Conditions  `json:"conditions,omitzero"` // narrow the request; zero: as asked
}

// Blocked is an approval stopped by check items: the unmet ones, and those that need a reason.
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

// Unmet counts the items that no reason can clear.
func (b *Blocked) Unmet() int {
	n := 0
	for _, item := range b.Items {
		if item.State != policy.ItemCaution && !item.Overridable {
			n++
		}
	}
	return n
}

// Approve takes the stage that the request awaits. Check items are computed with the conditions applied: an unmet item blocks, a
// caution needs a reason. The final approval makes windows and grants in the same transaction. It asks for the proof each time.
// Errors: *policy.Denied; *Blocked; *forms.Invalid for conditions that widen, for reasons that cannot be shown, and if an exclusive
// system has another window then.
func (d *Desk) Approve(ctx context.Context, no string, a Approval, by act.Caller) (Outcome, error) {
	return act.Run(ctx, d.o.Acts, OnRequest, approve, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) (Outcome, error) {
		out, err := d.approve(tx, on, a, p)
		if err == nil {
			out.Shown, err = showRequest(tx.Snap, no)
		}
		return out, err
	})
}

func (d *Desk) approve(tx *store.Tx, on store.OnRequest, a Approval, p act.Person) (out Outcome, err error) {
	r, sys := on.Request, on.System
	if a.Version != 0 && a.Version != r.Version {
		return out, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": r.No}}
	}
	if a.Reason != "" {
		if err := forms.Reason(a.Reason, true); err != nil {
			return out, err
		}
	}
	earlier, err := Conditions(tx.Snap, r)
	if err != nil {
		return out, err
	}
	left := narrowed(r, earlier)
	given, err := narrowing(left, sys, a.Conditions, d.o.Zone)
	if err != nil {
		return out, err
	}
	left = narrowed(left, given)
	gathered, err := d.gathered(tx.Snap, left, sys)
	if err != nil {
		return out, err
	}
	decision := policy.CanApprove(p.Person, gathered.Request, tx.Now) // asked again, with the conditions applied
	if err := decision.Err(); err != nil {
		return out, err
	}
	// Another request may have been approved since this one was handed in, or the rule may have changed.
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
	if err := noteDone(tx, p.ID, r.No); err != nil {
		return out, err
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
	return out, d.entry(tx, "request.approved", p.By, r, map[string]any{"stage": stage, "reason": a.Reason, "on_behalf": decision.OnBehalf,
		"final": r.State.Final(), "conditions": given, "because": because, "overrides": overrides, "second_because": second, "windows": out.Windows, "grants": out.Grants}, out.Windows...)
}

// acceptable checks the items against the given reasons. It returns the reasons that count and the codes that they override.
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
		case forms.Printable(reason) != reason || utf8.RuneCountInString(reason) > forms.MaxText:
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
