package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// neighbours adds a second of each: another section with a system of its own, two vendors with a contact and an engineer each, and
// one of every numbered thing, all of the first section and the first vendor. Tokens come back by login.
func (w *world) neighbours(tokens map[string]string) {
	w.t.Helper()
	staff := func(id, section string, roles ...policy.Role) store.Person {
		return store.Person{Person: policy.Person{ID: id, Login: strings.ToLower(id), Kind: policy.Staff, Name: id, Section: section, Roles: roles}}
	}
	outside := func(id, vendor string, kind policy.PersonKind) store.Person {
		return store.Person{Person: policy.Person{ID: id, Login: strings.ToLower(id), Kind: kind, Name: id, Vendor: vendor}}
	}
	people := []store.Person{
		staff("S-ALL", "somu", policy.Approver, policy.Requester, policy.Attendant), // of another section, with every role of a section
		staff("A-ALL", "somu", policy.Auditor),
		outside("C-OWN", "V-001", policy.Contact), outside("E-OWN", "V-001", policy.Engineer),
		outside("C-OTHER", "V-002", policy.Contact), outside("E-OTHER", "V-002", policy.Engineer),
	}
	now := w.clock()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		var err error
		must := func(e error) {
			if err == nil {
				err = e
			}
		}
		for _, id := range []string{"V-001", "V-002"} {
			must(tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: id, Login: strings.ToLower(id), Name: id, Qualified: true,
				ContractFrom: now.AddDate(-1, 0, 0), ContractUntil: now.AddDate(1, 0, 0)}}))
		}
		for _, p := range people {
			must(tx.PutPerson(p))
			must(tx.AddToken(store.Token{Hash: store.HashToken("token-" + p.ID), Person: p.ID, Created: now, Expires: now.Add(8 * time.Hour)}))
			tokens[p.Login] = "token-" + p.ID
		}
		must(tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji", Attendance: policy.AttendanceOnCall, Line: policy.LineNone}}))
		must(tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "127.0.0.1", Port: 22, HostKey: newKey(w.t)}}))
		must(tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint"}, Credential: store.CredentialCertificate}))
		r := store.Request{No: "R8-0001", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-001",
			Requester: "U-001", Start: now.Add(-time.Hour), End: now.Add(24 * time.Hour), Body: store.RequestBody{Purpose: "secret-purpose", Engineers: []string{"E-OWN"}, Accounts: []string{"hr-db/maint"}}}
		must(tx.AddRequest(r))
		window := policy.Window{ID: "R8-0001-1", Request: r.No, System: "hr", Start: r.Start, End: r.End, State: policy.WindowPermitted, Attendant: "U-002"}
		must(tx.AddWindow(store.Window{Window: window}))
		must(tx.AddGrant(policy.Grant{ID: "R8-0001-1-1", Person: "E-OWN", Vendor: "V-001", Target: "hr-db", Account: "hr-db/maint", Window: window,
			Request: r.No, Files: policy.FilesNone, State: policy.GrantActive, PersonLimit: 1}))
		asked := r
		asked.No, asked.State, asked.ApprovedVersion, asked.Start = "R8-0002", policy.PendingFirst, 0, now.Add(12*time.Hour)
		must(tx.AddRequest(asked))
		must(tx.AddDraft(store.Draft{ID: "D-0001", Owner: "U-001", Kind: store.DraftRequest, State: store.DraftOpen, Version: 1,
			Values: map[string][]string{"purpose": {"secret-purpose"}}}))
		must(tx.AddExtension(store.Extension{ID: "X-0001", Window: window.ID, Request: r.No, System: "hr", AskedBy: "E-OWN", Via: "cli", By: time.Hour,
			Reason: "secret-purpose", Ends: window.End}))
		must(tx.AddPermit(store.Permit{Permit: policy.Permit{ID: "SP-001", Vendor: "V-001", System: "hr", From: now.AddDate(0, -1, 0), Until: now.AddDate(1, 0, 0)},
			Purpose: "secret-purpose", AskedBy: "U-001"}))
		must(tx.AddLateEntry(store.LateEntry{ID: "LE-0001", System: "hr", Vendor: "V-001", From: now.Add(-2 * time.Hour), Until: now.Add(-time.Hour), EnteredBy: "U-001",
			Work: store.LateWork{Forms: []string{}, Engineers: []string{"E-OWN"}, Purpose: "secret-purpose", Done: "secret-purpose"}}))
		must(tx.AddFile(store.File{ID: "S-20261124-01-1", Direction: policy.FilesOut, State: policy.FileWaitFirst, Session: "S-20261124-01", Window: window.ID, Request: r.No, System: "hr", Target: "hr-db",
			Vendor: "V-001", Person: "E-OWN", Path: []byte("/secret-purpose"), SHA256: "00", Kept: []string{}, Findings: []byte("[]")}))
		must(tx.OweDay(store.Day{ID: "2026-11-24-hr", System: "hr", Date: "2026-11-24", Due: now}))
		must(tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionActive, Person: "E-OWN", Vendor: "V-001", Grant: "R8-0001-1-1",
			Window: window.ID, Request: r.No, System: "hr", Target: "hr-db", Account: "hr-db/maint", Created: now, Started: now, Until: window.End}))
		if err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Every route that names a thing, called by people whom it does not concern: another section's with every role,
// another vendor's contact and engineer, the administrator. None of them learns anything of it, and nothing changes.
func TestAttackIDsOfOtherSectionsAndVendors(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	bodies := map[string]map[string]any{
		"/approve": {"reason": "x"}, "/return": {"reason": "x"}, "/reject": {"reason": "x"}, "/withdraw": {"reason": "x"}, "/revoke": {"reason": "x"},
		"/seen": {}, "/take": {}, "/agree": {"reason": "x"}, "/approve-after": {"reason": "x"},
		"/close": {"reason": "x"}, "/cut": {"reason": "x"}, "/cancel": {"reason": "x"}, "/open": {}, "/permit": {}, "/unpermit": {"reason": "x"},
		"/tick": {"step": "a", "method": "seen"}, "/backup": {}, "/override": {"item": "backup", "reason": "x"}, "/present": {},
		"/handover": {"person": "S-ALL"}, "/take ": {}, "/identity": {"digits": "123"}, "/attest": {}, "/check": {}, "/extensions": {"by": "15m", "reason": "x"},
		"/ask-renewal": {}, "/grant": {"reason": "x"}, "/refuse": {"reason": "x"}, "/give": {"reason": "x"}, "/countersign": {"reason": "x"}, "/deny": {"reason": "x"}, "/end": {"reason": "x"}, "/pause": {"reason": "x"}, "/resume": {"reason": "x"},
		"/bookmark": {"note": "x"}, "/sign": {"verdict": "ok"}, "/hand-over": {"auditor": "S-ALL", "reason": "x"}, "/answer": {"answer": "x"}, "/told": {"key": "x", "text": "x"}, "/confirm": {"note": "x"}, "/correct": {"text": "x"}, "/message": {"text": "x"}, "/allow": {"held": "1"}, "/explain": {"why": "other"}, "/edit": {"name": "r.yaml", "text": "system: hr"}, "/hold": {"reason": "x"}, "/release": {"reason": "x"}, "/purge": {"reason": "x"},
		"/note": {"values": map[string][]string{}}, "/save": {"values": map[string][]string{}}, "/line-cut": {}, "/line-on": {}, "/line-off": {}, "/line-back": {}, "/test": {}, "/discard": {}, "/submit": {"clauses_told": true},
	}
	for _, r := range routes() {
		var path string
		switch {
		case strings.HasPrefix(r.path, "/v1/requests/{no}"):
			path = strings.Replace(r.path, "{no}", "R8-0001", 1)
			if strings.HasSuffix(r.path, "/approve") || strings.HasSuffix(r.path, "/return") || strings.HasSuffix(r.path, "/note") || strings.HasSuffix(r.path, "/reject") {
				path = strings.Replace(r.path, "{no}", "R8-0002", 1)
			}
		case strings.HasPrefix(r.path, "/v1/windows/{id}"), strings.HasPrefix(r.path, "/v1/reviews/{id}"):
			path = strings.Replace(r.path, "{id}", "R8-0001-1", 1)
		case strings.HasPrefix(r.path, "/v1/drafts/{id}"):
			path = strings.Replace(r.path, "{id}", "D-0001", 1)
		case strings.HasPrefix(r.path, "/v1/permits/{id}"):
			path = strings.Replace(r.path, "{id}", "SP-001", 1)
		case strings.HasPrefix(r.path, "/v1/late-entries/{id}"):
			path = strings.Replace(r.path, "{id}", "LE-0001", 1)
		case strings.HasPrefix(r.path, "/v1/files/{id}"):
			path = strings.Replace(r.path, "{id}", "S-20261124-01-1", 1)
		case strings.HasPrefix(r.path, "/v1/days/{id}"):
			path = strings.Replace(r.path, "{id}", "2026-11-24-hr", 1)
		case strings.HasPrefix(r.path, "/v1/extensions/{id}"):
			path = strings.Replace(r.path, "{id}", "X-0001", 1)
		case strings.HasPrefix(r.path, "/v1/sessions/{id}"), strings.HasPrefix(r.path, "/v1/recordings/{id}"):
			path = strings.Replace(r.path, "{id}", "S-20261124-01", 1)
		default:
			continue
		}
		if strings.HasSuffix(path, "/watch") || strings.HasSuffix(path, "/play") || strings.HasSuffix(path, "/file") || strings.HasSuffix(path, "/export") || strings.HasSuffix(path, "/content") {
			path += "?purpose=incident"
		}
		var body any
		if r.method == "POST" {
			body = nil
			for suffix, b := range bodies {
				if strings.HasSuffix(path, strings.TrimSpace(suffix)) {
					body = b
				}
			}
			if strings.HasPrefix(path, "/v1/sessions/") && strings.HasSuffix(path, "/refuse") { // of a held command, not of a permit
				body = map[string]any{"held": "1"}
			}
		}
		if r.method == "POST" && body == nil {
			t.Errorf("POST %s has no row in bodies", r.path)
			continue
		}
		strangers := []string{"s-all", "c-other", "e-other", "kanri"}
		if r.method == "POST" { // these may look, and may only ask for more time, which is asked for already
			strangers = append(strangers, "e-own", "c-own")
			if strings.HasPrefix(path, "/v1/files/") && strings.HasSuffix(path, "/reject") { // an engineer takes the own file back
				strangers = slices.DeleteFunc(strangers, func(s string) bool { return s == "e-own" })
			}
			if !strings.HasSuffix(path, "/hold") { // an auditor keeps any recording
				strangers = append(strangers, "a-all")
			}
		}
		for _, login := range strangers {
			a := w.call(r.method, path, tokens[login], body)
			if strings.Contains(string(a.body), "secret-purpose") {
				t.Errorf("%s %s tells %s: %s", r.method, path, login, a.body)
			}
			if a.status/100 == 2 || a.status >= http.StatusInternalServerError {
				t.Errorf("%s %s for %s: %d %.300s", r.method, path, login, a.status, a.body)
			}
		}
	}
	for _, path := range []string{"/v1/requests", "/v1/windows", "/v1/extensions", "/v1/sessions", "/v1/recordings", "/v1/reports", "/v1/permits", "/v1/files", "/v1/late-entries"} {
		for _, login := range []string{"s-all", "c-other", "e-other"} {
			if a := w.call("GET", path, tokens[login], nil); strings.Contains(string(a.body), "R8-0001") || strings.Contains(string(a.body), "secret-purpose") {
				t.Errorf("GET %s lists for %s: %.300s", path, login, a.body)
			}
		}
	}
	// The refused things exist for the people whom they concern.
	for _, path := range []string{"/v1/requests/R8-0001", "/v1/windows/R8-0001-1", "/v1/extensions/X-0001", "/v1/sessions/S-20261124-01", "/v1/permits/SP-001", "/v1/late-entries/LE-0001", "/v1/files/S-20261124-01-1"} {
		if a := w.call("GET", path, tokens["kacho"], nil); a.status != http.StatusOK {
			t.Errorf("GET %s for the section: %d %.300s", path, a.status, a.body)
		}
	}
	err := w.db.Read(t.Context(), func(s *store.Snap) error {
		v, err := s.Window("R8-0001-1")
		if v.State != policy.WindowPermitted || v.Attendant != "U-002" {
			t.Errorf("the window is %s, attended by %s", v.State, v.Attendant)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
