package registry

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// TestFingerprintsStay: a pending change of a release before holds the fingerprint of what it changes, and the things themselves as JSON.
func TestFingerprintsStay(t *testing.T) {
	day := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	v := store.Vendor{Vendor: policy.Vendor{ID: "V-1", Login: "reiji", Name: "例示", ContractFrom: day, ContractUntil: day.AddDate(1, 0, 0), Prime: "V-2", PrimeApproved: true, Qualified: true, Unmet: "u"}, Phone: "1", Email: "e"}
	p := personRow{Person: store.Person{Person: policy.Person{ID: "E-1", Login: "sato", Kind: policy.Engineer, Name: "佐藤", Vendor: "V-1", Lang: "ja", Phone: "2",
		Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("192.0.2.1/32")}}, Title: "t", Email: "e"},
		Keys: []string{"ssh-ed25519 b", "ssh-ed25519 a"}, FilePledge: policy.Pledge{Signed: day, Until: day.AddDate(2, 0, 0)}}
	staff := personRow{Person: store.Person{Person: policy.Person{ID: "U-1", Login: "kato", Kind: policy.Staff, Section: "S-1", Roles: []policy.Role{policy.Requester, policy.Approver}}}}
	sys := store.System{System: policy.System{ID: "hr", Name: "人事", Section: "S-1", Attendance: policy.AttendanceOnCall, Line: policy.LineInterlocked, MaxWindow: 4 * time.Hour, SecondWhen: []policy.SecondRule{policy.SecondRoot, policy.SecondFiles}, Recurring: policy.RecurringEach},
		Note: "n", Checklist: store.Checklist{Version: 2, Title: "t", Steps: []store.Step{{ID: "a", JA: "あ", EN: "a", Mandatory: true, Phase: store.PhaseOpen}, {ID: "b", JA: "い", EN: "b", Phase: store.PhaseClose}}}}
	target := store.Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "h", Port: 22, HostKey: "k", Drill: true, LegacyAlgorithms: "l"}, Note: "n", Encoding: "cp932"}
	account := store.Account{Account: policy.Account{ID: "hr-db/a", Target: "hr-db", Login: "a", Root: true, Note: "n"}, Credential: store.CredentialKey, Secret: "s"}
	in := policy.Institution{Declared: true, Lead: time.Hour, Certifications: []string{"isms", "a"}, PledgeCopy: true, SpaceDays: 3}
	in.Hours[1] = policy.Hours{From: 8*time.Hour + 30*time.Minute, Until: 17 * time.Hour}
	section := store.Section{ID: "S-1", Name: "人事課", Phone: "3", Head: "U-1"}
	var waiting []proposal
	if err := json.Unmarshal([]byte(`[{"base":"b","kind":"system","system":{"ID":"hr","Name":"人事","Section":"S-1","Phone":"","SecondStage":false,"Attendance":"on-call","IdentityCheck":false,"Line":"interlocked","Exclusive":false,"MaxWindow":14400000000000,"Idle":0,"ApproverMayAttend":false,"PersonalData":false,"SecondWhen":["root","files"],"Lead":0,"Delegated":0,"BackupAge":0,"Recurring":"each","PauseAfter":0,"CutAfter":0,"ReportWithin":0,"Note":"n","Checklist":{"version":2,"title":"t","steps":[{"id":"a","ja":"あ","en":"a","mandatory":true,"phase":"open"},{"id":"b","ja":"い","en":"b","mandatory":false,"phase":"close"}]}}}]`), &waiting); err != nil || waiting[0].base() != (object{Kind: kindSystem, System: &sys}).base() {
		t.Errorf("what waits since a release before is read as %+v, %v", waiting, err)
	}
	for want, o := range map[string]object{
		"31fd62720f0a7bbf": {Kind: kindVendor, Vendor: &v}, "e9a26708166008f9": {Kind: kindPerson, Person: &p}, "16cddfe0e973aa2b": {Kind: kindPerson, Person: &staff}, "d501f06d998406f0": {Kind: kindSystem, System: &sys},
		"85c940d27228f2ba": {Kind: kindTarget, Target: &target}, "efd09de6d10b39d8": {Kind: kindAccount, Account: &account}, "b763cc8cfb30d1a5": {Kind: kindInstitution, Institution: &in}, "70d3c20154f8d3f2": {Kind: kindSection, Section: &section},
	} {
		if got := o.base()[:16]; got != want {
			t.Errorf("%s: %s, want %s", o.Kind, got, want)
		}
	}
}
