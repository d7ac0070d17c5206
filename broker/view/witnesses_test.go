package view_test

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/broker/witness"
)

// TestWhatIsKnownOfTheWitnesses: the view says when the quorum cosigned last, whether that is too long ago, and which witness remembers another ledger.
func TestWhatIsKnownOfTheWitnesses(t *testing.T) {
	t.Parallel()
	h := townhall.Open(t)
	var verifiers []note.Verifier
	names := []string{"a.example/1", "b.example/1"}
	for _, name := range names {
		keys, err := witness.Init(t.TempDir()+"/w", name)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			v, err := ledger.ParseWitnessKey(k)
			if err != nil {
				t.Fatal(err)
			}
			verifiers = append(verifiers, v)
		}
	}
	of := func(needed int) view.Witnessed {
		t.Helper()
		w, err := view.New(view.Options{DB: h.DB, Witnessing: view.Witnessing{All: 2, Keys: verifiers, Needed: needed, Silence: time.Hour}}).Witnessed(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	answers := func(name, finding string, cosigned bool) {
		t.Helper()
		err := h.DB.Keep(t.Context(), store.KeepCosignatures, func(k *store.KeepTx) error {
			return k.NoteWitness(store.WitnessState{Name: name, Size: 1, Finding: finding}, cosigned)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if w := of(1); !w.At.IsZero() || !w.Old || len(w.Rollback) > 0 {
		t.Errorf("before any was asked: %+v", w)
	}
	answers(names[0], "", true)
	first := h.Now()
	h.Pass(30 * time.Minute)
	answers(names[1], "", true)
	second := h.Now()
	if w := of(1); !w.At.Equal(second.Truncate(time.Millisecond)) || w.Old {
		t.Errorf("one of two is enough: %+v", w)
	}
	h.Pass(30*time.Minute - time.Millisecond)
	if w := of(2); !w.At.Equal(first.Truncate(time.Millisecond)) || w.Old {
		t.Errorf("both are needed, and the first answered within the hour: %+v", w)
	}
	h.Pass(time.Millisecond)
	if w := of(2); !w.Old || of(1).Old {
		t.Errorf("the hour of the first is over: %+v", w)
	}
	answers(names[1], "it has cosigned 9 entries, this ledger has 3", false)
	if w := of(1); len(w.Rollback) > 0 {
		t.Errorf("before the alarm: %+v", w)
	}
	if err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.RaiseAlarm(store.Alarm{What: store.AlarmRollback, About: names[1]}, nil, ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if w := of(1); !slices.Equal(w.Rollback, names[1:]) {
		t.Errorf("after the alarm: %+v", w)
	}
	h.Pass(time.Minute)
	answers(names[1], "", true)
	if w := of(1); len(w.Rollback) > 0 {
		t.Errorf("it cosigned again: %+v", w)
	}
}
