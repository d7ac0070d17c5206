package session

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// TestALockOfTheAttendantEndsTheSession: under every rule of attendance, at once and as attendant-lost; no one is let in until
// another person has the post.
func TestALockOfTheAttendantEndsTheSession(t *testing.T) {
	for _, rule := range []policy.AttendanceMode{policy.AttendanceRequired, policy.AttendanceOnCall, policy.AttendanceNone} {
		t.Run(string(rule), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, time.Hour)
				p := w.engineer(0)
				w.write("test.rule", func(tx *store.Tx) error {
					s, err := tx.System("hr")
					s.Attendance = rule
					other, err2 := tx.Person("U-001")
					other.ID, other.Login = "U-002", "kotai"
					return errors.Join(err, err2, tx.PutSystem(s), tx.PutPerson(other))
				})
				w.heard()
				v := w.admit(p)
				_, _, screen := v.shell()
				screen.await(t, "Started")
				var locked time.Time
				w.write("person.locked", func(tx *store.Tx) error {
					locked = tx.Now
					return tx.LockPerson("U-001", "U-002", "なりすましの疑い")
				})
				if err := <-v.over; err != nil {
					t.Fatal(err)
				}
				if took := v.endedAt.Sub(locked); took > cutWithin {
					t.Errorf("it took %s", took)
				}
				if row, _ := v.stored("session.ended"); row.Reason != policy.AttendantLost {
					t.Errorf("ended as %s", row.Reason)
				}
				v = w.admit(p)
				if err := <-v.over; err != nil {
					t.Fatal(err)
				}
				if row, _ := v.stored("session.refused"); row.Reason != policy.AttendantAbsent {
					t.Errorf("refused as %s", row.Reason)
				}
				w.write("window.handed-over", func(tx *store.Tx) error {
					win, err := tx.Window("R8-0001-1")
					win.Attendant, win.Present = "U-002", tx.Clock
					return errors.Join(err, tx.UpdateWindow(win))
				})
				v = w.admit(p)
				_, _, screen = v.shell()
				screen.await(t, "Started")
			})
		})
	}
}
