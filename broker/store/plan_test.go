package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// small is what may be walked through: what is in a row's own JSON, and the last checkpoint, where one is read off the end.
var small = []string{"SCAN e EXISTS VIRTUAL TABLE", "SCAN checkpoints"}

// TestDecisionsScanNothing: no query that an admission or a recheck asks walks through a table that grows.
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
	for range readers - 1 { // so that all is asked of one connection
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
			continue // asked once, when the store was opened
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

// queriesOf gives the plan of every query that a reading asked.
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
		for query := range driver.(*preparedConn).kept {
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
