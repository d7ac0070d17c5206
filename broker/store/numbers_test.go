package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestRequestNumbersFollowTheFiscalYear(t *testing.T) {
	o := open(t)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 11, 24, 12, 0, 0, 0, jst), "R8-0001"},
		{time.Date(2026, 12, 31, 23, 59, 59, 0, jst), "R8-0002"},
		{time.Date(2027, 1, 1, 0, 0, 0, 0, jst), "R8-0003"},
		// Still March in Japan's day, although UTC is a day behind either way.
		{time.Date(2027, 3, 31, 23, 59, 59, 999e6, jst), "R8-0004"},
		{time.Date(2027, 4, 1, 0, 0, 0, 0, jst), "R9-0001"},
		{time.Date(2027, 4, 1, 9, 0, 0, 0, jst), "R9-0002"},
	} {
		o.clock.set(c.at)
		o.write(func(tx *Tx) error {
			no, err := tx.NextRequestNo()
			if no != c.want {
				t.Errorf("at %v: %s, want %s", c.at, no, c.want)
			}
			return err
		})
	}
}

func TestSessionNumbersFollowTheDayInTheZone(t *testing.T) {
	o := open(t)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 11, 24, 23, 59, 59, 0, jst), "S-20261124-01"},
		{time.Date(2026, 11, 24, 14, 59, 59, 999e6, time.UTC), "S-20261124-02"},
		{time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC), "S-20261125-01"},
		{time.Date(2026, 11, 25, 0, 0, 1, 0, jst), "S-20261125-02"},
		{time.Date(2028, 2, 29, 12, 0, 0, 0, jst), "S-20280229-01"},
	} {
		o.write(func(tx *Tx) error {
			no, err := tx.NextSessionNo(c.at)
			if no != c.want {
				t.Errorf("at %v: %s, want %s", c.at, no, c.want)
			}
			return err
		})
	}
}

func TestANumberThatWasRolledBackIsGivenAgain(t *testing.T) {
	o := open(t)
	boom := errors.New("boom")
	err := o.Write(context.Background(), func(tx *Tx) error { _, err := tx.NextIncidentNo(); return all(err, boom) })
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	o.write(func(tx *Tx) error {
		no, err := tx.NextIncidentNo()
		if no != "I-001" {
			t.Errorf("got %s", no)
		}
		return err
	})
}

func TestFiscalYearNames(t *testing.T) {
	for year, want := range map[int]string{2019: "R1", 2026: "R8", 2036: "R18", 2018: "R2018"} {
		if got := reiwa(year); got != want {
			t.Errorf("%d: %s", year, got)
		}
	}
}
