package requests

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

type (
	requestAct   = act.Act[store.OnRequest]
	windowAct    = act.Act[store.OnWindow]
	extensionAct = act.Act[onExtension]
	deputyAct    = act.Act[onDeputation]
	draftAct     = act.Act[onDraft]
	newAct       = act.Act[struct{}] // makes its subject
)

// The callers of the acts, before the rule looks at the request itself.
var (
	requesters = act.Callers{Vendors: true, Roles: []policy.Role{policy.Requester}}
	deciders   = act.Callers{Deputies: true, Roles: []policy.Role{policy.Approver, policy.SecondApprover}}
	openers    = act.Callers{Deputies: true, Roles: []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems}}
	everyRole  = act.Callers{Deputies: true, Roles: []policy.Role{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems}}
	askers     = act.Callers{Vendors: true, Roles: []policy.Role{policy.Requester, policy.Attendant, policy.Approver}}
	answerers  = act.Callers{Deputies: true, Roles: []policy.Role{policy.Attendant, policy.Approver, policy.SecondApprover}}
)

// The acts of this package.
var (
	submit    = newAct{Spec: act.Spec{Name: "submit", Path: string(api.Requests), Callers: requesters}}
	emergency = newAct{Spec: act.Spec{Name: "emergency", Path: string(api.EmergenciesPath), Callers: openers, Proof: act.EachTime}}
	newDraft  = newAct{Spec: act.Spec{Name: "draft", Path: string(api.Drafts), Callers: requesters}}
	setDeputy = newAct{Spec: act.Spec{Name: "set-deputy", Path: string(api.Deputies), Command: "deputy set", Fields: deputations, Callers: act.Those(policy.Approver), Proof: act.EachTime,
		JA: "代決者を置く", EN: "set a deputy"}, May: mayDeputise}

	edit         = requestAct{Spec: editing(ofRequest("edit", requesters)), May: rule(policy.MayEdit)}
	take         = requestAct{Spec: ofRequest("take", act.Those(policy.Requester)), May: rule(policy.MayTake)}
	approve      = requestAct{Spec: proved(ofRequest("approve", deciders)), May: namingDecider(policy.MayApprove), Refused: refusedApproval}
	giveBack     = requestAct{Spec: proved(ofRequest("return", deciders)), May: namingDecider(policy.MayRefuse)}
	reject       = requestAct{Spec: proved(ofRequest("reject", deciders)), May: namingDecider(policy.MayRefuse)}
	note         = requestAct{Spec: noting(ofRequest("note", deciders)), May: namingDecider(policy.MayRefuse)}
	withdraw     = requestAct{Spec: ofRequest("withdraw", requesters), Stops: true, May: rule(policy.MayWithdraw)}
	revoke       = requestAct{Spec: ofRequest("revoke", everyRole), Stops: true, May: rule(policy.MayRevoke)}
	seen         = requestAct{Spec: noticing(ofRequest("seen", act.Those(policy.Approver))), May: rule(policy.MayNoteSeen)}
	agree        = requestAct{Spec: proved(ofRequest("agree", openers)), May: rule(policy.MayAgree), Refused: refusedApproval}
	approveAfter = requestAct{Spec: proved(ofRequest("approve-after", openers)), May: rule(policy.CanApproveAfter)}

	saveDraft    = draftAct{Spec: ofDraft("save", "request draft save", "下書きを保存する", "keep what is written so far"), May: mayDraft}
	discardDraft = draftAct{Spec: ofDraft("discard", "request draft drop", "下書きを捨てる", "throw a draft away"), May: mayDraft}
	submitDraft  = draftAct{Spec: handing(ofDraft("submit", "request draft submit", "下書きを申請として出す", "hand a draft in as a request")), May: mayDraft}

	cancel       = windowAct{Spec: ofWindow("cancel", "window cancel", everyRole, "時間枠を取り消す", "cancel the window"), Stops: true, May: act.Rule[store.OnWindow](policy.MayCancel)}
	askExtension = windowAct{Spec: asking(ofWindow("extensions", "extension ask", askers, "延長を申請する", "ask for the window to end later")), May: act.Rule[store.OnWindow](policy.MayAskExtension), Ready: noneAsked}

	grantExtension = extensionAct{Spec: ofExtension("grant", act.ByCase, "延長する", "let the window end later"), May: mayGrant, Ready: roomToGrant}
	denyExtension  = extensionAct{Spec: ofExtension("deny", act.NoProof, "延長しない", "decline the extension"), May: mayDeny}
	clearDeputy    = deputyAct{Spec: act.Spec{Name: "clear", Path: api.Deputies.Pattern("no", "clear"), Command: "deputy clear", Operands: "NO",
		JA: "代決を期間の前に終える", EN: "end a deputation before its time", Callers: act.Callers{Deputies: true, Roles: []policy.Role{policy.Approver}}}, May: mayClear}
)

// The subjects of the acts.
var (
	nothingYet   = act.Subject[struct{}]{}
	OnRequest    = act.Subject[store.OnRequest]{Load: (*store.Snap).OnRequest, Stop: (*store.Snap).StopRequest, Acts: []requestAct{edit, take, approve, giveBack, reject, note, withdraw, revoke, seen, agree, approveAfter}}
	OnWindow     = act.Subject[store.OnWindow]{Load: (*store.Snap).OnWindow, Stop: (*store.Snap).StopWindow, Acts: []windowAct{cancel, askExtension}}
	OnDraft      = act.Subject[onDraft]{Load: loadDraft, Acts: []draftAct{saveDraft, discardDraft, submitDraft}}
	OnExtension  = act.Subject[onExtension]{Load: loadExtension, Acts: []extensionAct{grantExtension, denyExtension}}
	OnDeputation = act.Subject[onDeputation]{Load: loadDeputation, Acts: []deputyAct{clearDeputy}}
	NewDeputy    = act.Subject[struct{}]{Acts: []newAct{setDeputy}}
)

// Acts are the acts that a door mounts unchanged.
func Acts() []act.Mount[*Desk] {
	return []act.Mount[*Desk]{
		act.Giving(approve.Spec, (*Desk).Approve),
		deciding(take.Spec, func(d *Desk, ctx context.Context, no, _ string, by act.Caller) error { return d.Take(ctx, no, by) }),
		deciding(giveBack.Spec, (*Desk).Return),
		deciding(reject.Spec, (*Desk).Reject),
		deciding(withdraw.Spec, (*Desk).Withdraw),
		deciding(revoke.Spec, (*Desk).Revoke),
		act.With(seen.Spec, (*Desk).Seen),
		act.Saying(agree.Spec, func(d *Desk, ctx context.Context, no, reason string, by act.Caller) error {
			_, err := d.AgreeEmergency(ctx, no, reason, by)
			return err
		}),
		act.Saying(approveAfter.Spec, func(d *Desk, ctx context.Context, no, reason string, by act.Caller) error {
			_, err := d.ApproveAfter(ctx, no, reason, by)
			return err
		}),
		act.Saying(cancel.Spec, (*Desk).Cancel),
		act.Giving(askExtension.Spec, func(d *Desk, ctx context.Context, window string, in api.ExtendBody, by act.Caller) (store.Extension, error) {
			length, err := time.ParseDuration(in.By)
			if err != nil {
				return store.Extension{}, forms.Wrong("by", "not-a-length", "延長の長さは 30m のように書いてください。", "write the length like 30m")
			}
			return d.AskExtension(ctx, window, length, in.Reason, by)
		}),
		act.Giving(grantExtension.Spec, func(d *Desk, ctx context.Context, id string, in act.Said, by act.Caller) (store.Extension, error) {
			return d.GrantExtension(ctx, id, in.Reason, by)
		}),
		act.Giving(denyExtension.Spec, func(d *Desk, ctx context.Context, id string, in act.Said, by act.Caller) (store.Extension, error) {
			return d.DenyExtension(ctx, id, in.Reason, by)
		}),
		act.With(note.Spec, (*Desk).Note),
		act.With(saveDraft.Spec, func(d *Desk, ctx context.Context, id string, in DraftBody, by act.Caller) error {
			_, err := d.SaveDraft(ctx, id, in, by)
			return err
		}),
		act.With(discardDraft.Spec, func(d *Desk, ctx context.Context, id string, _ struct{}, by act.Caller) error {
			return d.DiscardDraft(ctx, id, by)
		}),
		act.Giving(submitDraft.Spec, (*Desk).SubmitDraft),
		act.Giving(setDeputy.Spec, (*Desk).setDeputy),
		act.Giving(clearDeputy.Spec, func(d *Desk, ctx context.Context, no string, _ struct{}, by act.Caller) (store.Deputation, error) {
			id, err := strconv.ParseInt(no, 10, 64)
			if err != nil {
				return store.Deputation{}, fmt.Errorf("deputation %q: %w", no, store.ErrNotFound)
			}
			return d.ClearDeputy(ctx, id, by)
		}),
	}
}

// deciding mounts an act on a request that takes a reason. The version that was read may come with it, but only approvals check it:
// refusing an older text does no harm.
func deciding(spec act.Spec, method func(*Desk, context.Context, string, string, act.Caller) error) act.Mount[*Desk] {
	type body struct {
		act.Said
		Version int `json:"version,omitempty"`
	}
	return act.With(spec, func(d *Desk, ctx context.Context, no string, in body, by act.Caller) error {
		return method(d, ctx, no, in.Reason, by)
	})
}

func ofRequest(name string, callers act.Callers) act.Spec {
	return act.Spec{Name: name, Path: api.Requests.Pattern("no", name), Command: "request " + name, Operands: "NO", Fields: act.Why, Callers: callers, Shows: act.ShowsRequest}
}

func ofWindow(name, command string, callers act.Callers, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Windows.Pattern("id", name), Command: command, Operands: "ID", JA: ja, EN: en, Fields: act.Why, Callers: callers, Shows: act.ShowsWindow}
}

func ofDraft(name, command, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Drafts.Pattern("id", name), Command: command, Operands: "ID", JA: ja, EN: en, Callers: requesters, Shows: act.ShowsDraft}
}

// handing is the act that takes the declarations.
func handing(s act.Spec) act.Spec {
	s.Fields = handings
	return s
}

func ofExtension(name string, proof act.Proof, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Extensions.Pattern("id", name), Command: "extension " + name, Operands: "ID", JA: ja, EN: en, Fields: act.Why, Callers: answerers, Proof: proof}
}

// extended is what an engineer asks for.
var extended = field.Table[api.ExtendBody]{
	field.Text("by", "延長の長さ(30m など)", "how much longer, such as 30m", func(b *api.ExtendBody) *string { return &b.By }),
	field.Text("reason", "理由(記録されます)", "why; it is ledgered", func(b *api.ExtendBody) *string { return &b.Reason }),
}

func asking(s act.Spec) act.Spec {
	s.Fields = extended
	return s
}

// editing is the act of the command that files a form.
func editing(s act.Spec) act.Spec {
	s.Command = "request submit --edit"
	return s
}

// noticing is the act of reading a deputy's decision, with or without an objection.
func noticing(s act.Spec) act.Spec {
	s.Fields = seenFields
	return s
}

// noting is the act that keeps a decision which is not made yet; it has no command.
func noting(s act.Spec) act.Spec {
	s.Command, s.Operands, s.Fields, s.Shows = "", "", nil, ""
	return s
}

// proved is an act of an approver, which asks for the proof each time.
func proved(s act.Spec) act.Spec {
	s.Proof = act.EachTime
	return s
}

type requestRule = func(policy.Person, policy.Request, time.Time) policy.Decision

func rule(r requestRule) func(policy.Person, store.OnRequest, time.Time) policy.Decision {
	return act.Rule[store.OnRequest](r)
}

// namingDecider adds the person and the time to "already decided".
func namingDecider(r requestRule) func(policy.Person, store.OnRequest, time.Time) policy.Decision {
	return func(p policy.Person, on store.OnRequest, now time.Time) policy.Decision {
		d := r(p, on.Facts, now)
		if d.Reason == policy.AlreadyDecided && on.Decided != "" {
			d.Args = maps.Clone(d.Args)
			d.Args["request"], d.Args["decided"] = on.Request.No, on.Decided
		}
		return d
	}
}

// refusedApproval is the entry of a refused approval: by rule, by check items, or by its own content.
func refusedApproval(_ act.Caller, no string, err error) (act.Refusal, bool) {
	payload := map[string]any{"request": no}
	var why []string
	var denied *policy.Denied
	var blocked *Blocked
	var invalid *forms.Invalid
	switch {
	case errors.As(err, &denied):
		payload["reason"], payload["number"] = denied.Reason, denied.Reason.Number()
		why = append(why, string(denied.Reason))
	case errors.As(err, &blocked):
		var items []map[string]any
		for _, item := range blocked.Items {
			why = append(why, item.Code)
			items = append(items, map[string]any{"item": item.Code, "state": item.State, "cause": item.Cause.JA})
		}
		payload["reason"], payload["items"] = "check-items", items
	case errors.As(err, &invalid):
		var codes []string
		for _, p := range invalid.Shown() {
			why = append(why, p.Code)
			codes = append(codes, p.Field+": "+p.Code)
		}
		payload["reason"], payload["problems"] = "invalid", codes
	default:
		return act.Refusal{}, false
	}
	return act.Refusal{Kind: "request.refused-approval", What: "approve " + no, Why: strings.Join(why, " "), Subjects: []string{no}, Payload: payload}, true
}
