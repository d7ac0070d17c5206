package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"sekimori/policy"
)

// acts are random commits that may change every source of facts, and more.
type acts struct {
	*office
	rand *rand.Rand

	people, vendors, systems, windows, requests, grants, freezes, papers, sessions []string
	keys                                                                           []int64
	serial                                                                         int
}

// anyOf draws one element; of an empty list an unknown id.
func anyOf[T any](a *acts, list []T) (v T) {
	if len(list) > 0 {
		v = list[a.rand.IntN(len(list))]
	}
	return v
}

func (a *acts) id(prefix string) string { a.serial++; return fmt.Sprintf("%s%04d", prefix, a.serial) }

// founded stores three vendors with four engineers in all, and two systems.
func founded(t *testing.T, seed uint64) *acts {
	a := &acts{office: open(t), rand: rand.New(rand.NewPCG(seed, 0)), vendors: []string{"V-012", "V-013", "V-014"}, systems: []string{"hr", "tax"}}
	a.declare()
	a.write(func(tx *Tx) error {
		err := all(
			tx.PutVendor(a.vendor("V-013", "")), tx.PutVendor(a.vendor("V-014", "V-013")),
			tx.PutPerson(engineer("E-0041", "abe", "V-013")), tx.PutPerson(engineer("E-0051", "ida", "V-014")),
			tx.PutSystem(System{System: policy.System{ID: "tax", Name: "税", Section: "jinji"}}),
			tx.PutTarget(Target{Target: policy.Target{ID: "tax-db", System: "tax", Host: "192.0.2.11", Port: 22, HostKey: "ssh-ed25519 AAAA"}}),
			tx.PutAccount(Account{Account: policy.Account{ID: "tax-db/maint", Target: "tax-db", Login: "m"}, Credential: CredentialCertificate}),
		)
		for _, p := range []string{"E-0031", "E-0032", "E-0041", "E-0051"} {
			a.people = append(a.people, p)
			err = errors.Join(err, a.key(tx, p), tx.AddPledge(Pledge{Person: p, FiledBy: "U-001", Pledge: policy.Pledge{Signed: noon.AddDate(0, -1, 0), Until: noon.AddDate(0, 1, 0)}}))
		}
		for range 6 {
			err = errors.Join(err, a.request(tx))
		}
		return err
	})
	return a
}

func (a *acts) vendor(id, prime string) Vendor {
	return Vendor{Vendor: policy.Vendor{ID: id, Login: "login-" + id, Name: id, ContractFrom: noon.AddDate(-1, 0, 0), ContractUntil: noon.AddDate(0, a.rand.IntN(9), 1), Qualified: true, Prime: prime}}
}

func (a *acts) key(tx *Tx, person string) error {
	print := a.id("SHA256:")
	no, err := tx.AddKey(Key{Person: person, Fingerprint: print, Public: print})
	a.keys = append(a.keys, no)
	return err
}

// request stores a request in some state, with a window and a grant where it may be approved.
func (a *acts) request(tx *Tx) error {
	no, err := tx.NextRequestNo()
	if err != nil {
		return err
	}
	p, err := tx.Person(anyOf(a, a.people))
	if err != nil {
		return err
	}
	system := anyOf(a, a.systems)
	r := aRequest(no, noon.Add(time.Duration(a.rand.IntN(3)-1)*time.Hour))
	r.System, r.Vendor, r.Body.Engineers, r.Body.Accounts = system, p.Vendor, []string{p.ID}, []string{system + "-db/maint"}
	if a.rand.IntN(2) == 0 {
		r.Body.Emergency = &Emergency{Reason: "x"}
	}
	if a.rand.IntN(3) == 0 {
		r.State, r.ApprovedVersion = anyOf(a, []policy.RequestState{policy.PendingFirst, policy.RequestProposed, policy.RequestRejected}), 0
		a.requests = append(a.requests, no)
		return tx.AddRequest(r)
	}
	if r.Body.Emergency != nil {
		r.State = policy.EmergencyOpen
	}
	w := Window{Window: policy.Window{ID: no + "-1", Request: no, System: system, Start: r.Start, End: r.End, State: policy.WindowScheduled, Emergency: r.Body.Emergency != nil}}
	g := policy.Grant{ID: no + "-1-1", Person: p.ID, Vendor: p.Vendor, Target: system + "-db", Account: system + "-db/maint", Window: w.Window, Request: no, Files: policy.FilesNone, State: policy.GrantActive}
	a.requests, a.windows, a.grants = append(a.requests, no), append(a.windows, w.ID), append(a.grants, g.ID)
	return all(tx.AddRequest(r), tx.AddWindow(w), tx.AddGrant(g))
}

// list gives the acts. An act that is impossible now fails, and nothing is written.
func (a *acts) list() map[string]func(*Tx) error {
	person := func() string { return anyOf(a, a.people) }
	return map[string]func(*Tx) error{
		"request": a.request,
		"request moves": func(tx *Tx) error {
			r, err := tx.Request(anyOf(a, a.requests))
			r.State = anyOf(a, []policy.RequestState{policy.RequestApproved, policy.RequestRevoked, policy.EmergencyOpen, policy.FollowUpDue, policy.RequestClosed, policy.PendingFirst})
			r.Version += a.rand.IntN(2)
			return errors.Join(err, tx.UpdateRequest(r))
		},
		"decision": func(tx *Tx) error {
			return tx.AddDecision(Decision{Request: anyOf(a, a.requests), Version: 1, By: "U-001", Verdict: anyOf(a, []Verdict{VerdictApprove, VerdictAfter, VerdictReject}), Reason: a.id("")})
		},
		"window moves": func(tx *Tx) error {
			w, err := tx.Window(anyOf(a, a.windows))
			w.State = anyOf(a, []policy.WindowState{policy.WindowAttended, policy.WindowPermitted, policy.WindowClosed, policy.WindowCut})
			w.Attendant, w.End = "U-002", w.End.Add(time.Duration(a.rand.IntN(3)-1)*time.Minute)
			return errors.Join(err, tx.UpdateWindow(w))
		},
		"grant": func(tx *Tx) error {
			return tx.SetGrantState(anyOf(a, a.grants), policy.GrantRevoked, "U-001", "x")
		},
		"key": func(tx *Tx) error { return a.key(tx, person()) },
		"key state": func(tx *Tx) error {
			return tx.SetKeyState(anyOf(a, a.keys), anyOf(a, []KeyState{KeyActive, KeySuspended}))
		},
		"pledge": func(tx *Tx) error {
			return tx.AddPledge(Pledge{Person: person(), FiledBy: "U-001", Pledge: policy.Pledge{Signed: noon.AddDate(0, -1, 0), Until: noon.AddDate(0, 1, a.rand.IntN(90))}})
		},
		"person": func(tx *Tx) error {
			p, err := tx.Person(person())
			if a.rand.IntN(4) == 0 {
				p.Vendor = anyOf(a, a.vendors)
			}
			p.Name = a.id("保守要員")
			return errors.Join(err, tx.PutPerson(p))
		},
		"vendor": func(tx *Tx) error {
			id, prime := anyOf(a, a.vendors), ""
			if id == "V-014" {
				prime = anyOf(a, []string{"V-012", "V-013", ""})
			}
			return tx.PutVendor(a.vendor(id, prime))
		},
		"system": func(tx *Tx) error {
			v, err := tx.System(anyOf(a, a.systems))
			v.Exclusive = !v.Exclusive
			return errors.Join(err, tx.PutSystem(v))
		},
		"target": func(tx *Tx) error {
			v, err := tx.Target(anyOf(a, a.systems) + "-db")
			v.Host = anyOf(a, []string{"192.0.2.20", "192.0.2.21"})
			return errors.Join(err, tx.PutTarget(v))
		},
		"account": func(tx *Tx) error {
			v, err := tx.Account(anyOf(a, a.systems) + "-db/maint")
			v.Note = a.id("")
			return errors.Join(err, tx.PutAccount(v))
		},
		"paper": func(tx *Tx) error {
			p := Paper{ID: a.id("P-"), Kind: anyOf(a, []PaperKind{PaperCertification, PaperSpecialClauses, PaperSubcontract, PaperPledge}), Vendor: anyOf(a, a.vendors),
				Name: "isms", State: PaperAccepted, FiledBy: "U-001", AcceptedBy: "U-001", From: noon.AddDate(0, -1, 0), Until: noon.AddDate(0, 1, a.rand.IntN(90)), File: a.id("")}
			if p.Kind == PaperPledge {
				p.Person = person()
			}
			a.papers = append(a.papers, p.ID)
			return tx.AddPaper(p)
		},
		"paper withdrawn": func(tx *Tx) error { return tx.WithdrawPaper(anyOf(a, a.papers), "U-001", "x") },
		"session": func(tx *Tx) error {
			w, err := tx.Window(anyOf(a, a.windows))
			s := Session{ID: a.id("S-"), State: SessionActive, Person: person(), Vendor: "V-012", Grant: w.ID + "-1", Window: w.ID, Request: w.Request, System: w.System,
				Target: "hr-db", Account: "hr-db/maint", Source: netip.MustParseAddrPort("192.0.2.7:50022"), Fingerprint: "x", Factor: "code", Created: tx.Now, Started: tx.Now, Until: tx.Now.Add(time.Hour)}
			a.sessions = append(a.sessions, s.ID)
			return errors.Join(err, tx.AddSession(s))
		},
		"session ends": func(tx *Tx) error {
			s, err := tx.Session(anyOf(a, a.sessions))
			s.State, s.Ended = SessionEnded, tx.Now
			return errors.Join(err, tx.UpdateSession(s))
		},
		"report": func(tx *Tx) error {
			s, err := tx.Session(anyOf(a, a.sessions))
			if err != nil {
				return err
			}
			r, err := tx.Request(s.Request)
			no, failed := tx.NextReportNo()
			return errors.Join(err, failed, tx.AddWorkReport(WorkReport{ID: no, Sessions: []string{s.ID}, Window: s.Window, Request: s.Request, System: s.System, Vendor: r.Vendor,
				SubmittedBy: s.Person, SubmittedAt: tx.Now, Due: tx.Now, State: ReportSubmitted, SHA256: "x", Body: "{}"}))
		},
		"review": func(tx *Tx) error {
			return tx.AddReview(Review{ID: a.id("V-"), Auditor: "U-001", Due: tx.Now})
		},
		"password": func(tx *Tx) error { return tx.PutPassword(person(), "x") },
		"tick": func(tx *Tx) error {
			return tx.AddTick(Tick{Window: anyOf(a, a.windows), Version: 1, Step: a.id(""), Method: "seen", By: "U-002", At: tx.Now})
		},
		"overdue": func(tx *Tx) error { return tx.RaiseOverdue("report", a.id("S-")) },
		"deputation": func(tx *Tx) error {
			_, err := tx.AddDeputation(Deputation{Deputation: policy.Deputation{For: "U-001", Deputy: "U-002", From: noon, Until: noon.Add(time.Hour), SetBy: "U-001"}})
			return err
		},
		"institution": func(tx *Tx) error {
			return tx.PutInstitution(policy.Institution{Declared: true, PledgeCopy: a.rand.IntN(2) == 0, Certifications: []string{"isms"}})
		},
		"person locked": func(tx *Tx) error {
			return tx.LockPerson(anyOf(a, append([]string{"U-002"}, a.people...)), "U-001", "x")
		},
		"person freed":  func(tx *Tx) error { return tx.UnlockPerson(anyOf(a, append([]string{"U-002"}, a.people...)), "U-001") },
		"vendor locked": func(tx *Tx) error { return tx.LockVendor(anyOf(a, a.vendors), "U-001", "x") },
		"vendor freed":  func(tx *Tx) error { return tx.UnlockVendor(anyOf(a, a.vendors), "U-001") },
		"freeze": func(tx *Tx) error {
			id := a.id("I-")
			a.freezes = append(a.freezes, id)
			return tx.AddFreeze(policy.Freeze{ID: id, Scope: policy.FreezeSystem, Subject: anyOf(a, a.systems), By: "U-001", Since: tx.Now, Reason: "x"})
		},
		"freeze ends": func(tx *Tx) error { return tx.EndFreeze(anyOf(a, a.freezes)) },
	}
}

// told gives the facts of all people: by person, the results of Facts and of Standing.
func (a *acts) told() (facts, standing map[string]policy.Facts) {
	facts, standing = map[string]policy.Facts{}, map[string]policy.Facts{}
	a.read(func(s *Snap) (err error) {
		for _, p := range a.people {
			if facts[p], err = s.Facts(p); err == nil {
				standing[p], err = s.Standing(p)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return facts, standing
}

// owing keeps those follow-ups that a decision may ask for, and none of a live session (policy.Recheck asks for none).
func owing(f policy.Facts, systems map[string]policy.System) policy.Facts {
	var kept []policy.FollowUp
	for _, u := range f.FollowUps {
		if _, ok := systems[u.System]; ok {
			kept = append(kept, u)
		}
	}
	f.FollowUps = kept
	return f
}

// A watcher that looks only after commits that concern it always knows the same as one that looks after every commit.
func TestNoCommitThatConcernsAWatcherPassesItBy(t *testing.T) {
	happened, spared, looked := map[string]int{}, 0, 0
	for seed := range uint64(3) {
		a := founded(t, seed)
		changes := a.Changed()
		facts, standing := a.told() // each as the watcher last saw it
		for range 250 {
			list := a.list()
			name := anyOf(a, slices.Sorted(maps.Keys(list)))
			err := a.Write(t.Context(), func(tx *Tx) error {
				err := list[name](tx)
				if err == nil {
					_, err = tx.Append(act("test.act"))
				}
				return err
			})
			if err != nil { // the act is impossible now
				continue
			}
			happened[name]++
			change := changes.Take()
			nowFacts, nowStanding := a.told()
			for _, p := range a.people {
				before := standing[p]
				if change.Standing(&before) {
					looked++
					standing[p] = nowStanding[p]
				} else if spared++; !reflect.DeepEqual(owing(before, nil), owing(nowStanding[p], nil)) {
					t.Fatalf("seed %d, %s: what a session of %s is judged by changed, and nobody looked\nbefore %+v\nafter  %+v", seed, name, p, before, nowStanding[p])
				}
				before = facts[p]
				if change.Facts(&before) {
					facts[p] = nowFacts[p]
				} else if !reflect.DeepEqual(owing(before, before.Systems), owing(nowFacts[p], before.Systems)) {
					t.Fatalf("seed %d, %s: the facts of %s changed, and nobody looked\nbefore %+v\nafter  %+v", seed, name, p, before, nowFacts[p])
				}
			}
		}
		changes.Stop()
	}
	for name := range (&acts{}).list() {
		if happened[name] == 0 {
			t.Errorf("no %s was committed: the test shows nothing about it", name)
		}
	}
	if spared < looked {
		t.Errorf("%d looks, %d spared", looked, spared)
	}
	t.Logf("%d looks, %d spared", looked, spared)
}
