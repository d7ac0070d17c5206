package requests_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A list of names is looked up while the store's one writer waits: a list of a hundred thousand would delay every cut.
func TestAttackListsOfNames(t *testing.T) {
	_, d := desk(t)
	many := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("nobody%d", i))
		}
		return list
	}
	for name, change := range map[string]func(*request.Form, int){
		"accounts":     func(f *request.Form, n int) { f.Accounts = many(n) },
		"engineers":    func(f *request.Form, n int) { f.Engineers = many(n) },
		"extra_rights": func(f *request.Form, n int) { f.ExtraRights, f.ExtraReason = many(n), "更新" },
	} {
		most := 50
		if name == "extra_rights" {
			most = 20
		}
		for _, n := range []int{most, most + 1} {
			f := simple()
			change(&f, n)
			if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); has(err, "too-many") != (n > most) {
				t.Errorf("%d %s: %v", n, name, err)
			}
		}
	}
}

func TestAttackEscapesInAnApprovalsMessage(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	for _, text := range []string{"よい\x1b]0;root\a", strings.Repeat("x", forms.MaxText+1)} {
		_, err := d.Approve(t.Context(), no, requests.Approval{Reason: text, Because: townhall.Because()}, townhall.Caller("head"))
		wantProblem(t, "a message that drives a terminal, or fills it", err, "control-character")
	}
	if got := h.Kinds(t, no); !slices.Equal(got, []string{"request.submitted", "request.refused-approval", "request.refused-approval"}) || state(t, d, no) != policy.PendingFirst {
		t.Errorf("%v", got)
	}
}

// An emergency's duties remain, whether its opener objects or the head in whose stead it was opened.
func TestObjectingToAnEmergencyDoesNotEndItsFollowUp(t *testing.T) {
	h, d := desk(t)
	if _, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "kato", Until: h.Now().Add(24 * time.Hour), Reason: "出張"}, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	no, err := d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("kato"))
	want(t, "opened in the head's stead", err, "")
	_, err = d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
	want(t, "agreed", err, "")
	want(t, "the head objects", d.Seen(t.Context(), no, requests.SeenBody{Object: true, Reason: "聞いていない"}, townhall.Caller("head")), "")
	if got := decision(t, h, "map-web"); got == "allowed" || got == "attendant-absent" {
		t.Errorf("after the objection: %s", got)
	}
	moved, err := d.FollowUpsDue(t.Context())
	if err != nil || !slices.Equal(moved, []string{no}) || state(t, d, no) != policy.FollowUpDue {
		t.Errorf("its follow-up: %v, %v, %s", moved, err, state(t, d, no))
	}
}

// The opening by a locked person does not count. The second person is told to open anew, and not about another person's lock.
func TestAgreeingWithSomebodyLocked(t *testing.T) {
	h, d := desk(t)
	no := asked(t, h, d, simple())
	change(t, h, func(tx *store.Tx) error { return tx.LockPerson("head", "admin", "なりすましの疑い") })
	_, err := d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
	want(t, "the first was locked meanwhile", err, "forbidden")
	var denied *policy.Denied
	if errors.As(err, &denied) && denied.Args["role"] != "emergency-again" {
		t.Errorf("told %v", denied.Args)
	}
	if s := state(t, d, no); s != policy.EmergencyAsked {
		t.Error(s)
	}
}

// A deputation holds only while the approver may approve.
func TestADeputyOfSomebodyWhoApprovesNoMore(t *testing.T) {
	for name, change := range map[string]func(*store.Tx, store.Person) error{
		"locked": func(tx *store.Tx, p store.Person) error {
			return tx.LockPerson(p.ID, "admin", "なりすましの疑い")
		},
		"not an approver": func(tx *store.Tx, p store.Person) error { p.Roles = nil; return tx.PutPerson(p) },
		"elsewhere":       func(tx *store.Tx, p store.Person) error { p.Section = "is"; return tx.PutPerson(p) },
	} {
		t.Run(name, func(t *testing.T) {
			h, d := desk(t)
			if _, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "ito", Until: h.Now().Add(time.Hour), Reason: "出張"}, townhall.Caller("head")); err != nil {
				t.Fatal(err)
			}
			f := simple()
			f.Attendant = ""
			no := submit(t, d, f, "kato")
			changeHead(t, h, change)
			want(t, "decided", second(d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("ito"))), "forbidden")
		})
	}
}

func changeHead(t *testing.T, h *townhall.Hall, fn func(*store.Tx, store.Person) error) {
	t.Helper()
	change(t, h, func(tx *store.Tx) error {
		p, err := tx.Person("head")
		return errors.Join(err, fn(tx, p))
	})
}

// A reason given at the approval spoke of the duties of that time, not of those in a year.
func TestAnOverrideHoldsForTheFirstOccurrence(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Recurrence = "FREQ=WEEKLY;COUNT=3"
	no := submit(t, d, f, "kato")
	emergency := simple()
	emergency.Start, emergency.End = time.Time{}, time.Time{}
	emergency.StartIn, emergency.Length = time.Minute, 5*time.Minute
	opened(t, h, d, emergency)
	h.Pass(6 * time.Minute)
	if _, err := d.FollowUpsDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	want(t, "approved although a follow-up is missing", err, "")
	for i, id := range out.Windows {
		if got := slices.Contains(window(t, d, id).Overrides, policy.OverrideFollowUp); got != (i == 0) {
			t.Errorf("occurrence %d: overridden %v", i+1, got)
		}
	}
}

// Another person approves the head's own request, and its extension beyond the delegated time too.
func TestAttackExtendingOnesOwnRequest(t *testing.T) {
	h, d, w, _ := running(t, 10*time.Minute)
	x := ask(t, d, w, 30*time.Minute, "E-0031")
	change(t, h, func(tx *store.Tx) error {
		r, err := tx.Request(window(t, d, w).Request)
		r.Requester = "head"
		return errors.Join(err, tx.UpdateRequest(r))
	})
	_, err := d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	want(t, "grants their own", err, "self-approval")
	_, err = d.DenyExtension(t.Context(), x.ID, "終わらせる", townhall.Caller("head"))
	want(t, "says no to it", err, "")
}
