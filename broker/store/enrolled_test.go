package store

import (
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"
)

// A code that its own issuer confirmed still rests on one person, however that came about.
func TestNobodyIsTheSecondToTheirOwnCode(t *testing.T) {
	for by, want := range map[string]bool{"U-001": false, "U-003": true} {
		o := open(t)
		o.declare()
		hash := [32]byte{7}
		o.write(func(tx *Tx) error {
			no, err := tx.AddPendingChange("enrolment", json.RawMessage(`{"person":"U-002","hash":"`+hex.EncodeToString(hash[:])+`"}`), "U-001")
			return all(err, tx.SettleChange(no, ChangeConfirmed, by),
				tx.AddEnrolment(Enrolment{Hash: hash, Person: "U-002", By: "U-001", Created: tx.Now, Expires: tx.Now.Add(time.Hour), Tries: 3}))
		})
		o.read(func(s *Snap) error {
			got, err := s.EnrolledByTwo("U-002")
			if got != want {
				t.Errorf("confirmed by %s: by two is %v", by, got)
			}
			return err
		})
	}
}
