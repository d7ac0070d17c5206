package requests_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/attendance"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// hr is an application for the system with every rule, an hour ahead.
func hr() request.Form {
	return request.Form{System: "hr", Start: townhall.Start.Add(time.Hour), End: townhall.Start.Add(150 * time.Minute), Body: request.Body{
		Accounts: []string{"hr-db/hrmnt01"}, Engineers: []string{"sato"}, Purpose: "端数誤りの調査", WorkType: "survey", ResponsibleParty: "reiji", Phone: "0000-11-1111", Attendant: "ito",
	}}
}

// simple is an application for the system with few rules.
func simple() request.Form {
	f := hr()
	f.System, f.Accounts, f.End = "map", []string{"map-web/web"}, f.Start.Add(time.Hour)
	return f
}

func desk(t *testing.T) (*townhall.Hall, *requests.Desk) {
	t.Helper()
	h := townhall.Found(t)
	return h, requests.New(requests.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone})
}

// post is the attendant's service for windows that the desk approved.
func post(h *townhall.Hall) *attendance.Service {
	return attendance.New(attendance.Options{DB: h.DB, Acts: h.Runner(), Ring: h.Keys, Zone: townhall.Zone})
}

// digitsShown writes the gate's entry when it shows an engineer a number.
func digitsShown(t *testing.T, h *townhall.Hall, window, person, digits string) {
	t.Helper()
	number, err := attendance.ShowNumber(h.Keys, window, "S-1", person, digits)
	if err == nil {
		err = h.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "window.identity-number", Actor: ledger.Actor{Kind: "broker", Via: "ssh"}, Subjects: []string{window, person}, Payload: number})
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Second)
}

func submit(t *testing.T, d *requests.Desk, f request.Form, by string) string {
	t.Helper()
	no, err := d.Submit(t.Context(), f, townhall.Caller(by))
	if err != nil {
		t.Fatal(err)
	}
	return no
}

func approve(t *testing.T, d *requests.Desk, no, by string) requests.Outcome {
	t.Helper()
	out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller(by))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// granted is an approved window of the simple system.
func granted(t *testing.T, d *requests.Desk) (no, window string) {
	t.Helper()
	no = submit(t, d, simple(), "kato")
	return no, approve(t, d, no, "head").Windows[0]
}

func want(t *testing.T, what string, err error, reason string) {
	t.Helper()
	if got := townhall.Reason(err); got != reason {
		t.Errorf("%s: %q, want %q", what, got, reason)
	}
}

func state(t *testing.T, d *requests.Desk, no string) policy.RequestState {
	t.Helper()
	s, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	return s.Request.State
}

// decision is the gate's answer to sato on the account, with everything else in order.
func decision(t *testing.T, h *townhall.Hall, target string) string {
	t.Helper()
	var f policy.Facts
	err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		f, err = s.Facts("sato")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Keys = []string{"SHA256:key"}
	f.Runtime = policy.Runtime{Clock: policy.ClockTrusted, Recorder: policy.RecorderReady, Lines: map[string]policy.Line{"hr": {State: policy.LineSeparated}}}
	got := policy.Decide(f, policy.Attempt{Act: policy.ActConnect, Person: "E-0031", Key: true, Print: "SHA256:key", Factor: true, Consent: policy.ConsentGiven, Target: target, Channel: policy.ChannelShell}, h.Now())
	if got.Allow {
		return "allowed"
	}
	return string(got.Reason)
}

func TestOneMaintenance(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, hr(), "kato")
	if no != "R8-0001" || state(t, d, no) != policy.PendingFirst {
		t.Fatalf("%s is %s", no, state(t, d, no))
	}
	if got := decision(t, h, "hr-db"); got == "allowed" {
		t.Fatal("admitted before approval")
	}
	if out := approve(t, d, no, "head"); out.State != policy.PendingSecond || out.Windows != nil {
		t.Fatalf("after the first stage: %+v", out)
	}
	out := approve(t, d, no, "deputy")
	if out.State != policy.RequestApproved || len(out.Windows) != 1 || len(out.Grants) != 1 {
		t.Fatalf("after the second stage: %+v", out)
	}
	w := out.Windows[0]
	h.Pass(time.Hour)
	if got := decision(t, h, "hr-db"); got != "attendant-absent" {
		t.Errorf("before the post is taken: %s", got)
	}
	want(t, "permit before open", post(h).Permit(t.Context(), w, townhall.Caller("ito")), "attendant-absent")
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	if got := decision(t, h, "hr-db"); got == "allowed" {
		t.Error("admitted without permission")
	}
	var bad *forms.Invalid
	if err := post(h).Permit(t.Context(), w, townhall.Caller("ito")); !errors.As(err, &bad) || !bad.Has("identity-first") {
		t.Errorf("permit without identity check: %v", err)
	}
	digitsShown(t, h, w, "sato", "042")
	for range 2 { // may be read again
		if err := post(h).Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "420"}, townhall.Caller("ito")); !errors.As(err, &bad) || !bad.Has("read-again") {
			t.Errorf("wrong digits: %v", err)
		}
	}
	want(t, "wrong digits", post(h).Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "420"}, townhall.Caller("ito")), "identity-failed")
	want(t, "permit after a mismatch", post(h).Permit(t.Context(), w, townhall.Caller("ito")), "identity-failed")
	digitsShown(t, h, w, "sato", "317")
	want(t, "the right digits", post(h).Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "317"}, townhall.Caller("ito")), "")
	if all, err := post(h).IdentityChecks(t.Context(), w); err != nil || len(all) != 1 || !all[0].Matched || all[0].By != "ito" || all[0].Person != "sato" {
		t.Errorf("identity %+v, %v", all, err)
	}
	want(t, "permit by another", post(h).Permit(t.Context(), w, townhall.Caller("head")), "forbidden")
	want(t, "permit", post(h).Permit(t.Context(), w, townhall.Caller("ito")), "")
	if got := decision(t, h, "hr-db"); got != "allowed" {
		t.Errorf("inside the window: %s", got)
	}
	want(t, "close", post(h).Close(t.Context(), w, "作業終了", townhall.Caller("ito")), "")
	if got := decision(t, h, "hr-db"); got == "allowed" {
		t.Error("admitted after the close")
	}
	want(t, "open again", post(h).Open(t.Context(), w, townhall.Caller("ito")), "window-over")
	kinds := []string{"request.submitted", "request.approved", "request.approved", "window.opened", "window.identity-again", "window.identity-again", "window.identity-failed",
		"window.identity-matched", "window.permitted", "window.closed"}
	if got := h.Kinds(t, no); !slices.Equal(got, kinds) {
		t.Errorf("the ledger tells %v", got)
	}
}

func TestRootNeedsReasonAndSecondApprover(t *testing.T) {
	_, d := desk(t)
	f := simple()
	f.Accounts = []string{"map-web/root"}
	_, err := d.Submit(t.Context(), f, townhall.Caller("kato"))
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has("root-reason-required") {
		t.Fatalf("root without a reason: %v", err)
	}
	f.RootReason = "版の更新"
	no := submit(t, d, f, "kato")
	if out := approve(t, d, no, "head"); out.State != policy.PendingSecond {
		t.Fatalf("one approval was enough for root: %+v", out)
	}
	if out := approve(t, d, no, "deputy"); len(out.Grants) != 1 {
		t.Errorf("%+v", out)
	}
}

func TestWhoMayApprove(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, hr(), "kato")
	for by, reason := range map[string]string{"kato": "self-approval", "sato": "forbidden", "E-0031": "forbidden", "ito": "forbidden", "admin": "forbidden", "deputy": "forbidden"} {
		_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller(by))
		want(t, by, err, reason)
	}
	_, err := d.Approve(t.Context(), no, requests.Approval{Version: 2, Because: townhall.Because()}, townhall.Caller("head"))
	want(t, "another version", err, "stale-page")
	approve(t, d, no, "head")
	_, err = d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	want(t, "the head twice", err, "already-decided")
	h.Pass(time.Hour)
	_, err = d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("deputy"))
	want(t, "at the start", err, "window-over")
}

func TestTwoApproversAtTheSameMoment(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() {
			_, results[i] = d.Approve(t.Context(), no, requests.Approval{Version: 1, Because: townhall.Because()}, townhall.Caller("head"))
		})
	}
	wg.Wait()
	worked := 0
	for _, err := range results {
		switch reason := townhall.Reason(err); reason {
		case "":
			worked++
		case "already-decided":
		default:
			t.Errorf("told %q", reason)
		}
	}
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	if worked != 1 || len(shown.Decisions) != 1 || len(shown.Windows) != 1 || len(shown.Grants) != 1 {
		t.Errorf("%d approvals counted, %d decisions, %d windows, %d grants", worked, len(shown.Decisions), len(shown.Windows), len(shown.Grants))
	}
	if got := h.Kinds(t, no); len(got) != 5 || got[1] != "request.approved" || got[4] != "request.refused-approval" {
		t.Errorf("entries %v", got)
	}
	_, err = d.Approve(t.Context(), no, requests.Approval{}, townhall.Caller("head"))
	var denied *policy.Denied
	if !errors.As(err, &denied) || !strings.Contains(denied.Args["decided"], "課長, 2026-11-24 09:00:00") {
		t.Errorf("who comes too late is told %v", denied)
	}
}

func TestEditAfterApproval(t *testing.T) {
	h, d := desk(t)
	no, w := granted(t, d)
	other := submit(t, d, hr(), "kato") // the edit does not concern it
	approve(t, d, other, "head")
	approve(t, d, other, "deputy")
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	h.Pass(time.Hour)
	if got := decision(t, h, "map-web"); got != "allowed" {
		t.Fatalf("before the edit: %s", got)
	}
	f := simple()
	f.Start, f.End, f.Purpose = h.Now().Add(time.Minute), h.Now().Add(time.Hour), "別の目的"
	want(t, "edit by another", d.Edit(t.Context(), no, f, townhall.Caller("head")), "forbidden")
	want(t, "edit", d.Edit(t.Context(), no, f, townhall.Caller("kato")), "")
	if got := decision(t, h, "map-web"); got != "request-changed" {
		t.Errorf("after the edit: %s", got)
	}
	want(t, "the old window", post(h).Open(t.Context(), w, townhall.Caller("ito")), "request-changed")
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	if shown.Grants[0].State != policy.GrantVoid || shown.Request.Version != 2 || shown.Request.State != policy.PendingFirst {
		t.Errorf("grant %s, version %d, state %s", shown.Grants[0].State, shown.Request.Version, shown.Request.State)
	}
	if shown, err = d.Show(t.Context(), other); err != nil || shown.Grants[0].State != policy.GrantActive || shown.Windows[0].State != policy.WindowScheduled {
		t.Errorf("another request after the edit: %+v, %v", shown, err)
	}
	if out := approve(t, d, no, "head"); out.Windows[0] != no+"-2" {
		t.Errorf("approved again: %+v", out)
	}
}

func TestProposal(t *testing.T) {
	_, d := desk(t)
	no := submit(t, d, simple(), "E-0031")
	if state(t, d, no) != policy.RequestProposed {
		t.Fatalf("it is %s", state(t, d, no))
	}
	_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	want(t, "a proposal nobody took over", err, "forbidden")
	want(t, "taken by an approver", d.Take(t.Context(), no, townhall.Caller("head")), "forbidden")
	want(t, "taken", d.Take(t.Context(), no, townhall.Caller("kato")), "")
	want(t, "taken twice", d.Take(t.Context(), no, townhall.Caller("kato")), "already-decided")
	approve(t, d, no, "head")
	_, err = d.Submit(t.Context(), simple(), townhall.Caller("E-0040"))
	wantProblem(t, "another vendor proposes", err, "engineer-not-eligible")
	_, err = d.Submit(t.Context(), simple(), townhall.Caller("mori"))
	want(t, "another section submits", err, "forbidden")
}

func TestRefusalsNeedAReason(t *testing.T) {
	_, d := desk(t)
	no := submit(t, d, simple(), "kato")
	var bad *forms.Invalid
	if err := d.Reject(t.Context(), no, "", townhall.Caller("head")); !errors.As(err, &bad) || !bad.Has("reason-required") {
		t.Errorf("rejected without a reason: %v", err)
	}
	want(t, "return", d.Return(t.Context(), no, "時間が長い", townhall.Caller("head")), "")
	want(t, "approve what was returned", func() error {
		_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
		return err
	}(), "already-decided")
	want(t, "edit", d.Edit(t.Context(), no, simple(), townhall.Caller("kato")), "")
	want(t, "reject by the requester", d.Reject(t.Context(), no, "x", townhall.Caller("kato")), "self-approval")
	want(t, "reject", d.Reject(t.Context(), no, "不要", townhall.Caller("head")), "")
	want(t, "edit what was rejected", d.Edit(t.Context(), no, simple(), townhall.Caller("kato")), "already-decided")
	want(t, "withdraw what was rejected", d.Withdraw(t.Context(), no, "x", townhall.Caller("kato")), "already-decided")
}

func TestWithdrawAndRevoke(t *testing.T) {
	h, d := desk(t)
	no, _ := granted(t, d)
	want(t, "withdrawn by another", d.Withdraw(t.Context(), no, "x", townhall.Caller("head")), "forbidden")
	want(t, "revoked by an attendant", d.Revoke(t.Context(), no, "x", townhall.Caller("ito")), "forbidden")
	want(t, "revoked", d.Revoke(t.Context(), no, "予定変更", townhall.Caller("deputy")), "")
	h.Pass(time.Hour)
	if got := decision(t, h, "map-web"); got != "grant-revoked" {
		t.Errorf("after the revocation: %s", got)
	}
	other, w := func() (string, string) {
		f := simple()
		f.Start, f.End = h.Now().Add(time.Hour), h.Now().Add(2*time.Hour)
		no := submit(t, d, f, "kato")
		return no, approve(t, d, no, "head").Windows[0]
	}()
	want(t, "cancel", d.Cancel(t.Context(), w, "延期", townhall.Caller("kato")), "")
	want(t, "cancel twice", d.Cancel(t.Context(), w, "延期", townhall.Caller("kato")), "window-over")
	want(t, "withdraw", d.Withdraw(t.Context(), other, "取りやめ", townhall.Caller("kato")), "")
}

func TestWhoMayOpenAndCut(t *testing.T) {
	h, d := desk(t)
	_, w := granted(t, d)
	for _, by := range []string{"kato", "head", "deputy", "admin", "E-0031"} {
		want(t, "opened by "+by, post(h).Open(t.Context(), w, townhall.Caller(by)), "forbidden")
	}
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	want(t, "open twice", post(h).Open(t.Context(), w, townhall.Caller("ito")), "stale-page")
	want(t, "cut by the requester", post(h).Cut(t.Context(), w, "", townhall.Caller("kato")), "forbidden")
	want(t, "cut in one press", post(h).Cut(t.Context(), w, "", townhall.Caller("deputy")), "")
	want(t, "close what was cut", post(h).Close(t.Context(), w, "", townhall.Caller("ito")), "window-over")
	want(t, "no such window", post(h).Open(t.Context(), "R8-9999-1", townhall.Caller("ito")), `window "R8-9999-1": not found`)
}

// A window's entries in the ledger show its beginning and its end, for every kind of end.
func TestTheLedgerTellsAWindowsWholeLife(t *testing.T) {
	for how, act := range map[string]func(*requests.Desk, string) error{
		"request.edited": func(d *requests.Desk, no string) error {
			return d.Edit(t.Context(), no, simple(), townhall.Caller("kato"))
		},
		"request.withdrawn": func(d *requests.Desk, no string) error {
			return d.Withdraw(t.Context(), no, "中止", townhall.Caller("kato"))
		},
		"request.revoked": func(d *requests.Desk, no string) error {
			return d.Revoke(t.Context(), no, "中止", townhall.Caller("head"))
		},
	} {
		h, d := desk(t)
		no, window := granted(t, d)
		want(t, how, act(d, no), "")
		if kinds := h.Kinds(t, window); !slices.Equal(kinds, []string{"request.approved", how}) {
			t.Errorf("of %s the ledger tells %v", window, kinds)
		}
	}
}

func TestUndecidedLapsesAtItsStart(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, hr(), "kato")
	approve(t, d, no, "head") // the second stage is missing
	approved, _ := granted(t, d)
	lapsed, next, err := d.LapseDue(t.Context())
	if err != nil || lapsed != nil || !next.Equal(hr().Start) {
		t.Fatalf("%v %v %v", lapsed, next, err)
	}
	h.Pass(time.Hour - time.Millisecond)
	if lapsed, _, err = d.LapseDue(t.Context()); err != nil || lapsed != nil {
		t.Fatalf("1 ms before: %v %v", lapsed, err)
	}
	h.Pass(time.Millisecond)
	if lapsed, next, err = d.LapseDue(t.Context()); err != nil || !slices.Equal(lapsed, []string{no}) || !next.IsZero() {
		t.Fatalf("at the start: %v %v %v", lapsed, next, err)
	}
	if state(t, d, no) != policy.RequestLapsed || state(t, d, approved) != policy.RequestApproved {
		t.Errorf("%s and %s", state(t, d, no), state(t, d, approved))
	}
}

func TestLockedPeopleDoNotAct(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.LockPerson("head", "admin", "調査中"); err != nil {
			return err
		}
		_, err := tx.Append(ledgerDraft("person.locked"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	want(t, "a locked approver", err, "engineer-locked")
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "ledger") {
		t.Errorf("one denial is told as %q", err)
	}
	if kinds := h.Kinds(t, no); kinds[len(kinds)-1] != "request.refused-approval" {
		t.Errorf("the ledger tells %v", kinds)
	}
}
