package announcement

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

var agree = act.Spec{Name: "notice agree", Path: api.NoticeChanges.Pattern("no", "agree"), Command: "notice agree", Operands: "NO",
	JA: "保存期間の変更に同意する(二人目で、次の起動から効く)", EN: "agree to a change of what is kept (two people; in force from a start of the broker)",
	Callers: act.Those(policy.Auditor, policy.InformationSystems), Proof: act.EachTime}

// OnChange is an announced change with the acts on it.
var OnChange = act.Subject[store.NoticeChange]{Load: load, Acts: []act.Act[store.NoticeChange]{{Spec: agree, May: may}}}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Board] {
	return []act.Mount[*Board]{act.Giving(agree, func(b *Board, ctx context.Context, id string, _ struct{}, by act.Caller) (api.NoticeChange, error) {
		return b.Agree(ctx, id, by)
	})}
}

func load(s *store.Snap, id string) (store.NoticeChange, error) {
	n, err := s.AnnouncedChange()
	if err == nil && strconv.FormatInt(n.No, 10) != id {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.NoticeChange{}, fmt.Errorf("change of the notice %q: %w", id, err)
	}
	return n, nil
}

func may(p policy.Person, n store.NoticeChange, _ time.Time) policy.Decision {
	return policy.MayAgreeToNotice(p, n.Agreed)
}

// Board is safe for concurrent use.
type Board struct{ acts *act.Runner }

// New makes a board.
func New(acts *act.Runner) *Board { return &Board{acts} }

// Agree notes a person's agreement to the announced change. Errors: *policy.Denied — forbidden, already-decided; store.ErrNotFound.
func (b *Board) Agree(ctx context.Context, id string, by act.Caller) (out api.NoticeChange, err error) {
	err = act.Do(ctx, b.acts, OnChange, OnChange.Acts[0], id, by, func(tx *store.Tx, p act.Person, n store.NoticeChange) error {
		if err := tx.AgreeToNotice(n.No, p.ID); err != nil {
			return fmt.Errorf("agree to change %d: %w", n.No, err)
		}
		n.Agreed = append(n.Agreed, p.ID)
		out = Shown(n)
		return entry(tx, "notice.agreed", p.By, n)
	})
	return out, err
}

// Shown is a change as the API shows it.
func Shown(n store.NoticeChange) api.NoticeChange {
	return api.NoticeChange{No: n.No, Version: n.Version, KeptBefore: n.Before.Recordings, KeptDays: n.After.Recordings,
		LedgerBefore: n.Before.Ledger, LedgerDays: n.After.Ledger, LooksBefore: n.Before.Looks, LooksDays: n.After.Looks, At: n.At, Earliest: n.Keeping().Earliest(), Agreed: len(n.Agreed)}
}
