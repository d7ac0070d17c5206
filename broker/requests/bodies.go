package requests

import (
	"context"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// deputation is the body of a new deputation. Its times may be local times of the institution; a missing start means now.
type deputation struct {
	For    string `json:"for"`
	Deputy string `json:"deputy"`
	From   string `json:"from,omitempty"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

var deputations = field.Table[deputation]{
	field.Text("for", "不在になる承認者", "the approver who is away", func(b *deputation) *string { return &b.For }),
	field.Text("deputy", "代決者", "deputy", func(b *deputation) *string { return &b.Deputy }),
	field.Text("from", "開始(空欄は今から)", "from (empty: now)", func(b *deputation) *string { return &b.From }).Moment(),
	field.Text("until", "終了", "until", func(b *deputation) *string { return &b.Until }).Moment(),
	field.Text("reason", "理由(記録されます)", "why; it is ledgered", func(b *deputation) *string { return &b.Reason }),
}

// seenFields are those of SeenBody.
var seenFields = field.Table[SeenBody]{
	field.Bool("object", "異議あり(未使用の利用許可を取り消します)", "object (revokes the grant if unused)", func(b *SeenBody) *bool { return &b.Object }),
	field.Text("reason", "理由(記録されます)", "why; it is ledgered", func(b *SeenBody) *string { return &b.Reason }),
}

// mayDeputise lets approvers set a deputy. Whose, the act itself judges: its subject is in its body.
func mayDeputise(p policy.Person, _ struct{}, _ time.Time) policy.Decision {
	return policy.MayDeputise(p, p)
}

func (d *Desk) setDeputy(ctx context.Context, _ string, in deputation, by act.Caller) (store.Deputation, error) {
	from, err := forms.Instant("from", in.From, d.o.Zone)
	if err != nil {
		return store.Deputation{}, err
	}
	until, err := forms.Instant("until", in.Until, d.o.Zone)
	if err != nil {
		return store.Deputation{}, err
	}
	return d.SetDeputy(ctx, policy.Deputation{For: in.For, Deputy: in.Deputy, From: from, Until: until, Reason: in.Reason}, by)
}
