package permits

import (
	"context"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB and Acts are required.
type Options struct {
	DB   *store.DB
	Acts *act.Runner
	Zone *time.Location // of the institution; nil: UTC
}

// Office is safe for concurrent use.
type Office struct{ o Options }

// New makes an office on an open store.
func New(o Options) *Office {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Office{o}
}

type permitAct = act.Act[store.OnPermit]

// asked is the table of an application.
var asked = field.Table[api.PermitApplication]{
	field.Text("vendor", "保守事業者", "Vendor", func(b *api.PermitApplication) *string { return &b.Vendor }).
		Need("vendor-required", "保守事業者を選んでください。", "Choose the vendor."),
	field.Text("system", "対象システム", "System", func(b *api.PermitApplication) *string { return &b.System }).
		Need("system-required", "対象システムを選んでください。", "Choose the system."),
	field.Text("purpose", "目的", "Purpose", func(b *api.PermitApplication) *string { return &b.Purpose }).Most(1000).
		Need("purpose-required", "目的を入力してください。", "Enter the purpose."),
	field.Text("from", "最初の日(2026-04-01)", "First day (2026-04-01)", func(b *api.PermitApplication) *string { return &b.From }).
		Need("from-required", "最初の日を入力してください。", "Enter the first day."),
	field.Text("until", "最後の日(2027-03-31)", "Last day (2027-03-31)", func(b *api.PermitApplication) *string { return &b.Until }).
		Need("until-required", "最後の日を入力してください。", "Enter the last day."),
	field.List("accounts", "作業用アカウント(なければシステムのすべて)", "Accounts (none: all of the system)", func(b *api.PermitApplication) *[]string { return &b.Accounts }),
	field.Bool("root", "管理者権限のアカウントも", "Root-equivalent accounts too", func(b *api.PermitApplication) *bool { return &b.Root }),
	field.Bool("files", "ファイル授受も", "File exchange too", func(b *api.PermitApplication) *bool { return &b.Files }),
	field.Bool("office_hours", "開庁時間内だけ", "Office hours only", func(b *api.PermitApplication) *bool { return &b.OfficeHours }),
	field.Text("hours", "時間帯(09:00-17:00、なければ終日)", "Hours of the day (09:00-17:00; none: all day)", func(b *api.PermitApplication) *string { return &b.Hours }),
	field.Text("longest", "1回の長さの上限(4h、なければシステムの上限)", "Longest window (4h; none: the system's limit)", func(b *api.PermitApplication) *string { return &b.Longest }),
}

// The acts of this package.
var (
	ask = act.Act[struct{}]{Spec: act.Spec{Name: "ask", Path: string(api.Permits), Command: "permit ask", JA: "包括許可を申請する(所管課)", EN: "apply for a standing permit (the section)", Fields: asked,
		Callers: act.Those(policy.Requester, policy.Approver), Shows: act.ShowsPermit},
		May: func(p policy.Person, _ struct{}, _ time.Time) policy.Decision { return policy.MayAskPermits(p) }}
	grant = permitAct{Spec: spec("give", "grant", "包括許可を与える(パスワードと認証コードを尋ねます)", "grant a standing permit (asks for password and code)", act.Those(policy.PermitOfficer), act.EachTime),
		May: act.Rule[store.OnPermit](policy.MayGrantPermit)}
	refuse = permitAct{Spec: spec("refuse", "refuse", "包括許可を与えない", "refuse a standing permit", act.Those(policy.PermitOfficer), act.NoProof),
		May: act.Rule[store.OnPermit](policy.MayRefusePermit)}
	withdraw = permitAct{Spec: spec("withdraw", "withdraw", "包括許可を取り消す(始まっている作業は終わります)", "withdraw a standing permit (work under way ends)",
		act.Those(policy.PermitOfficer, policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Requester), act.NoProof),
		Stops: true, May: act.Rule[store.OnPermit](policy.MayWithdrawPermit)}
)

// OnNone has the act that makes a permit, for lists of them.
var OnNone = act.Subject[struct{}]{Load: func(*store.Snap, string) (struct{}, error) { return struct{}{}, nil }, Acts: []act.Act[struct{}]{ask}}

// OnPermit is a permit with the acts on it.
var OnPermit = act.Subject[store.OnPermit]{Load: (*store.Snap).OnPermit, Acts: []permitAct{grant, refuse, withdraw}}

// Acts are the acts that doors mount.
func Acts() []act.Mount[*Office] {
	return []act.Mount[*Office]{
		act.Giving(ask.Spec, func(o *Office, ctx context.Context, _ string, in api.PermitApplication, by act.Caller) (store.Permit, error) {
			return o.Ask(ctx, in, by)
		}),
		act.Saying(grant.Spec, (*Office).Grant),
		act.Saying(refuse.Spec, (*Office).Refuse),
		act.Saying(withdraw.Spec, (*Office).Withdraw),
	}
}

// spec makes a spec. The name is not always the command's: names of acts are said on buttons, and an extension is granted in other words.
func spec(name, command, ja, en string, callers act.Callers, proof act.Proof) act.Spec {
	return act.Spec{Name: name, Path: api.Permits.Pattern("id", name), Command: "permit " + command, Operands: "ID", JA: ja, EN: en,
		Fields: act.Why, Callers: callers, Proof: proof, Shows: act.ShowsPermit}
}
