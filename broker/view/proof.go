package view

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// ProveEnd is ProveEntry for the end of a session. A session that has not ended has none: *policy.Denied.
func (v *Views) ProveEnd(ctx context.Context, by Reader, session, purpose, explanation string) ([]byte, error) {
	if err := v.mayProve(ctx, by, purpose); err != nil {
		return nil, err
	}
	no := int64(-1)
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		if _, err := s.Session(session); err != nil {
			return err
		}
		for e, err := range s.Entries(store.EntryFilter{Subject: session, Kind: "session.ended", Limit: 1}) {
			if err != nil {
				return err
			}
			no = e.Index
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if d := policy.MayProve(no >= 0); !d.Allow {
		return nil, &policy.Denied{Reason: d.Reason, Args: d.Args}
	}
	return v.ProveEntry(ctx, by, no, purpose, explanation)
}

// mayProve asks for the right to take entries out of the ledger. A refusal has an entry.
func (v *Views) mayProve(ctx context.Context, by Reader, purpose string) error {
	_, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerExport, Purpose: purpose}, "ledger")
	return err
}

// ProveEntry makes the proof of the end of a session, given by the number of its entry (c2sp.org/tlog-proof): the entry with its payload, its path
// to the root, and the checkpoint with the signatures of the witnesses. For auditors, with a purpose; the entry about it comes first.
// Errors: *policy.Denied, store.ErrNotFound where the entry is none of that kind.
func (v *Views) ProveEntry(ctx context.Context, by Reader, no int64, purpose, explanation string) ([]byte, error) {
	if err := v.mayProve(ctx, by, purpose); err != nil {
		return nil, err
	}
	var subjects []string
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		e, err := s.Entry(no)
		if err == nil && (e.Kind != "session.ended" || len(e.Subjects) == 0) {
			err = store.ErrNotFound
		}
		subjects = e.Subjects
		return err
	})
	if err != nil {
		return nil, err
	}
	payload := map[string]any{"entry": no, "session_id": subjects[0], "purpose": purpose}
	if explanation != "" {
		payload["explanation"] = explanation
	}
	if err := v.Looked(ctx, by, "ledger.proved", []string{subjects[0], by.ID}, payload); err != nil {
		return nil, err
	}
	checkpoint, _, err := v.HandOut(ctx, no+1)
	if err != nil {
		return nil, err
	}
	var proof ledger.Proof
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) { proof, err = s.ProofOf(no, checkpoint); return err })
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", no, err)
	}
	out := proof.Marshal()
	if _, err := ledger.ParseProof(out); err != nil { // a ledger that was edited by hand gives no proof
		return nil, errors.Join(store.ErrTampered, fmt.Errorf("prove entry %d: %w", no, err))
	}
	return out, nil
}
