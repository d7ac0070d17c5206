package freeze_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

func open(t *testing.T) (*townhall.Hall, *freeze.Freezer) {
	t.Helper()
	h := townhall.Found(t)
	return h, freeze.New(freeze.Options{DB: h.DB, Acts: h.Runner()})
}

func want(t *testing.T, what string, err error, reason string) {
	t.Helper()
	if got := townhall.Reason(err); got != reason {
		t.Errorf("%s: %q, want %q", what, got, reason)
	}
}

// told is the gate's answer to sato, who has no grant: no-grant means "not stopped".
func told(t *testing.T, h *townhall.Hall) string {
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
	f.Runtime = policy.Runtime{Clock: policy.ClockTrusted, Recorder: policy.RecorderReady}
	return string(policy.Decide(f, policy.Attempt{Act: policy.ActConnect, Person: "E-0031", Key: true, Print: "SHA256:key", Factor: true}, h.Now()).Reason)
}

func TestOneStopsTwoRelease(t *testing.T) {
	h, f := open(t)
	id, err := f.On(t.Context(), policy.FreezeVendor, "reiji", "", townhall.Caller("ito"))
	if err != nil || id != "I-001" {
		t.Fatalf("%q, %v", id, err)
	}
	if got := told(t, h); got != "frozen" {
		t.Errorf("under a freeze: %s", got)
	}
	list, err := f.Status(t.Context())
	if err != nil || len(list) != 1 || list[0].Subject != "V-012" || list[0].State() != freeze.Frozen {
		t.Fatalf("%+v, %v", list, err)
	}
	_, err = f.Lift(t.Context(), id, "確認済み", townhall.Caller("ito"))
	want(t, "lift by an attendant", err, "forbidden")
	st, err := f.Lift(t.Context(), id, "確認済み", townhall.Caller("head"))
	if err != nil || st.State() != freeze.LiftOne {
		t.Fatalf("the first agreement: %+v, %v", st, err)
	}
	_, err = f.Lift(t.Context(), id, "もう一度", townhall.Caller("head"))
	want(t, "the same person twice", err, "lift-needs-second")
	st, err = f.Lift(t.Context(), id, "確認済み", townhall.Caller("deputy"))
	if err != nil || st.State() != freeze.Lifted {
		t.Fatalf("the second agreement: %+v, %v", st, err)
	}
	_, err = f.Lift(t.Context(), id, "", townhall.Caller("admin"))
	want(t, "lifted already", err, "already-decided")
	if got := h.Kinds(t, id); !slices.Equal(got, []string{"freeze.on", "alarm.raised", "access.refused", "freeze.lift-agreed", "access.refused", "freeze.lifted"}) {
		t.Errorf("the ledger tells %v", got)
	}
}

// Two agreements outside the information-systems section do not end a freeze; the second is not ledgered.
func TestLiftNeedsTheInformationSystemsSection(t *testing.T) {
	h := townhall.Open(t)
	text := strings.Replace(townhall.Registry(t), "roles: [attendant]", "roles: [attendant, approver]", 1)
	h.Apply(t, text, "admin")
	f := freeze.New(freeze.Options{DB: h.DB, Acts: h.Runner()})
	id, err := f.On(t.Context(), policy.FreezeAll, "", "不審な操作", townhall.Caller("head"))
	if err != nil {
		t.Fatal(err)
	}
	if got := told(t, h); got != "frozen" {
		t.Errorf("under a freeze of everything: %s", got)
	}
	if _, err := f.Lift(t.Context(), id, "", townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	_, err = f.Lift(t.Context(), id, "", townhall.Caller("ito"))
	want(t, "two of the owning section", err, "lift-needs-second")
	list, err := f.Status(t.Context())
	if err != nil || len(list) != 1 || len(list[0].Lifts) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if st, err := f.Lift(t.Context(), id, "", townhall.Caller("deputy")); err != nil || st.State() != freeze.Lifted {
		t.Errorf("%+v, %v", st, err)
	}
	if got := told(t, h); got != "no-grant" {
		t.Errorf("after the lift: %s", got)
	}
}

func TestWhoMayFreeze(t *testing.T) {
	_, f := open(t)
	for by, reason := range map[string]string{"kato": "", "mori": "", "E-0031": "forbidden", "head": "", "admin": "", "deputy": "", "nobody": "forbidden"} {
		_, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller(by))
		want(t, by, err, reason)
	}
	_, err := f.On(t.Context(), policy.FreezeSystem, "nowhere", "", townhall.Caller("head"))
	want(t, "no such system", err, `system "nowhere": not found`)
	if _, err := f.On(t.Context(), "some", "", "", townhall.Caller("head")); err == nil {
		t.Error("an unknown scope was frozen")
	}
	if all, err := f.All(t.Context()); err != nil || len(all) != 5 {
		t.Errorf("%d freezes, %v", len(all), err)
	}
}

func TestLockPerson(t *testing.T) {
	h, f := open(t)
	code, err := h.Registry.IssueCode(t.Context(), "sato", townhall.By("admin"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.Registry.BeginEnrol(t.Context(), code.Text, "")
	if err != nil {
		t.Fatal(err)
	}
	now, err := registry.CodeAt(e.Secret, h.Now())
	if err != nil {
		t.Fatal(err)
	}
	in, err := h.Registry.FinishEnrol(t.Context(), code.Text, registry.EnrolInput{Password: "correct horse battery", Code: now, Via: "cli"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "lock by an engineer", f.LockPerson(t.Context(), "kimura", "x", townhall.Caller("E-0031")), "forbidden")
	want(t, "lock", f.LockPerson(t.Context(), "sato", "端末の紛失", townhall.Caller("ito")), "")
	want(t, "lock twice", f.LockPerson(t.Context(), "sato", "x", townhall.Caller("ito")), "already-decided")
	if got := told(t, h); got != "engineer-locked" {
		t.Errorf("under a lock: %s", got)
	}
	_, err = h.Registry.Authenticate(t.Context(), in.Token)
	want(t, "the token", err, "auth-failed")
	want(t, "unlock by an attendant", f.UnlockPerson(t.Context(), "sato", "x", townhall.Caller("ito")), "forbidden")
	want(t, "the first agreement", f.UnlockPerson(t.Context(), "sato", "見つかった", townhall.Caller("head")), "")
	if got := told(t, h); got != "engineer-locked" {
		t.Errorf("after one of two: %s", got)
	}
	want(t, "the same person twice", f.UnlockPerson(t.Context(), "sato", "x", townhall.Caller("head")), "lift-needs-second")
	want(t, "unlock", f.UnlockPerson(t.Context(), "sato", "見つかった", townhall.Caller("deputy")), "")
	want(t, "unlock twice", f.UnlockPerson(t.Context(), "sato", "x", townhall.Caller("deputy")), "already-decided")
	_, err = h.Registry.Authenticate(t.Context(), in.Token)
	want(t, "the old token after the unlock", err, "auth-failed")
	if got := told(t, h); got != "no-grant" {
		t.Errorf("after the unlock: %s", got)
	}
	want(t, "locked people unlock nobody", f.LockPerson(t.Context(), "deputy", "x", townhall.Caller("head")), "")
	want(t, "the locked unlocks", f.UnlockPerson(t.Context(), "deputy", "x", townhall.Caller("deputy")), "engineer-locked")
}

func TestLockVendor(t *testing.T) {
	h, f := open(t)
	want(t, "lock", f.LockVendor(t.Context(), "reiji", "契約違反", townhall.Caller("deputy")), "")
	want(t, "lock twice", f.LockVendor(t.Context(), "V-012", "x", townhall.Caller("deputy")), "already-decided")
	if got := told(t, h); got != "vendor-locked" {
		t.Errorf("under a lock: %s", got)
	}
	want(t, "the first agreement", f.UnlockVendor(t.Context(), "V-012", "", townhall.Caller("admin")), "")
	want(t, "unlock", f.UnlockVendor(t.Context(), "V-012", "", townhall.Caller("deputy")), "")
	if got := told(t, h); got != "no-grant" {
		t.Errorf("after the unlock: %s", got)
	}
}

// TestAVendorIsStoppedOnOneSystem: the freeze names both, in the list and in the ledger, and reaches the section of that system. A rule that
// stops the vendor there makes no second one.
func TestAVendorIsStoppedOnOneSystem(t *testing.T) {
	h, f := open(t)
	by := townhall.Caller("ito")
	id, err := f.Declare(t.Context(), policy.Freeze{Scope: policy.FreezeVendor, Subject: "reiji", System: "hr"}, by)
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.Status(t.Context())
	if err != nil || len(list) != 1 || list[0].Subject != "V-012" || list[0].System != "hr" {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, wrong := range []policy.Freeze{{Scope: policy.FreezeAll, System: "hr"}, {Scope: policy.FreezeSystem, Subject: "hr", System: "hr"}, {Scope: policy.FreezeVendor, Subject: "reiji", System: "nowhere"}} {
		if _, err := f.Declare(t.Context(), wrong, by); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
	rule := ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}
	if err := h.DB.Write(t.Context(), func(tx *store.Tx) error { return freeze.ByRule(tx, "V-012", "hr", "not proved", rule) }); err != nil && !errors.Is(err, store.ErrNoEntry) {
		t.Fatal(err)
	}
	if list, err = f.Status(t.Context()); err != nil || len(list) != 1 || list[0].ID != id {
		t.Errorf("the rule made another freeze: %+v, %v", list, err)
	}
}
