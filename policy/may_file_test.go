package policy_test

import (
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

// waitingFile is a file of E-0031 in a state, with an approval of the first stage by each of these people.
func waitingFile(out bool, state FileState, by ...string) FileFacts {
	f := FileFacts{ID: "S-20261124-01-1", Out: out, State: state, Engineer: "E-0031", Until: mid.Add(time.Hour), System: System{ID: "hr", Name: "人事", Section: "personnel"}, Request: "R8-0124",
		Parties: []string{"U-020", "E-0031"}}
	for i, id := range by {
		f.Approvals = append(f.Approvals, Approval{Stage: i + 1, By: id, Version: 1})
	}
	return f
}

func TestMayApproveFile(t *testing.T) {
	head := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}
	second := Person{ID: "U-030", Kind: Staff, Section: "is", Roles: []Role{SecondApprover}}
	both := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{Approver, SecondApprover}}
	deputy := Person{ID: "U-002", Kind: Staff, Section: "personnel"}
	with := func(f FileFacts, change func(*FileFacts)) FileFacts {
		f.Approvals = slices.Clone(f.Approvals)
		change(&f)
		return f
	}
	in, out1, out2 := waitingFile(false, FileHeld), waitingFile(true, FileWaitFirst), waitingFile(true, FileWaitSecond, "U-001")
	stands := func(f *FileFacts) {
		f.Deputations = []Deputation{{For: "U-001", Deputy: "U-002", From: mid.Add(-time.Hour), Until: mid.Add(time.Hour), SetBy: "U-001"}}
	}
	locked := head
	locked.Locked = &Lock{}
	for name, row := range map[string]struct {
		p    Person
		f    FileFacts
		at   time.Time
		want Reason
	}{
		"in, head":                          {head, in, mid, ""},
		"in, second":                        {second, in, mid, ""},
		"in, deputy":                        {deputy, with(in, stands), mid, ""},
		"in, without a deputation":          {deputy, in, mid, Forbidden},
		"in, locked":                        {locked, in, mid, Forbidden},
		"in, of another section":            {Person{ID: "U-009", Kind: Staff, Section: "tax", Roles: []Role{Approver}}, in, mid, Forbidden},
		"in, the requester":                 {Person{ID: "U-020", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}, in, mid, SelfApproval},
		"in, the engineer":                  {Person{ID: "E-0031", Kind: Engineer, Roles: []Role{Approver}}, in, mid, Forbidden},
		"in, a moment before its end":       {head, in, in.Until.Add(-1), ""},
		"in, at its end":                    {head, in, in.Until, AlreadyDecided},
		"in, approved":                      {head, waitingFile(false, FileApproved, "U-001"), mid, AlreadyDecided},
		"in, stopped":                       {head, waitingFile(false, FileHalted), mid, AlreadyDecided},
		"in, frozen":                        {head, with(in, func(f *FileFacts) { f.Frozen = true }), mid, Frozen},
		"out, head first":                   {head, out1, mid, ""},
		"out, deputy first":                 {deputy, with(out1, stands), mid, ""},
		"out, second before the head":       {second, out1, mid, Forbidden},
		"out, second":                       {second, out2, mid, ""},
		"out, head twice":                   {head, out2, mid, SameFileApprover},
		"out, one person with both roles":   {both, out2, mid, SameFileApprover},
		"out, another head is no second":    {Person{ID: "U-003", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}, out2, mid, Forbidden},
		"out, second for whom a deputy was": {both, with(out2, func(f *FileFacts) { f.Approvals[0] = Approval{Stage: 1, By: "U-002", OnBehalf: "U-001"} }), mid, SameFileApprover},
		"out, the first approval is void":   {second, with(out2, func(f *FileFacts) { f.Approvals[0].Void = true }), mid, Forbidden},
		"out, first again after a void one": {Person{ID: "U-003", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}, with(out2, func(f *FileFacts) { f.Approvals[0].Void = true }), mid, ""},
		"out, both given":                   {second, waitingFile(true, FileApproved, "U-001", "U-030"), mid, AlreadyDecided},
		"unknown person":                    {Person{}, in, mid, Forbidden},
		"unknown state":                     {head, waitingFile(false, "later"), mid, AlreadyDecided},
		"out, the appointer of the deputy": {both, with(out2, func(f *FileFacts) {
			f.Approvals[0] = Approval{Stage: 1, By: "U-002", OnBehalf: "U-009", SetBy: "U-001"}
		}), mid, SameFileApprover},
		"in, a deputy who is made by a party": {deputy, with(in, func(f *FileFacts) { stands(f); f.Deputations[0].SetBy = "U-020" }), mid, Forbidden},
	} {
		if d := MayApproveFile(row.p, row.f, row.at); d.Allow != (row.want == "") || d.Reason != row.want {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestMayFetchFile(t *testing.T) {
	e := Person{ID: "E-0031", Kind: Engineer}
	ready := waitingFile(true, FileApproved, "U-001", "U-030")
	void := waitingFile(true, FileApproved, "U-001", "U-030")
	void.Approvals[1].Void = true
	frozen := ready
	frozen.Frozen = true
	for name, row := range map[string]struct {
		p    Person
		f    FileFacts
		at   time.Time
		want Reason
	}{
		"approved":                {e, ready, mid, ""},
		"a moment before its end": {e, ready, ready.Until.Add(-1), ""},
		"at its end":              {e, ready, ready.Until, AlreadyDecided},
		"one approval":            {e, waitingFile(true, FileWaitSecond, "U-001"), mid, FileWaiting},
		"one void approval":       {e, void, mid, FileWaiting},
		"one person twice":        {e, waitingFile(true, FileApproved, "U-001", "U-001"), mid, FileWaiting},
		"fetched":                 {e, waitingFile(true, FileFetched, "U-001", "U-030"), mid, AlreadyDecided},
		"rejected":                {e, waitingFile(true, FileRejected, "U-001", "U-030"), mid, AlreadyDecided},
		"another engineer":        {Person{ID: "E-0032", Kind: Engineer}, ready, mid, Forbidden},
		"a file in":               {e, waitingFile(false, FileApproved, "U-001"), mid, Forbidden},
		"locked":                  {Person{ID: "E-0031", Kind: Engineer, Locked: &Lock{}}, ready, mid, EngineerLocked},
		"frozen":                  {e, frozen, mid, Frozen},
		"staff of the same id":    {Person{ID: "E-0031", Kind: Staff}, ready, mid, Forbidden},
	} {
		if d := MayFetchFile(row.p, row.f, row.at); d.Allow != (row.want == "") || d.Reason != row.want {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestMayOpenAndRejectFiles(t *testing.T) {
	f := waitingFile(true, FileWaitFirst)
	for id, row := range map[string]struct {
		p            Person
		open, reject bool
	}{
		"head":      {Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}, true, true},
		"second":    {Person{ID: "U-030", Kind: Staff, Roles: []Role{SecondApprover}}, true, true},
		"auditor":   {Person{ID: "U-040", Kind: Staff, Roles: []Role{Auditor}}, true, false},
		"attendant": {Person{ID: "U-010", Kind: Staff, Section: "personnel", Roles: []Role{Attendant}}, false, false},
		"engineer":  {Person{ID: "E-0031", Kind: Engineer}, false, true},
		"stranger":  {Person{ID: "E-0032", Kind: Engineer}, false, false},
		"no one":    {Person{}, false, false},
	} {
		if d := MayOpenFile(row.p, f, "incident", mid); d.Allow != row.open {
			t.Errorf("%s opens: %+v", id, d)
		}
		if d := MayOpenFile(row.p, f, "", mid); d.Allow {
			t.Errorf("%s opens without a purpose", id)
		}
		if d := MayRejectFile(row.p, f, mid); d.Allow != row.reject {
			t.Errorf("%s rejects: %+v", id, d)
		}
	}
	if d := MayRejectFile(Person{ID: "E-0031", Kind: Engineer}, waitingFile(true, FileFetched), mid); d.Allow {
		t.Error("a fetched file is rejected")
	}
}

func TestMayDisposeFile(t *testing.T) {
	const keep = 90 * 24 * time.Hour
	for name, c := range map[string]struct {
		state FileState
		ended time.Time
		keep  time.Duration
		held  bool
		want  bool
	}{
		"a moment before":      {FileReleased, mid.Add(-keep + time.Nanosecond), keep, false, false},
		"at the end":           {FileReleased, mid.Add(-keep), keep, false, true},
		"a moment after":       {FileReleased, mid.Add(-keep - time.Nanosecond), keep, false, true},
		"held as evidence":     {FileReleased, mid.Add(-2 * keep), keep, true, false},
		"kept for ever":        {FileReleased, mid.Add(-2 * keep), 0, false, false},
		"a broken rule":        {FileReleased, mid.Add(-2 * keep), -keep, false, false},
		"an end nobody knows":  {FileReleased, time.Time{}, keep, false, false},
		"rejected":             {FileRejected, mid.Add(-keep), keep, false, true},
		"waits for a decision": {FileHeld, mid.Add(-keep), keep, false, false},
		"approved":             {FileApproved, mid.Add(-keep), keep, false, false},
		"on its way":           {FileDelivering, mid.Add(-keep), keep, false, false},
	} {
		if got := MayDisposeFile(c.state, c.ended, c.keep, c.held, mid); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if own, others := (System{KeepFilesDays: 90}).KeepsFiles(time.Hour), (System{}).KeepsFiles(time.Hour); own != keep || others != time.Hour {
		t.Errorf("kept %s and %s", own, others)
	}
}

// A file on its way goes on only while it might begin, and can be stopped.
func TestAFileOnItsWay(t *testing.T) {
	f := waitingFile(false, FileDelivering, "U-001")
	if !MayDeliverFile(f, mid) || MayDeliverFile(f, f.Until) {
		t.Error("until its time is over it goes on")
	}
	if f.Frozen = true; MayDeliverFile(f, mid) {
		t.Error("frozen, it goes on")
	}
	head := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}
	if d := MayRejectFile(head, waitingFile(false, FileDelivering, "U-001"), mid); !d.Allow {
		t.Errorf("rejected on its way: %s", d.Reason)
	}
	if d := MayApproveFile(head, waitingFile(false, FileDelivering), mid); d.Reason != AlreadyDecided {
		t.Errorf("approved on its way: %s", d.Reason)
	}
}
