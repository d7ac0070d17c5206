package view

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// askWithin bounds how long a person waits for the witnesses. Without their answer the person gets what they cosigned last.
const askWithin = 12 * time.Second

// Witnessing is what is known of the ledger's witnesses. The zero value: there are none.
type Witnessing struct {
	All     int                         // witnesses
	Keys    []note.Verifier             // of all of them; a row of the database that they did not sign counts for nothing
	Needed  int                         // of them, for the quorum
	Silence time.Duration               // after it a cosignature is too old; 0: never
	Ask     func(context.Context) error // brings the newest checkpoint to them
	Policy  string                      // the trust policy for verifiers (c2sp.org/tlog-policy)
}

// Policy is the trust policy for verifiers.
func (v *Views) Policy() string { return v.o.Witnessing.Policy }

// Witnessed is how far the witnesses have cosigned the ledger.
type Witnessed struct {
	All    int      // witnesses there are; 0: none
	Needed int      // for the quorum
	Names  []string // of those whose valid signatures are under the newest checkpoint that the quorum has cosigned

	At       time.Time // when as many as the quorum needs had cosigned last, by the broker's clock; zero: never
	Old      bool      // that is longer ago than a witness may be silent
	Rollback []string  // names of those that remember a ledger of which this one is no continuation
}

// Witnessed reads how far the witnesses have cosigned.
func (v *Views) Witnessed(ctx context.Context) (out Witnessed, err error) {
	out.All, out.Needed = v.o.Witnessing.All, v.o.Witnessing.Needed
	if out.All == 0 {
		return out, nil
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		note, err := s.OutsideCheckpoint(0, out.Needed)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // without an entry there is no checkpoint
			return err
		}
		if err == nil {
			out.Names = ledger.Cosigners(note, v.o.Witnessing.Keys)
		}
		return v.answered(s, &out)
	})
	return out, err
}

// answered reads when the witnesses cosigned last, and which of them remember another ledger.
func (v *Views) answered(s *store.Snap, out *Witnessed) error {
	var last []time.Time
	for _, name := range v.o.Witnessing.names() {
		state, err := s.WitnessState(name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		last = append(last, state.Answered)
		if state.Finding == "" {
			continue
		}
		alarms, err := s.Alarms(store.AlarmFilter{What: store.AlarmRollback, About: name, Limit: 1})
		if err != nil {
			return err
		}
		if len(alarms) > 0 && !alarms[0].At.Before(state.Answered) {
			out.Rollback = append(out.Rollback, name)
		}
	}
	if out.Needed > 0 && len(last) >= out.Needed {
		slices.SortFunc(last, func(a, b time.Time) int { return b.Compare(a) })
		out.At = last[out.Needed-1]
	}
	silence := v.o.Witnessing.Silence
	out.Old = silence > 0 && s.Now.Sub(out.At) >= silence
	return nil
}

// names are the names of the witnesses, in order.
func (w Witnessing) names() (names []string) {
	for _, k := range w.Keys {
		names = append(names, k.Name())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// HandOut is the checkpoint to hand out for the first so many entries, with its size: the newest that the witnesses have cosigned, else the newest.
// The witnesses are asked first.
func (v *Views) HandOut(ctx context.Context, covers int64) (checkpoint []byte, size int64, err error) {
	if v.o.Witnessing.All > 0 {
		bounded, cancel := context.WithTimeout(ctx, askWithin)
		err := v.o.Witnessing.Ask(bounded)
		cancel()
		if ctx.Err() != nil {
			return nil, 0, errors.Join(err, context.Cause(ctx))
		}
		// Another failure leaves the checkpoint as it was. The chore meets it too, and logs it.
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		if checkpoint, err = s.OutsideCheckpoint(covers, v.o.Witnessing.Needed); err != nil {
			return err
		}
		c, err := ledger.ReadCheckpoint(checkpoint)
		size = c.Size
		return err
	})
	return checkpoint, size, err
}

// Size is the number of entries.
func (v *Views) Size(ctx context.Context) (n int64, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) { n, err = s.LedgerSize(); return err })
	return n, err
}

// coveringOf reads the first checkpoint that covers an entry and that the witnesses have cosigned; without one, the first that covers it,
// with the signatures that it has.
func (v *Views) coveringOf(s *store.Snap, no int64) (out Covering, err error) {
	out.Note, err = s.CosignedCheckpoint(no+1, v.o.Witnessing.Needed, false)
	if errors.Is(err, store.ErrNotFound) {
		out.Note, err = s.CheckpointAt(no + 1)
	}
	if err != nil {
		return out, err
	}
	if out.Checkpoint, err = ledger.ReadCheckpoint(out.Note); err != nil {
		return out, err
	}
	out.Witnesses = ledger.Cosigners(out.Note, v.o.Witnessing.Keys)
	return out, nil
}
