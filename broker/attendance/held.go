package attendance

import (
	"context"
	"strconv"

	"sekimori/broker/act"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The attendant's two answers to a command that a live rule holds.
var (
	allowHeld = sessionAct{Spec: ofSession("allow", "SESSION HELD", answered, "確認待ちの命令を接続先へ送る(立会者。30秒以内)", "let a held command go on to the target (the attendant, within 30 s)"),
		May: act.Rule[store.OnSession](policy.MayAnswer), Ready: live}
	refuseHeld = sessionAct{Spec: ofSession("refuse", "SESSION HELD", answered, "確認待ちの命令を送らない(立会者)", "refuse a held command (the attendant)"),
		May: act.Rule[store.OnSession](policy.MayAnswer), Ready: live}
)

// heldAnswer is the body of both. The number keeps an answer from reaching another command than the one that the attendant has read.
type heldAnswer struct {
	Held   string `json:"held"`
	Reason string `json:"reason"`
}

var answered = field.Table[heldAnswer]{
	field.Text("held", "確認待ちの番号", "number of the held command", func(b *heldAnswer) *string { return &b.Held }).
		NeedIf(func(b *heldAnswer) bool { return b.number() == 0 }, "held-required", "確認待ちの番号(1から)を書いてください。", "Give the number of the held command (from 1)."),
	field.Text("reason", "理由(記録されます)", "why; it is ledgered", func(b *heldAnswer) *string { return &b.Reason }),
}

func (b *heldAnswer) number() int {
	n, err := strconv.Atoi(b.Held)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// AllowHeld lets a held command go on. Errors: *policy.Denied, store.ErrNotLive, *forms.Invalid where no such command waits any more.
func (a *Service) AllowHeld(ctx context.Context, id string, in heldAnswer, by act.Caller) error {
	return a.answerHeld(ctx, id, allowHeld, in, policy.LiveAllowed, by)
}

// RefuseHeld refuses a held command. Errors as of AllowHeld.
func (a *Service) RefuseHeld(ctx context.Context, id string, in heldAnswer, by act.Caller) error {
	return a.answerHeld(ctx, id, refuseHeld, in, policy.LiveRefused, by)
}

// answerHeld takes the command first, so that it has one answer, and gives the answer once its entry stands. A transaction that runs twice
// takes it once.
func (a *Service) answerHeld(ctx context.Context, id string, of sessionAct, in heldAnswer, answer policy.LiveAnswer, by act.Caller) error {
	var give func(policy.LiveAnswer)
	on, err := act.Run(ctx, a.o.Acts, OnSession, of, id, by, func(tx *store.Tx, p act.Person, on store.OnSession) (store.OnSession, error) {
		s := on.Session
		var err error
		if give == nil {
			if give, err = a.o.Sessions.ClaimHeld(s.ID, in.number()); err != nil {
				return on, err
			}
		}
		if give == nil {
			return on, forms.Wrong("held", "not-held", "その番号の命令は待っていません(返事が済んだか、30秒を過ぎました)。", "no command of that number waits: it was answered, or its 30 s are over")
		}
		payload := map[string]any{"session_id": s.ID, "window": s.Window, "held": in.number(), "answer": string(answer)}
		if in.Reason != "" {
			payload["note"] = in.Reason
		}
		_, err = tx.Append(ledger.Draft{Kind: "session.rule-answered", Actor: p.By, Subjects: []string{s.ID, s.Person, s.Request, s.System, s.Window}, Payload: payload})
		return on, err
	})
	if err != nil {
		if give != nil { // the entry does not stand
			give(policy.LiveNotKept)
		}
		return err
	}
	give(answer)
	if err := a.seen(ctx, on.Window, by.Actor); err != nil { // the entry stands; the caller must not make another
		a.o.Log.Error("presence_not_kept", "window", on.Window.ID, "error", err)
	}
	return nil
}
