package store

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// tenThousand stores ten thousand approved requests, one window each, over about four years up to a
// month from now, shared among twenty engineers.
func tenThousand(b *testing.B) *office {
	b.Helper()
	o := open(b)
	o.declare()
	o.write(func(tx *Tx) error {
		for i := range 20 {
			if err := tx.PutPerson(engineer(fmt.Sprintf("E-1%03d", i), fmt.Sprintf("engineer%d", i), "V-012")); err != nil {
				return err
			}
		}
		for i := range 10000 {
			if _, err := tx.grant(noon.Add(time.Duration(i-9800)*4*time.Hour), fmt.Sprintf("E-1%03d", i%20)); err != nil {
				return err
			}
		}
		return nil
	})
	b.ResetTimer()
	return o
}

func BenchmarkAppend(b *testing.B) {
	o := open(b)
	for b.Loop() {
		o.write(func(*Tx) error { return nil })
	}
}

func BenchmarkAppendManyInOneTransaction(b *testing.B) {
	o := open(b)
	o.write(func(tx *Tx) error {
		for b.Loop() {
			if _, err := tx.Append(act("test.act", "S-20261124-01")); err != nil {
				return err
			}
		}
		return nil
	})
}

func BenchmarkFactsAmong10000Windows(b *testing.B) {
	o := tenThousand(b)
	for b.Loop() {
		o.read(func(s *Snap) error { _, err := s.Facts("E-1007"); return err })
	}
}

// Requirement: under 100 ms an operation.
func BenchmarkListAmong10000Requests(b *testing.B) {
	o := tenThousand(b)
	for b.Loop() {
		o.read(func(s *Snap) error {
			rs, err := s.Requests(RequestFilter{Section: "jinji", Engineer: "E-0031"})
			if len(rs) != 200 {
				b.Fatalf("%d requests", len(rs))
			}
			return err
		})
	}
}

func BenchmarkListOfAll10000Requests(b *testing.B) {
	o := tenThousand(b)
	for b.Loop() {
		o.read(func(s *Snap) error {
			rs, err := s.Requests(RequestFilter{Limit: 10000})
			if len(rs) != 10000 {
				b.Fatalf("%d requests", len(rs))
			}
			return err
		})
	}
}

func BenchmarkVerifyLedger(b *testing.B) {
	o := open(b)
	o.write(func(tx *Tx) error {
		for range 10000 {
			if _, err := tx.Append(act("test.act", "S-20261124-01")); err != nil {
				return err
			}
		}
		return nil
	})
	for b.Loop() {
		if err := o.Read(context.Background(), func(s *Snap) error { return s.VerifyLedger(nil, nil) }); err != nil {
			b.Fatal(err)
		}
	}
}

// A changed row with its entry, as nearly every act of the broker writes it, including the binding of the row.
func BenchmarkWriteOneRow(b *testing.B) {
	o := open(b)
	o.write(func(tx *Tx) error {
		return tx.AddSession(Session{ID: "S-20261124-01", State: SessionOpening, Person: "E-0031", Grant: "g", Window: "w", Created: noon})
	})
	s := Session{ID: "S-20261124-01", State: SessionActive, Person: "E-0031", Grant: "g", Window: "w", Created: noon}
	for b.Loop() {
		s.Until = s.Until.Add(time.Second)
		o.write(func(tx *Tx) error { return tx.UpdateSession(s) })
	}
}
