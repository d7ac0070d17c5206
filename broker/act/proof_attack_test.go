package act_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// happened writes an entry about the person.
func happened(t *testing.T, h *townhall.Hall, kind string) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: townhall.By("admin"), Subjects: []string{"ito"}, Payload: map[string]any{}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The clock is set back an hour after the proof. The time of transactions then stands still at the last entry; the proof gets old all the same,
// and does not come back when the clock reads the same again.
func TestAttackKeptProofWhileTheClockIsSetBack(t *testing.T) {
	h := townhall.Found(t)
	r := h.Runner()
	if err := run(t, r, open, "map", townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Second)
	happened(t, h, "test.other")
	h.Pass(-time.Hour)
	for i := range 10 {
		if err := run(t, r, open, "map", bare("ito")); !errors.Is(err, act.ErrProofNeeded) {
			t.Errorf("%d minutes of real time after the proof: %v", i*10, err)
		}
		h.Pass(10 * time.Minute)
	}
}

func TestAttackKeptProofReturnsWithTheClock(t *testing.T) {
	h := townhall.Found(t)
	r := h.Runner()
	if err := run(t, r, open, "map", townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	h.Pass(-time.Hour)
	if err := run(t, r, open, "map", bare("ito")); !errors.Is(err, act.ErrProofNeeded) {
		t.Errorf("while the clock is set back: %v", err)
	}
	h.Pass(time.Hour + time.Minute)
	if err := run(t, r, open, "map", bare("ito")); !errors.Is(err, act.ErrProofNeeded) {
		t.Errorf("an hour later: %v", err)
	}
}

// The password is changed while the proof of the old one is checked, which takes long. The old one's proof covers nothing afterwards.
func TestAttackProofOfAnOldPasswordIsKept(t *testing.T) {
	h := townhall.Found(t)
	r := act.New(act.Options{DB: h.DB, Prove: func(context.Context, string, string, string, string) error {
		h.Pass(10 * time.Millisecond)
		happened(t, h, "password.changed") // at a second terminal
		h.Pass(10 * time.Millisecond)
		return nil // the old password was right when it was read
	}})
	if err := run(t, r, open, "map", townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Minute)
	if err := run(t, r, open, "map", bare("ito")); !errors.Is(err, act.ErrProofNeeded) {
		t.Errorf("a proof of the password of before covers acts after it was changed: %v", err)
	}
}

// One wrong proof ends all that are kept of the person, on every subject and with every token, and those of no other person.
func TestAttackGuessWithAKeptProof(t *testing.T) {
	h := townhall.Found(t)
	r := h.Runner()
	other := townhall.Caller("ito")
	other.Token = "another"
	if err := errors.Join(run(t, r, open, "map", townhall.Caller("ito")), run(t, r, open, "map", other)); err != nil {
		t.Fatal(err)
	}
	wrong := townhall.Caller("kato")
	wrong.Password = "wrong"
	_ = run(t, r, open, "map", wrong)
	if err := run(t, r, open, "map", bare("ito")); err != nil {
		t.Errorf("after another person's wrong proof: %v", err)
	}
	wrong.Actor = other.Actor
	_ = run(t, r, approve, "map", wrong)
	other.Password, other.Code = "", ""
	for _, by := range []act.Caller{bare("ito"), other} {
		if err := run(t, r, open, "map", by); !errors.Is(err, act.ErrProofNeeded) {
			t.Errorf("token %q: %v", by.Token, err)
		}
	}
}
