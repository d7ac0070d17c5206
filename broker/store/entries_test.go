package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sekimori/broker/ledger"
	"sekimori/broker/testrun"
)

// TestEntriesOfAnyFilter compares the walks along the indexes with a reading of the whole ledger.
func TestEntriesOfAnyFilter(t *testing.T) {
	o := open(t)
	kinds, subjects := []string{"session.opening", "session.ended", "sessions", "window.opened", "z"}, []string{"hr", "S-1", "S-2", "nobody"}
	o.write(func(tx *Tx) error {
		for i := range 1700 { // more than several queries take
			_, err := tx.Append(ledger.Draft{Kind: kinds[i*i%7%5], Actor: ledger.Actor{Kind: "broker"}, Subjects: []string{subjects[i%2], subjects[i%3]}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	o.read(func(s *Snap) error {
		var all []ledger.Entry
		for e, err := range s.Entries(EntryFilter{}) {
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		rapid.Check(t, func(t *rapid.T) {
			f := EntryFilter{
				From: rapid.Int64Range(0, 1800).Draw(t, "from"), To: rapid.Int64Range(-1, 1800).Draw(t, "to"),
				Kind:    rapid.SampledFrom(append(kinds, "", "*", "session*", "session.*", "zz", "zz*", "%*", "test.*")).Draw(t, "kind"),
				Subject: rapid.SampledFrom(append(subjects, "", "%")).Draw(t, "subject"),
				Newest:  rapid.Bool().Draw(t, "newest"), Limit: rapid.SampledFrom([]int{0, 1, 7, 600}).Draw(t, "limit"),
			}
			var want, got []int64
			for _, e := range all {
				prefix, any := strings.CutSuffix(f.Kind, "*")
				if e.Index < f.From || f.To > 0 && e.Index >= f.To || f.Subject != "" && !slices.Contains(e.Subjects, f.Subject) ||
					f.Kind != "" && e.Kind != f.Kind && !(any && strings.HasPrefix(e.Kind, prefix)) {
					continue
				}
				want = append(want, e.Index)
			}
			if f.Newest {
				slices.Reverse(want)
			}
			if f.Limit > 0 && len(want) > f.Limit {
				want = want[:f.Limit]
			}
			for e, err := range s.Entries(f) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Index)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v: %d entries, want %d", f, len(got), len(want))
			}
		})
		return nil
	})
}

// TestLedgerQueriesScanNothing: no filter of the ledger, or of requests by series, scans a table that grows.
func TestLedgerQueriesScanNothing(t *testing.T) {
	o := open(t)
	o.declare()
	for range readers - 1 { // so that one connection runs all queries
		spare, err := o.r.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer spare.Close()
	}
	asked := queriesOf(t, o, func(s *Snap) error {
		for _, f := range []EntryFilter{{Kind: "zz"}, {Kind: "z*"}, {Subject: "hr"}, {Subject: "hr", Kind: "zz"}, {Subject: "hr", Kind: "z*"}} {
			for _, newest := range []bool{false, true} {
				f.Newest, f.Limit, f.From = newest, 100, 3
				for _, err := range s.Entries(f) {
					if err != nil {
						return err
					}
				}
			}
		}
		for _, f := range []RequestFilter{{Series: "R8-0001"}, {System: "zz"}} {
			if _, err := s.Requests(f); err != nil {
				return err
			}
		}
		return nil
	})
	if len(asked) < 8 {
		t.Fatalf("only %d queries were seen", len(asked))
	}
	for query, plan := range asked {
		steps := strings.Join(plan, "\n")
		if !strings.Contains(query, "LIMIT") {
			continue // one row, by its number
		}
		if strings.Contains(query, "FROM ledger_entries INDEXED BY") && !strings.Contains(steps, "USING COVERING INDEX ledger_entries_by_kind (kind") ||
			strings.Contains(query, "'$.series'") && !strings.Contains(steps, "USING INDEX requests_by_series") ||
			strings.Contains(query, "r.system = ?") && !strings.Contains(steps, "USING INDEX requests_by_system") ||
			strings.Contains(query, "FROM ledger_subjects") && !strings.Contains(steps, "ledger_subjects USING PRIMARY KEY (subject=?") {
			t.Errorf("%s\n%s", query, steps)
		}
	}
}

// aged stores an unsigned ledger of n entries, for measuring: half of them are about hr.
func aged(t testing.TB, n int) *office {
	t.Helper()
	o := open(t)
	e, err := ledger.Seal(act("session.ended", "hr"), 0, noon, noon, [ledger.SaltSize]byte{})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d - 1)
			INSERT INTO ledger_entries (idx, at, kind, header, salt, payload) SELECT i, 0, 'session.' || (i %% 60), ?, ?, ? FROM n`, n),
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 2 FROM n WHERE i < %d - 2)
			INSERT INTO ledger_subjects (subject, idx) SELECT 'hr', i FROM n`, n),
	} {
		args := []any{e.Header, e.Salt, e.Payload}[:strings.Count(query, "?")]
		if _, err := o.w.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { // the check at the end of each test is for real ledgers
		if _, err := o.w.Exec(`DELETE FROM ledger_subjects; DELETE FROM ledger_entries`); err != nil {
			t.Error(err)
		}
	})
	return o
}

// TestAttackLedgerQueriesThatFitNothing: a query for a kind that does not exist took seconds over 120,000 entries, and a freeze beside it
// 2.6 s. The cost must not grow with the ledger.
func TestAttackLedgerQueriesThatFitNothing(t *testing.T) {
	least := func(o *office, f EntryFilter) time.Duration {
		best := time.Hour
		for range 5 {
			began := testrun.CPU() // a busy machine lets the test wait
			o.read(func(s *Snap) error {
				for _, err := range s.Entries(f) {
					if err != nil {
						return err
					}
				}
				return nil
			})
			best = min(best, testrun.CPU()-began)
		}
		return best
	}
	small, large := aged(t, 3_000), aged(t, 120_000)
	for name, f := range map[string]EntryFilter{
		"no such kind": {Kind: "zz", Newest: true, Limit: 100}, "no such ending": {Kind: "zz*", Newest: true, Limit: 100},
		"no such subject": {Subject: "zz", Newest: true, Limit: 100}, "all of a kind": {Kind: "session.7", Newest: true, Limit: 10},
		"all endings": {Kind: "session.*", Newest: true, Limit: 10}, "no such kind of no subject": {Subject: "zz", Kind: "zz", Newest: true, Limit: 100},
	} {
		a, b := least(small, f), least(large, f)
		t.Logf("%-28s %9s in 3,000  %9s in 120,000", name, a.Round(time.Microsecond), b.Round(time.Microsecond))
		if b > 5*a+5*time.Millisecond {
			t.Errorf("%s: %s in 3,000 entries, %s in 120,000", name, a, b)
		}
	}
	// A subject of half the ledger, with a kind that it lacks: the cost grows with the subject, in queries of milliseconds.
	f := EntryFilter{Subject: "hr", Kind: "zz", Newest: true, Limit: 100}
	a, b := least(small, f), least(large, f)
	t.Logf("%-28s %9s in 3,000  %9s in 120,000", "a subject's, of no kind", a.Round(time.Microsecond), b.Round(time.Microsecond))
	if b > 120*a+100*time.Millisecond {
		t.Errorf("a subject's, of no kind: %s in 3,000 entries, %s in 120,000", a, b)
	}
}

// TestAQueryEndsWithItsCaller: a walk along the ledger ends when its caller stops waiting.
func TestAQueryEndsWithItsCaller(t *testing.T) {
	o := aged(t, 20_000)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	n := 0
	err := o.Read(ctx, func(s *Snap) error {
		for _, err := range s.Entries(EntryFilter{Subject: "hr"}) {
			if err != nil {
				return err
			}
			if n++; n == 700 { // in the second query
				leave()
			}
		}
		return nil
	})
	// database/sql rolls back beside the caller, a moment after: some queries may still be answered.
	if err == nil || n > 10_000 {
		t.Errorf("it read %d entries after its caller had left (%v)", n-700, err)
	}
}
