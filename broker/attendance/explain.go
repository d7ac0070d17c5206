package attendance

import (
	"context"

	"sekimori/broker/act"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// explained is the body of an explanation: why the person cut the session, said afterwards.
type explained struct {
	Why  policy.CutWhy `json:"why"`
	Note string        `json:"note,omitempty"`
}

var explaining = field.Table[explained]{
	field.Choice("why", "切断の理由", "Why it was cut", func(b *explained) *policy.CutWhy { return &b.Why }, "", field.Labelled(policy.CutWhys()...)...).
		NeedIf(func(b *explained) bool { return b.Why == "" }, "why-required", "切断の理由を選んでください。", "Choose why the session was cut."),
	field.Text("note", "補足(記録されます)", "Particulars; they are ledgered", func(b *explained) *string { return &b.Note }),
}

var explain = sessionAct{Spec: ofSession("explain", "SESSION WHY", explaining, "強制切断の理由を、切った後に記す", "say why you cut a session, after the cut"),
	May: act.Rule[store.OnSession](policy.MayEnd), Ready: cutByThem}

// cutByThem holds up an explanation of a session that the person did not cut.
func cutByThem(_ *store.Snap, p policy.Person, on store.OnSession) error {
	s := on.Session
	if !s.State.Live() && s.By == p.ID && (s.Reason == policy.CutByAttendant || s.Reason == policy.CutByAuthority) {
		return nil
	}
	return forms.Wrong("session", "not-cut-by-you", "この接続を強制切断したのはあなたではありません。", "it is not you who cut this session")
}

// Explain says why a session was cut. The mount checks the body. Errors: *policy.Denied, *forms.Invalid.
func (a *Service) Explain(ctx context.Context, id string, in explained, by act.Caller) error {
	_, err := act.Run(ctx, a.o.Acts, OnSession, explain, id, by, func(tx *store.Tx, p act.Person, on store.OnSession) (store.OnSession, error) {
		s := on.Session
		payload := map[string]any{"session_id": s.ID, "window": s.Window, "reason": in.Why}
		if in.Note != "" {
			payload["note"] = in.Note
		}
		_, err := tx.Append(ledger.Draft{Kind: "session.cut-explained", Actor: p.By, Subjects: []string{s.ID, s.Person, s.Request, s.System, s.Window}, Payload: payload})
		return on, err
	})
	return err
}
