package freeze

import (
	"context"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/policy"
)

type (
	newAct       = act.Act[struct{}] // makes a freeze, or asks for a drill
	freezeAct    = act.Act[onFreeze]
	lockAct      = act.Act[onLock]
	recordingAct = act.Act[onRecording]
)

// The callers of the acts. Policy's rule says the same of each person.
var (
	releasers  = act.Those(policy.Approver, policy.SecondApprover, policy.InformationSystems)
	keepers    = act.Those(policy.Auditor, policy.InformationSystems, policy.Approver)
	archivists = act.Those(policy.Auditor, policy.InformationSystems)
)

// declared is the body of a freeze. It is a type of its own, so that the mount does not check it against declaration: a freeze is a stop,
// and a reason that cannot be shown must not hold it up.
type declared api.FreezeBody

// declaration is the table of a freeze.
var declaration = field.Table[api.FreezeBody]{
	field.Choice("scope", "範囲", "scope", func(b *api.FreezeBody) *string { return &b.Scope }, "",
		field.Name(string(policy.FreezeSystem), "この対象システムだけ", "this system only"), field.Name(string(policy.FreezeVendor), "この保守事業者だけ", "this vendor only"),
		field.Name(string(policy.FreezeAll), "すべて", "everything")),
	field.Text("subject", "対象システムまたは保守事業者", "which system or vendor", func(b *api.FreezeBody) *string { return &b.Subject }),
	field.Text("system", "この対象システムの上だけ(保守事業者のとき)", "on this system only (of a vendor)", func(b *api.FreezeBody) *string { return &b.System }),
	field.Text("reason", "理由(後で書けます)", "why (may follow)", func(b *api.FreezeBody) *string { return &b.Reason }),
	field.Bool("drill", "訓練", "a drill", func(b *api.FreezeBody) *bool { return &b.Drill }),
}

// The acts of this package. One person stops at once. Two people release, each with a proof.
var (
	freezeOn = newAct{Spec: act.Spec{Name: "freeze", Path: string(api.Freezes), Command: "freeze on", Fields: declaration, Callers: act.Staff(),
		JA: "凍結する(範囲の接続は直ちに切れます)", EN: "freeze (live sessions in scope are cut at once)"}, May: may[struct{}](policy.MayPress)}

	noteFreeze = freezeAct{Spec: ofFreeze("note", act.Staff(), act.NoProof, act.Why, "凍結の理由を書き足す", "add the reason of a freeze"),
		May: may[onFreeze](policy.MayPress), Ready: begun}
	lift = freezeAct{Spec: ofFreeze("lift", releasers, act.EachTime, act.Why, "解除に同意する(二人目で解ける)", "agree to lift (two people)"),
		May: mayLift, Ready: begun}
	agreeDrill = freezeAct{Spec: ofFreeze("agree", act.Staff(), act.EachTime, nil, "訓練の開始に同意する", "agree to a drill"), May: mayAgree, Ready: isDrill}

	told = freezeAct{Spec: act.Spec{Name: "told", Path: api.Freezes.Pattern("id", "told"), Command: "incident told", Operands: "ID KEY",
		JA: "知らせるべき相手に知らせたことを記す", EN: "note that one who must be told was told", Fields: toldTable, Callers: act.Staff()}, May: may[onFreeze](policy.MaySayTold), Ready: begun}

	lockPerson = lockAct{Spec: ofPerson("lock", act.Staff(), act.NoProof, "利用を停止し、接続中なら切る", "lock; live sessions are cut"),
		Stops: true, May: mayLock, Ready: another}
	unlockPerson = lockAct{Spec: ofPerson("unlock", releasers, act.EachTime, "利用停止の解除に同意する(二人目で解ける)", "agree to unlock (two people)"), May: mayUnlock}
	notePerson   = lockAct{Spec: ofPerson("lock-note", act.Staff(), act.NoProof, "利用停止の理由を書き足す", "add the reason of a lock"), May: mayNoteLock}
	lockVendor   = lockAct{Spec: ofVendor("lock", act.Staff(), act.NoProof, "保守事業者の全員の利用を停止し、接続中なら切る", "lock with all its people; live sessions are cut"),
		Stops: true, May: mayLock}
	unlockVendor = lockAct{Spec: ofVendor("unlock", releasers, act.EachTime, "利用停止の解除に同意する(二人目で解ける)", "agree to unlock (two people)"), May: mayUnlock}
	noteVendor   = lockAct{Spec: ofVendor("lock-note", act.Staff(), act.NoProof, "利用停止の理由を書き足す", "add the reason of a lock"), May: mayNoteLock}

	holdOne = recordingAct{Spec: ofRecording("hold", keepers, act.NoProof, "廃棄を止める(証拠の保全)", "keep it from disposal"),
		May: may[onRecording](policy.MayHold), Ready: left, Refused: refusedUnseen("hold")}
	release = recordingAct{Spec: ofRecording("release", archivists, act.EachTime, "保全の解除に同意する(二人目で解ける)", "agree to release it (two people)"),
		May: may[onRecording](policy.MayLetGo), Ready: held, Refused: refusedUnseen("release")}
	purge = recordingAct{Spec: ofRecording("purge", archivists, act.EachTime, "保存期間を過ぎた操作記録をいま廃棄する", "dispose of it now; its time is over"),
		May: may[onRecording](policy.MayPurge), Ready: over, Refused: refusedUnseen("purge")}
)

// The things that the acts work on, each with the acts that are offered on it.
var (
	Anew        = act.Subject[struct{}]{Acts: []newAct{freezeOn}}
	OnFreeze    = act.Subject[onFreeze]{Load: loadFreeze, Acts: []freezeAct{agreeDrill, noteFreeze, told, lift}}
	OnPerson    = act.Subject[onLock]{Load: loadPerson, Stop: stopPerson, Acts: []lockAct{lockPerson, notePerson, unlockPerson}}
	OnVendor    = act.Subject[onLock]{Load: loadVendor, Stop: stopVendor, Acts: []lockAct{lockVendor, noteVendor, unlockVendor}}
	OnRecording = act.Subject[onRecording]{Load: loadRecording, Acts: []recordingAct{holdOne, release, purge}}
)

// Acts are the acts that a door mounts unchanged.
func Acts() []act.Mount[*Freezer] {
	return []act.Mount[*Freezer]{
		act.Giving(freezeOn.Spec, (*Freezer).declare),
		act.Giving(noteFreeze.Spec, func(f *Freezer, ctx context.Context, id string, in act.Said, by act.Caller) (Status, error) {
			if err := f.Note(ctx, id, in.Reason, by); err != nil {
				return Status{}, err
			}
			return f.One(ctx, id)
		}),
		act.Giving(lift.Spec, func(f *Freezer, ctx context.Context, id string, in act.Said, by act.Caller) (Status, error) {
			return f.Lift(ctx, id, in.Reason, by)
		}),
		act.Giving(agreeDrill.Spec, func(f *Freezer, ctx context.Context, id string, _ struct{}, by act.Caller) (Status, error) {
			return f.AgreeDrill(ctx, id, by)
		}),
		act.Giving(told.Spec, (*Freezer).Told),
		act.Saying(lockPerson.Spec, (*Freezer).LockPerson),
		act.Saying(lockVendor.Spec, (*Freezer).LockVendor),
		said(unlockPerson.Spec, (*Freezer).UnlockPerson),
		said(unlockVendor.Spec, (*Freezer).UnlockVendor),
		said(notePerson.Spec, (*Freezer).NotePerson),
		said(noteVendor.Spec, (*Freezer).NoteVendor),
		said(holdOne.Spec, (*Freezer).Hold),
		said(purge.Spec, (*Freezer).Purge),
		said(release.Spec, func(f *Freezer, ctx context.Context, id, reason string, by act.Caller) error {
			_, err := f.Release(ctx, id, reason, by)
			return err
		}),
	}
}

// said mounts an act whose reason is checked against its table.
func said(spec act.Spec, method func(*Freezer, context.Context, string, string, act.Caller) error) act.Mount[*Freezer] {
	return act.With(spec, func(f *Freezer, ctx context.Context, id string, in act.Said, by act.Caller) error {
		return method(f, ctx, id, in.Reason, by)
	})
}

// declare freezes at once, or asks for a drill, which stops nothing yet.
func (f *Freezer) declare(ctx context.Context, _ string, in declared, by act.Caller) (Status, error) {
	id, err := f.Declare(ctx, policy.Freeze{Scope: policy.FreezeScope(in.Scope), Subject: in.Subject, System: in.System, Reason: in.Reason, Drill: in.Drill}, by)
	if err != nil {
		return Status{}, err
	}
	return f.One(ctx, id)
}

func ofFreeze(name string, callers act.Callers, proof act.Proof, fields field.Asks, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Freezes.Pattern("id", name), Command: "freeze " + name, Operands: "ID", JA: ja, EN: en,
		Fields: fields, Callers: callers, Proof: proof}
}

func ofPerson(name string, callers act.Callers, proof act.Proof, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.People.Pattern("id", name), Command: "person " + commanded(name), Operands: "ID", JA: ja, EN: en,
		Fields: act.Why, Callers: callers, Proof: proof, Shows: act.ShowsPerson}
}

func ofVendor(name string, callers act.Callers, proof act.Proof, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Vendors.Pattern("id", name), Command: "vendor " + commanded(name), Operands: "ID", JA: ja, EN: en,
		Fields: act.Why, Callers: callers, Proof: proof, Shows: act.ShowsVendor}
}

func ofRecording(name string, callers act.Callers, proof act.Proof, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Recordings.Pattern("id", name), Command: "recording " + name, Operands: "ID", JA: ja, EN: en,
		Fields: act.Why, Callers: callers, Proof: proof, Shows: act.ShowsRecording}
}

// commanded is the last word of the command of an act on a person or vendor.
func commanded(name string) string {
	if name == "lock-note" {
		return "note"
	}
	return name
}
