package attendance

import (
	"context"
	"strings"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

type windowAct = act.Act[store.OnWindow]

// The people who may call each act, before the rule looks at the window itself.
var (
	attendants = act.Those(policy.Attendant)
	stoppers   = act.Those(policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	heads      = act.Those(policy.Approver, policy.SecondApprover)
	handers    = act.Those(policy.Attendant, policy.Approver)
)

// The tables of the bodies.
var (
	handed = field.Table[api.HandoverBody]{field.Text("person", "引き継ぐ相手", "to whom", func(b *api.HandoverBody) *string { return &b.Person })}
	ticks  = field.Table[api.TickBody]{
		field.Text("step", "手順", "step", func(b *api.TickBody) *string { return &b.Step }),
		field.Text("method", "方法", "method", func(b *api.TickBody) *string { return &b.Method }),
	}
	answers = field.Table[IdentityAnswer]{
		field.Text("digits", "照合番号", "digits", func(b *IdentityAnswer) *string { return &b.Digits }),
		field.Text("person", "保守要員", "engineer", func(b *IdentityAnswer) *string { return &b.Person }),
	}
	backups = field.Table[api.BackupBody]{
		field.Text("at", "日時", "when", func(b *api.BackupBody) *string { return &b.At }),
		field.Text("how", "確かめ方", "how", func(b *api.BackupBody) *string { return &b.How }),
		field.Bool("ok", "成否", "whether it went well", func(b *api.BackupBody) *bool { return &b.OK }),
		field.Text("reason", "理由", "why", func(b *api.BackupBody) *string { return &b.Reason }),
	}
	overrides = field.Table[api.OverrideBody]{
		field.Text("item", "確認事項", "item", func(b *api.OverrideBody) *string { return &b.Item }),
		field.Text("reason", "理由(記録されます)", "why; it is ledgered", func(b *api.OverrideBody) *string { return &b.Reason }),
	}
)

// The acts of this package. One proof covers taking the post and permitting the start; letting a check item go asks each time.
var (
	open = windowAct{Spec: spec("window open", "ID", attendants, act.KeptByCase, nil,
		"立会者として持ち場につく", "take the post as attendant"), May: act.Rule[store.OnWindow](policy.MayOpen), Ready: opened}
	shutting = windowAct{Spec: spec("window close", "ID", stoppers, act.NoProof, act.Why,
		"時間枠を閉じる(接続は切れる)", "close the window (sessions end)"), Stops: true, May: act.Rule[store.OnWindow](policy.MayClose)}
	cut = windowAct{Spec: spec("window cut", "ID", stoppers, act.NoProof, act.Why,
		"時間枠を強制的に終える(接続は直ちに切れる)", "end the window by force (sessions are cut at once)"), Stops: true, May: act.Rule[store.OnWindow](policy.MayCut)}
	identity = windowAct{Spec: spec("attend identity", "WINDOW", attendants, act.NoProof, answers,
		"本人確認の結果を記す(登録の電話で読み返された三桁、または --failed)", "record the identity check: the three digits heard on the registered telephone, or --failed"), May: act.Rule[store.OnWindow](policy.MayIdentify)}
	permit = windowAct{Spec: spec("attend permit", "WINDOW", attendants, act.Kept, nil,
		"開始を許可する(パスワードと認証コードを尋ねます)", "permit the start (asks for password and code)"), May: act.Rule[store.OnWindow](policy.MayPermit), Ready: lined}
	unpermit = windowAct{Spec: spec("attend unpermit", "WINDOW", stoppers, act.NoProof, act.Why,
		"許可を取り消す(接続は直ちに切れる)", "take the permission back (sessions are cut at once)"), Stops: true, May: act.Rule[store.OnWindow](policy.MayUnpermit)}
	tick = windowAct{Spec: shown(spec("attend tick", "WINDOW STEP", attendants, act.NoProof, ticks,
		"手順書の手順を、自分の名前で確認済みにする", "tick a step of the checklist by name")), May: act.Rule[store.OnWindow](policy.MayAttend)}
	backup = windowAct{Spec: shown(spec("attend backup", "WINDOW", attendants, act.NoProof, backups,
		"バックアップがいつ、どうだったかを記す", "state when the backup was made and how it went")), May: act.Rule[store.OnWindow](policy.MayStateBackup)}
	override = windowAct{Spec: shown(spec("attend override", "WINDOW ITEM", heads, act.EachTime, overrides,
		"不適合の確認事項(backup、follow-up、reviews)を、理由を付けて通す(課長・第二承認者)", "let work start although an item (backup, follow-up, reviews) is unmet (head or second approver)")), May: act.Rule[store.OnWindow](policy.MayOverride)}
	handover = windowAct{Spec: shown(spec("attend handover", "WINDOW PERSON", handers, act.NoProof, handed,
		"立会いを別の人に引き継ぐ(相手が take して成立)", "offer the post to another person, who must take it")), May: act.Rule[store.OnWindow](policy.MayHandOver)}
	take = windowAct{Spec: shown(spec("attend take", "WINDOW", attendants, act.NoProof, nil,
		"申し出のあった立会いを引き継ぐ", "take the post that was offered")), May: act.Rule[store.OnWindow](policy.MayTakeOffered), Ready: offered}
)

// OnWindow is a window with the acts that this package offers on it.
var OnWindow = act.Subject[store.OnWindow]{
	Load: (*store.Snap).OnWindow, Stop: (*store.Snap).StopWindow,
	Acts: []windowAct{tick, backup, override, open, identity, permit, unpermit, handover, take, shutting, cut},
}

// Acts are the acts that broker/web mounts.
func Acts() []act.Mount[*Service] {
	return append(sessionActs(), []act.Mount[*Service]{
		act.Bare(open.Spec, (*Service).Open),
		act.Saying(shutting.Spec, (*Service).Close),
		act.Saying(cut.Spec, (*Service).Cut),
		act.With(identity.Spec, (*Service).Identity),
		act.Bare(permit.Spec, (*Service).Permit),
		act.Saying(unpermit.Spec, (*Service).Unpermit),
		act.With(tick.Spec, func(a *Service, ctx context.Context, id string, in api.TickBody, by act.Caller) error {
			return a.Tick(ctx, id, in.Step, store.Method(in.Method), by)
		}),
		act.With(backup.Spec, func(a *Service, ctx context.Context, id string, in api.BackupBody, by act.Caller) error {
			made, err := forms.Instant("at", in.At, a.o.Zone)
			if err != nil {
				return err
			}
			return a.Backup(ctx, id, policy.Backup{At: made, How: policy.BackupHow(in.How), OK: in.OK}, in.Reason, by)
		}),
		act.With(override.Spec, func(a *Service, ctx context.Context, id string, in api.OverrideBody, by act.Caller) error {
			return a.Override(ctx, id, in.Item, in.Reason, by)
		}),
		act.With(handover.Spec, func(a *Service, ctx context.Context, id string, in api.HandoverBody, by act.Caller) error {
			return a.Handover(ctx, id, in.Person, by)
		}),
		act.Bare(take.Spec, (*Service).Take),
	}...)
}

func spec(command, operands string, callers act.Callers, proof act.Proof, fields field.Asks, ja, en string) act.Spec {
	name := command[strings.LastIndex(command, " ")+1:]
	return act.Spec{Name: name, Path: api.Windows.Pattern("id", name), Command: command, Operands: operands, JA: ja, EN: en,
		Fields: fields, Callers: callers, Proof: proof, Shows: act.ShowsWindow}
}

// shown is an act whose answer is the window as its attendant sees it.
func shown(s act.Spec) act.Spec {
	s.Shows = act.ShowsAttendance
	return s
}
