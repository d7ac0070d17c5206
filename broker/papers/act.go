package papers

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Accept makes what the vendor submitted count. Errors: *policy.Denied (forbidden, already-decided), store.ErrNotFound; *forms.Invalid
// when it has run out since.
func (k *Keeper) Accept(ctx context.Context, id, note string, by ledger.Actor) (store.Paper, error) {
	return k.act(ctx, by, func(tx *store.Tx, acting policy.Person) (store.Paper, error) {
		p, err := tx.Paper(id)
		if err != nil {
			return p, fmt.Errorf("paper %q: %w", id, err)
		}
		if err := mayKeep(tx.Snap, acting); err != nil {
			return p, err
		}
		if err := said("note", note, longestNote, false); err != nil {
			return p, err
		}
		if !p.Until.IsZero() && !tx.Now.Before(p.Until) {
			return p, invalid("until", "already-over", "期限が過ぎています。新しいものを提出してもらってください。", "it has ended already: have a new one filed")
		}
		if err := tx.AcceptPaper(p.ID, acting.ID); err != nil {
			return p, decided(err, p.ID)
		}
		if p, err = tx.Paper(p.ID); err != nil {
			return p, err
		}
		return p, k.entry(tx, "paper.accepted", p, by, map[string]any{"remark": note})
	})
}

// Withdraw makes a paper count no more, with a reason. It stays on file. Staff who keep papers withdraw any; whoever
// submitted one may take it back until it is accepted. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (k *Keeper) Withdraw(ctx context.Context, id, reason string, by ledger.Actor) (store.Paper, error) {
	return k.act(ctx, by, func(tx *store.Tx, acting policy.Person) (store.Paper, error) {
		p, err := tx.Paper(id)
		if err != nil {
			return p, fmt.Errorf("paper %q: %w", id, err)
		}
		may := mayKeep(tx.Snap, acting)
		if p.Kind == store.PaperSubcontract {
			may = mayApprove(tx.Snap, acting)
		}
		if own := p.State == store.PaperSubmitted && p.FiledBy == acting.ID; may != nil && !own {
			return p, may
		}
		if err := said("reason", reason, longestNote, true); err != nil {
			return p, err
		}
		if err := tx.WithdrawPaper(p.ID, acting.ID, reason); err != nil {
			return p, decided(err, p.ID)
		}
		if p, err = tx.Paper(p.ID); err != nil {
			return p, err
		}
		return p, k.entry(tx, "paper.withdrawn", p, by, map[string]any{"reason": reason})
	})
}

// ApproveSubcontract lets a subcontractor's people in until the day given, inclusive (screens §3.1, item 4). vendor is the
// subcontractor. The door asks for a fresh proof. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (k *Keeper) ApproveSubcontract(ctx context.Context, vendor string, until forms.Day, reason string, by ledger.Actor) (store.Paper, error) {
	return k.act(ctx, by, func(tx *store.Tx, acting policy.Person) (store.Paper, error) {
		p := store.Paper{Kind: store.PaperSubcontract, State: store.PaperAccepted, From: tx.Now, Until: until.After(k.o.Zone).UTC(),
			Note: reason, FiledBy: acting.ID, AcceptedBy: acting.ID}
		if err := mayApprove(tx.Snap, acting); err != nil {
			return p, err
		}
		v, err := tx.Vendor(vendor)
		if err != nil {
			return p, fmt.Errorf("vendor %q: %w", vendor, err)
		}
		p.Vendor = v.ID
		if err := said("reason", reason, longestNote, true); err != nil {
			return p, err
		}
		switch {
		case v.Prime == "":
			return p, invalid("vendor", "no-subcontractor", v.Name+" は再委託先ではありません。", fmt.Sprintf("%s is no subcontractor", v.ID))
		case until.IsZero():
			return p, invalid("until", "until-required", "承認の期限を入力してください。", "enter the last day of the approval")
		case !tx.Now.Before(p.Until):
			return p, invalid("until", "already-over", "期限が過ぎています。", "that day is over already")
		case p.Until.After(tx.Now.AddDate(longestTerm, 0, 0)):
			return p, invalid("until", "too-long", fmt.Sprintf("期限は%d年先までです。年をお確かめください。", longestTerm), fmt.Sprintf("it ends in more than %d years: check the year", longestTerm))
		}
		return p, k.add(tx, &p, "subcontract.approved", by, map[string]any{"prime": v.Prime})
	})
}

// act is one act by a person who may act at all.
func (k *Keeper) act(ctx context.Context, by ledger.Actor, fn func(*store.Tx, policy.Person) (store.Paper, error)) (store.Paper, error) {
	var p store.Paper
	err := k.o.DB.Write(ctx, func(tx *store.Tx) error {
		acting, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		p, err = fn(tx, acting)
		return err
	})
	if err != nil {
		return store.Paper{}, err
	}
	k.stale()
	return p, nil
}

// decided: somebody settled it before.
func decided(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
	}
	return fmt.Errorf("settle %s: %w", id, err)
}
