package web

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

var (
	everyRole = roles{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.Administrator, policy.InformationSystems, policy.PermitOfficer}

	// requested, approved and attended had that part in the work and are auditors. named is the auditor of the review, answered wrote the answer to the
	// finding. once agreed or asked before, wherever two people must, and has every role for it.
	partakers = map[string]policy.Person{
		"requested": {Section: "jinji", Roles: roles{policy.Requester, policy.Auditor}},
		"approved":  {Section: "jinji", Roles: roles{policy.Approver, policy.Auditor}},
		"attended":  {Section: "jinji", Roles: roles{policy.Attendant, policy.Auditor}},
		"named":     {Section: "joho", Roles: roles{policy.Auditor}},
		"answered":  {Section: "joho", Roles: roles{policy.Auditor}},
		"once":      {Section: "joho", Roles: roles{policy.Auditor, policy.InformationSystems, policy.Administrator, policy.Approver, policy.SecondApprover}},
	}
)

// gridPeople are all of them, by id.
func gridPeople() map[string]policy.Person {
	all := map[string]policy.Person{"nobody": {}, "stranger": {}, "locked": {Section: "joho", Roles: roles{policy.Auditor}}, "own-plain": {Section: "jinji"}}
	for who, vendor := range map[string]string{"own": "V-001", "other": "V-002"} {
		all[who+"-engineer"] = policy.Person{Kind: policy.Engineer, Vendor: vendor}
		all[who+"-contact"] = policy.Person{Kind: policy.Contact, Vendor: vendor}
	}
	for section, of := range map[string]string{"own": "jinji", "other": "somu"} {
		for _, r := range everyRole {
			all[section+"-"+string(r)] = policy.Person{Section: of, Roles: roles{r}}
		}
	}
	maps.Copy(all, partakers)
	for id, p := range all {
		p.ID, p.Login, p.Name = id, id, id
		if p.Kind == "" {
			p.Kind = policy.Staff
		}
		all[id] = p
	}
	return all
}

const evidenceSession = "S-20261124-01"

// evidence puts one of everything that the acts of evidence and audit work on into the store: finished work of system hr with its recording, its
// review, a finding, a freeze, a lock, a drill that was asked for, a hold, a change of the viewing key, a further key, a yearly report and a
// change of what is kept. Where two people are needed, once was the first. about is the number of an entry about the system.
func (w *world) evidence() (about int64) {
	w.t.Helper()
	now := w.clock()
	write := func(fn func(tx *store.Tx, must func(error))) {
		w.t.Helper()
		err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
			var all error
			fn(tx, func(err error) { all = errors.Join(all, err) })
			e, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{"hr"}})
			about = e.Index
			return errors.Join(all, err)
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	write(func(tx *store.Tx, must func(error)) {
		for _, id := range []string{"V-001", "V-002"} {
			must(tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: id, Login: strings.ToLower(id), Name: id, Qualified: true, ContractFrom: now.AddDate(-1, 0, 0), ContractUntil: now.AddDate(1, 0, 0)}}))
		}
		for id, p := range gridPeople() {
			if id == "nobody" || id == "stranger" {
				continue
			}
			must(tx.PutPerson(store.Person{Person: p}))
			must(tx.AddToken(store.Token{Hash: store.HashToken("token-" + id), Person: id, Created: now, Expires: now.Add(8 * time.Hour)}))
		}
		must(tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji", Attendance: policy.AttendanceOnCall, Line: policy.LineNone}}))
		must(tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "127.0.0.1", Port: 22, HostKey: newKey(w.t)}}))
		must(tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint"}, Credential: store.CredentialCertificate}))
		for n, review := range []string{"R8-0001", "R8-0002"} { // the second one has the finding
			r := store.Request{No: review, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-001", Requester: "requested", Start: now.Add(-2 * time.Hour), End: now.Add(-time.Hour)}
			window := policy.Window{ID: review + "-1", Request: review, System: "hr", Start: r.Start, End: r.End, State: policy.WindowClosed, Attendant: "attended"}
			v := store.Session{ID: fmt.Sprintf("S-20261124-%02d", n+1), State: store.SessionEnded, Person: "own-engineer", Vendor: "V-001", Grant: window.ID + "-1", Window: window.ID, Request: review, System: "hr", Target: "hr-db",
				Account: "hr-db/maint", Created: r.Start, Started: r.Start, Ended: r.End, Until: r.End, Reason: policy.EndedByEngineer}
			v.Recording = "2026/11/" + v.ID + ".skr"
			must(tx.AddRequest(r))
			must(tx.AddDecision(store.Decision{Request: review, Version: 1, Stage: 1, By: "approved", Verdict: store.VerdictApprove}))
			must(tx.AddWindow(store.Window{Window: window}))
			must(tx.AddSession(v))
			must(tx.AddReview(store.Review{ID: window.ID, Window: window.ID, Request: review, System: "hr", Vendor: "V-001", Auditor: "named", Named: true, Due: now.AddDate(0, 0, 7)}))
		}
		must(tx.AddLateEntry(store.LateEntry{ID: "LE-0001", System: "hr", Vendor: "V-001", EnteredBy: "once", From: now.Add(-3 * time.Hour), Until: now.Add(-2 * time.Hour)}))
		must(tx.AddFinding(store.ReviewFinding{No: "F-001", Review: "R8-0002-1", System: "hr", Vendor: "V-001", Finding: "x", Addressee: "V-001", To: policy.Addressee{Section: "joho"}, Due: now.AddDate(0, 0, 3), OpenedBy: "named"}))
		must(tx.AnswerFinding("F-001", "answered", "x"))
		must(tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeVendor, Subject: "V-002", By: "own-plain", Since: now}))
		must(tx.AddLift("I-001", "once", "x"))
		must(tx.AddDrillAsk(store.DrillAsk{ID: "I-002", Scope: policy.FreezeSystem, Subject: "hr", By: "once", Reason: "x"}))
		must(tx.AddHold(store.Hold{Session: evidenceSession, By: "approved", Reason: "x"}))
		held, err := tx.Holds(evidenceSession)
		must(err)
		must(tx.AddRelease(held[0].Number, "once", "x"))
		must(tx.PutViewingKey(store.ViewingKey{Number: 1, Recipient: "age1pq1current", State: policy.ViewingKeyCurrent}))
		must(tx.PutViewingKey(store.ViewingKey{Number: 2, Recipient: "age1pq1next", State: policy.ViewingKeyNext, Begun: now, BegunBy: "once"}))
		must(tx.PutAccess(store.Access{ID: "RA-001", Recipient: "age1pq1auditor", Holder: "x", Everything: true, Reason: "x", State: policy.AccessAsked, Asked: now, AskedBy: "once"}))
		must(tx.PutAccess(store.Access{ID: "RA-002", Recipient: "age1pq1given", Holder: "x", Everything: true, Reason: "x", State: policy.AccessGiven, Asked: now, AskedBy: "once"}))
		no, err := tx.AddNoticeChange(store.NoticeChange{Version: 4, Before: policy.Kept{Recordings: 365}, After: policy.Kept{Recordings: 400}})
		must(err)
		must(tx.AgreeToNotice(no, "once"))
	})
	write(func(tx *store.Tx, must func(error)) {
		must(tx.LockPerson("locked", "own-plain", "x"))
	})
	return about
}

// size is the number of entries.
func (w *world) size() (n int64) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), func(s *store.Snap) (err error) { n, err = s.LedgerSize(); return err }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// since lists the kinds of entries from a number on. It verifies nothing.
func (w *world) since(from int64) (kinds []string) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{From: from}) {
			if err != nil {
				return err
			}
			kinds = append(kinds, e.Kind)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return kinds
}

// dump is a digest of each table that a refusal leaves as it is: not of the ledger, and not of the notes when a token, a code and an address were used.
func (w *world) dump() map[string]string {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.data, "sekimori.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	out := map[string]string{}
	rows, err := db.QueryContext(w.t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	moved := []string{"checkpoints", "tokens", "totp", "proved_sources"}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			w.t.Fatal(err)
		}
		if !strings.HasPrefix(name, "ledger_") && !slices.Contains(moved, name) {
			names = append(names, name)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		w.t.Fatal(err)
	}
	for _, name := range names {
		sum := sha256.New()
		rows, err := db.QueryContext(w.t.Context(), "SELECT * FROM "+name)
		if err != nil {
			w.t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			w.t.Fatal(err)
		}
		for rows.Next() {
			row := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				w.t.Fatal(err)
			}
			fmt.Fprintln(sum, row...)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			w.t.Fatal(err)
		}
		out[name] = hex.EncodeToString(sum.Sum(nil))
	}
	return out
}
