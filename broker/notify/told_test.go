package notify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// From the request to its approval: each state tells the people of its letters, and no one of their own act.
func TestWhoIsToldOfARequest(t *testing.T) {
	w := found(t)
	no, err := w.desk.Submit(t.Context(), form("hr"), townhall.Caller("kato"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "awaiting the head", w.told(), "head")
	if _, err := w.desk.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	// S is the section and the second approvers; admin and mori are of the section too.
	equal(t, "awaiting the second", w.told(), "admin", "deputy", "mori", "kato")
	if _, err := w.desk.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("deputy")); err != nil {
		t.Fatal(err)
	}
	w.all()
	mails := w.mail.took()
	// There is no vendor contact: the vendor's mailbox stands in.
	equal(t, "approved", to(mails), "kato", "sato", "ito", "desk")
	for _, m := range mails {
		text, html := m.parts["text/plain"], m.parts["text/html"]
		ja, en := strings.Contains(text, "承認が完了し"), strings.Contains(text, "It is approved")
		name, _, _ := strings.Cut(m.to, "@")
		if want := map[string][2]bool{"kato": {true, false}, "ito": {false, true}, "sato": {true, true}, "desk": {true, true}}[name]; want != [2]bool{ja, en} {
			t.Errorf("%s: Japanese %v, English %v", name, ja, en)
		}
		page := "https://gate.example.jp:8443/requests/" + no
		if name == "sato" || name == "desk" {
			page = "https://portal.example.jp/v/requests/" + no
		}
		if !strings.Contains(text, page) || !strings.Contains(html, `href="`+page+`"`) {
			t.Errorf("%s: no link to %s in\n%s\n%s", name, page, text, html)
		}
		ics := m.parts["text/calendar;REQUEST"]
		for _, want := range []string{"METHOD:REQUEST", "UID:" + no + "-1@townhall.example", "ORGANIZER:mailto:sekimori@city.example.jp", "mailto:" + m.to, "DTSTART:20261125T000000Z"} {
			if !strings.Contains(strings.ReplaceAll(ics, "\r\n ", ""), want) {
				t.Errorf("%s: the invitation lacks %s:\n%s", name, want, ics)
			}
		}
		if m.header.Get("Auto-Submitted") != "auto-generated" || m.header.Get("Message-ID") == "" {
			t.Errorf("%s: %v", name, m.header)
		}
	}
	if err := w.desk.Revoke(t.Context(), no, "機器の入替え", townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	w.all()
	mails = w.mail.took()
	equal(t, "revoked", to(mails), "kato", "sato", "ito", "desk", "admin", "deputy", "mori")
	for _, m := range mails {
		if ics := m.parts["text/calendar;CANCEL"]; !strings.Contains(ics, "METHOD:CANCEL") || !strings.Contains(ics, "STATUS:CANCELLED") {
			t.Errorf("%s: the appointment is not withdrawn: %v", m.to, m.parts)
		}
		if s := m.subject(t); strings.Contains(s, "機器の入替え") || !strings.Contains(m.parts["text/plain"], "機器の入替え") {
			t.Errorf("%s: the reason belongs into the mail and not into %q", m.to, s)
		}
	}
}

// An undecided request lapses: requester, vendor, head and section are told; a window that has begun without an attendant tells the
// attendant and the engineer, once.
func TestWhatTheClockTells(t *testing.T) {
	w := found(t)
	if _, err := w.desk.Submit(t.Context(), form("hr"), townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	no := w.approved()
	w.told()
	w.Pass(24*time.Hour - time.Millisecond)
	equal(t, "before the start", w.told())
	w.Pass(time.Millisecond)
	equal(t, "at the start", w.told(), "ito", "sato")
	equal(t, "once", w.told())
	if err := w.desk.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "lapsed", w.told(), "kato", "desk", "head", "admin", "deputy", "mori")
	if got := w.listed(w.id("ito")); len(got) != 2 || got[0] != "window.unattended" || got[1] != "request.approved" {
		t.Errorf("ito's list of %s: %v", no, got)
	}
}

// id is a person's id.
func (w *world) id(login string) (id string) {
	w.t.Helper()
	err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		p, err := s.Person(login)
		id = p.ID
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// An alarm goes to the section's desk and to the central one. Both deliveries are in the ledger (R16), each once; a desk without a
// mailbox has its people told.
func TestAnAlarmReachesBothDesks(t *testing.T) {
	for name, central := range map[string]string{"with a mailbox": "central@city.example.jp", "without one": ""} {
		t.Run(name, func(t *testing.T) {
			w := found(t)
			w.serve(func(o *notifyOptions) { o.CentralMail = central })
			raise(t, w, store.AlarmTarget, "hr-db", "personnel")
			want := []string{"personnel", "central"}
			if central == "" {
				want = []string{"personnel", "admin", "deputy", "mori"}
			}
			equal(t, "mailed", w.told(), want...)
			delivered := 0
			for _, k := range w.Kinds(t, "A-0001") {
				if k == "alarm.delivered" {
					delivered++
				}
			}
			if delivered != 2 {
				t.Errorf("%d deliveries in the ledger: %v", delivered, w.Kinds(t, "A-0001"))
			}
			for _, login := range []string{"head", "kato", "ito", "admin", "deputy", "mori"} {
				if got := w.listed(w.id(login)); len(got) == 0 || got[0] != "alarm.raised" {
					t.Errorf("%s has %v in their list", login, got)
				}
			}
		})
	}
}

func raise(t *testing.T, w *world, what store.AlarmKind, about string, sections ...string) {
	t.Helper()
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.RaiseAlarm(store.Alarm{What: what, About: about}, sections, ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// One desk's refused mailbox keeps nothing from the other desk.
func TestOneDeskSilencesNoOther(t *testing.T) {
	w := found(t)
	w.mail.refuse["personnel@city.example.jp"] = refused()
	raise(t, w, store.AlarmTarget, "hr-db", "personnel")
	equal(t, "mailed", w.told(), "central")
	w.Pass(time.Hour)
	if got := w.Kinds(t, ""); !slices.Contains(got, "notice.undelivered") {
		t.Errorf("the refused mailbox has no entry: %v", got)
	}
	// The alarm about it reaches the central desk.
	equal(t, "told that it was not told", w.told(), "central")
}

// Strangers raise any number of alarms; mails of one sort come at most once an hour, and the list counts them.
func TestAttackAStrangerFloodsTheMailbox(t *testing.T) {
	w := found(t)
	for range 50 {
		raise(t, w, store.AlarmFailures, "")
	}
	equal(t, "mailed", w.told(), "central")
	if got := w.listed(w.id("admin")); len(got) != 1 {
		t.Errorf("%d rows in the list", len(got))
	}
	raise(t, w, store.AlarmTarget, "hr-db", "personnel")
	equal(t, "another alarm", w.told(), "central", "personnel")
	w.Pass(2 * time.Hour)
	raise(t, w, store.AlarmFailures, "")
	equal(t, "later", w.told(), "central")
}

// A freeze tells everyone of its scope, with the vendor's people; the drill says so.
func TestWhoIsToldOfAFreeze(t *testing.T) {
	w := found(t)
	w.approved()
	w.told()
	if _, err := w.freeze.On(t.Context(), policy.FreezeVendor, "reiji", "不審な操作", townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	w.all()
	mails := w.mail.took()
	// The desks' mailboxes have the alarm, the people the freeze itself. ito pressed and is not told.
	equal(t, "frozen", to(mails), "sato", "desk", "kato", "head", "admin", "deputy", "mori", "personnel", "central")
	for _, m := range mails {
		if s := m.subject(t); strings.Contains(s, "不審") || strings.Contains(s, "例示システム") {
			t.Errorf("subject %q", s)
		}
	}
}
