package papers

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

type (
	paperAct  = act.Act[onPaper]
	vendorAct = act.Act[onVendor]
)

// The callers and acts of this package, without the filing, which takes a copy in before its transaction.
var (
	keepers = act.Those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems)

	acceptPaper = paperAct{Spec: act.Spec{Name: "accept", Path: api.Papers.Pattern("id", "accept"), Command: "paper accept", Operands: "ID", Fields: act.Why, Callers: keepers,
		JA: "保守事業者が届け出たものを受理する", EN: "accept what the vendor filed"}, May: mayAccept}
	withdrawPaper = paperAct{Spec: act.Spec{Name: "withdraw", Path: api.Papers.Pattern("id", "withdraw"), Command: "paper withdraw", Operands: "ID", Fields: act.Why,
		Callers: act.Callers{Vendors: true, Roles: keepers.Roles}, JA: "書類を取り消す(残り、数えられなくなる)", EN: "withdraw a paper (it stays on file and counts no more)"}, May: mayWithdraw}
	approveSubcontract = vendorAct{Spec: act.Spec{Name: "subcontract", Path: api.Vendors.Pattern("id", "subcontract"), Command: "vendor subcontract approve", Operands: "ID",
		Fields: subcontracts, Proof: act.EachTime, Callers: act.Those(policy.Approver, policy.SecondApprover, policy.InformationSystems),
		JA: "再委託先を、ある日まで承認する", EN: "approve a subcontractor until a day"}, May: mayApproveSubcontract, Ready: subcontractor}
)

// The things that the acts work on, each with the acts that are offered on it.
var (
	OnPaper  = act.Subject[onPaper]{Load: loadPaper, Acts: []paperAct{acceptPaper, withdrawPaper}}
	OnVendor = act.Subject[onVendor]{Load: loadVendor, Acts: []vendorAct{askRenewal, approveSubcontract}}
)

// subcontract is the body of an approval.
type subcontract struct {
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

var subcontracts = field.Table[subcontract]{
	field.Text("until", "いつまで(その日を含む)", "until (inclusive)", func(b *subcontract) *string { return &b.Until }).Day(),
	field.Text("reason", "理由(記録されます)", "why; it is ledgered", func(b *subcontract) *string { return &b.Reason }),
}

// Acts are the acts that a door mounts unchanged.
func Acts() []act.Mount[*Keeper] {
	return []act.Mount[*Keeper]{
		act.Giving(acceptPaper.Spec, func(k *Keeper, ctx context.Context, id string, in act.Said, by act.Caller) (store.Paper, error) {
			return k.Accept(ctx, id, in.Reason, by)
		}),
		act.Giving(withdrawPaper.Spec, func(k *Keeper, ctx context.Context, id string, in act.Said, by act.Caller) (store.Paper, error) {
			return k.Withdraw(ctx, id, in.Reason, by)
		}),
		act.Giving(approveSubcontract.Spec, func(k *Keeper, ctx context.Context, id string, in subcontract, by act.Caller) (store.Paper, error) {
			until, err := forms.ParseDay("until", in.Until)
			if err != nil {
				return store.Paper{}, err
			}
			return k.ApproveSubcontract(ctx, id, until, in.Reason, by)
		}),
		act.Giving(askRenewal.Spec, (*Keeper).AskRenewal),
	}
}

// Accept makes a vendor's paper count. Errors: *policy.Denied (forbidden, already-decided), store.ErrNotFound; *forms.Invalid if the
// paper has ended since.
func (k *Keeper) Accept(ctx context.Context, id, note string, by act.Caller) (store.Paper, error) {
	return keep(ctx, k, OnPaper, acceptPaper, id, by, func(tx *store.Tx, acting policy.Person) (store.Paper, error) {
		p, err := tx.Paper(id)
		if err != nil {
			return p, fmt.Errorf("paper %q: %w", id, err)
		}
		if err := textFrom("note", note, longestNote, false); err != nil {
			return p, err
		}
		if !p.Until.IsZero() && !tx.Now.Before(p.Until) {
			return p, forms.Wrong("until", "already-over", "期限が過ぎています。新しいものを提出してもらってください。", "it has ended already: have a new one filed")
		}
		if err := tx.AcceptPaper(p.ID, acting.ID); err != nil {
			return p, decided(err, p.ID)
		}
		if p, err = tx.Paper(p.ID); err != nil {
			return p, err
		}
		return p, k.entry(tx, "paper.accepted", p, by.Actor, map[string]any{"remark": note})
	})
}

// Withdraw ends a paper's effect, with a reason. It stays on file. Staff who keep papers withdraw any; its submitter may take it back
// until it is accepted. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (k *Keeper) Withdraw(ctx context.Context, id, reason string, by act.Caller) (store.Paper, error) {
	return keep(ctx, k, OnPaper, withdrawPaper, id, by, func(tx *store.Tx, acting policy.Person) (store.Paper, error) {
		p, err := tx.Paper(id)
		if err != nil {
			return p, fmt.Errorf("paper %q: %w", id, err)
		}
		if err := textFrom("reason", reason, longestNote, true); err != nil {
			return p, err
		}
		if err := tx.WithdrawPaper(p.ID, acting.ID, reason); err != nil {
			return p, decided(err, p.ID)
		}
		if p, err = tx.Paper(p.ID); err != nil {
			return p, err
		}
		return p, k.entry(tx, "paper.withdrawn", p, by.Actor, map[string]any{"reason": reason})
	})
}

// ApproveSubcontract lets a subcontractor's people in until the day given, inclusive (screens §3.1, item 4). vendor is the
// subcontractor. The door asks for a fresh proof. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (k *Keeper) ApproveSubcontract(ctx context.Context, vendor string, until forms.Day, reason string, by act.Caller) (store.Paper, error) {
	return keep(ctx, k, OnVendor, approveSubcontract, vendor, by, func(tx *store.Tx, acting policy.Person) (store.Paper, error) {
		p := store.Paper{Kind: store.PaperSubcontract, State: store.PaperAccepted, From: tx.Now, Until: until.After(k.o.Zone).UTC(),
			Note: reason, FiledBy: acting.ID, AcceptedBy: acting.ID}
		v, err := tx.Vendor(vendor)
		if err != nil {
			return p, fmt.Errorf("vendor %q: %w", vendor, err)
		}
		p.Vendor = v.ID
		if err := textFrom("reason", reason, longestNote, true); err != nil {
			return p, err
		}
		switch {
		case until.IsZero():
			return p, forms.Wrong("until", "until-required", "承認の期限を入力してください。", "enter the last day of the approval")
		case !tx.Now.Before(p.Until):
			return p, forms.Wrong("until", "already-over", "期限が過ぎています。", "that day is over already")
		case p.Until.After(tx.Now.AddDate(longestTerm, 0, 0)):
			return p, forms.Wrong("until", "too-long", fmt.Sprintf("期限は%d年先までです。年をお確かめください。", longestTerm), fmt.Sprintf("it ends in more than %d years: check the year", longestTerm))
		}
		return p, k.add(tx, &p, "subcontract.approved", by.Actor, map[string]any{"prime": v.Prime})
	})
}

// keep runs one act on the thing with this id.
func keep[F any](ctx context.Context, k *Keeper, s act.Subject[F], a act.Act[F], id string, by act.Caller, fn func(*store.Tx, policy.Person) (store.Paper, error)) (store.Paper, error) {
	p, err := act.Run(ctx, k.o.Acts, s, a, id, by, func(tx *store.Tx, acting act.Person, _ F) (store.Paper, error) {
		return fn(tx, acting.Person)
	})
	if err == nil {
		k.stale()
	}
	return p, err
}

// decided turns "settled before" into a denial.
func decided(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
	}
	return fmt.Errorf("settle %s: %w", id, err)
}
