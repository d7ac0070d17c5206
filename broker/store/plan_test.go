package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekimori/policy"
)

// small lists what a query may scan: the values in a row's own JSON, and the last checkpoint, where one row is read off the end.
var small = []string{"SCAN e EXISTS VIRTUAL TABLE", "SCAN checkpoints"}

// TestDecisionsScanNothing: no query of an admission or a recheck scans a table that grows.
func TestDecisionsScanNothing(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		_, err := tx.grant(noon, "E-0031")
		return err
	})
	c, err := o.r.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range readers - 1 { // so that one connection runs all queries
		spare, err := o.r.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer spare.Close()
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	asked := queriesOf(t, o, func(s *Snap) error {
		if _, err := s.Facts("E-0031"); err != nil {
			return err
		}
		_, _, err := s.Recorded(noon.Add(-30 * 24 * time.Hour))
		return err
	})
	if len(asked) < 10 {
		t.Fatalf("only %d queries were seen", len(asked))
	}
	for query, plan := range asked {
		if strings.Contains(query, "sqlite_schema") || strings.Contains(query, "pragma_") {
			continue // run once, when the store was opened
		}
		if strings.Contains(query, "'rejected'") && !strings.Contains(strings.Join(plan, "\n"), "(state=? AND ends>?)") {
			t.Errorf("years of rejections are read: %q", plan)
		}
		for _, step := range plan {
			grows := strings.HasPrefix(step, "SCAN ")
			for _, name := range small {
				grows = grows && !strings.HasPrefix(step, name)
			}
			if grows {
				t.Errorf("%s\n%s", step, query)
			}
		}
	}
}

// queriesOf gives the plan of every query that a reading runs.
func queriesOf(t *testing.T, o *office, fn func(*Snap) error) map[string][]string {
	t.Helper()
	o.read(fn)
	c, err := o.r.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	plans := map[string][]string{}
	if err := c.Raw(func(driver any) error {
		for query := range driver.(*preparedConn).cached {
			plans[query] = nil
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for query := range plans {
		args := make([]any, strings.Count(query, "?"))
		rows, err := c.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plans[query] = append(plans[query], step)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", query, err))
		}
	}
	return plans
}

// A page of a section's sessions walks them by their times; it does not sort all sessions of the section.
func TestAttackManySessionsOfASection(t *testing.T) {
	o := open(t)
	o.declare()
	asked := queriesOf(t, o, func(s *Snap) error {
		_, err := s.SessionPage(SessionFilter{Sight: &policy.Sight{Sections: []string{"jinji"}}}, Page{})
		return err
	})
	for query, plan := range asked {
		if strings.Contains(query, "ORDER BY created") && strings.Contains(strings.Join(plan, "\n"), "sessions_by_system") {
			t.Errorf("%q\n%s", plan, query)
		}
	}
}

// The ledger's filter by end cause counts in an index alone, and reads a page along it; live rows are found by their own indexes.
func TestAttackManySessionsOfAReason(t *testing.T) {
	for name, sight := range map[string]policy.Sight{"all": {All: true}, "a section": {Sections: []string{"jinji"}}} {
		o := open(t)
		o.declare()
		asked := queriesOf(t, o, func(s *Snap) error {
			_, err := s.SessionPage(SessionFilter{Sight: &sight, Reason: string(policy.EndedByEngineer)}, Page{})
			return err
		})
		counted, read, live := false, false, false
		for query, steps := range asked {
			plan := strings.Join(steps, "\n")
			if !strings.Contains(query, "FROM sessions") || !strings.Contains(query, "reason = ?") {
				continue
			}
			switch {
			case strings.HasPrefix(query, "SELECT count(*)"):
				counted = strings.Contains(plan, "COVERING INDEX sessions_by_reason")
			case strings.Contains(query, "NOT ("):
				if read = strings.Contains(plan, "INDEX sessions_by_reason (reason=?)"); strings.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") {
					t.Errorf("%s: all rows are sorted: %q", name, steps)
				}
			default:
				if live = !strings.Contains(plan, "sessions_by_reason") && !strings.Contains(plan, "SCAN sessions"); !live {
					t.Errorf("%s: rows that are live: %q", name, steps)
				}
			}
		}
		if !counted || !read || !live {
			t.Errorf("%s: counted %v, read %v, live %v", name, counted, read, live)
		}
	}
}

// Each filter of the ledger is answered by an index that finds its sessions: none reads every session of many years, and where the sessions of one
// system or vendor are asked for, a page walks them by their times.
func TestAttackManySessionsOfAFilter(t *testing.T) {
	all := policy.Sight{All: true}
	for name, f := range map[string]SessionFilter{
		"sessions_of_system": {System: "hr"}, "sessions_of_vendor": {Vendor: "V-012"}, "sessions_by_system": {System: "hr", Vendor: "V-012"},
		"windows_by_attendant": {Attendant: "ito"}, "window_reviews_by_verdict": {Reviewed: "question"}, "window_reviews": {Reviewed: "unsigned"},
	} {
		o := open(t)
		o.declare()
		f.Sight = &all
		sorted, used := name != "sessions_of_system" && name != "sessions_of_vendor" && name != "sessions_by_system", 0
		asked := queriesOf(t, o, func(s *Snap) error {
			_, err := s.SessionPage(f, Page{})
			return err
		})
		for query, steps := range asked {
			plan := strings.Join(steps, "\n")
			if !strings.Contains(query, "FROM sessions") || !strings.Contains(query, "= ?") || strings.Contains(query, "FROM sessions WHERE id = ?") {
				continue
			}
			if strings.Contains(query, "NOT (") || strings.HasPrefix(query, "SELECT count(*)") {
				used++
				if !strings.Contains(plan, name) || strings.Contains(plan, "SCAN sessions") {
					t.Errorf("%s: %q\n%s", name, steps, query)
				}
			}
			if strings.Contains(query, "NOT (") && !sorted && strings.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") {
				t.Errorf("%s: all rows are sorted: %q", name, steps)
			}
		}
		if used < 2 {
			t.Errorf("%s: only %d queries were seen", name, used)
		}
	}
}

// The queue of reviews finds what is owed by the verdict; it does not read the reviews of many years to find them.
func TestAttackManyReviews(t *testing.T) {
	for name, sight := range map[string]policy.Sight{"all": {All: true}, "a section": {Sections: []string{"jinji"}}} {
		o := open(t)
		o.declare()
		asked := queriesOf(t, o, func(s *Snap) error {
			_, err := s.ReviewPage(ReviewFilter{Sight: &sight}, Page{})
			return err
		})
		owed := false
		for query, steps := range asked {
			plan := strings.Join(steps, "\n")
			if strings.Contains(query, "AND (verdict = ''") || strings.Contains(query, "WHERE (verdict = ''") {
				owed = strings.Contains(plan, "MULTI-INDEX OR") || strings.Contains(plan, "window_reviews_owed")
				if !owed {
					t.Errorf("%s: %q\n%s", name, steps, query)
				}
			}
		}
		if !owed {
			t.Errorf("%s: the query was not seen", name)
		}
	}
}
