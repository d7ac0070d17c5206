package requests_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// outage is the first person's statement on the telephone.
func outage(h *townhall.Hall) requests.EmergencyForm {
	return requests.EmergencyForm{Reason: "窓口が止まっている", Phoned: "例示システム(株) 当番", PhonedAt: h.Now().Add(-5 * time.Minute)}
}

// asked opens an emergency as the head and gives its number.
func asked(t *testing.T, h *townhall.Hall, d *requests.Desk, f request.Form) string {
	t.Helper()
	no, err := d.Emergency(t.Context(), f, outage(h), townhall.Caller("head"))
	if err != nil {
		t.Fatal(err)
	}
	return no
}

// opened opens an emergency window as head and deputy.
func opened(t *testing.T, h *townhall.Hall, d *requests.Desk, f request.Form) (no, window string) {
	t.Helper()
	no = asked(t, h, d, f)
	out, err := d.AgreeEmergency(t.Context(), no, "電話で確かめた", townhall.Caller("deputy"))
	if err != nil {
		t.Fatal(err)
	}
	return no, out.Windows[0]
}

func TestEmergencyFromBeginningToEnd(t *testing.T) {
	h, d := desk(t)
	no := asked(t, h, d, simple())
	if s := state(t, d, no); s != policy.EmergencyAsked {
		t.Fatal(s)
	}
	h.Pass(time.Minute)
	if got := decision(t, h, "map-web"); got != "not-yet-approved" {
		t.Errorf("one voice on the telephone: %s", got)
	}
	out, err := d.AgreeEmergency(t.Context(), no, "電話で確かめた", townhall.Caller("deputy"))
	want(t, "agree", err, "")
	w := window(t, d, out.Windows[0])
	if out.State != policy.EmergencyOpen || !w.Emergency || !w.Start.Equal(h.Now()) || w.End.Sub(w.Start) != time.Hour {
		t.Errorf("%+v %+v", out, w)
	}
	if got := decision(t, h, "map-web"); got != "attendant-absent" {
		t.Errorf("nobody attends: %s", got)
	}
	want(t, "the attendant", post(h).Open(t.Context(), w.ID, townhall.Caller("ito")), "")
	if got := decision(t, h, "map-web"); got != "allowed" {
		t.Errorf("attended: %s", got)
	}
	h.Pass(time.Hour)
	if moved, err := d.FollowUpsDue(t.Context()); err != nil || !slices.Equal(moved, []string{no}) {
		t.Errorf("%v, %v", moved, err)
	}
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	// It ended on Tuesday 24 November at 10:01 in Japan; due at the end of Wednesday.
	if due := time.Date(2026, 11, 26, 0, 0, 0, 0, townhall.Zone); shown.Request.State != policy.FollowUpDue || !shown.Request.Body.Emergency.Due.Equal(due) {
		t.Errorf("%s due %s", shown.Request.State, shown.Request.Body.Emergency.Due)
	}
	for who, reason := range map[string]string{"head": "self-approval", "deputy": "self-approval", "kato": "forbidden", "ito": "self-approval"} {
		_, err := d.ApproveAfter(t.Context(), no, "確認した", townhall.Caller(who))
		want(t, who+" approves after", err, reason)
	}
	s, err := d.ApproveAfter(t.Context(), no, "確認した", townhall.Caller("admin"))
	want(t, "admin of the information-systems section approves after", err, "")
	if s != policy.RequestClosed { // no one connected: there is nothing to report
		t.Errorf("%s", s)
	}
	_, err = d.ApproveAfter(t.Context(), no, "もう一度", townhall.Caller("admin"))
	want(t, "approved twice", err, "already-decided")
	kinds := h.Kinds(t, no)
	for _, kind := range []string{"emergency.asked", "emergency.opened", "emergency.follow-up-due", "emergency.approved-after"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("no %s in %v", kind, kinds)
		}
	}
}

func TestEmergencyNeedsTwoWhoDoNotAttend(t *testing.T) {
	h, d := desk(t)
	_, err := d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("kato"))
	want(t, "the requester opens", err, "forbidden")
	_, err = d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("E-0031"))
	want(t, "the engineer opens", err, "forbidden")
	change(t, h, func(tx *store.Tx) error { // the head attends too, and the system would let an approver attend
		head, err := tx.Person("head")
		head.Roles = append(head.Roles, policy.Attendant)
		sys, other := tx.System("map")
		sys.ApproverMayAttend = true
		return errors.Join(err, other, tx.PutPerson(head), tx.PutSystem(sys))
	})
	f := simple()
	f.Attendant = "head"
	_, err = d.Emergency(t.Context(), f, outage(h), townhall.Caller("head"))
	want(t, "who attends opens", err, "forbidden")
	f.Attendant = ""
	_, err = d.Emergency(t.Context(), f, outage(h), townhall.Caller("head"))
	wantProblem(t, "nobody attends", err, "attendant-required")
	no := asked(t, h, d, simple())
	_, err = d.AgreeEmergency(t.Context(), no, "私も", townhall.Caller("head"))
	want(t, "one person twice", err, "same-second-approver")
	_, err = d.AgreeEmergency(t.Context(), no, "", townhall.Caller("deputy"))
	wantProblem(t, "no word of the second", err, "reason-required")
	out, err := d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
	want(t, "the second", err, "")
	want(t, "an opener takes the post", post(h).Open(t.Context(), out.Windows[0], townhall.Caller("head")), "forbidden")
	_, err = d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("admin"))
	want(t, "a third", err, "already-decided")
}

func TestEmergencyAgreementInTime(t *testing.T) {
	for _, tt := range []struct {
		after  time.Duration
		reason string
	}{{30*time.Minute - time.Millisecond, ""}, {30 * time.Minute, "window-over"}, {30*time.Minute + time.Millisecond, "window-over"}} {
		t.Run(tt.after.String(), func(t *testing.T) {
			h, d := desk(t)
			no := asked(t, h, d, simple())
			h.Pass(tt.after)
			_, err := d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
			want(t, "agree", err, tt.reason)
			lapsed, err := d.LapseEmergencies(t.Context())
			if want := tt.reason != ""; err != nil || slices.Contains(lapsed, no) != want {
				t.Errorf("lapsed %v, %v", lapsed, err)
			}
		})
	}
}

func TestEmergencyForm(t *testing.T) {
	h, d := desk(t)
	try := func(change func(*request.Form, *requests.EmergencyForm)) error {
		f, e := simple(), outage(h)
		change(&f, &e)
		_, err := d.Emergency(t.Context(), f, e, townhall.Caller("head"))
		return err
	}
	for code, change := range map[string]func(*request.Form, *requests.EmergencyForm){
		"reason-required":    func(_ *request.Form, e *requests.EmergencyForm) { e.Reason = "" },
		"phoned-required":    func(_ *request.Form, e *requests.EmergencyForm) { e.Phoned = "" },
		"control-character":  func(_ *request.Form, e *requests.EmergencyForm) { e.Phoned = "\u202ebot" },
		"phoned-at-required": func(_ *request.Form, e *requests.EmergencyForm) { e.PhonedAt = time.Time{} },
		"in-the-future":      func(_ *request.Form, e *requests.EmergencyForm) { e.PhonedAt = h.Now().Add(time.Millisecond) },
		"too-long-ago":       func(_ *request.Form, e *requests.EmergencyForm) { e.PhonedAt = h.Now().Add(-24 * time.Hour) },
		"emergency-too-long": func(f *request.Form, _ *requests.EmergencyForm) {
			f.System, f.Accounts, f.End = "hr", []string{"hr-db/hrmnt01"}, f.Start.Add(2*time.Hour+time.Millisecond)
		},
		"phone-required": func(f *request.Form, _ *requests.EmergencyForm) { f.Phone = "" },
	} {
		wantProblem(t, code, try(change), code)
	}
	want(t, "two hours", try(func(f *request.Form, e *requests.EmergencyForm) {
		f.System, f.Accounts, f.End = "hr", []string{"hr-db/hrmnt01"}, f.Start.Add(2*time.Hour)
		e.PhonedAt = h.Now()
	}), "")
}

// It replaces only stages of approval.
func TestEmergencyIsStoppedByWhatStopsEverything(t *testing.T) {
	t.Run("freeze", func(t *testing.T) {
		h, d := desk(t)
		no := asked(t, h, d, simple())
		change(t, h, func(tx *store.Tx) error {
			id, err := tx.NextIncidentNo()
			return errors.Join(err, tx.AddFreeze(policy.Freeze{ID: id, Scope: policy.FreezeSystem, Subject: "map", By: person(t, tx, "head"), Since: tx.Now, Reason: "調査"}))
		})
		_, err := d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
		want(t, "agree", err, "frozen")
	})
	t.Run("vendor locked", func(t *testing.T) {
		h, d := desk(t)
		no := asked(t, h, d, simple())
		change(t, h, func(tx *store.Tx) error { return tx.LockVendor("V-012", person(t, tx, "admin"), "漏えいの疑い") })
		_, err := d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
		var blocked *requests.Blocked
		if !errors.As(err, &blocked) {
			t.Errorf("agree: %v", err)
		}
	})
	t.Run("pledge run out", func(t *testing.T) {
		h, d := desk(t)
		ends := time.Date(2027, 4, 1, 0, 0, 0, 0, townhall.Zone) // pledge and contract
		toInstant(h, ends.Add(-65*time.Minute))
		f := simple()
		f.Start, f.End, f.StartIn, f.Length = time.Time{}, time.Time{}, time.Minute, time.Hour
		no := asked(t, h, d, f)
		h.Pass(5*time.Minute + time.Millisecond)
		_, err := d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
		var blocked *requests.Blocked
		if !errors.As(err, &blocked) || blocked.Items[0].Code != policy.ItemPledge {
			t.Errorf("agree: %v", err)
		}
		_, err = d.Emergency(t.Context(), f, outage(h), townhall.Caller("deputy"))
		wantProblem(t, "another", err, "engineer-not-eligible")
	})
	t.Run("another window of an exclusive system", func(t *testing.T) {
		h, d := desk(t)
		other := submit(t, d, hr(), "kato")
		approve(t, d, other, "head")
		approve(t, d, other, "deputy")
		f := hr()
		f.Start, f.End = time.Time{}, time.Time{}
		f.StartIn, f.Length = time.Minute, 61*time.Minute
		_, err := d.Emergency(t.Context(), f, outage(h), townhall.Caller("head"))
		wantProblem(t, "an hour and a minute", err, "overlap")
		f.Length = 50 * time.Minute
		opened(t, h, d, f)
	})
}

func person(t *testing.T, tx *store.Tx, login string) string {
	t.Helper()
	p, err := tx.Person(login)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// One emergency at a time for vendor and system, and no longer than two hours with every extension. The engineer is told that a second
// person is awaited, until the millisecond at which the first opening lapses.
func TestEngineerWaitsForTheSecondVoice(t *testing.T) {
	h, d := desk(t)
	asked(t, h, d, simple())
	h.Pass(30*time.Minute - time.Millisecond)
	if got := decision(t, h, "map-web"); got != "not-yet-approved" {
		t.Errorf("within the half hour: %s", got)
	}
	h.Pass(time.Millisecond) // no timer has lapsed it
	if got := decision(t, h, "map-web"); got != "no-grant" {
		t.Errorf("after the half hour: %s", got)
	}
}

func TestEmergencyOneAtATime(t *testing.T) {
	h, d := desk(t)
	asked(t, h, d, simple())
	_, err := d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("deputy"))
	wantProblem(t, "a second", err, "emergency-open")
	h.Pass(30 * time.Minute)
	no, w := opened(t, h, d, simple()) // the first has lapsed, with or without the timer
	_, err = d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("deputy"))
	wantProblem(t, "beside one in use", err, "emergency-open")
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	x := ask(t, d, w, time.Hour+time.Millisecond, "E-0031")
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	want(t, "two hours and a millisecond", err, "feature-not-granted")
	_, err = d.DenyExtension(t.Context(), x.ID, "2時間まで", townhall.Caller("head"))
	want(t, "deny", err, "")
	x = ask(t, d, w, time.Hour, "E-0031")
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	want(t, "two hours", err, "")
	want(t, "withdraw", d.Withdraw(t.Context(), no, "なかったことに", townhall.Caller("head")), "already-decided")
	want(t, "edit", d.Edit(t.Context(), no, simple(), townhall.Caller("head")), "already-decided")
	want(t, "revoke", d.Revoke(t.Context(), no, "止める", townhall.Caller("head")), "")
	if got := decision(t, h, "map-web"); got != "grant-revoked" {
		t.Errorf("revoked: %s", got)
	}
	if _, err := d.FollowUpsDue(t.Context()); err != nil || state(t, d, no) != policy.FollowUpDue {
		t.Errorf("revoked, and %s, %v", state(t, d, no), err)
	}
}

// A missing follow-up stops the next window of the vendor and system (R22), and is raised once when it is overdue.
func TestFollowUpStopsTheNextWindow(t *testing.T) {
	h, d := desk(t)
	next := simple()
	next.Start, next.End = townhall.Start.Add(26*time.Hour), townhall.Start.Add(27*time.Hour)
	later := submit(t, d, next, "kato")
	approve(t, d, later, "head")
	emergency, w := opened(t, h, d, simple())
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	h.Pass(time.Hour)
	_, err := d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("head")) // before the timer runs
	want(t, "another emergency", err, "follow-up-missing")
	if err := d.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	pending := submit(t, d, func() request.Form { f := next; f.Start, f.End = next.End, next.End.Add(time.Hour); return f }(), "kato")
	_, err = d.Approve(t.Context(), pending, requests.Approval{}, townhall.Caller("head"))
	var blocked *requests.Blocked
	if !errors.As(err, &blocked) || !slices.ContainsFunc(blocked.Items, func(i policy.CheckItem) bool { return i.Code == policy.ItemSchedule }) {
		t.Errorf("approve: %v", err)
	}
	want(t, "reject", d.Reject(t.Context(), pending, "先に報告を", townhall.Caller("head")), "")
	toInstant(h, next.Start)
	if got := decision(t, h, "map-web"); got != "follow-up-missing" {
		t.Errorf("connect: %s", got)
	}
	due := time.Date(2026, 11, 26, 0, 0, 0, 0, townhall.Zone)
	for _, tt := range []struct {
		at     time.Duration
		raised int
	}{{-time.Millisecond, 0}, {0, 1}, {time.Millisecond, 1}} {
		toInstant(h, due.Add(tt.at))
		if _, err := d.FollowUpsDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		raised := 0
		for _, kind := range h.Kinds(t, emergency) {
			if kind == "followup.overdue" {
				raised++
			}
		}
		if raised != tt.raised {
			t.Errorf("%s: raised %d times", tt.at, raised)
		}
	}
}

// Of two who agree at the same moment one is the second, and one window is made.
func TestTwoAgreeAtTheSameMoment(t *testing.T) {
	h, d := desk(t)
	no := asked(t, h, d, simple())
	people := []string{"deputy", "admin", "deputy"}
	errs := make([]error, len(people))
	var all sync.WaitGroup
	for i, who := range people {
		all.Go(func() { _, errs[i] = d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller(who)) })
	}
	all.Wait()
	agreed := 0
	for _, err := range errs {
		if err == nil {
			agreed++
		}
	}
	shown, err := d.Show(t.Context(), no)
	if err != nil || agreed != 1 || len(shown.Windows) != 1 {
		t.Errorf("%d agreed, %d windows, %v", agreed, len(shown.Windows), err)
	}
}

// No rule lets an opener take the post over from the attendant.
func TestOpenerIsNotHandedThePost(t *testing.T) {
	h, d := desk(t)
	change(t, h, func(tx *store.Tx) error {
		head, err := tx.Person("head")
		head.Roles = append(head.Roles, policy.Attendant)
		sys, other := tx.System("map")
		sys.ApproverMayAttend = true
		return errors.Join(err, other, tx.PutPerson(head), tx.PutSystem(sys))
	})
	_, w := opened(t, h, d, simple())
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	wantProblem(t, "handover to an opener", post(h).Handover(t.Context(), w, "head", townhall.Caller("ito")), "attendant-not-eligible")
}

// A person who had the post of an emergency does not approve it afterwards, whether they handed it over, or took it over and handed it
// back.
func TestWhoAttendedAnEmergencyDoesNotApproveItAfterwards(t *testing.T) {
	h, d := desk(t)
	change(t, h, func(tx *store.Tx) error {
		var all error
		for _, p := range []policy.Person{
			{ID: "head2", Login: "head2", Kind: policy.Staff, Name: "課長A", Section: "personnel", Roles: []policy.Role{policy.Approver, policy.Attendant}},
			{ID: "head3", Login: "head3", Kind: policy.Staff, Name: "課長B", Section: "personnel", Roles: []policy.Role{policy.Approver, policy.Attendant}},
			{ID: "head4", Login: "head4", Kind: policy.Staff, Name: "課長C", Section: "personnel", Roles: []policy.Role{policy.Approver}},
		} {
			all = errors.Join(all, tx.PutPerson(store.Person{Person: p}))
		}
		return all
	})
	f := simple()
	f.Attendant = "head2"
	no, w := opened(t, h, d, f)
	p := post(h)
	want(t, "the post", p.Open(t.Context(), w, townhall.Caller("head2")), "")
	want(t, "handed over", p.Handover(t.Context(), w, "head3", townhall.Caller("head2")), "")
	want(t, "taken", p.Take(t.Context(), w, townhall.Caller("head3")), "")
	want(t, "the permission taken back", p.Unpermit(t.Context(), w, "", townhall.Caller("head3")), "")
	want(t, "handed back", p.Handover(t.Context(), w, "head2", townhall.Caller("head3")), "")
	want(t, "taken again", p.Take(t.Context(), w, townhall.Caller("head2")), "")
	h.Pass(2 * time.Hour)
	if _, err := d.FollowUpsDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"head2", "head3", "head", "deputy"} {
		want(t, "approved after by "+by, second(d.ApproveAfter(t.Context(), no, "確認した", townhall.Caller(by))), "self-approval")
	}
	want(t, "by somebody who had no part", second(d.ApproveAfter(t.Context(), no, "確認した", townhall.Caller("head4"))), "")
}

// Without a decision by a named person no one could show to have had no part in it, and the review would never end (R12, R22).
func TestAnEmergencysSessionCanBeReviewed(t *testing.T) {
	h, d := desk(t)
	no, w := opened(t, h, d, simple())
	change(t, h, func(tx *store.Tx) error {
		return tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Grant: w + "-1", Window: w,
			Request: no, System: "map", Target: "map-web", Account: "map-web/web", Created: tx.Now, Started: tx.Now, Ended: tx.Now.Add(time.Minute), Fingerprint: "x", Factor: "code"})
	})
	for _, after := range []bool{false, true} {
		if after {
			h.Pass(3 * time.Hour)
			if _, err := d.FollowUpsDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := d.ApproveAfter(t.Context(), no, "確認した", townhall.Caller("admin")); err != nil {
				t.Fatal(err)
			}
		}
		err := h.DB.Read(t.Context(), func(s *store.Snap) error {
			f, err := s.Facts("mori")
			if err != nil {
				return err
			}
			sub, err := s.Subject("S-20261124-01")
			if err != nil {
				return err
			}
			f.Subject = &sub
			v := policy.Decide(f, policy.Attempt{Act: policy.ActReview, Person: "mori", Key: true, Factor: true}, s.Now)
			if !v.Allow {
				t.Errorf("after the later approval: %v; mori, who had no part in it: %s; subject %+v", after, v.Reason, sub)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
