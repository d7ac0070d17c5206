package sealing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/store"
	"sekimori/policy"
)

type (
	keyAct    = act.Act[onKey]
	accessAct = act.Act[onAccess]
)

var (
	administrators = act.Those(policy.Administrator)
	seconds        = act.Those(policy.InformationSystems)
	either         = act.Those(policy.Administrator, policy.InformationSystems)
	askers         = act.Those(policy.Auditor, policy.Administrator, policy.InformationSystems)
)

// Asked is the table of an access that is asked for.
var Asked = field.Table[api.AccessBody]{
	field.Text("recipient", "公開鍵(age1pq1…)", "Public key (age1pq1…)", func(b *api.AccessBody) *string { return &b.Recipient }).
		Need("recipient-required", "点検担当の公開鍵を入力してください。", "Enter the auditor's public key."),
	field.Text("holder", "秘密の側を持つ人", "Keeper of its private half", func(b *api.AccessBody) *string { return &b.Holder }).Most(200).
		Need("holder-required", "秘密の側をだれが持つかを入力してください。", "Say who keeps the private half."),
	field.List("session", "接続番号", "Sessions", func(b *api.AccessBody) *[]string { return &b.Sessions }),
	field.Bool("all", "終わったすべての接続", "All sessions that have ended", func(b *api.AccessBody) *bool { return &b.All }),
	field.Text("reason", "理由", "Reason", func(b *api.AccessBody) *string { return &b.Reason }).Most(1000).
		Need("reason-required", "理由を書いてください。", "A reason is needed."),
}

// The acts of this package.
var (
	begin = keyAct{Spec: ofKey("replace", "key viewing begin", "閲覧用の鍵を新しくし始める(新旧の両方で封じる)", "make a new viewing key; new recordings are sealed to both", administrators, act.Why),
		May: mayKey(policy.MayReplaceViewingKey)}
	confirm = keyAct{Spec: ofKey("confirm", "key viewing confirm", "新しい鍵だけで封じることを確定する(二人目)", "seal new recordings to the new key only (a second person)", seconds, nil),
		May: mayKey(policy.MayConfirmViewingKey)}
	rollBack = keyAct{Spec: ofKey("roll-back", "key viewing rollback", "鍵の交代を取りやめる", "take the change back", either, act.Why),
		May: mayKey(policy.MayRollBackViewingKey)}

	ask = act.Act[struct{}]{Spec: act.Spec{Name: "ask-access", Path: string(api.Accesses), Command: "recording access ask", Fields: Asked, Callers: askers,
		JA: "これまでの操作記録を、点検担当の鍵でも開けるように申し出る", EN: "ask that earlier recordings open to an auditor's key too"},
		May: func(p policy.Person, _ struct{}, _ time.Time) policy.Decision { return policy.MayAskAccess(p) }}
	give = accessAct{Spec: ofAccess("give", "操作記録を開く鍵を加える(二人目)", "open the recordings to the key (a second person)", seconds, act.EachTime, nil),
		May: mayAccess(policy.MayGiveAccess)}
	refuse = accessAct{Spec: ofAccess("refuse", "申出を却下する・取り下げる", "drop what was asked", askers, act.NoProof, act.Why), May: mayAccess(policy.MayRefuseAccess)}
	end    = accessAct{Spec: ofAccess("end", "加えた鍵を取り消す(本人が持つ写しは取り戻せません)", "take the key away (copies that its holder has stay readable to them)", askers, act.NoProof, act.Why),
		May: mayAccess(policy.MayEndAccess)}
)

// The things that the acts work on.
var (
	OnKey    = act.Subject[onKey]{Load: loadKey, Acts: []keyAct{begin, confirm, rollBack}}
	OnNone   = act.Subject[struct{}]{Acts: []act.Act[struct{}]{ask}}
	OnAccess = act.Subject[onAccess]{Load: loadAccess, Acts: []accessAct{give, refuse, end}}
)

// Acts are the acts that doors mount.
func Acts() []act.Mount[*Keeper] {
	return []act.Mount[*Keeper]{
		act.Giving(begin.Spec, (*Keeper).Begin),
		act.Bare(confirm.Spec, (*Keeper).Confirm),
		act.With(rollBack.Spec, (*Keeper).RollBack),
		act.Giving(ask.Spec, (*Keeper).Ask),
		act.Bare(give.Spec, (*Keeper).Give),
		act.With(refuse.Spec, (*Keeper).Refuse),
		act.With(end.Spec, (*Keeper).End),
	}
}

func ofKey(name, command, ja, en string, callers act.Callers, fields field.Asks) act.Spec {
	return act.Spec{Name: name, Path: api.ViewingKeys.Pattern("id", name), Command: command, Operands: "KEY", JA: ja, EN: en, Fields: fields,
		Callers: callers, Proof: act.EachTime, Shows: act.ShowsViewingKey}
}

func ofAccess(name, ja, en string, callers act.Callers, proof act.Proof, fields field.Asks) act.Spec {
	return act.Spec{Name: name, Path: api.Accesses.Pattern("id", name), Command: "recording access " + name, Operands: "ID", JA: ja, EN: en, Fields: fields,
		Callers: callers, Proof: proof, Shows: act.ShowsAccess}
}

// onKey is a viewing key with the facts for the acts on it.
type onKey struct {
	key   store.ViewingKey
	all   []store.ViewingKey
	facts policy.ViewingKeyFacts
}

// KeyNumber reads the name of a viewing key: "VK-2". Errors: store.ErrNotFound.
func KeyNumber(id string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "VK-"))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("viewing key %q: %w", id, store.ErrNotFound)
	}
	return n, nil
}

func loadKey(s *store.Snap, id string) (on onKey, err error) {
	n, err := KeyNumber(id)
	if err != nil {
		return on, err
	}
	if on.all, err = viewingKeys(s); err != nil {
		return on, fmt.Errorf("viewing keys: %w", err)
	}
	found := false
	for _, one := range on.all {
		if one.Number == n {
			on.key, found = one, true
		}
		if one.State == policy.ViewingKeyNext {
			on.facts.Another = true
		}
	}
	if !found {
		return on, fmt.Errorf("viewing key %q: %w", id, store.ErrNotFound)
	}
	on.facts.Number, on.facts.State, on.facts.BegunBy = on.key.Name(), on.key.State, on.key.BegunBy
	return on, nil
}

func mayKey(rule func(policy.Person, policy.ViewingKeyFacts, time.Time) policy.Decision) func(policy.Person, onKey, time.Time) policy.Decision {
	return func(p policy.Person, on onKey, now time.Time) policy.Decision { return rule(p, on.facts, now) }
}

// onAccess is an access with the facts for the acts on it.
type onAccess struct{ access store.Access }

func loadAccess(s *store.Snap, id string) (onAccess, error) {
	a, err := s.Access(id)
	return onAccess{a}, err
}

func mayAccess(rule func(policy.Person, policy.AccessFacts, time.Time) policy.Decision) func(policy.Person, onAccess, time.Time) policy.Decision {
	return func(p policy.Person, on onAccess, now time.Time) policy.Decision {
		return rule(p, policy.AccessFacts{ID: on.access.ID, State: on.access.State, AskedBy: on.access.AskedBy}, now)
	}
}
