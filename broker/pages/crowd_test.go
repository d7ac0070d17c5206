package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/notify"
	"sekimori/broker/store"
	"sekimori/policy"
)

// crowd is an office of three years: requests with their windows, sessions, reviews, reports and notices. Two out of five are on the system hr,
// which the hall's own people work with; the rest are on twenty systems of five other sections.
type crowd struct {
	requests int
	entries  int // of the ledger, beside those that signing in writes
}

const (
	crowdVendors = 50
	crowdSystems = 20
	crowdPeople  = 5  // engineers of each vendor
	crowdOpen    = 60 // requests in each state that waits for somebody, at most
)

// fill writes the crowd. Each request has the same number of entries.
func (w *world) fill(c crowd) {
	w.t.Helper()
	now := w.Now()
	write := func(fn func(*store.Tx) error) {
		w.t.Helper()
		if err := w.DB.Write(w.t.Context(), fn); err != nil {
			w.t.Fatal(err)
		}
	}
	write(func(tx *store.Tx) error { return crowdRegistry(tx, now) })
	for no := 0; no < c.requests; {
		write(func(tx *store.Tx) error {
			for range 200 {
				if no == c.requests {
					break
				}
				if err := c.one(tx, now, no); err != nil {
					return fmt.Errorf("request %d: %w", no, err)
				}
				no++
			}
			return nil
		})
	}
	for _, who := range []string{"admin", "deputy", "head", "kato", "ito", "mori", "E-0031"} {
		err := w.DB.Keep(w.t.Context(), store.KeepNotices, func(k *store.KeepTx) error {
			made, err := k.Outbox(1)
			if err != nil || len(made) == 0 {
				return errors.Join(err, k.ClockMade("test", "crowd"))
			}
			for i := range c.requests / 10 {
				words, err := json.Marshal(notify.Words{Subject: text2("申請が承認されました "+crowdNo(i), "approved"), Lead: text2("内容を確かめてください", "look at it"), Page: "/requests/" + crowdNo(i)})
				if err != nil {
					return err
				}
				if _, _, err := k.PutNotice(store.Notice{Outgoing: made[0].ID, Code: "request-decided", Person: who, At: now.Add(-time.Duration(i) * time.Hour), Words: words}, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// crowdRegistry adds vendors with their people, sections, systems, targets and accounts.
func crowdRegistry(tx *store.Tx, now time.Time) error {
	var all []error
	for i := range 5 {
		all = append(all, tx.PutSection(store.Section{ID: fmt.Sprintf("section%d", i), Name: fmt.Sprintf("第%d課", i), Phone: "0000-00-0000"}))
	}
	for no := range 10 {
		if who := crowdAttendant(no); who != "ito" {
			all = append(all, tx.PutPerson(store.Person{Person: policy.Person{ID: who, Login: who, Kind: policy.Staff, Name: "立会者" + who, Section: "personnel", Roles: []policy.Role{policy.Attendant}}}))
		}
	}
	for i := range crowdSystems {
		id := fmt.Sprintf("system%02d", i)
		all = append(all,
			tx.PutSystem(store.System{System: policy.System{ID: id, Name: fmt.Sprintf("業務システム%02d", i), Section: fmt.Sprintf("section%d", i%5), Line: policy.LineNone}}),
			tx.PutTarget(store.Target{Target: policy.Target{ID: id + "-db", System: id, Host: "192.0.2.9", Port: 22, HostKey: "ssh-ed25519 AAAA"}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: id + "-db/maint", Target: id + "-db", Login: "maint"}}))
	}
	for i := range crowdVendors {
		id := fmt.Sprintf("V-1%02d", i)
		all = append(all, tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: id, Login: "vendor" + id, Name: fmt.Sprintf("株式会社保守%02d", i),
			ContractFrom: now.AddDate(-1, 0, 0), ContractUntil: now.AddDate(0, i%12, 1), Qualified: true}}))
		for j := range crowdPeople {
			person := fmt.Sprintf("E-1%02d%d", i, j)
			all = append(all, tx.PutPerson(store.Person{Person: policy.Person{ID: person, Login: strings.ToLower(person), Kind: policy.Engineer, Name: fmt.Sprintf("保守要員%02d-%d", i, j), Vendor: id}}))
			for year := range 4 {
				number, err := tx.NextPaperID()
				all = append(all, err, tx.AddPaper(store.Paper{ID: number, Kind: store.PaperPledge, Vendor: id, Person: person, From: now.AddDate(year-3, 0, 0), Until: now.AddDate(year-2, 0, i%28),
					State: store.PaperAccepted, FiledBy: person, Filed: now.AddDate(year-3, 0, 0), AcceptedBy: "admin", Accepted: now.AddDate(year-3, 0, 0)}))
			}
		}
	}
	_, err := tx.Append(crowdEntry("test.filler", "admin"))
	return errors.Join(append(all, err)...)
}

func crowdNo(i int) string { return fmt.Sprintf("R8-%06d", i) }

func crowdEntry(kind string, subjects ...string) ledger.Draft {
	return ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: subjects}
}

// place is where and by whom the work of a request is done.
type place struct{ system, vendor, engineer, account string }

func crowdPlace(no int) place {
	if no%5 < 2 {
		return place{"hr", "V-012", "E-0031", "hr-db/hrmnt01"}
	}
	system := fmt.Sprintf("system%02d", no%crowdSystems)
	vendor := no % crowdVendors
	return place{system, fmt.Sprintf("V-1%02d", vendor), fmt.Sprintf("E-1%02d%d", vendor, no%crowdPeople), system + "-db/maint"}
}

// state gives a request's state and when it starts. The newest wait for somebody, are under way today or lie ahead; all others are over.
func (c crowd) state(now time.Time, no int) (policy.RequestState, policy.WindowState, time.Time) {
	left := c.requests - 1 - no // requests that are newer
	some := min(crowdOpen, c.requests/10)
	switch group := left / max(some, 1); {
	case group < 5:
		state := []policy.RequestState{policy.PendingFirst, policy.PendingSecond, policy.RequestReturned, policy.RequestApproved, policy.RequestDraft}[group]
		return state, policy.WindowScheduled, now.Add(time.Duration(24*(group+1)+left%some) * time.Hour)
	case group == 5:
		return policy.RequestApproved, policy.WindowScheduled, now.Add(time.Duration(left%8) * time.Hour) // today
	case group == 6:
		return policy.ReportDue, policy.WindowClosed, now.Add(-time.Duration(2+left%some) * time.Hour)
	}
	return policy.RequestClosed, policy.WindowClosed, now.AddDate(-3, 0, 0).Add(now.Sub(now.AddDate(-3, 0, 0)) / time.Duration(c.requests) * time.Duration(no)).Truncate(time.Minute)
}

// one writes a request and the rest that belongs to it.
func (c crowd) one(tx *store.Tx, now time.Time, no int) error {
	at := crowdPlace(no)
	state, window, start := c.state(now, no)
	end := start.Add(2 * time.Hour)
	r := store.Request{No: crowdNo(no), State: state, Version: 1, System: at.system, Vendor: at.vendor, Requester: "kato", Start: start, End: end, Created: start.AddDate(0, 0, -7), Changed: start.AddDate(0, 0, -3),
		Body: store.RequestBody{Purpose: "月次の保守。サーバの状態を確かめ、更新プログラムを当てる", WorkType: "regular", ResponsibleParty: at.vendor, Phone: "000-0000-0001",
			Procedure: strings.Repeat("手順書の版を確かめてから行う。", 8), Engineers: []string{at.engineer}, Accounts: []string{at.account}, Attendant: "ito", Files: policy.FilesNone}}
	approved := state == policy.RequestApproved || state == policy.RequestClosed || state == policy.ReportDue
	if approved {
		r.ApprovedVersion = 1
	}
	all := []error{tx.AddRequest(r)}
	subjects := []string{r.No, at.system, at.engineer}
	if approved {
		one := store.Window{Window: policy.Window{ID: r.No + "-1", Request: r.No, System: at.system, Start: start, End: end, State: window}}
		if window == policy.WindowClosed {
			one.Attendant, one.OpenedAt, one.ClosedAt = crowdAttendant(no), start, end
		}
		all = append(all,
			tx.AddDecision(store.Decision{Request: r.No, Version: 1, Stage: 1, By: "head", Verdict: store.VerdictApprove, At: r.Changed}),
			tx.AddDecision(store.Decision{Request: r.No, Version: 1, Stage: 2, By: "deputy", Verdict: store.VerdictApprove, At: r.Changed}),
			tx.AddWindow(one),
			tx.AddGrant(policy.Grant{ID: one.ID + "-1", Person: at.engineer, Vendor: at.vendor, Target: strings.Split(at.account, "/")[0], Account: at.account, Window: one.Window, Request: r.No, Files: policy.FilesNone, State: policy.GrantActive}))
		if window == policy.WindowClosed {
			all = append(all, c.worked(tx, now, no, r, one, at))
			subjects = append(subjects, crowdSession(no, start), one.ID)
		}
	}
	kinds := []string{"test.filler", "request.viewed", "session.viewed", "test.filler", "window.viewed"}
	for i := range max(1, c.entries/c.requests) {
		kind := kinds[i%len(kinds)]
		if i == 9 {
			kind = "session.ended"
		}
		if _, err := tx.Append(crowdEntry(kind, subjects...)); err != nil {
			return err
		}
	}
	return errors.Join(all...)
}

// crowdAttendant shares the work among ten people.
func crowdAttendant(no int) string {
	if no%10 == 0 {
		return "ito"
	}
	return fmt.Sprintf("tachiai%d", no%10)
}

func crowdSession(no int, at time.Time) string {
	return fmt.Sprintf("S-%s-%06d", at.Format("20060102"), no)
}

// worked writes the session of a window that is over, with its review, report and record. Of the last sixty some are owed.
func (c crowd) worked(tx *store.Tx, now time.Time, no int, r store.Request, w store.Window, at place) error {
	s := store.Session{ID: crowdSession(no, w.Start), State: store.SessionEnded, Person: at.engineer, Vendor: at.vendor, Grant: w.ID + "-1", Request: r.No, Window: w.ID, System: at.system,
		Target: strings.Split(at.account, "/")[0], Account: at.account, Source: netip.MustParseAddrPort("203.0.113.7:50022"), Created: w.Start, Started: w.Start, Ended: w.End,
		Reason: policy.EndedByEngineer, Recording: fmt.Sprint("r", no), RecordingSum: "00", RecordingSize: 1 << 20}
	all := []error{tx.AddSession(s), tx.AddReview(store.Review{ID: w.ID, Window: w.ID, Request: r.No, System: at.system, Vendor: at.vendor, Created: w.End, Due: w.End.AddDate(0, 0, 10)})}
	if w.End.Before(now.AddDate(0, 0, -20)) {
		report, err := tx.NextReportNo()
		record, err2 := tx.NextAttendanceNo()
		all = append(all, err, err2,
			tx.SignReview(w.ID, "mori", store.Signature{Verdict: "ok"}),
			tx.AddWorkReport(store.WorkReport{ID: report, Sessions: []string{s.ID}, Window: w.ID, Request: r.No, System: at.system, Vendor: at.vendor, SubmittedBy: at.engineer, SubmittedAt: w.End, Due: w.End.AddDate(0, 0, 5), SHA256: "00", Body: "{}"}),
			tx.SettleReport(report, store.ReportAccepted, "kato", ""),
			tx.AddAttendanceRecord(store.AttendanceRecord{ID: record, Window: w.ID, Request: r.No, System: at.system, By: w.Attendant, At: w.End, SHA256: "00", Body: "{}"}))
	}
	return errors.Join(all...)
}
