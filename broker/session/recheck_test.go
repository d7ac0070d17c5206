package session

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/store"
	"sekimori/policy"
)

// crowded puts n sessions under the supervisor's eyes that are known to the store but carry nothing.
func crowded(w *world, n, people int) []*session {
	w.t.Helper()
	var persons []policy.Person
	for range people {
		persons = append(persons, w.engineer(n))
	}
	var all []*session
	w.write("test.opened", func(tx *store.Tx) error {
		for i := range n {
			p := persons[i%people]
			id := fmt.Sprintf("S-20261124-%04d", i)
			l := &session{sup: w.sup, log: hclog.NewNullLogger(), login: "maint", moved: make(chan struct{}, 1)}
			l.a.ID, l.a.Person, l.a.Fingerprint, l.a.Source = id, p, keyOf(p), netip.MustParseAddrPort("192.0.2.7:50022")
			l.grant.ID, l.target.ID = "R8-0001-1-"+p.ID, "hr-db"
			l.lastInput.Store(w.clock.Now().UnixNano())
			l.ctx, l.cancel = context.WithCancelCause(context.Background())
			all = append(all, l)
			if err := tx.AddSession(store.Session{ID: id, State: store.SessionActive, Person: p.ID, Vendor: "V-001",
				Grant: l.grant.ID, Window: "R8-0001-1", Request: "R8-0001", System: "hr", Target: "hr-db", Account: "hr-db/maint",
				Source: l.a.Source, Fingerprint: keyOf(p), Factor: "code", Created: tx.Now, Until: tx.Now.Add(time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	})
	w.sup.mu.Lock()
	for _, l := range all {
		w.sup.live[l.a.ID] = l
	}
	w.sup.mu.Unlock()
	w.t.Cleanup(func() {
		w.sup.mu.Lock()
		clear(w.sup.live)
		w.sup.mu.Unlock()
	})
	return all
}

// TestFreezeReachesAThousandSessionsInASecond: one act, a thousand people at work on one system.
func TestFreezeReachesAThousandSessionsInASecond(t *testing.T) {
	w := newWorld(t, time.Hour)
	all := crowded(w, 1000, 100)
	began := time.Now()
	w.write("test.frozen", func(tx *store.Tx) error {
		return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeAll, By: "U-001", Since: tx.Now, Reason: "test"})
	})
	for _, l := range all {
		<-l.ctx.Done()
		var c *Cause
		if !errors.As(context.Cause(l.ctx), &c) || c.Reason != policy.CutByFreeze {
			t.Fatalf("ended with %v", context.Cause(l.ctx))
		}
	}
	if took := time.Since(began); took > cutWithin {
		t.Errorf("the last one was told after %s", took)
	}
}

// TestRevokedKeyCutsEverySession: a key is revoked while more of its sessions are open than any list holds.
// Sessions of another key go on.
func TestRevokedKeyCutsEverySession(t *testing.T) {
	w := newWorld(t, time.Hour)
	all := crowded(w, 2008, 2)
	p, other := all[0].a.Person, all[1].a.Person
	began := time.Now()
	w.write("key.revoked", func(tx *store.Tx) error {
		_, k, err := tx.PersonByKey(keyOf(p))
		if err != nil {
			return err
		}
		return tx.SetKeyState(k.ID, store.KeyRevoked)
	})
	for _, l := range all {
		if l.a.Person.ID == other.ID {
			continue
		}
		<-l.ctx.Done()
		if c := l.cause(); c.Reason != policy.CutByAuthority {
			t.Fatalf("%s ended with %+v", l.a.ID, c)
		}
	}
	if took := time.Since(began); took > cutWithin {
		t.Errorf("the last one was told after %s", took)
	}
	w.sup.EndPerson(other.ID, "SHA256:another", policy.CutByAuthority, attendant, "")
	for _, l := range all {
		if l.a.Person.ID == other.ID && l.ctx.Err() != nil {
			t.Fatalf("%s of another key was cut too", l.a.ID)
		}
	}
	w.sup.EndPerson(other.ID, "", policy.CutByAuthority, attendant, "all of them")
	for _, l := range all {
		if l.ctx.Err() == nil {
			t.Fatalf("EndPerson left %s", l.a.ID)
		}
	}
}

// TestFaultInJudgingEndsThatSessionOnly: the supervisor watches over everybody else too.
func TestFaultInJudgingEndsThatSessionOnly(t *testing.T) {
	w := newWorld(t, time.Hour)
	all := crowded(w, 3, 3)
	all[1].sup = nil // the fault
	w.sup.recheck(context.Background(), w.sup.sessions())
	for i, l := range all {
		if ended := l.ctx.Err() != nil; ended != (i == 1) {
			t.Errorf("session %d ended: %v (%v)", i, ended, context.Cause(l.ctx))
		}
	}
}

// A commit about one person's papers, window or key wakes that person's sessions, and a commit about none of them wakes no session.
func TestACommitIsJudgedWhereItConcerns(t *testing.T) {
	w := newWorld(t, time.Hour)
	all := crowded(w, 30, 3)
	w.sup.recheck(context.Background(), w.sup.sessions()) // everybody's facts are known
	changes := w.db.Changed()
	defer changes.Stop()
	concerned := func(kind string, fn func(tx *store.Tx) error) (people map[string]bool) {
		w.write(kind, fn)
		change, seen := changes.Take(), map[*policy.Facts]bool{}
		people = map[string]bool{}
		for _, l := range all {
			if l.concerned(change, seen) {
				people[l.a.Person.ID] = true
			}
		}
		return people
	}
	p := all[0].a.Person
	if got := concerned("test.review", func(tx *store.Tx) error {
		return tx.AddReview(store.Review{ID: all[0].a.ID, Session: all[0].a.ID, Auditor: "U-001", Due: tx.Now})
	}); len(got) != 0 {
		t.Errorf("a review concerns %v", got)
	}
	if got := concerned("test.paper", func(tx *store.Tx) error {
		return tx.AddPledge(store.Pledge{Person: p.ID, FiledBy: "U-001", Pledge: policy.Pledge{Signed: w.start, Until: w.start.AddDate(2, 0, 0)}})
	}); len(got) != 1 || !got[p.ID] {
		t.Errorf("a pledge of %s concerns %v", p.ID, got)
	}
	if got := concerned("test.window", func(tx *store.Tx) error {
		v, err := tx.Window("R8-0001-1")
		v.Reason = "x"
		return errors.Join(err, tx.UpdateWindow(v))
	}); len(got) != 3 {
		t.Errorf("the window of all concerns %v", got)
	}
	if got := concerned("test.institution", func(tx *store.Tx) error { return tx.PutInstitution(policy.Institution{Declared: true}) }); len(got) != 3 {
		t.Errorf("the institution's rules concern %v", got)
	}
	if begun := (&session{}); !begun.concerned(store.Change{}, map[*policy.Facts]bool{}) {
		t.Error("a commit does not concern a session that was not judged yet")
	}
}

// The end of each of many sessions is a commit about the person of all of them. Those that have ended already cost nothing then.
func TestSessionsThatHaveEndedAreNotJudged(t *testing.T) {
	w := newWorld(t, time.Hour)
	all := crowded(w, 30, 1)
	w.sup.recheck(context.Background(), w.sup.sessions())
	changes := w.db.Changed()
	defer changes.Stop()
	judged := func() bool {
		t.Helper()
		w.write("test.password", func(tx *store.Tx) error { return tx.PutPassword(all[0].a.Person.ID, "x") })
		before, known := w.db.Begun(), all[0].facts
		w.sup.recheckAfter(context.Background(), changes.Take())
		return w.db.Begun() != before || all[0].facts != known
	}
	if !judged() {
		t.Error("the person's commit does not concern live sessions")
	}
	for _, l := range all {
		l.end(Cause{Reason: policy.CutByAuthority, Actor: attendant})
	}
	if judged() {
		t.Error("sessions that have ended are judged again")
	}
}

// BenchmarkRecheckAfterCommit is what the supervisor does after a commit that has to do with none of a thousand sessions, and after
// one about a single person; before is a look at all of them.
func BenchmarkRecheckAfterCommit(b *testing.B) {
	w := newWorld(b, time.Hour)
	all := crowded(w, 1000, 1000)
	w.sup.recheck(context.Background(), w.sup.sessions())
	changes := w.db.Changed()
	defer changes.Stop()
	for _, c := range []struct {
		about string
		write func(tx *store.Tx) error
	}{
		{"none of them", func(tx *store.Tx) error {
			return tx.AddReview(store.Review{ID: all[0].a.ID, Session: all[0].a.ID, Auditor: "U-001", Due: tx.Now})
		}},
		{"one person", func(tx *store.Tx) error { return tx.PutPassword(all[0].a.Person.ID, "x") }},
		{"everybody", func(tx *store.Tx) error { return tx.PutInstitution(policy.Institution{}) }},
		{"everybody, whose sessions have ended", func(tx *store.Tx) error { return tx.PutInstitution(policy.Institution{}) }},
	} {
		w.write("test.act", c.write)
		change := changes.Take()
		if strings.HasSuffix(c.about, "ended") {
			for _, l := range all {
				l.end(Cause{Reason: policy.CutByAuthority, Actor: attendant})
			}
		}
		b.Run("about "+c.about, func(b *testing.B) {
			for b.Loop() {
				w.sup.recheckAfter(context.Background(), change)
			}
		})
	}
}

func BenchmarkRecheck(b *testing.B) {
	for _, people := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("1000 sessions of %d people", people), func(b *testing.B) {
			w := newWorld(b, time.Hour)
			crowded(w, 1000, people)
			for b.Loop() {
				w.sup.recheck(context.Background(), w.sup.sessions())
			}
		})
	}
}
