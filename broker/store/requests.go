package store

import (
	"errors"
	"slices"
	"time"

	"sekimori/policy"
)

const requestColumns = `SELECT r.no, r.state, r.version, r.approved_version, r.system, r.vendor, r.requester, r.proposer,
	r.starts, r.ends, r.created, r.changed, r.body FROM requests r`

func scanRequest(s scanner) (Request, error) {
	var r Request
	err := s.Scan(&r.No, &r.State, &r.Version, &r.ApprovedVersion, &r.System, &r.Vendor, optional{&r.Requester}, optional{&r.Proposer},
		at(&r.Start), at(&r.End), at(&r.Created), at(&r.Changed), body{&r.Body})
	return r, err
}

// Request reads one request. Errors: ErrNotFound.
func (s *Snap) Request(no string) (Request, error) {
	return get(s, scanRequest, requestColumns+` WHERE r.no = ?`, no)
}

// Requests lists requests, newest first where the filter does not say otherwise.
func (s *Snap) Requests(f RequestFilter) ([]Request, error) {
	w := f.where()
	order := ` ORDER BY r.seq DESC LIMIT ?`
	if f.Soonest {
		order = ` ORDER BY r.starts, r.seq LIMIT ?`
	}
	return list(s, scanRequest, requestColumns+w.String()+order, append(w.args, limit(f.Limit))...)
}

// RequestPage reads a page. Requests that still need work come first; within both parts the newest come
// first.
func (s *Snap) RequestPage(f RequestFilter, p Page) (Paged[Request], error) {
	newest := order{keys: []string{"r.seq"}, desc: true}
	return listing[Request]{table: "requests r", query: requestColumns, scan: scanRequest, where: f.where(),
		first:  "r.state NOT IN ('rejected', 'withdrawn', 'lapsed', 'revoked', 'closed') OR r.changed > ?", // settled for good
		orders: [2]order{newest, newest}, column: "r.no", name: func(v Request) string { return v.No }}.page(s, p)
}

func (f RequestFilter) where() where {
	var w where
	in(&w, "r.state", f.States)
	w.text("r.system = ?", f.System)
	w.section("r.system", f.Section)
	w.sight(f.Sight, "r.system", "r.vendor = ?")
	w.text("r.vendor = ?", f.Vendor)
	w.text("r.requester = ?", f.Requester)
	w.text("EXISTS (SELECT 1 FROM json_each(r.body, '$.engineers') e WHERE e.value = ?)", f.Engineer)
	w.text(`r.no IN (SELECT d.request FROM decisions d WHERE d.on_behalf = ? AND NOT EXISTS (SELECT 1 FROM decisions s
		WHERE s.request = d.request AND s.by = d.on_behalf AND s.verdict IN ('seen', 'object') AND s.id > d.id))`, f.SeenDue)
	w.text("json_extract(r.body, '$.series') = ?", f.Series)
	if !f.EndAfter.IsZero() {
		w.and("r.ends > ?", ms(f.EndAfter))
	}
	w.text("r.seq < (SELECT seq FROM requests WHERE no = ?)", f.Before)
	return w
}

// Proposals counts a person's proposals: those that the section has neither taken over nor refused, and those made after
// since.
func (s *Snap) Proposals(proposer string, since time.Time) (waiting, lately int, err error) {
	count := func(cond string, args ...any) (int, error) {
		return get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM requests WHERE `+cond, args...)
	}
	if waiting, err = count(`state = 'proposed' AND proposer = ?`, proposer); err != nil {
		return 0, 0, err
	}
	lately, err = count(`created > ? AND proposer = ?`, ms(since), proposer)
	return waiting, lately, err
}

// AddRequest stores a new request. Created and Changed are the transaction's time.
func (t *Tx) AddRequest(r Request) error {
	b, err := encode(r.Body)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO requests (no, seq, state, version, approved_version, system, vendor, requester, proposer,
		starts, ends, created, changed, body) VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM requests), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.No, string(r.State), r.Version, r.ApprovedVersion, r.System, r.Vendor, orNull(r.Requester), orNull(r.Proposer),
		ms(r.Start), ms(r.End), ms(t.Now), ms(t.Now), b)
	return exists(err)
}

// UpdateRequest replaces all of a request except its number and Created. Errors: ErrNotFound.
func (t *Tx) UpdateRequest(r Request) error {
	b, err := encode(r.Body)
	if err != nil {
		return err
	}
	return t.one(`UPDATE requests SET state = ?, version = ?, approved_version = ?, system = ?, vendor = ?, requester = ?, proposer = ?,
		starts = ?, ends = ?, changed = ?, body = ? WHERE no = ?`,
		string(r.State), r.Version, r.ApprovedVersion, r.System, r.Vendor, orNull(r.Requester), orNull(r.Proposer),
		ms(r.Start), ms(r.End), ms(t.Now), b, r.No)
}

// Decisions lists the decisions on a request, of every version, in order.
func (s *Snap) Decisions(request string) ([]Decision, error) {
	return list(s, func(r scanner) (Decision, error) {
		var d Decision
		err := r.Scan(&d.Request, &d.Version, &d.Stage, &d.By, &d.Verdict, &d.Reason, at(&d.At), &d.OnBehalf, body{&d.Conditions}, body{&d.Because})
		return d, err
	}, `SELECT request, version, stage, by, verdict, reason, at, on_behalf, conditions, because FROM decisions WHERE request = ? ORDER BY id`, request)
}

// AddDecision records one act on a request, at the transaction's time.
func (t *Tx) AddDecision(d Decision) error {
	conditions, err := encode(d.Conditions)
	if err != nil {
		return err
	}
	because := d.Because
	if because == nil {
		because = map[string]string{}
	}
	reasons, err := encode(because)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO decisions (request, version, stage, by, verdict, reason, at, on_behalf, conditions, because) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.Request, d.Version, d.Stage, d.By, string(d.Verdict), d.Reason, ms(t.Now), d.OnBehalf, conditions, reasons)
	return err
}

// PolicyRequest gives the facts that policy.CanApprove needs of a request. Errors: ErrNotFound.
func (s *Snap) PolicyRequest(no string) (policy.Request, error) {
	r, err := s.Request(no)
	if err != nil {
		return policy.Request{}, err
	}
	return s.PolicyRequestOf(r)
}

// PolicyRequestOf is PolicyRequest for a request as the caller holds it, such as one narrowed by conditions. OutsideHours stays
// unset: it needs the calendar, which requests.Application adds.
func (s *Snap) PolicyRequestOf(r Request) (policy.Request, error) {
	sys, err := s.System(r.System)
	if err != nil {
		return policy.Request{}, err
	}
	p := ownFacts(r, sys)
	for _, id := range r.Body.Accounts {
		a, err := s.Account(id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return policy.Request{}, err
		}
		p.Root = p.Root || a.Root
	}
	decisions, err := s.Decisions(r.No)
	if err != nil {
		return policy.Request{}, err
	}
	for _, d := range decisions {
		if d.OnBehalf != "" {
			p.SpokenFor, p.Unseen = addOnce(p.SpokenFor, d.OnBehalf), addOnce(p.Unseen, d.OnBehalf)
		}
		if d.Verdict == VerdictSeen || d.Verdict == VerdictObject {
			p.Unseen = slices.DeleteFunc(p.Unseen, func(id string) bool { return id == d.By })
		}
		if (d.Verdict == VerdictApprove || d.Verdict == VerdictOpen) && d.Version == r.Version {
			made := policy.Approval{Stage: d.Stage, By: d.By, OnBehalf: d.OnBehalf, Version: d.Version, At: d.At}
			if made.SetBy, err = s.appointer(d); err != nil {
				return policy.Request{}, err
			}
			if made.Void, err = s.approvalVoid(made, sys.Section); err != nil {
				return policy.Request{}, err
			}
			p.Approvals = append(p.Approvals, made)
		}
	}
	if p.Deputations, err = s.deputationsFor(sys.Section); err != nil {
		return policy.Request{}, err
	}
	if p.Attended, err = s.attended(r.No); err != nil {
		return policy.Request{}, err
	}
	p.Frozen, err = s.covered(r.Vendor, r.System, r.Body.Drill)
	return p, err
}

// ownFacts are the facts that the request's own row and its system tell.
func ownFacts(r Request, sys System) policy.Request {
	p := policy.Request{
		No: r.No, System: sys.System, State: r.State, Version: r.Version, Requester: r.Requester, Proposer: r.Proposer,
		Vendor: r.Vendor, Engineers: r.Body.Engineers, Attendant: r.Body.Attendant, Start: r.Start, End: r.End,
		RootReason: r.Body.RootReason, Files: r.Body.Files, FileTerms: FileTerms(r.Body, sys.System), Commands: r.Body.Commands, Forced: r.Body.ForcedCommand, PersonalData: r.Body.PersonalData || sys.PersonalData,
		IndividualNumber: r.Body.IndividualNumber, Urgent: r.Body.Urgent != "", Recurring: len(r.Body.Occurrences) > 1,
		Drill: r.Body.Drill, Emergency: r.Body.Emergency != nil, Created: r.Created,
	}
	if e := r.Body.Emergency; e != nil {
		p.Openers = addOnce(addOnce(nil, e.First), e.Second)
	}
	return p
}

// approvalVoid tells whether an approval no longer counts, given the present state of the people who made it.
func (s *Snap) approvalVoid(made policy.Approval, section string) (bool, error) {
	giver, err := s.Person(made.By)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return true, err
	}
	var stoodFor Person
	if made.OnBehalf != "" {
		if stoodFor, err = s.Person(made.OnBehalf); err != nil && !errors.Is(err, ErrNotFound) {
			return true, err
		}
	}
	return !made.Stands(giver.Person, stoodFor.Person, section), nil
}

// SystemOfNewestRequest is the system that the vendor's newest request is for. Errors: ErrNotFound.
func (s *Snap) SystemOfNewestRequest(vendor string) (string, error) {
	return get(s, func(r scanner) (system string, err error) { return system, r.Scan(&system) }, `SELECT system FROM requests WHERE vendor = ? ORDER BY seq DESC LIMIT 1`, vendor)
}

// FileTerms are the terms for files that a request would grant on its system.
func FileTerms(b RequestBody, sys policy.System) policy.FileTerms {
	return policy.FilesOf(&policy.Grant{Files: b.Files, FileDirection: b.FileDirection, FilePathsIn: b.FilePathsIn, FilePathsOut: b.FilePathsOut,
		FileLimitMiB: b.FileLimitMiB}, &sys)
}
