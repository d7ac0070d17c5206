package lateentry

import (
	"context"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Book is safe for concurrent use.
type Book struct{ acts *act.Runner }

// New makes a book.
func New(acts *act.Runner) *Book { return &Book{acts} }

// fields is the table of the papers' statements. Its keys are those of the forms, so that an entry can be printed as one.
var fields = field.Table[api.LateEntryBody]{
	field.List("forms", "用紙番号(HF-0001、右上に印刷)", "Numbers of the papers (HF-0001, at the top right)", func(b *api.LateEntryBody) *[]string { return &b.Forms }).
		Need("forms-required", "用紙番号を入力してください。番号のない紙は、手書き用の様式を新しく印刷して一緒に綴じ、その番号を入力します。", "Enter the number of the paper. If it has none, print a new form for handwriting, keep both together, and enter its number."),
	field.Text("system", "対象システム", "System", func(b *api.LateEntryBody) *string { return &b.System }).
		Need("system-required", "対象システムを選んでください。", "Choose the system."),
	field.Text("vendor", "保守事業者", "Vendor", func(b *api.LateEntryBody) *string { return &b.Vendor }).
		Need("vendor-required", "保守事業者を選んでください。", "Choose the vendor."),
	field.List("engineers", "保守要員(番号かログイン名)", "Engineers (id or login)", func(b *api.LateEntryBody) *[]string { return &b.Engineers }).
		Need("engineers-required", "保守要員を入力してください。", "Enter the engineers."),
	field.Text("from", "開始", "Start", func(b *api.LateEntryBody) *string { return &b.From }).Moment().
		Need("from-required", "作業を始めた日時を入力してください。", "Enter when the work began."),
	field.Text("until", "終了", "End", func(b *api.LateEntryBody) *string { return &b.Until }).Moment().
		Need("until-required", "作業を終えた日時を入力してください。", "Enter when the work ended."),
	field.Text("targets", "接続先", "Targets", func(b *api.LateEntryBody) *string { return &b.Targets }).Most(200),
	field.Text("account", "作業用アカウント", "Account", func(b *api.LateEntryBody) *string { return &b.Account }).Most(200),
	field.Text("approver", "用紙で承認した人(番号かログイン名)", "Approved on paper by (id or login)", func(b *api.LateEntryBody) *string { return &b.Approver }),
	field.Text("attendant", "立会者(番号かログイン名)", "Attendant (id or login)", func(b *api.LateEntryBody) *string { return &b.Attendant }),
	field.Text("purpose", "目的", "Purpose", func(b *api.LateEntryBody) *string { return &b.Purpose }).Most(1000),
	field.Text("done", "実施内容", "What was done", func(b *api.LateEntryBody) *string { return &b.Done }).Most(4000).
		Need("done-required", "実施内容を入力してください。", "Enter what was done."),
	field.Text("deviation", "申請との相違と理由", "Deviation and why", func(b *api.LateEntryBody) *string { return &b.Deviation }).Most(2000),
	field.Text("remarks", "気付いたこと", "Remarks", func(b *api.LateEntryBody) *string { return &b.Remarks }).Most(2000),
	field.Text("kept_at", "用紙の保管場所", "Where the paper is kept", func(b *api.LateEntryBody) *string { return &b.KeptAt }).Most(200).
		Need("kept-at-required", "用紙の保管場所を入力してください。", "Enter where the paper is kept."),
}

type lateAct = act.Act[store.OnLateEntry]

// The acts of this package.
var (
	enter = act.Act[struct{}]{Spec: act.Spec{Name: "enter-late", Path: string(api.LateEntries), Command: "form enter", JA: "手書きの用紙の内容を後日入力する(所管課)", EN: "enter work from handwritten papers (the section)", Fields: fields,
		Callers: act.Those(policy.Requester, policy.Approver, policy.Attendant), Shows: act.ShowsLateEntry},
		May: func(p policy.Person, _ struct{}, _ time.Time) policy.Decision { return policy.MayEnterLateAtAll(p) }}
	confirm = lateAct{Spec: spec("countersign", "用紙と見比べて確認する(入力した人とは別の人。パスワードと認証コードを尋ねます)", "confirm that it agrees with the paper (another person; asks for password and code)",
		act.Those(policy.Approver, policy.SecondApprover), act.EachTime), May: act.Rule[store.OnLateEntry](policy.MayConfirmLate)}
	reject = lateAct{Spec: spec("reject", "却下する(用紙は入力し直せます)", "reject it (the paper can be entered anew)",
		act.Those(policy.Requester, policy.Approver, policy.Attendant, policy.SecondApprover), act.NoProof), May: act.Rule[store.OnLateEntry](policy.MayRejectLate)}
)

// OnNone has the act that makes an entry, for lists of them.
var OnNone = act.Subject[struct{}]{Load: func(*store.Snap, string) (struct{}, error) { return struct{}{}, nil }, Acts: []act.Act[struct{}]{enter}}

// OnEntry is an entry with the acts on it.
var OnEntry = act.Subject[store.OnLateEntry]{Load: (*store.Snap).OnLateEntry, Acts: []lateAct{confirm, reject}}

// Acts are the acts that doors mount.
func Acts() []act.Mount[*Book] {
	return []act.Mount[*Book]{
		act.Giving(enter.Spec, func(o *Book, ctx context.Context, _ string, in api.LateEntryBody, by act.Caller) (store.LateEntry, error) {
			return o.Enter(ctx, in, by)
		}),
		act.Saying(confirm.Spec, (*Book).Confirm),
		act.Saying(reject.Spec, (*Book).Reject),
	}
}

func spec(name, ja, en string, callers act.Callers, proof act.Proof) act.Spec {
	return act.Spec{Name: name, Path: api.LateEntries.Pattern("id", name), Command: "form " + name, Operands: "ID", JA: ja, EN: en,
		Fields: act.Why, Callers: callers, Proof: proof, Shows: act.ShowsLateEntry}
}
